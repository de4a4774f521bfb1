"""Teams: who is in which team in which part, since when and why, and who was there before.

A *team* is formed by a phase of a run; its parts are *slots*, and whoever fills one has a *seat*. Seats are never
rewritten: one that is left gets an end and a reason. A seat that is only offered has not begun yet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

TEAMS = "@teams"
"""Among the results of forming teams: who is in which, by team and part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A part of a team: so many people at least and at most, and its percentage of the team's credit."""

    id: str
    needs: int = 1
    limit: int = 1
    share: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Somebody in a part of a team.

    Args:
        since: when they came in, or when it was offered.
        why: what spoke for it: `how` (solve, claim, invite, by_hand), `could` (parts they could fill), `load`, traits,
            whom they came `instead` of, who placed them (`by`).
        offered_until: they have not said yes; until then they may.
        until: when they left; None: they are there.
        left: why: declined, silent, withdrew, moved, idle, term, keep, by_hand, over.
    """

    team: str
    slot: str
    member: str
    since: datetime
    why: Mapping[str, Any] = field(default_factory=dict)
    offered_until: datetime | None = None
    until: datetime | None = None
    left: str | None = None

    @property
    def filled(self) -> bool:
        """Whether somebody is there: they said yes and have not left."""
        return self.until is None and self.offered_until is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team of a run. `id` is `run/phase/visit/number`."""

    id: str
    community: str
    run: str
    phase: str
    visit: int
    number: int
    formed_at: datetime
    slots: tuple[Slot, ...]
    ended_at: datetime | None = None
    seats: tuple[Seat, ...] = ()

    def inside(self, slot: str | None = None) -> list[str]:
        """Who is in it now, or in one part of it."""
        return [seat.member for seat in self.seats if seat.filled and slot in (None, seat.slot)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """A line of the ledger of contributions: what was accepted from whom when, and what it weighs."""

    run: str
    work: str
    member: str
    weight: int
    at: datetime
    line: str = "accepted"


def seated(results: Mapping[str, Any], team: str, parts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The results of forming teams, once these people are in the parts of one team."""
    order = {part: place for place, part in enumerate(parts)}  # all teams of a phase have the same parts
    teams = {
        name: {part: list(of[part]) for part in sorted(of, key=lambda one: order.get(one, len(order)))}
        for name, of in {**results[TEAMS], team: parts}.items()
    }
    slots: dict[str, list[str]] = {}
    for of in teams.values():
        for part, inside in of.items():
            slots.setdefault(part, []).extend(inside)
    members = list(dict.fromkeys(who for of in teams.values() for inside in of.values() for who in inside))
    waiting = [who for who in results.get("waiting", ()) if who not in members]
    return {**results, **slots, TEAMS: teams, "members": members, "holder": members, "waiting": waiting}


class Teams(Protocol):
    """The memory of teams. Every method of writing may be repeated with the same arguments without a second effect."""

    def found(self, teams: Sequence[Team]) -> None:
        """Write down teams that were formed, with their seats; earlier ones of the same phase end."""
        ...

    def of_run(self, run: str, *, live: bool = False) -> Sequence[Team]:
        """Teams of a run with all their seats, in order; `live`: without those that have ended."""
        ...

    def team(self, id: str) -> Team | None: ...

    def of_member(self, community: str, member: str) -> Sequence[Team]:
        """Teams that somebody is or was in."""
        ...

    def seat(self, seat: Seat) -> bool:
        """Somebody comes into a part, or is offered it (`offered_until`), or says yes to what was offered.

        False: the part is full, or they have another one in this team; the database decides. The results of the phase
        and open items of the part follow.
        """
        ...

    def vacate(self, team: str, slot: str, member: str, *, at: datetime, why: str) -> bool:
        """Somebody is not in a part any more; the results of the phase follow. False: they were not."""
        ...

    def end(self, run: str, *, at: datetime) -> None:
        """The teams of a run are over; who was in them is known."""
        ...

    def signs(self, run: str, members: Collection[str]) -> Mapping[str, datetime]:
        """When each of them last did something in a run."""
        ...

    def pairs(
        self, community: str, kind: str, fields: Collection[str], members: Collection[str]
    ) -> frozenset[frozenset[str]]:
        """Pairs among these members: whom facts of a kind are about, and whom one of these fields of theirs names."""
        ...

    def contributions(self, run: str, *, after: int = 0, limit: int = 1_000) -> Sequence[Contribution]:
        """Lines of a run's ledger in the order in which they were written, some at a time."""
        ...

    def credit(self, run: str) -> Mapping[str, int]:
        """What the contributions of a run add up to, by member; whoever had one accepted is named, in a fixed order."""
        ...

    def reverse(self, community: str, work: str, *, at: datetime) -> int:
        """Take a work's contributions back by lines against them; returns how many there were."""
        ...

    def alone(self, what: str) -> None:
        """Until the transaction is over nobody else changes the teams of this name."""
        ...
