"""Honorary members help to choose the next ones: their word counts in the selection, as any judge's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from cli.wiring import Room
from operations.ports.effects import Deed
from tests.people.owners import AT, enlist, owners
from tests.waiting import PATIENCE
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = [pytest.mark.servers, pytest.mark.slow]
Worker = Callable[..., AbstractContextManager[None]]


def test_an_honorary_adviser_scores_in_the_selection_of_new_ones(room: Room, worker: Worker) -> None:
    memory = room.memory
    auto = owners(memory)
    for n in range(45):
        enlist(memory, auto, f"m{n:02}", tier="base", stage="emerging", consent=True, origin="public_domain")
    enlist(memory, auto, "elder", tier="core", stage="honorary", consent=True, origin="both")
    title = Deed(key="t/1", kind="title", at=AT, source="t", member="elder", details={"item": "honorary-advisor"})
    memory.effects.do("auto", [title])
    with worker():
        run = Launcher(memory.house, room.gateway).start(
            "most-beautiful-lines", community="auto", at=AT, scale="1d=40ms", rehearsed=True, seed=4, crowd=44
        )
        result: RunResult = room.gateway.result(run.id, PATIENCE, RunResult)
    assert result.end.startswith("end")
    judged = next(visit for visit in memory.runs.visits(run.id) if visit.kind == "judge")
    assert "elder" in judged.asked
    scored = {act.about for act in memory.runs.acts(run.id, judged.phase) if act.verb == "score" and act.by == "elder"}
    assert scored, "the scores of the honorary adviser are among those that count"
    named = {one.member for one in memory.effects.candidates("auto", "tier", "active")}
    assert named, "and those who won are candidates"
