"""People: whom a `who` means in a run, at one moment; also what its references to works, texts and credit mean.

Results are as they were when their phase closed; everything else is as it is at the moment of asking. Where people
are wanted, works mean their authors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from operations.arguments import named
from operations.around import Around
from operations.effects import Ranked
from operations.errors import Refusal
from operations.known import Known, readings_of
from operations.ports.runs import Work
from operations.ports.standings import LIFECYCLE
from operations.rehearsal import lot, plain
from rules.compile import Compiler
from rules.condition import Attribute, Condition, Leaf, Source, leaves, sources
from rules.errors import NotDecidable
from rules.evaluate import truth
from rules.reading import Reading
from rules.spec.people import Selection, refs
from rules.values import BOOLEAN, INTEGER, TEXT, Evidence, Value, ValueType

ROLE = "role:"
PLAIN = frozenset({"stage", "consent"})  # what can, besides tiers, be said of a member without looking everything up
RELATIONS = ("contact", "host", "tutor")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A condition of a run, and what has to be known for it.

    Args:
        written: as it is written; held so that no other is taken for it.
        plain: the names it asks for, if a few rows answer them; None: it asks for more.
    """

    written: Any
    condition: Condition
    names: frozenset[str]
    readings: frozenset[Reading]
    plain: frozenset[str] | None


_MANY = 4_096
_ASKED: dict[tuple[Any, ...], _Asked] = {}
"""By spec, condition as it is written, and the names that the run has for it by now."""

Look = Callable[[Any, Condition, Evidence], bool | None]
"""How a condition of a run is looked at."""


