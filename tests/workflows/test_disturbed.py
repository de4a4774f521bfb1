"""A worker that goes and comes back in the middle of a run changes nothing of what comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from operations.ports.runs import Run
from tests.waiting import PATIENCE
from tests.workflows.made_up import AT
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = pytest.mark.servers


def test_the_same_seed_plays_the_same_whatever_the_worker_goes_through(
    founded: Any, worker: Callable[..., AbstractContextManager[None]], eventually: Any
) -> None:
    def outcome(run: Run) -> list[tuple[Any, ...]]:
        runs = founded.memory.runs
        return [
            (
                visit.phase,
                visit.visit,
                visit.opened_at,
                visit.closed_at,
                visit.outcome,
                json.dumps(visit.results, sort_keys=True).replace(run.id, "RUN"),
            )
            for visit in runs.visits(run.id)
        ]

    launcher = Launcher(founded.memory.house, founded.gateway)
    with worker():
        calm = launcher.start("harvest", at=AT, scale="1d=20ms", rehearsed=True, seed=11)
        founded.gateway.result(calm.id, PATIENCE, RunResult)
    with worker():
        rough = launcher.start("harvest", at=AT, scale="1d=100ms", rehearsed=True, seed=11)
        eventually(lambda: len(founded.memory.runs.visits(rough.id)) >= 3)
    with worker():
        eventually(lambda: len(founded.memory.runs.visits(rough.id)) >= 6)
    with worker():
        founded.gateway.result(rough.id, PATIENCE, RunResult)

    assert outcome(rough) == outcome(calm)
