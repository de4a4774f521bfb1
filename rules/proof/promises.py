"""Promises: seats, prizes and people that cannot hold, and tasks without end. Counted, not solved, so `check` can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rules.proof.finding import Because, Finding
from rules.spec.community import Community, Document
from rules.spec.diagnostics import Place
from rules.spec.documents.mode import Mode
from rules.spec.documents.resources import Benefit, Budget
from rules.spec.effects import verb_of
from rules.spec.people import Selection
from rules.spec.phase import PhaseSpec, every_phase
from rules.spec.source import Path, Source
from rules.spec.substitute import ArgumentError
from rules.walk import walk

_PER = {  # how often something that happens every … happens per …
    "month": {"hour": 672, "day": 28, "week": 4, "month": 1, "year": 0},
    "quarter": {"hour": 2160, "day": 90, "week": 12, "month": 3, "year": 0},
    "year": {"hour": 8760, "day": 365, "week": 52, "month": 12, "year": 1},
}
_MOST_ROUNDS = 10_000


@dataclass(frozen=True, slots=True)
class Task:
    """A task with its arguments put in.

    Args:
        id: of the task.
        document: in which it is written.
        source: the mode's tree with the arguments, where each word was written.
        mode: it, read.
        path: the phases of its ordinary course, where everything comes out first.
    """

    id: str
    document: Document
    source: Source
    mode: Mode
    path: frozenset[str]

    def place(self, *path: str | int) -> Place:
        """Where a value of it is written."""
        return self.source.value_place(path)


def tasks(community: Community) -> list[Task]:
    """Every task of a community that can be put together."""
    found = []
    for document in community.documents:
        if document.schema != "task/v1":
            continue
        id_ = document.model.id  # type: ignore[attr-defined]
        try:
            source = community.bind_source(id_)
            mode = community.validate_bound(source)
        except ArgumentError:
            continue
        found.append(Task(id_, document, source, mode, frozenset(walk(mode).path)))
    return found


def promises(community: Community, bound: list[Task] | None = None) -> list[Finding]:
    """Seats, prizes and people that cannot hold, and tasks that never end.

    Args:
        community: specs that were checked.
        bound: its tasks, if they were put together before.
    """
    each = tasks(community) if bound is None else bound
    counted = _Counted(community, each)
    found = [
        *counted.perks(),
        *counted.titles(),
        *counted.seats(),
        *counted.people(),
        *counted.money(),
        *_endless(each),
    ]
    unique: dict[tuple[str, Place], Finding] = {}
    for finding in found:
        unique.setdefault((finding.code, finding.place), finding)
    return list(unique.values())


@dataclass
class _Counted:
    community: Community
    tasks: list[Task]
    _pools: dict[str, int] = field(default_factory=dict)

    # ---------------------------------------------------------------------------------------------------------- seats
    def _tiers(self) -> Iterator[tuple[Document, int, Any]]:
        for document in self.community.documents:
            if document.schema == "tiers/v1":
                for number, tier in enumerate(document.model.tiers):  # type: ignore[attr-defined]
                    yield document, number, tier

    def seats(self) -> Iterator[Finding]:
        """Tiers without a single seat."""
        for document, number, tier in self._tiers():
            if tier.seats == 0:
                place = document.source.value_place(("tiers", number, "seats"))
                yield Finding(
                    "TRL450", place, f"the tier '{tier.id}' has no seat: nobody can rise into it", "give it one"
                )

    def perks(self) -> Iterator[Finding]:
        """Benefits that more seats promise than there are, with nothing to say who comes first."""
        for id_, benefit in self.community.resources.items():
            if not isinstance(benefit, Benefit) or benefit.limit is None or benefit.order is not None:
                continue
            taken, names, because = 0, [], []
            for document, number, tier in self._tiers():
                if id_ not in tier.perks or tier.seats is None:
                    continue
                taken += tier.seats
                names.append(tier.id)
                place = document.source.value_place(("tiers", number, "seats"))
                because.append(Because(f"{tier.id} has {tier.seats} seats", place))
                if taken > benefit.limit:
                    at = document.source.value_place(("tiers", number, "perks", tier.perks.index(id_)))
                    plural = "the tier" if len(names) == 1 else "the tiers"
                    message = (
                        f"{plural} {', '.join(names)} {'has' if len(names) == 1 else 'have'} {taken} seats and promise"
                        f"{'s' if len(names) == 1 else ''} '{id_}' to each, but there are {benefit.limit}"
                    )
                    hint = f"raise the limit of '{id_}', lower the seats, or say under its order who comes first"
                    yield Finding("TRL450", at, message, hint, tuple(because))
                    break

    def titles(self) -> Iterator[Finding]:
        """Titles that everybody who enters a tier is given, and of which there are fewer than seats in it."""
        for document, number, tier in self._tiers():
            for place_, title, amount in self._given(document, number, tier):
                declared = self.community.titles.get(title)
                if tier.seats is None or declared is None or declared.seats is None or amount <= declared.seats:
                    continue
                message = (
                    f"whoever enters '{tier.id}' is given the title '{title}': {tier.seats} seats, "
                    f"but only {declared.seats} may hold it"
                )
                yield Finding("TRL450", place_, message, "give the title as many seats as the tier, or the tier fewer")

    def _given(self, document: Document, number: int, tier: Any) -> Iterator[tuple[Place, str, int]]:
        for at, effect in enumerate(tier.then or ()):
            verb, body = verb_of(effect)
            if verb != "award" or body.to != "subject" or isinstance(body.give, str):
                continue
            for n, prize in enumerate(body.give):
                if prize.title is not None and prize.of is None:
                    path = ("tiers", number, "then", at, "award", "give", n, "title")
                    yield document.source.value_place(path), prize.title, tier.seats or 0

    # --------------------------------------------------------------------------------------------------------- people
    def people(self) -> Iterator[Finding]:
        """Phases that need more people than can be there."""
        for task in self.tasks:
            self._pools = {}
            for path, phase in every_phase(task.mode.phases):
                yield from self._asks(task, path, phase)
                self._fills(phase)

    def _asks(self, task: Task, path: Path, phase: PhaseSpec) -> Iterator[Finding]:
        needed, who = getattr(phase, "needs", None), self._asked(phase)
        if phase.kind == "form_teams":
            slots: Any = getattr(phase, "slots", ())
            if not isinstance(slots, tuple) or not isinstance(needed, int):
                return
            own = [slot.needs for slot in slots if slot.from_ is None and isinstance(slot.needs, int)]
            needed = sum(own) * needed
        if not isinstance(needed, int) or who is None:
            return
        key, pool = who[0], self._pool(who[1])
        if phase.kind == "submit" and pool is not None:
            limit = getattr(phase, "limit", 1)
            if getattr(phase, "per", "member") != "member" or not isinstance(limit, int):
                return
            pool *= limit
        if pool is not None and needed > pool:
            message = f"'{phase.id}' needs {needed} people from {_said(who[1])}, of whom there are at most {pool}"
            if phase.kind == "submit":
                message = f"'{phase.id}' needs {needed} works from {_said(who[1])}, who can hand in {pool} at most"
            at = task.place(*path, "needs") if task.source.at((*path, "needs")) is not None else task.place(*path, key)
            hint = "it can only come out short or silent: ask for fewer, or let others come too"
            yield Finding("TRL452", at, message, hint)

    def _asked(self, phase: PhaseSpec) -> tuple[str, Any] | None:
        """The key that says who is asked, and who."""
        key = {"enrol": "who", "form_teams": "from", "meet": "who", "submit": "by"}.get(phase.kind)
        if key is None and phase.kind in ("ask", "review", "judge"):
            key = "by"
        return None if key is None else (key, getattr(phase, "from_" if key == "from" else key))

    def _fills(self, phase: PhaseSpec) -> None:
        """Remember how many people a phase can bring forth."""
        if phase.kind == "enrol":
            limits = [self._pool(getattr(phase, "who")), getattr(phase, "limit")]  # noqa: B009
            bounds = [limit for limit in limits if isinstance(limit, int)]
            if bounds:
                self._pools[f"{phase.id}.members"] = min(bounds)
        elif phase.kind == "form_teams":
            slots, teams = getattr(phase, "slots", ()), getattr(phase, "limit", None)
            if isinstance(slots, tuple) and isinstance(teams, int):
                for slot in slots:
                    most = slot.needs if slot.limit is None else slot.limit
                    if isinstance(most, int):
                        self._pools[f"{phase.id}.{slot.id}"] = most * teams

    def _pool(self, who: Any) -> int | None:
        """How many people a who can be at most; None where there is no bound."""
        match who:
            case str():
                kind, _, id_ = who.partition(":")
                if kind == "tier":
                    return next((tier.seats for _, _, tier in self._tiers() if tier.id == id_), None)
                if kind == "title":
                    title = self.community.titles.get(id_)
                    return None if title is None or title.per is not None else title.seats
                return self._pools.get(who)
            case Selection():
                inside = self._pool(who.from_)
                bounds = [bound for bound in (inside, who.first) if isinstance(bound, int)]
                return min(bounds, default=None)
        each = [self._pool(one) for one in who]
        known = [one for one in each if one is not None]
        return sum(known) if len(known) == len(each) else None

    # ---------------------------------------------------------------------------------------------------------- money
    def money(self) -> Iterator[Finding]:
        """Prizes and allocations beyond their budget, of one task or of those that come again and again."""
        regular: dict[str, list[tuple[Task, Decimal, int]]] = {}
        for task in self.tasks:
            totals: dict[str, tuple[Decimal, Place]] = {}
            for path, phase in every_phase(task.mode.phases):
                if phase.id in task.path and phase.only_if is None:
                    for budget, amount, place in self._spent(task, path, phase):
                        total = amount * self._rounds(task, path) + totals.get(budget, (Decimal(0), place))[0]
                        totals[budget] = (total, place)
            for id_, (total, place) in totals.items():
                held = self.community.resources.get(id_)
                if not isinstance(held, Budget):
                    continue
                amount, currency = _amount(held.amount)
                if total > amount:
                    message = (
                        f"'{task.id}' gives away {total:.2f} {currency}, the budget '{id_}' holds {held.amount}"
                        f"{'' if held.per == 'once' else f' a {held.per}'}"
                    )
                    yield Finding("TRL451", place, message, "raise the budget, or give less")
                    continue
                starts: Any = task.document.model.starts  # type: ignore[attr-defined]
                times = 1 if isinstance(starts, str) else _PER.get(held.per, {}).get(getattr(starts, "every", ""), 0)
                if times:
                    regular.setdefault(id_, []).append((task, total, times))
        for id_, each in regular.items():
            yield from self._again_and_again(id_, each)
        yield from self._entering()

    def _again_and_again(self, id_: str, each: list[tuple[Task, Decimal, int]]) -> Iterator[Finding]:
        held = self.community.resources[id_]
        assert isinstance(held, Budget)
        amount, currency = _amount(held.amount)
        total = sum((spent * times for _, spent, times in each), Decimal(0))
        if total <= amount:
            return
        because = tuple(
            Because(
                f"'{task.id}' gives {spent:.2f} {currency}, {times} times a {held.per}",
                task.document.source.value_place(("starts",)),
            )
            for task, spent, times in each
        )
        place = self._budget(id_)
        message = f"what starts by itself gives away {total:.2f} {currency} a {held.per}, '{id_}' holds {held.amount}"
        yield Finding("TRL451", place, message, "raise the budget, give less, or start less often", because)

    def _budget(self, id_: str) -> Place:
        for document in self.community.documents:
            if document.schema == "resources/v1":
                for number, resource in enumerate(document.model.resources):  # type: ignore[attr-defined]
                    if resource.id == id_:
                        return document.source.value_place(("resources", number, "amount"))
        return Place(".", 1, 1)

    def _entering(self) -> Iterator[Finding]:
        """Money for everybody who enters a tier, beyond the line of the tier or the budget."""
        for document, number, tier in self._tiers():
            for at, effect in enumerate(tier.then or ()):
                verb, body = verb_of(effect)
                if verb != "award" or body.to != "subject" or isinstance(body.give, str) or tier.seats is None:
                    continue
                for n, prize in enumerate(body.give):
                    held = self.community.resources.get(prize.budget or "")
                    if prize.money is None or not isinstance(held, Budget):
                        continue
                    line = next((line.amount for line in held.lines if line.for_ == f"tier:{tier.id}"), held.amount)
                    total = _amount(prize.money)[0] * tier.seats
                    if total > _amount(line)[0]:
                        path = ("tiers", number, "then", at, "award", "give", n, "money")
                        what = "is planned for it" if line != held.amount else f"is in '{held.id}'"
                        message = (
                            f"{tier.seats} seats in '{tier.id}' cost {total:.2f} {_amount(line)[1]}, {line} {what}"
                        )
                        yield Finding("TRL451", document.source.value_place(path), message, "plan more, or give less")

    def _spent(self, task: Task, path: Path, phase: PhaseSpec) -> Iterator[tuple[str, Decimal, Place]]:
        """What one playing of a phase gives away for sure: budget, amount, where it is written."""
        if phase.kind == "allocate":
            budget, each = getattr(phase, "budget", None), getattr(phase, "each", None)
            if isinstance(budget, str) and isinstance(each, str) and " " in each:
                yield budget, _amount(each)[0], task.place(*path, "each")
        for number, effect in enumerate(getattr(phase, "effects", ())):
            verb, body = verb_of(effect)
            if verb != "award" or isinstance(body.give, str):
                continue
            for n, prize in enumerate(body.give):
                if prize.money is None or prize.budget is None or prize.money.startswith("$"):
                    continue
                first, last = prize.places or (1, 1)
                many = 1 if prize.split != "each" else last - first + 1
                place = task.place(*path, "effects", number, "award", "give", n, "money")
                yield prize.budget, _amount(prize.money)[0] * many, place

    def _rounds(self, task: Task, path: Path) -> int:
        """How often a phase is played, by the repeats around it."""
        rounds, node = 1, None
        for end in range(2, len(path), 1):
            node = task.source.at(path[:end])
            if isinstance(node, Mapping) and node.get("kind") == "repeat" and isinstance(node.get("times"), int):
                rounds *= node["times"]
        return min(rounds, _MOST_ROUNDS)


def _amount(money: str) -> tuple[Decimal, str]:
    number, _, currency = money.partition(" ")
    return Decimal(number), currency


def _said(who: Any) -> str:
    if isinstance(who, str):
        return who
    if isinstance(who, Selection):
        return f"a selection of {_said(who.from_)}"
    return ", ".join(_said(one) for one in who)


# ------------------------------------------------------------------------------------------------------ without end
def _endless(each: list[Task]) -> Iterator[Finding]:
    """Tasks that run or start each other in a circle, whatever happens."""
    ways: dict[str, dict[str, tuple[Place, bool]]] = {}
    for task in each:
        for path, phase in every_phase(task.mode.phases):
            if phase.only_if is not None or phase.id not in task.path:
                continue
            if phase.kind == "run" and isinstance(asked := getattr(phase, "tasks", ()), tuple):
                for other in asked:
                    ways.setdefault(task.id, {}).setdefault(other, (task.place(*path, "tasks"), True))
            for number, effect in enumerate(getattr(phase, "effects", ())):
                verb, body = verb_of(effect)
                if verb == "start" and body.for_ is None:
                    place = task.place(*path, "effects", number, "start", "task")
                    ways.setdefault(task.id, {}).setdefault(body.task, (place, False))
    told: set[frozenset[str]] = set()
    for start in sorted(ways):
        circle = _circle(start, ways)
        if circle is not None and frozenset(circle) not in told:
            told.add(frozenset(circle))
            place, waits = ways[start][circle[1]]
            how = "waits for itself" if waits else "starts itself again"
            message = f"'{start}' {how}, by way of {' → '.join(circle)}: it would never end"
            yield Finding("TRL442", place, message, "break the circle, or bound it with only_if")


def _circle(start: str, ways: Mapping[str, Mapping[str, object]]) -> list[str] | None:
    """The shortest way from a task back to itself."""
    paths, seen = [[start]], {start}
    while paths:
        longer = []
        for path in paths:
            for other in ways.get(path[-1], {}):
                if other == start:
                    return [*path, start]
                if other not in seen:
                    seen.add(other)
                    longer.append([*path, other])
        paths = longer
    return None
