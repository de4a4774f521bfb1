"""Teams on paper: who is in which team while one task is played."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from operations.ports.teams import Contribution, Seat, Team, seated
from workflows.paper.runs import PaperRuns


class PaperTeams:
    """See `operations.ports.teams.Teams`."""

    def __init__(self, runs: PaperRuns) -> None:
        self._runs = runs
        self._teams: dict[str, Team] = {}

    def found(self, teams: Sequence[Team]) -> None:
        for one in teams:
            self._teams.setdefault(one.id, one)

    def of_run(self, run: str, *, live: bool = False) -> Sequence[Team]:
        return [one for one in self._teams.values() if one.run == run and not (live and one.ended_at)]

    def team(self, id: str) -> Team | None:
        return self._teams.get(id)

    def of_member(self, community: str, member: str) -> Sequence[Team]:
        return [one for one in self._teams.values() if any(seat.member == member for seat in one.seats)]

    def seat(self, seat: Seat) -> bool:
        found = self._teams[seat.team]
        others = tuple(one for one in found.seats if one.member != seat.member or one.until is not None)
        self._sit(found, (*others, seat))
        return True

    def vacate(self, team: str, slot: str, member: str, *, at: datetime, why: str) -> bool:
        found = self._teams[team]
        gone = [one for one in found.seats if (one.slot, one.member, one.until) == (slot, member, None)]
        kept = tuple(replace(one, until=at, left=why) if one in gone else one for one in found.seats)
        self._sit(found, kept)
        return bool(gone)

    def _sit(self, team: Team, seats: tuple[Seat, ...]) -> None:
        """The results of the phase say who is in its teams now."""
        now = replace(team, seats=tuple(sorted(seats, key=lambda one: one.since)))
        self._teams[team.id] = now
        visit = self._runs.visit(team.run, team.phase, team.visit)
        if visit is not None and visit.state == "closed":
            parts = {part.id: now.inside(part.id) for part in now.slots}
            self._runs.follow(team.run, team.phase, team.visit, results=seated(visit.results, team.id, parts))

    def end(self, run: str, *, at: datetime) -> None:
        for one in self.of_run(run, live=True):
            self._teams[one.id] = replace(one, ended_at=at)

    def signs(self, run: str, members: Collection[str]) -> Mapping[str, datetime]:
        return self._runs.signs(run, members)

    def pairs(
        self, community: str, kind: str, fields: Collection[str], members: Collection[str]
    ) -> frozenset[frozenset[str]]:
        return frozenset()

    def contributions(self, run: str, *, after: int = 0, limit: int = 1_000) -> Sequence[Contribution]:
        return [
            Contribution(run=run, work=work.id, member=who, weight=weight, at=work.at)
            for work in self._runs.works_of(run)
            if work.state == "accepted"
            for who, weight in work.credited().items()
        ][after : after + limit]

    def credit(self, run: str) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for line in self.contributions(run, limit=1_000_000):
            found[line.member] = found.get(line.member, 0) + line.weight
        return dict(sorted(found.items()))

    def reverse(self, community: str, work: str, *, at: datetime) -> int:
        return 0

    def alone(self, what: str) -> None:
        pass
