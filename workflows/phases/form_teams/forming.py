"""Forming: who is in which part, told from who could be, what was proposed, and what everybody did since, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from operations.ports.runs import Act
from workflows.phases.form_teams.candidates import Candidate, Part, Trait, faults
from workflows.phases.form_teams.spec import FormTeams
from workflows.play import Scene

SOLVE, CLAIM, INVITE, BY_HAND = "solve", "claim", "invite", "by_hand"
PROPOSED = (SOLVE, INVITE)
"""Ways of filling in which people are proposed, and others take the place of whoever says no."""

OFFER, POOL, APART, BOUND = "offer", "pool", "apart", "bound"
"""What an opening keeps: who was proposed, who could be, who is never together, how many teams there can be."""

UNWILLING = "@unwilling"
"""Among the results: who said no, or nothing, and is not offered a part again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somebody in a part of a team, or asked whether they want to be (`until` then).

    Args:
        turn: how many were asked for this place before.
        instead: whom they came instead of.
        how: solve, claim, invite, by_hand.
        by: who placed them by hand.
    """

    team: int
    part: str
    member: str
    since: datetime
    until: datetime | None = None
    turn: int = 0
    instead: str | None = None
    how: str = SOLVE
    by: str | None = None

    @property
    def filled(self) -> bool:
        return self.until is None


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who is not in a part any more, or said no to it; `was` whether they had been in."""

    place: Place
    at: datetime
    why: str
    was: bool


@dataclass
class Forming:
    """Teams as they are at a moment."""

    phase: FormTeams
    scene: Scene
    parts: tuple[Part, ...]
    traits: tuple[Trait, ...]
    teams: int
    places: list[Place] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    unwilling: set[str] = field(default_factory=set)
    ahead: list[tuple[str, datetime]] = field(default_factory=list)  # who said no before being asked

    @cached_property
    def pool(self) -> dict[str, Candidate]:
        """Who could be in, in order."""
        return {one.id: one for one in read_pool(self.scene.kept.get(POOL, ()))}

    @cached_property
    def apart(self) -> frozenset[frozenset[str]]:
        """Who is never together."""
        return frozenset(frozenset(pair) for pair in self.scene.kept.get(APART, ()))

    # ------------------------------------------------------------------------------------------------------- questions
    def inside(self, team: int, *, asked: bool = True) -> dict[str, list[str]]:
        """Who is in each part of a team; with those who are asked."""
        found: dict[str, list[str]] = {part.id: [] for part in self.parts}
        for one in self.places:
            if one.team == team and (asked or one.filled):
                found[one.part].append(one.member)
        return found

    def place_of(self, member: str) -> Place | None:
        return next((one for one in self.places if one.member == member), None)

    def complete(self, team: int) -> bool:
        """Whether every part has who it needs, and they said yes."""
        inside = self.inside(team, asked=False)
        return all(len(inside[part.id]) >= part.needs for part in self.parts)

    def pending(self) -> list[Place]:
        """Whose word is waited for."""
        return [one for one in self.places if not one.filled]

    def waiting(self) -> list[str]:
        """Who could be in and is not, in order; those who said no left out."""
        here = {one.member for one in self.places}
        return [who for who in self.pool if who not in here and who not in self.unwilling]

    def clash(self, team: int, part: str, member: str, *, without: str | None = None) -> list[str]:
        """What speaks against somebody in a part of a team, in words."""
        inside = {name: [who for who in there if who != without] for name, there in self.inside(team).items()}
        inside[part] = [*inside[part], member]
        people = {who: self._candidate(who) for there in inside.values() for who in there}
        return faults(inside, people, self.parts, self.traits, apart=self.apart, partly=True)

    def _candidate(self, who: str) -> Candidate:
        """What is known of somebody; who came in by claim or by hand was looked at then."""
        known = self.pool.get(who)
        placed = self.place_of(who)
        if known is not None:
            return known if placed is None else replace(known, parts=known.parts | {placed.part})
        every = frozenset(part.id for part in self.parts)
        return Candidate(id=who, parts=every, traits={one.attribute: None for one in self.traits})

    def room(self, part: str) -> int | None:
        """The first team that has room in a part."""
        limit = next((one.limit for one in self.parts if one.id == part), 0)
        return next((n for n in range(1, self.teams + 1) if len(self.inside(n).get(part, ())) < limit), None)

    def full(self) -> bool:
        """Whether every part that is needed is filled as far as it may be, in every team."""
        return all(
            len(self.inside(n, asked=False)[part.id]) >= part.limit
            for n in range(1, self.teams + 1)
            for part in self.parts
            if part.needs
        )

    # --------------------------------------------------------------------------------------------------------- changes
    def put(self, place: Place) -> None:
        self.places.append(place)

    def remove(self, place: Place, at: datetime, why: str) -> None:
        self.places.remove(place)
        self.gone.append(Gone(place, at, why, place.filled))

    def refill(self, place: Place, at: datetime) -> None:
        """The place goes to the next who fits, if it may."""
        if self.phase.fill not in PROPOSED or (self.scene.deadline is not None and at >= self.scene.deadline):
            return
        if self.phase.fill == SOLVE and place.turn >= self.phase.refills:
            return
        candidates = [
            who
            for who in self.waiting()
            if place.part in self.pool[who].parts and not self.clash(place.team, place.part, who)
        ]
        if not candidates:
            return
        if self.phase.fill == SOLVE:
            candidates.sort(key=lambda who: self.pool[who].load)  # stable: then by order
        next_ = Place(
            team=place.team,
            part=place.part,
            member=candidates[0],
            since=at,
            until=answer_until(self.phase, self.scene, at),
            turn=place.turn + 1,
            instead=place.member,
            how=self.phase.fill,
        )
        self.put(next_)


