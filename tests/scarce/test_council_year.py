"""A council's year on real servers: more who would than seats, four sessions with management, minutes of each."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.scarce.programme import AT, settle_in
from tests.waiting import PATIENCE
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = [pytest.mark.servers, pytest.mark.slow]  # a year
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def year(room: Any) -> Any:
    """A council of at most six seats, a year long; the twelve ambassadors are all asked."""
    from cli import wiring

    settle_in(room.memory)
    args = {"seats": 6, "least": 4}
    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        run = Launcher(room.memory.house, room.gateway).start(
            "owners-council", at=AT, args=args, scale="1d=60ms", rehearsed=True, seed=5
        )
        room.gateway.result(run.id, PATIENCE, RunResult)
    return room.memory.runs.run(run.id)


def test_who_says_yes_first_has_no_seat_beyond_the_last(room: Any, year: Any) -> None:
    visits = {one.phase: one for one in reversed(room.memory.runs.visits(year.id))}
    willing = visits["willing"].results["members"]
    assert len(visits["willing"].asked) == 12, "all who stand high enough are invited"
    assert len(willing) > 6
    (council,) = room.memory.teams.of_run(year.id)
    moments = sorted({seat.since for seat in council.seats})
    for moment in moments:
        sitting = [s for s in council.seats if s.since <= moment and (s.until is None or s.until > moment)]
        assert len(sitting) <= 6
    assert len(council.seats) >= 4
    assert {seat.member for seat in council.seats} <= set(willing), "nobody sits who has not said yes"


def test_it_meets_four_times_a_year_with_management_and_leaves_minutes(room: Any, year: Any) -> None:
    visits = room.memory.runs.visits(year.id)
    quarters = [one for one in visits if one.phase == "quarter"]
    sessions = [one for one in visits if one.phase == "session"]
    held = [one for one in sessions if one.outcome == "done"]
    minutes = [
        one for one in room.memory.facts("auto").find(kinds=["minutes"], limit=99) if one.fields["run"] == year.id
    ]

    assert len(sessions) == 4
    began = sorted(one.opened_at for one in quarters)
    assert all(89 * DAY <= later - before <= 93 * DAY for before, later in pairwise(began)), began
    assert held
    for one in held:
        assert set(one.results["staff"]) & {"role:management", "management-1", "management-2"}, "management was there"
    assert len(minutes) == len(held), "each has its minutes, and they are kept"
