"""People: whom a `who` means in a run, at one moment; also what its references to works, texts and credit mean.

Results are as they were when their phase closed; everything else is as it is at the moment of asking, or was, where
`operations.known` looks back. Roles, and who looks after whom, are always live: whoever has left cannot answer. Where
people are wanted, works mean their authors.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from operations.arguments import named
from operations.around import Around
from operations.effects import Ranked
from operations.errors import Refusal
from operations.known import Known, readings_of
from operations.ports.runs import Work
from operations.ports.teams import Team
from operations.rehearsal import lot, plain
from operations.run_conditions import Look, RunConditions
from rules.compile import Compiler
from rules.condition import Condition
from rules.errors import NotDecidable
from rules.evaluate import truth
from rules.spec.people import Selection, refs
from rules.values import Evidence

FEW = 5
"""So few members are looked up one by one."""

ROLE = "role:"
RELATIONS = ("contact", "host", "tutor")


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
        self._conditions = RunConditions(known, around, look)
        self._selected: dict[str, list[str]] = {}

    # ------------------------------------------------------------------------------------------------- who takes part
    def select(self, who: Any) -> list[str]:
        """Members and roles (`role:planner`) that a who names, in order, each once; of works their authors, of teams
        their members."""
        return self._behind(self.things(who))

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
        for one, evidence in self._told(condition, sorted(members)).items():
            if self._consents(who, evidence) and truth(condition, evidence) is True:
                found.add(one)
        return found

    def _told(self, condition: Condition, members: Sequence[str]) -> Mapping[str, Evidence]:
        """What a condition asks of members: of a few, whom it asks for tier, stage and consent alone, a few rows."""
        plain = self._conditions.plain_names(condition) if len(members) <= FEW else None
        if plain is None:
            return self.known.members(members, readings_of(condition))
        there = (one for one in members if self.known.person(one) is not None)
        return {one: self._conditions.plainly(plain, one) or Evidence() for one in there}

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
            here, partition = self.known.community.id, ref.partition(":")[2]
            return list(self.known.house.touch.belonging(here, partition, at=self.known.back_at))
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
            case "subject", "members" if subject and around.mode.for_ == "team":
                return list(self._inside(subject) or ())
            case "subject", "members" if subject and around.mode.for_ == "space":
                space = self.known.community.spaces.get(subject)  # whoever can read it
                return [] if space is None else self.select(space.seen_by)
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
        told = repr(who)
        if told not in self._selected:
            condition = Compiler(self.known.community).selected(who)
            self._selected[told] = [
                one
                for one, evidence in self.known.each_member(None, readings_of(condition))
                if self._consents(who, evidence) and truth(condition, evidence) is True
            ]
        return [*self._selected[told]]

    def _selection(self, who: Selection) -> list[str]:
        if self.can_be_told(unordered(who)):
            found = self._members(unordered(who))
        else:
            found = self.things(who.from_) if who.of is None else self._at_value(who)
            if who.where is not None:
                found = self._where(who.where, found)
            without = set(self.things(who.except_)) if who.except_ else set()
            found = [one for one in found if one not in without]
        if who.order is not None and not isinstance(who.order, str):
            found = self.known.order(who.order, found, lot=self.lot)
        return found[: int(who.first)] if who.first is not None else found

    def _at_value(self, who: Selection) -> list[str]:
        """Who is selected where titles and tiers are meant at one value of their list."""
        held = [
            Selection.model_construct(from_=(one,), of=who.of) if isinstance(one, str) else one for one in who.from_
        ]
        return self.things(tuple(held))

    def _where(self, where: Any, things: list[str]) -> list[str]:
        condition = Compiler(self.known.community).condition(where)
        works = self.known.house.runs.works_by_id(self.known.community.id, things)
        evidence: dict[str, Evidence] = dict(self.known.works(works.values(), readings_of(condition)))
        teams = [one for one in things if one not in works and self._team(one) is not None]
        evidence |= self.known.teams(teams, readings_of(condition)) if teams else {}
        people = [one for one in things if one not in evidence and not one.startswith(ROLE)]
        evidence |= self.known.members(people, readings_of(condition))
        return [one for one in things if one in evidence and truth(condition, evidence[one]) is True]

    def _behind(self, things: list[str]) -> list[str]:
        """The people behind things: of works their authors, of teams their members."""
        works = self._works(things)
        found: list[str] = []
        for one in things:
            inside = None if one in works else self._inside(one)
            found += works[one].written_by if one in works else (one,) if inside is None else inside
        return list(dict.fromkeys(found))

    def _inside(self, thing: str) -> Sequence[str] | None:
        """Who is in a team; None if it is none."""
        return None if (team := self._team(thing)) is None else tuple(dict.fromkeys(team.inside()))

    def _team(self, thing: str) -> Team | None:
        return self.known.house.teams.team(thing) if thing.count("/") >= 4 else None

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
        things = list(self.things_named(who))
        works = self._works(things)
        if not works:
            return None if things or not self._names_works(who) else []
        place = {one: number for number, one in enumerate(self._ranking(who), start=1)}
        return [
            Ranked(
                id=one,
                authors=works[one].written_by,
                place=place.get(one),
                shares=dict(zip(works[one].authors, works[one].shares, strict=True)) if works[one].shares else {},
            )
            for one in things
            if one in works
        ]

    def _ranking(self, who: Any) -> list[str]:
        """The ranking that a who names, alone or within a selection; nothing if it names none, or several."""
        named_ = [ref for ref in dict.fromkeys(refs(who)) if ref.endswith(".ranking")]
        return self.things(named_[0]) if len(named_) == 1 else []

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
        return self._conditions.holds(written)

    def is_plain(self, written: Any) -> bool:
        """Whether a condition of the run only changes when the run is told: by a move, by consent, by its cohort."""
        return self._conditions.is_plain(written)


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
