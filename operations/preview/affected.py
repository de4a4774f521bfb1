"""Affected: what else an edit touches: runs under way, waits of members, seats, money, and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.ports.runs import RUNNING, Runs, Visit
from operations.ports.standings import LIFECYCLE, Renames
from operations.preview.compare import Group
from operations.preview.outlook import Seats
from operations.prizes import cents, period_of
from rules.spec.phase import every_phase
from rules.spec.source import plain
from rules.time import WorkCalendar, sla_times, to_day

if TYPE_CHECKING:
    from operations.desk import Desk
    from rules.spec import Community

_MANY = 100_000  # live runs that are looked at


def runs_affected(runs: Runs, desk: Desk, new: Community, current: Community) -> list[dict[str, Any]]:
    """Tasks in flight, by task and pinned version: how many runs go on under it, and what became of the task."""
    found: dict[tuple[str, str], list[Any]] = {}
    for run in runs.runs(new.id, status=RUNNING, limit=_MANY):
        found.setdefault((run.task, run.digest), []).append(run)
    rows = []
    for (task, digest), live in sorted(found.items()):
        pinned = current if digest == current.digest else desk.specs.at(digest, new.id)
        waits = [
            visit
            for run in live
            for visit in runs.visits(run.id)
            if visit.state == "open" and visit.deadline is not None
        ]
        deadlines = [visit.deadline for visit in waits if visit.deadline is not None]
        rows.append(
            {
                "task": task,
                "mode": live[0].mode,
                "pinned": digest,
                "runs": len(live),
                "becomes": "gone" if task not in new.tasks else "same" if _same(pinned, new, task) else "changed",
                "deadlines": len(deadlines),
                "next_deadline": min(deadlines).isoformat() if deadlines else None,
                "across": sum(1 for visit in waits if _crosses(pinned, new, task, visit)),
            }
        )
    return rows


def _crosses(pinned: Community, new: Community, task: str, visit: Visit) -> bool:
    """Whether a wait in working time ends after its calendar knows the holidays."""
    phases = {phase.id: phase for _, phase in every_phase(pinned.modes[pinned.tasks[task].mode].phases)}
    within = getattr(phases.get(visit.phase), "within", None)
    calendar = _calendar_of(new, str(within or ""))
    if calendar is None or visit.deadline is None:
        return False
    return not WorkCalendar(new.calendars[calendar]).covers(visit.deadline, new.zone)


def _calendar_of(community: Community, within: str) -> str | None:
    """The calendar that a wait is counted by; None if it is not in working time."""
    if within.startswith("sla:"):
        level = community.slas.get(within.removeprefix("sla:"))
        return None if level is None else level.calendar or community.document.calendar
    return community.document.calendar if within.endswith(("bd", "bh")) else None


def _same(one: Community, other: Community, task: str) -> bool:
    return _written(one, task) == _written(other, task)


def _written(community: Community, task: str) -> tuple[Any, Any]:
    spec = community.tasks[task]
    mode = community.modes.get(spec.mode)
    return plain(community.source_of(spec).tree), mode and plain(community.source_of(mode).tree)


def timers(current: Community, new: Community, at: datetime) -> list[dict[str, Any]]:
    """Rhythms, graces, observations, cooldowns and invitations that last otherwise, and calendars that end."""
    before, after = dict(_durations(current)), dict(_durations(new))
    rows = [
        {"what": what, "old": before.get(what), "new": after.get(what)}
        for what in dict.fromkeys([*after, *before])
        if before.get(what) != after.get(what)
    ]
    today = to_day(at.astimezone(new.zone).date().isoformat())
    for calendar in new.calendars.values():
        left = to_day(str(calendar.valid_through)) - today
        if left < _SOON:
            rows.append({"what": f"calendar {calendar.id} ends", "old": None, "new": str(calendar.valid_through)})
    return rows + list(_across(new, at))


def _across(new: Community, at: datetime) -> Iterator[dict[str, Any]]:
    """Service levels which, begun now, end after their calendar knows the holidays."""
    for id_, level in sorted(new.slas.items()):
        calendar = new.calendars[level.calendar or new.document.calendar]
        times = sla_times(id_, at, zone=new.zone, calendar=calendar, slas=new.slas, calendars=new.calendars)
        last = max([times.finish, *(when for when, _ in times.escalate)])
        if not WorkCalendar(calendar).covers(last, new.zone):
            ends = last.astimezone(new.zone).date()
            yield {"what": f"sla:{id_} begun now ends after calendar {calendar.id} does", "old": None, "new": f"{ends}"}


_SOON = 92
"""Days within which the end of a calendar is said: waits may cross it."""


def _durations(community: Community) -> Iterator[tuple[str, str]]:
    for ladder in community.ladders.values():
        yield f"{ladder.id} review", _rhythm(ladder.review)
        if ladder.cooldown:
            yield f"{ladder.id} cooldown", ladder.cooldown
        for tier in ladder.tiers:
            yield from _of_move(f"{ladder.id} {tier.id}", tier)
            if tier.grace:
                yield f"{ladder.id} {tier.id} grace", tier.grace
    if community.lifecycle is not None:
        yield "lifecycle review", _rhythm(community.lifecycle.review)
        for way in community.lifecycle.transitions:
            yield from _of_move(f"lifecycle {way.id}", way)


def _of_move(name: str, move: Any) -> Iterator[tuple[str, str]]:
    if move.observe:
        yield f"{name} observe", move.observe
    if move.approval is not None:
        yield f"{name} approval within", str(move.approval.within)
    if move.invitation is not None:
        yield f"{name} invitation within", str(move.invitation.within)
        yield f"{name} invitation again after", str(move.invitation.again_after)


def _rhythm(rhythm: Any) -> str:
    return " ".join(f"{key} {value}" for key, value in rhythm.model_dump(mode="json", exclude_none=True).items())


def seats(parts: Mapping[str, Seats], groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Each tier with limited seats: how many there are, how many are taken, and who finds none."""
    rows = []
    for name, part in parts.items():
        for tier, limit in part.limits.items():
            mine = [group for group in groups if group.part == name and group.kind == "move"]
            left_out = part.left_out.filter(part.left_out["to"] == tier).height
            taken = part.taken.get(tier, 0)
            rows.append(
                {
                    "ladder": name,
                    "tier": tier,
                    "seats": limit,
                    "taken": taken,
                    "entering": sum(group.members for group in mine if group.to == tier),
                    "leaving": sum(group.members - group.asked for group in mine if group.from_ == tier),
                    "without_seat": left_out,
                    "over": max(0, taken - limit),
                }
            )
    return rows


