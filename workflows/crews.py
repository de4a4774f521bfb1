"""Crews: what a phase sees of teams around it: who can be in one, whose works are expected, who is asked of whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.ports.runs import Entry, Run, Visit, Work
from operations.ports.teams import Team
from rules.counted import fact_kinds
from rules.fact import Fact
from rules.spec.people import refs
from workflows.play import ROLE, Free

if TYPE_CHECKING:
    from workflows.setting import Setting

HOLDER = "holder"
_NOT_PARTS = ("teams", "slots", "waiting")


# ---------------------------------------------------------------------------------------------------- who can be in one
def free(setting: Setting) -> list[Free]:
    """Who can be in teams now, in order, with the parts they can fill; whoever bears enough already is left out."""
    could: dict[str, set[str]] = {}
    for part, who in setting.wants.parts.items():
        for one in setting.to_ask(who):
            if not one.startswith(ROLE):
                could.setdefault(one, set()).add(part)
    closed = setting.barred(list(could)) if could else {}
    inside = setting.house.runs.parts(setting.run.id)
    most = setting.community.document.limits.runs_per_member
    found = _known(setting, could)
    return [one for one in found if one.id not in closed and (one.load < most or one.id in inside)]


def known_of(setting: Setting, people: Collection[str]) -> list[Free]:
    """What is known of these people, as far as teams ask: the parts that they may fill, traits, live runs."""
    could: dict[str, set[str]] = {one: set() for one in people}
    for part, who in setting.wants.parts.items():
        for one in setting.people.among(who, list(could)):
            could[one].add(part)
    return _known(setting, could)


def _known(setting: Setting, could: Mapping[str, Collection[str]]) -> list[Free]:
    known = setting.people.known.members(list(could)) if could else {}
    found = []
    for who, parts in could.items():
        evidence = known.get(who)
        if evidence is None:
            continue
        load = evidence.attributes.get("load")
        traits = {name: _values(evidence.attributes.get(name)) for name in setting.wants.traits}
        number = load if isinstance(load, int) else 0
        found.append(Free(id=who, parts=frozenset(parts), traits=traits, load=number))
    return found


def _values(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    return frozenset(map(str, value)) if isinstance(value, frozenset | list | tuple) else frozenset({str(value)})


def values_of(setting: Setting) -> dict[str, int]:
    """How many values there are of the traits that matter, of those that have a list."""
    declared = {field.id: field.one_of for field in setting.community.document.attributes}
    found: dict[str, int] = {}
    for name in setting.wants.traits:
        listed = declared.get(name)
        if isinstance(listed, str) and listed in setting.community.lists:
            found[name] = len(setting.community.lists[listed].items)
        elif isinstance(listed, tuple | list):
            found[name] = len(listed)
    return found


def apart(setting: Setting) -> frozenset[frozenset[str]]:
    """Pairs of those who can be in teams, who are never in one."""
    if setting.wants.apart is None:
        return frozenset()
    return apart_of(setting, {one for who in setting.wants.parts.values() for one in setting.people.select(who)})


def apart_of(setting: Setting, people: Collection[str]) -> frozenset[frozenset[str]]:
    """Pairs of people who are never in one team, as facts of the kind that the phase names say."""
    kind = setting.wants.apart
    if kind is None:
        return frozenset()
    fields = [name for name, field in fact_kinds(setting.community)[kind].own.items() if field.refers == "member"]
    return setting.house.teams.pairs(setting.community.id, kind, fields, sorted(people))


def may_do(setting: Setting, who: str, part: str) -> bool:
    """Whether somebody may fill a part at this moment."""
    asked = setting.wants.parts.get(part)
    return asked is not None and who in setting.people.among(asked, [who]) and not setting.barred([who])


# ------------------------------------------------------------------------------------------------- whose work it is
def units(setting: Setting) -> dict[str, tuple[str, ...]]:
    """The teams, or parts of teams, of which works are expected, each with its people among those who may hand in."""
    per, who = setting.wants.per, setting.wants.eligible
    if per == "member":
        return {}
    may = set(setting.people.select(who))
    found: dict[str, tuple[str, ...]] = {}
    for phase in setting.around.forming(who):
        optional = _optional(setting, phase)
        for team, parts in setting.around.teams_of(phase).items():
            named = _named(setting, who, phase, parts)
            if per == "team":
                people = [one for part in named for one in parts[part] if one in may]
                found[team] = tuple(dict.fromkeys(people))
                continue
            for part in named:
                if parts[part] or part not in optional:
                    found[f"{team}#{part}"] = tuple(one for one in parts[part] if one in may)
    return found


def _named(setting: Setting, who: Any, phase: str, parts: Mapping[str, Sequence[str]]) -> list[str]:
    """The parts of a team of which a who speaks: all of them, or those it names."""
    spoken = {ref.partition(".")[2] for ref in refs(who) if ref.partition(".")[0] == phase}
    named = [part for part in parts if part in spoken]
    return list(parts) if spoken - set(parts) or not named else named


def _optional(setting: Setting, phase: str) -> set[str]:
    slots: Any = getattr(setting.around.phases[phase], "slots", ())
    return {slot.id for slot in slots if not int(slot.needs)}


def teams_of(setting: Setting, things: Iterable[str], works: Mapping[str, Work]) -> dict[str, str]:
    """The team of each thing: of a work that it is from, of a person that they are in, of a team itself."""
    around = setting.around
    forming = [one.id for one in around.phases.values() if one.kind == "form_teams"]
    if not forming:
        return {}
    known = {team: parts for phase in forming for team, parts in around.teams_of(phase).items()}
    whose = {who: team for team, parts in known.items() for inside in parts.values() for who in inside}
    found: dict[str, str] = {}
    for thing in things:
        work = works.get(thing)
        unit = work.unit.partition("#")[0] if work is not None and work.unit is not None else None
        team = thing if thing in known else unit or whose.get(work.author if work is not None else thing)
        if team is not None:
            found[thing] = team
    return found


def team_of(setting: Setting) -> dict[str, str]:
    """In which team somebody is who may hand in."""
    around = setting.around
    return {
        who: team
        for phase in around.forming(setting.wants.eligible)
        for team, parts in around.teams_of(phase).items()
        for inside in parts.values()
        for who in inside
    }


def from_unit(setting: Setting, entry: Entry) -> Entry:
    """A work on its way in, with the team or part that it is from and everybody who is named with it."""
    for unit, people in setting.units.items():
        if entry.author in people and (entry.unit is None or entry.unit == unit):
            shares = shares_of(setting, unit)
            weights = tuple(shares.get(one, 1) for one in people)
            return replace(entry, unit=unit, authors=people, shares=weights if any(weights) else (1,) * len(people))
    return entry


def shares_of(setting: Setting, unit: str) -> dict[str, int]:
    """Each person's share in the credit of a team's work, as its parts say; equal ones where they say nothing."""
    team, _, _ = unit.partition("#")
    for phase in setting.around.forming(setting.wants.eligible):
        parts = setting.around.teams_of(phase).get(team)
        if parts is not None:
            return divided(getattr(setting.around.phases[phase], "slots", ()), parts)
    return {}


def divided(slots: Any, parts: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Shares of the people in parts, in hundredths of a percent; those in one part divide it equally."""
    said = {slot.id: slot.share for slot in slots if slot.share is not None}
    if not said:
        return {one: 1 for people in parts.values() for one in people}
    return {one: said.get(part, 0) * 100 // len(people) for part, people in parts.items() for one in people}


# ------------------------------------------------------------------------------------------------- who is asked of whom
def own(setting: Setting, visit: Visit, works: Mapping[str, Work]) -> dict[str, tuple[str, ...]]:
    """Of things that belong to a team, or a part of one, those who are asked about them: their own, and no others'.

    Whoever has come into such a part since the visit was opened is asked too; who was asked for a part alone, and has
    it no more, is not.
    """
    asked, around = setting.wants.asked, setting.around
    named = [
        (phase, ref.partition(".")[2])
        for ref in refs(asked)
        if (phase := ref.partition(".")[0]) in around.phases
        and around.phases[phase].kind == "form_teams"
        and ref.partition(".")[2] not in _NOT_PARTS
    ]
    if not named:
        return {}
    teams = {phase: around.teams_of(phase) for phase, _ in named}
    theirs = {who for phase, part in named for parts in teams[phase].values() for who in _in(parts, part)}
    everybody = _asked_by_now(asked, visit, theirs, len(named))
    whose = {phase: _members(parts) for phase, parts in teams.items()}
    found: dict[str, tuple[str, ...]] = {}
    for thing in visit.things:
        mine: set[str] = set()
        apart = False
        for phase, part in named:
            place = _place(thing, works.get(thing), teams[phase], whose[phase])
            if place is None:
                mine |= {who for parts in teams[phase].values() for who in _in(parts, part)}
                continue
            apart = True
            team, slot = place
            parts = teams[phase][team]
            mine |= set(parts.get(slot, ())) if part == HOLDER and slot else set(_in(parts, part))
        if apart:
            found[thing] = tuple(who for who in everybody if who in mine or who not in theirs)
    return found


def _asked_by_now(asked: Any, visit: Visit, theirs: Collection[str], named: int) -> tuple[str, ...]:
    """Who is asked now where parts of teams are: those asked at the beginning, and who has come into a part since.

    Args:
        theirs: who has one of the parts now.
        named: how many parts are named.
    """
    listed = asked if isinstance(asked, list | tuple) else (asked,)
    if not all(isinstance(one, str) for one in listed):
        return visit.asked  # some of a selection: who is among them was seen when the visit was opened
    everybody = tuple(dict.fromkeys((*visit.asked, *sorted(theirs))))
    return tuple(who for who in everybody if who in theirs) if named == len(listed) else everybody


def _in(parts: Mapping[str, Sequence[str]], part: str) -> list[str]:
    if part in ("members", HOLDER):
        return [who for inside in parts.values() for who in inside]
    return list(parts.get(part, ()))


def _members(teams: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, tuple[str, str]]:
    """The team and the part of everybody; of the first, for whoever is in several."""
    found: dict[str, tuple[str, str]] = {}
    for team, parts in teams.items():
        for part, inside in parts.items():
            for who in inside:
                found.setdefault(who, (team, part))
    return found


def _place(
    thing: str,
    work: Work | None,
    teams: Mapping[str, Mapping[str, Sequence[str]]],
    whose: Mapping[str, tuple[str, str]],
) -> tuple[str, str] | None:
    """The team and the part that a thing belongs to; None if it is of none."""
    if thing in teams:
        return thing, ""
    if work is None:
        return whose.get(thing)
    if work.into is not None:
        number, _, slot = work.into.rpartition("#")
        team = next((one for one in teams if slot in teams[one] and number in ("", one.rpartition("/")[2])), None)
        if team is not None:
            return team, slot
    if work.unit is not None:
        team, _, slot = work.unit.partition("#")
        if team in teams:
            return team, slot
    return whose.get(work.author)


# -------------------------------------------------------------------------------------------------- what they were
def teamed(run: Run, teams: Sequence[Team], at: datetime) -> list[Fact]:
    """A run with teams ended well: for each pair in a team, each with the other."""
    told = {"task": run.task, "mode": run.mode, "run": run.id}

    def fact(team: Team, who: str, other: str) -> Fact:
        key = f"{run.id}/teamed/{team.phase}/{team.visit}/{team.number}/{who}/{other}"
        return Fact(key, "teamed", who, at, None, {**told, "team": team.id, "other": other})

    return [
        fact(team, who, other) for team in teams for who in team.inside() for other in team.inside() if who != other
    ]
