"""Whom the mature guide: mentors by stage and quality, learners who are still young here, so many at the most."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from cli.wiring import Room
from operations.errors import Refusal
from operations.ports.facts import Fact
from operations.ports.standings import LIFECYCLE, Place
from rules.spec import Community
from tests.waiting import PATIENCE
from tests.workflows.teams.crewed import AT, settle
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = pytest.mark.servers
Worker = Callable[..., AbstractContextManager[None]]
CORE = [f"m{n:03d}" for n in range(12)]
"""Core members who are mature and photograph or not; whoever of them has good works may be a master."""
NOT_MATURE, MODEST = "m003", "m004"


@pytest.fixture(scope="module")
def auto(room: Room) -> Community:
    """The sample community; all core members but one have works of high quality, and one is not mature yet."""
    spec = settle(room.memory)
    facts = [
        Fact(f"rated/{who}/{n}", "rated", who, AT - timedelta(days=9 + n), None, {"work": f"{who}-{n}", "score": score})
        for who in CORE
        for n in range(2)
        for score in [50 if who == MODEST else 90]
    ]
    room.memory.facts(spec).record(facts)
    for who, stage in ((NOT_MATURE, "active"), ("m050", "mature")):
        place = Place(member=who, ladder=LIFECYCLE)
        room.memory.standings.pin(spec.id, place, to=stage, by="kim", reason="test", at=AT - timedelta(days=9))
    return spec


def stages(room: Room, people: list[str]) -> dict[str, str | None]:
    held = {who: room.memory.standings.one("auto", Place(member=who, ladder=LIFECYCLE)) for who in people}
    return {who: one.at if one is not None else None for who, one in held.items()}


def test_the_mature_guide_those_at_the_beginning_a_few_each(
    room: Room, auto: Community, worker: Worker, eventually: Any
) -> None:
    memory = room.memory
    desk = Desk(memory.house, poke=room.gateway.poke, now=lambda: AT + timedelta(hours=1))
    launcher = Launcher(memory.house, room.gateway)
    with worker():
        run = launcher.start("photo-masters", at=AT, scale="1d=40ms", rehearsed=True, seed=3, crowd=40).id
        end = room.gateway.result(run, PATIENCE, RunResult).end
        open_ = launcher.start("photo-masters", at=AT, key="open").id
        eventually(lambda: memory.runs.open_visits(open_, phase="masters"))
        with pytest.raises(Refusal, match=r"not invited|not among"):
            desk.enrol(open_, member=NOT_MATURE, fields={})
        room.gateway.cancel(open_)

    visits = {visit.phase: visit for visit in memory.runs.visits(run)}
    asked = stages(room, list(visits["masters"].asked))
    assert end == "end", {name: visit.outcome for name, visit in visits.items()}
    assert set(asked.values()) == {"mature"}
    assert not {NOT_MATURE, MODEST} & set(asked), "neither before one is mature, nor without works of quality"
    teams = memory.teams.of_run(run)
    assert teams
    seats = {slot: [s.member for team in teams for s in team.seats if s.slot == slot] for slot in ("mentor", "mentee")}
    assert set(stages(room, seats["mentor"]).values()) == {"mature"}
    assert set(stages(room, seats["mentee"]).values()) <= {"emerging", "active"}
    for team in teams:
        kept = [seat.slot for seat in team.seats if seat.left == "over"]
        assert (kept.count("mentor"), 2 <= kept.count("mentee") <= 4) == (1, True)
    waiting = set(visits["groups"].results["waiting"])
    assert waiting, "more came than the masters can take"
    assert not waiting & {member for members in seats.values() for member in members}
