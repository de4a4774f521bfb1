"""Fixtures: a task of the sample community, rehearsed to its end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waiting import PATIENCE
from tests.workflows.teams.crewed import AT, settle
from tests.workflows.teams.played import Played
from workflows.launch import Launcher
from workflows.steps import RunResult


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, room: Any) -> Any:
    """What is left of the task that the module names in `TASK`, while a worker is still there."""
    from cli import wiring

    settle(room.memory)
    launcher = Launcher(room.memory.house, room.gateway)
    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        run = launcher.start(at=AT, scale="1d=40ms", rehearsed=True, seed=3, **request.module.TASK)
        end = room.gateway.result(run.id, PATIENCE, RunResult).end
        yield Played(room, room.memory.runs.run(run.id), end)