# -------------------------------------------------------------------------------------------------------------- reading
def parts_of(phase: FormTeams) -> tuple[Part, ...]:
    """The parts of every team."""
    return tuple(
        Part(slot.id, int(slot.needs), int(slot.limit) if slot.limit is not None else max(int(slot.needs), 1))
        for slot in phase.slots
        if not isinstance(slot, str)
    )


def _share(size: int, values: int | None) -> int:
    """Of how many people at most one value is in a mixed team."""
    return 1 if not values or size <= values else -(-size // values)


def traits_of(phase: FormTeams, values: Mapping[str, int]) -> tuple[Trait, ...]:
    """What is asked of a team's people together.

    Args:
        values: how many values there are of an attribute, where that is known. Mixed is as different as they allow:
            nobody twice if there are enough, otherwise each as rarely as can be.
    """
    if isinstance(phase.traits, str):
        return ()
    size = sum(part.needs for part in parts_of(phase))
    return tuple(
        Trait(
            name,
            None if asked == "same" else _share(size, values.get(name)) if asked == "mixed" else int(asked),
        )
        for name, asked in phase.traits.items()
    )


def answer_until(phase: FormTeams, scene: Scene, at: datetime) -> datetime | None:
    """Until when somebody says yes who is asked now; None: nobody need say anything."""
    if phase.confirm is not None:
        return scene.until(str(phase.confirm), at)
    return scene.deadline if phase.fill == INVITE else None


def write_pool(pool: Sequence[Candidate]) -> list[Any]:
    """Candidates as plain values."""
    return [
        [
            one.id,
            sorted(one.parts),
            {name: None if values is None else sorted(values) for name, values in one.traits.items()},
            one.load,
        ]
        for one in pool
    ]


def read_pool(written: Sequence[Any]) -> Iterator[Candidate]:
    """Candidates from plain values."""
    for id_, parts, traits, load in written:
        known = {name: None if values is None else frozenset(values) for name, values in traits.items()}
        yield Candidate(id=id_, parts=frozenset(parts), traits=known, load=load)


def forming(phase: FormTeams, scene: Scene, at: datetime) -> Forming:
    """The teams at a moment: what was proposed, then every answer, claim and edit, and every silence, in order.

    What was accepted counts, whatever the clock of whoever looks says.
    """
    at = max([at, *(act.at for act in scene.acts)])
    offer: Mapping[str, Mapping[str, Sequence[str]]] = scene.kept.get(OFFER, {})
    most = int(phase.limit) if phase.limit is not None else int(phase.needs)
    found = Forming(phase, scene, parts_of(phase), traits_of(phase, scene.values), max(len(offer), most))
    until = answer_until(phase, scene, scene.opened_at)
    for number, (_, parts) in enumerate(sorted(offer.items(), key=lambda one: int(one[0])), start=1):
        for part, people in parts.items():
            for who in people:
                found.put(Place(team=number, part=part, member=who, since=scene.opened_at, until=until, how=phase.fill))
    acts = list(scene.in_order)
    while True:
        silent = min(found.pending(), key=lambda one: (one.until or at, one.member), default=None)
        when = silent.until if silent is not None else None
        if silent is not None and when is not None and when <= at and (not acts or when <= acts[0].at):
            found.remove(silent, when, "silent")
            found.unwilling.add(silent.member)
            found.refill(silent, when)
        elif acts:
            _apply(found, acts.pop(0))
        else:
            return found


def _apply(found: Forming, act: Act) -> None:
    mine = found.place_of(act.by)
    match act.verb:
        case "confirm" if mine is not None and not mine.filled:
            found.places[found.places.index(mine)] = replace(mine, until=None, since=act.at)
        case "decline" | "withdraw":
            found.unwilling.add(act.by)
            if mine is not None:
                found.remove(mine, act.at, "declined" if not mine.filled else "withdrew")
                found.refill(mine, act.at)
            else:
                found.ahead.append((act.by, act.at))
        case "claim" if mine is None:
            part = act.about.rpartition("#")[2]
            team = number_of(act.about) or found.room(part)
            if team is not None and len(found.inside(team).get(part, ())) < _limit(found, part):
                found.put(Place(team=team, part=part, member=act.by, since=act.at, how=CLAIM))
        case "place":
            _place(found, act)


def _place(found: Forming, act: Act) -> None:
    """An edit by hand; `about` is `member@team#part`, and `instead` of whom."""
    member, _, where = act.about.rpartition("@")
    part = where.rpartition("#")[2]
    team, instead = number_of(where) or found.room(part) or 1, str(act.fields.get("instead") or "")
    here, other = found.place_of(member), found.place_of(instead) if instead else None
    if other is not None:
        found.remove(other, act.at, "by_hand")
    if here is not None:
        found.remove(here, act.at, "moved")
        if other is not None:
            swapped = replace(here, member=instead, since=act.at, until=None, how=BY_HAND, by=act.by, instead=member)
            found.put(swapped)
        else:
            found.refill(here, act.at)
    found.unwilling.discard(member)
    found.put(Place(team=team, part=part, member=member, since=act.at, how=BY_HAND, by=act.by, instead=instead or None))


def number_of(where: str) -> int | None:
    """The number of a team in `2#camera` or in its whole id; None where no team is named."""
    tail = where.rpartition("#")[0].rpartition("/")[2]
    return int(tail) if tail.isdecimal() else None


def _limit(found: Forming, part: str) -> int:
    return next((one.limit for one in found.parts if one.id == part), 0)


def proposal(found: Forming) -> tuple[dict[str, dict[str, list[str]]], int]:
    """Whom to ask for which part, by the number of the team, and how many teams there can be at most."""
    from workflows.phases.form_teams.solve import form

    phase, people = found.phase, list(found.pool.values())
    if phase.fill == SOLVE:
        limit = int(phase.limit) if phase.limit is not None else None
        formed = form(
            people, found.parts, found.traits, apart=found.apart, limit=limit, seed=found.scene.lot("teams") % 2**31
        )
        teams = {
            str(number): {part: list(inside) for part, inside in team.items()}
            for number, team in enumerate(formed.teams, start=1)
        }
        return teams, formed.bound
    asked: Counter[str] = Counter()
    for number in range(1, found.teams + 1):
        for part in found.parts:
            for one in people:
                if len(found.inside(number)[part.id]) >= part.limit:
                    break
                if not asked[one.id] and part.id in one.parts and not found.clash(number, part.id, one.id):
                    asked[one.id] += 1
                    found.put(Place(team=number, part=part.id, member=one.id, since=found.scene.opened_at, how=INVITE))
    return {str(n): found.inside(n) for n in range(1, found.teams + 1)}, found.teams