def renamed(renames: Renames, sizes: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """What has another name, and how many members stand there."""
    rows: list[dict[str, Any]] = []
    for ladder, names in sorted(renames.places.items()):
        for old, new in sorted(names.items()):
            there = sum(counts.get(old, 0) for name, counts in sizes.items() if name.partition("@")[0] == ladder)
            rows.append(
                {"kind": "stage" if ladder == LIFECYCLE else "tier", "ladder": ladder, "from": old, "to": new,
                 "members": there}
            )  # fmt: skip
    for kind, names in (("title", renames.titles), ("rule", renames.rules), ("transition", renames.ways)):
        rows.extend(
            {"kind": kind, "ladder": None, "from": a, "to": b, "members": None} for a, b in sorted(names.items())
        )
    return rows


def money(
    desk: Desk, current: Community, new: Community, groups: Sequence[Group], at: datetime
) -> list[dict[str, Any]]:
    """Points, gifts and money that the next review gives away, under both versions, and budgets of another size."""
    given: dict[tuple[str, str], list[int]] = {}
    for group in groups:
        for side, community, members in ((0, current, group.current), (1, new, group.members - group.asked)):
            for charged, amount in _cost(community, group):
                given.setdefault(charged, [0, 0])[side] += amount * members
    left = {(b.kind, b.account): b.amount for b in desk.effects.balances(new.id)}
    rows = []
    for (kind, account), (old, now) in sorted(given.items()):
        spec: Any = new.resources.get(account)
        if kind == "budget" and spec is not None:
            period = period_of(spec.per, at, new.zone)
            known = [b for b in desk.effects.balances(new.id, kind) if (b.account, b.period) == (account, period)]
            rest: int | None = known[0].amount if known else cents(spec.amount)
        else:
            rest = left.get((kind, account))
        rows.append({"kind": kind, "account": account, "current": old, "new": now, "left": rest})
    for id_, resource in sorted(new.resources.items()):
        other = current.resources.get(id_)
        amounts = tuple(getattr(one, "amount", None) for one in (other, resource))
        if other is not None and amounts[0] != amounts[1]:
            rows.append(
                {"kind": "amount", "account": id_, "current": cents(str(amounts[0])), "new": cents(str(amounts[1])),
                 "left": None}
            )  # fmt: skip
    return rows


def _cost(community: Community, group: Group) -> Iterator[tuple[tuple[str, str], int]]:
    """What one member of a group is given, by account."""
    for effect in _effects(community, group):
        award = getattr(effect, "award", None)
        for prize in award.give if award is not None and award.to == "subject" else ():
            if isinstance(prize.points, int):
                yield ("points", "points"), prize.points
            if prize.money is not None and prize.budget is not None:
                yield ("budget", prize.budget), cents(prize.money)
            if prize.gift is not None:
                yield ("stock", prize.gift), 1
                stock: Any = community.resources.get(prize.gift)
                if prize.budget is not None and stock is not None and stock.cost:
                    yield ("budget", prize.budget), cents(stock.cost)


def _effects(community: Community, group: Group) -> Iterable[Any]:
    if group.kind == "fire":
        rule = community.rules.get((group.to or "").partition("@")[0])
        return rule.then if rule is not None else ()
    if group.kind != "move":
        return ()
    if group.part == LIFECYCLE:
        stages = {stage.id: stage for stage in community.lifecycle.stages} if community.lifecycle else {}
        left, entered = stages.get(group.from_ or ""), stages.get(group.to or "")
    else:
        ladder = community.ladders.get(group.part.partition("@")[0])
        tiers = {tier.id: tier for tier in ladder.tiers} if ladder is not None else {}
        left, entered = tiers.get(group.from_ or ""), tiers.get(group.to or "")  # type: ignore[assignment]
    return [*(getattr(left, "after", None) or ()), *(getattr(entered, "then", None) or ())]