class People:
    """The resolver of one run (or of none: then only what is said of the whole community can be asked).

    Args:
        known: where evidence comes from, and as of when.
        around: the run; None outside of runs.
        seed: decides draws.
        look: looks at a condition of the run as it was written and compiled; the reference evaluator without it.
    """

    def __init__(
        self, known: Known, around: Around | None = None, *, seed: int = 0, place: str = "", look: Look | None = None
    ) -> None:
        self.known, self.around, self.place, self.look, self._seed = known, around, place, look, seed

    # ------------------------------------------------------------------------------------------------- who takes part
    def select(self, who: Any) -> list[str]:
        """Members and roles (`role:planner`) that a who names, in order, each once; of works their authors."""
        return self._authors(self.things(who))

    def people(self, who: Any) -> Sequence[str]:
        """The people a who names; a role is whoever is in it now."""
        found: list[str] = []
        for one in self.select(who):
            if one.startswith(ROLE):
                found += self.known.house.effects.people(self.known.community.id, one.removeprefix(ROLE))
            else:
                found.append(one)
        return list(dict.fromkeys(found))

    def among(self, who: Any, ids: Collection[str]) -> set[str]:
        """Which of these members a who means; asked of them alone where that can be told."""
        members = {one for one in ids if not one.startswith(ROLE)}
        roles = {one for one in ids if one.startswith(ROLE)}
        found = roles & set(refs(who))
        if not members:
            return found
        if not self.can_be_told(who):
            return found | (members & set(self.select(who)))
        condition = Compiler(self.known.community).selected(who)
        known = self.known.members(sorted(members), readings_of(condition))
        for one, evidence in known.items():
            if self._consents(who, evidence) and truth(condition, evidence) is True:
                found.add(one)
        return found

    @staticmethod
    def _consents(who: Any, evidence: Evidence) -> bool:
        """Everyone is everyone with consent; whoever is named by a standing only must not have taken it back."""
        consent = evidence.attributes.get("consent")
        return consent is True if "everyone" in refs(who) else consent is not False

    def things(self, who: Any) -> list[str]:
        """Ids of works, people or roles that a who names, in order, each once."""
        match who:
            case None:
                return []
            case str():
                return self._ref(who)
            case Selection():
                return self._selection(who)
            case _:
                return list(dict.fromkeys(thing for one in who for thing in self.things(one)))

    def can_be_told(self, who: Any) -> bool:
        """Whether it can be told of one member alone: no results, no subject, no first so many."""
        if isinstance(who, Selection):
            return who.first is None and all(self.can_be_told(one) for one in (*who.from_, *who.except_))
        if isinstance(who, str):
            kind, colon, _ = who.partition(":")
            return who == "everyone" or (bool(colon) and kind in ("tier", "stage", "title"))
        return all(self.can_be_told(one) for one in who)

    def _ref(self, ref: str) -> list[str]:
        kind, colon, _ = ref.partition(":")
        if colon and kind == "role":
            return [ref]
        if ref == "everyone" or (colon and kind in ("tier", "stage", "title")):
            return self._members(ref)
        if colon and kind == "cohort":
            return list(self.known.house.touch.belonging(self.known.community.id, ref.partition(":")[2]))
        if colon:
            raise Refusal(
                f"{ref} cannot be asked for yet.", "Runs know everyone, tiers, stages, titles, cohorts, roles, results."
            )
        return self._of_run(ref)

    def _of_run(self, ref: str) -> list[str]:
        around = self.around
        if around is None:
            raise NotDecidable(f"{ref} means nothing outside of a run")
        if around.is_result(ref):
            found = around.result(ref)
            return list(found) if isinstance(found, list) else [] if found is None else [str(found)]
        head, _, tail = ref.partition(".")
        subject = around.run.subject
        match head, tail:
            case "subject", "":
                return [subject] if subject else []
            case "subject", _ if tail in RELATIONS and subject:
                assigned = self.known.house.effects.assigned(self.known.community.id, subject).get(tail)
                return [assigned] if assigned else []
            case "subject", "members" if subject and around.mode.for_ == "cohort":
                here, touch = self.known.community.id, self.known.house.touch
                return list(touch.members_of(here, [subject], at=self.known.at)[subject])
            case "run", "":
                return [around.run.id]
            case "run", "starter":
                return [around.run.starter] if around.run.starter else []
            case "run", "participants":
                return list(self.known.house.runs.parts(around.run.id))
            case "run", "contributors" | "ledger":
                return list(self.credit("run.ledger"))
            case "run", "owner":
                return self.things(around.mode.owner)
            case "run", _ if named(around.arguments.get(tail)) is not None:
                return named(around.arguments[tail]) or []
            case "run", _ if tail in around.arguments:
                return self.things(around.arguments[tail])
        return []

    def _members(self, who: Any) -> list[str]:
        condition = Compiler(self.known.community).selected(who)
        known = self.known.members(None, readings_of(condition))
        return [
            one
            for one, evidence in known.items()
            if self._consents(who, evidence) and truth(condition, evidence) is True
        ]

    def _selection(self, who: Selection) -> list[str]:
        if self.can_be_told(unordered(who)):
            found = self._members(unordered(who))
        else:
            found = self.things(who.from_)
            if who.where is not None:
                found = self._where(who.where, found)
            without = set(self.things(who.except_)) if who.except_ else set()
            found = [one for one in found if one not in without]
        if who.order is not None and not isinstance(who.order, str):
            found = self.known.order(who.order, found, lot=self.lot)
        return found[: int(who.first)] if who.first is not None else found

    def _where(self, where: Any, things: list[str]) -> list[str]:
        condition = Compiler(self.known.community).condition(where)
        works = self.known.house.runs.works_by_id(self.known.community.id, things)
        evidence: dict[str, Evidence] = dict(self.known.works(works.values(), readings_of(condition)))
        people = [one for one in things if one not in works and not one.startswith(ROLE)]
        evidence |= self.known.members(people, readings_of(condition))
        return [one for one in things if one in evidence and truth(condition, evidence[one]) is True]

    def _authors(self, things: list[str]) -> list[str]:
        works = self._works(things)
        return list(dict.fromkeys(who for one in things for who in (works[one].written_by if one in works else (one,))))

    def _works(self, things: Collection[str]) -> Mapping[str, Work]:
        candidates = [one for one in things if one.count("/") >= 3]
        return self.known.house.runs.works_by_id(self.known.community.id, candidates) if candidates else {}

    def lot(self, name: str) -> int:
        """A recorded draw: follows from the run's seed, the visit and the name."""
        run = self.around.run.id if self.around is not None else ""
        return lot(self._seed, self.place, "lot", plain(name, run))

    # ----------------------------------------------------------------------------------------------- what effects ask
    def ranked(self, who: Any) -> Sequence[Ranked] | None:
        """The works a who names, with their places where it names a ranking; None if it names no works."""
        things = self.things(who)
        works = self._works(things)
        if not works:
            return None if things or not self._names_works(who) else []
        places = isinstance(who, str) and who.endswith(".ranking")
        return [
            Ranked(
                id=one,
                authors=works[one].written_by,
                place=place if places else None,
                shares=dict(zip(works[one].authors, works[one].shares, strict=True)) if works[one].shares else {},
            )
            for place, one in enumerate((one for one in things if one in works), start=1)
        ]

    def _names_works(self, who: Any) -> bool:
        return isinstance(who, str) and who.endswith((".works", ".approved", ".ranking", ".winning"))

    def things_named(self, ref: Any) -> Sequence[str]:
        """Ids of what may be published or told: works; `run.brief`, `run.goal` and `message:x` are themselves."""
        if not isinstance(ref, str):
            return self.things(ref)
        return [ref] if ref in ("run.brief", "run.goal") or ref.startswith("message:") else self.things(ref)

    def credit(self, ref: str) -> Mapping[str, int]:
        """The contribution ledger of the run: people and the credit of their accepted works."""
        if self.around is None:
            return {}
        return self.known.house.teams.credit(self.around.run.id)

    def value(self, name: str, subject: str | None) -> Any:
        """What a name is for a subject: a result, the subject itself, or the text as it stands."""
        if name == "subject":
            return subject
        if self.around is not None and self.around.is_result(name):
            found = self._of_own_team(name, subject) or self.around.result(name)
            return found[0] if isinstance(found, list) and found else None if isinstance(found, list) else found
        return name

    def shares(self, who: Any) -> Mapping[str, int]:
        """The shares that the parts of teams say the people in them have, in hundredths of a percent."""
        around = self.around
        if around is None:
            return {}
        found: dict[str, int] = {}
        for phase in around.forming(who):
            slots: Any = getattr(around.phases[phase], "slots", ())
            said = {slot.id: slot.share for slot in slots if slot.share is not None}
            for parts in around.teams_of(phase).values() if said else ():
                for part, inside in parts.items():
                    found |= {one: said.get(part, 0) * 100 // len(inside) for one in inside}
        return found

    def _of_own_team(self, name: str, subject: str | None) -> list[str]:
        """Of a part of teams, whoever has it in the subject's own team."""
        phase, _, part = name.partition(".")
        around = self.around
        if around is None or subject is None or around.phases[phase].kind != "form_teams":
            return []
        for team in around.teams_of(phase).values():
            if part in team and any(subject in inside for inside in team.values()):
                return list(team[part])
        return []

    # ---------------------------------------------------------------------------------------------- conditions of runs
    def holds(self, written: Any) -> bool | None:
        """How a condition of the run comes out: of its subject, its arguments and its results; None is unknown."""
        asked = self._asked(written)
        condition = asked.condition
        values = {name: self._named(name) for name in asked.names if name in self._names}
        around, found = self.around, Evidence(values, {})
        if around is not None:
            about = self._of_subject(asked, around)
            own = [one for one in asked.readings if one.scope == "run"]
            run = Evidence()
            if own or any(name.startswith("run.") and name not in self._names for name in asked.names):
                run = self.known.run(around.run, own)
            found = Evidence({**about.attributes, **run.attributes, **values}, {**about.readings, **run.readings})
        return truth(condition, found) if self.look is None else self.look(written, condition, found)

    def _asked(self, written: Any) -> _Asked:
        """What a condition of the run asks for; compiled once, for runs look at theirs all the time."""
        key = (self.known.community.digest, id(written), *sorted(self._names))
        found = _ASKED.get(key)
        if found is None:
            condition = Compiler(self.known.community, fields=self._names).condition(written)
            asked = list(sources(condition))
            names = frozenset(name for one in asked if isinstance(one, Attribute) for name in one.names)
            readings = frozenset(readings_of(condition))
            found = _Asked(written, condition, names, readings, self._plain_names(condition, names, asked))
            if len(_ASKED) >= _MANY:
                _ASKED.clear()
            _ASKED[key] = found
        return found

    def _of_subject(self, asked: _Asked, around: Around) -> Evidence:
        """What is known of whom or what the run is about, as far as a condition asks for it."""
        known, subject = self.known, around.run.subject
        wanted = frozenset(one for one in asked.readings if one.scope != "run")
        match around.mode.for_ if subject is not None else "community":
            case "member":
                plain = self._plainly(asked.plain, str(subject))
                return plain or known.members([str(subject)], wanted).get(str(subject), Evidence())
            case "cohort":
                return known.cohort(str(subject), wanted, names=asked.names)
            case "space":
                return known.space(str(subject), wanted)
            case "team":
                everybody = known.community_readings(wanted)
                of_it = [one for one in wanted if one.scope != "community"]
                team = known.teams([str(subject)], of_it)[str(subject)]
                return Evidence(team.attributes, {**team.readings, **everybody})
        bases = {replace(one, scope="community"): one for one in wanted if one.scope in ("subject", "community")}
        told = known.community_readings(list(bases))
        return Evidence({}, {mine: told.get(base) for base, mine in bases.items()})

    def _plainly(self, names: frozenset[str] | None, member: str) -> Evidence | None:
        """What is known of a member for a condition of tier, stage and consent alone, which runs about members ask all
        the time; None: it asks for more. A few rows instead of everything that can be known."""
        if names is None:
            return None
        person = self.known.person(member)
        if person is None:
            return Evidence()
        found: dict[str, Value | None] = {"consent": person.attributes.get("consent")}
        ladders = {one.id: one for one in self.known.community.ladders.values() if one.per is None}
        asked = names & {"stage", *ladders}
        if asked:
            stands = self.known.house.standings.stands(self.known.community.id, member)
            for name in asked:
                lowest = None if name == "stage" else ladders[name].tiers[0].id
                found[name] = stands.get(LIFECYCLE if name == "stage" else name, lowest)
        return Evidence(found)

    def _plain_names(
        self, condition: Condition, names: frozenset[str], asked: Sequence[Source]
    ) -> frozenset[str] | None:
        """What a condition asks for, if that is tiers, the stage, consent and things of the run; None: it is more."""
        ladders = {one.id for one in self.known.community.ladders.values() if one.per is None}
        plain = all(isinstance(leaf, Leaf) for leaf in leaves(condition))
        if not plain or any(not isinstance(one, Attribute) for one in asked):
            return None
        names = frozenset(
            name for name in names if not name.startswith("cohort.")
        )  # a cohort says so itself when it changes
        return None if names - PLAIN - ladders - set(self._names) else names

    def is_plain(self, written: Any) -> bool:
        """Whether a condition of the run only changes when the run is told: by a move, by consent, by its cohort."""
        return written is None or self._asked(written).plain is not None

    @cached_property
    def _names(self) -> Mapping[str, ValueType]:
        """Results (how many) and arguments that a condition may name besides attributes and metrics."""
        around = self.around
        if around is None:
            return {}
        names: dict[str, ValueType] = {}
        for visit in around.visits:
            names |= {f"{visit.phase}.{result}": INTEGER for result in visit.results}
        for phase in around.phases.values():
            for result in RESULTS.get(phase.kind, ()):
                names.setdefault(f"{phase.id}.{result}", INTEGER)
            for choice in getattr(phase, "choices", ()) or ():
                names.setdefault(f"{phase.id}.{choice if isinstance(choice, str) else choice.id}", INTEGER)
        kinds = {"boolean": BOOLEAN, "integer": INTEGER}
        names |= {f"run.{one.id}": kinds.get(one.type, TEXT) for one in around.mode.parameters}
        return names

    def _named(self, name: str) -> Value | None:
        around = self.around
        assert around is not None
        if name.startswith("run.") and not around.is_result(name):
            value = around.arguments.get(name.removeprefix("run."))
            return value if isinstance(value, bool | int | str) else None
        found = around.result(name)
        if isinstance(found, list):
            return len(found)
        if isinstance(found, int):
            return found
        return 0 if found is None else 1


RESULTS = {
    "enrol": ("members", "waiting", "declined"),
    "submit": ("works", "authors", "missing"),
    "review": ("approved", "refused", "authors"),
    "judge": ("ranking", "winning", "winners"),
}
"""Results that are people or works: in a condition, how many."""


class EffectPeople:
    """The same as effects ask it (`operations.effects.Resolver`)."""

    def __init__(self, people: People) -> None:
        self._people = people

    def people(self, who: Any) -> Sequence[str]:
        return self._people.people(who)

    def ranked(self, who: Any) -> Sequence[Ranked] | None:
        return self._people.ranked(who)

    def things(self, ref: Any) -> Sequence[str]:
        return self._people.things_named(ref)

    def shares(self, who: Any) -> Mapping[str, int]:
        return self._people.shares(who)

    def credit(self, ref: str) -> Mapping[str, int]:
        return self._people.credit(ref)

    def contributions(self, person: str) -> Mapping[str, int]:
        """What somebody has contributed to tasks, as the ledger adds it up."""
        known = self._people.known
        return known.house.persons.contributions(known.community.id, person) if known.house.persons is not None else {}

    def value(self, name: str, subject: str | None) -> Any:
        return self._people.value(name, subject)


def unordered(who: Selection) -> Selection:
    """The same selection without an order and without a number: everybody who is meant at all."""
    return who.model_copy(update={"order": None, "first": None})
