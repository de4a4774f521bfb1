"""Workers that go, come back or are killed in the middle of branches and units change nothing of what comes out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from operations.ports.runs import Run
from tests.waiting import PATIENCE, pace
from tests.workflows.made_up import AT
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = pytest.mark.servers

WORKER = Path(__file__).parents[2] / "worker.py"


def outcome(room: Any, run: Run) -> list[tuple[Any, ...]]:
    """All that came out of a run: every visit, everything recorded, in an order that strands do not change."""
    found = [
        (
            visit.phase,
            visit.visit,
            visit.opened_at,
            visit.closed_at,
            visit.outcome,
            json.dumps(visit.results, sort_keys=True).replace(run.id, "RUN"),
        )
        for visit in room.memory.runs.visits(run.id)
    ]
    facts = [
        (fact.kind, fact.member, fact.at, fact.fields.get("phase"))
        for fact in room.memory.facts("village").find(limit=2000)
        if fact.fields.get("run") == run.id
    ]
    return [*sorted(found), *sorted(facts, key=repr)]


def test_a_worker_that_is_replaced_in_the_middle_of_branches_and_units_changes_nothing(
    founded: Any, worker: Callable[..., AbstractContextManager[None]], eventually: Any
) -> None:
    launcher, runs = Launcher(founded.memory.house, founded.gateway), founded.memory.runs
    with worker():
        calm = launcher.start("autumn-fair", at=AT, scale="1d=30ms", rehearsed=True, seed=7)
        founded.gateway.result(calm.id, PATIENCE, RunResult)
    with worker():
        rough = launcher.start("autumn-fair", at=AT, scale=pace("1d=200ms"), rehearsed=True, seed=7)
        eventually(lambda: len(runs.open_visits(rough.id)) >= 3)
    with worker():
        eventually(lambda: len(runs.open_visits(rough.id, phase="tale")) >= 2)
    with worker():
        founded.gateway.result(rough.id, PATIENCE, RunResult)

    assert outcome(founded, rough) == outcome(founded, calm)


def test_a_history_that_is_continued_in_the_middle_of_branches_and_units_changes_nothing(
    founded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli import wiring

    launcher = Launcher(founded.memory.house, founded.gateway)
    with founded.gateway.working(wiring.crew(founded.memory, founded.gateway)):
        calm = launcher.start("autumn-fair", at=AT, scale="1d=30ms", rehearsed=True, seed=9)
        founded.gateway.result(calm.id, PATIENCE, RunResult)
        monkeypatch.setattr("workflows.process.HISTORY_LIMIT", 30)
        rough = launcher.start("autumn-fair", at=AT, scale="1d=60ms", rehearsed=True, seed=9)
        founded.gateway.result(rough.id, PATIENCE, RunResult)

    assert len(founded.gateway.list(f"WorkflowId = '{calm.id}'")) == 1
    assert len(founded.gateway.list(f"WorkflowId = '{rough.id}'")) > 3
    assert outcome(founded, rough) == outcome(founded, calm)


@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_of_branches_and_units_changes_nothing(
    founded: Any,
    database_url: str,
    temporal_address: str,
    worker: Callable[..., AbstractContextManager[None]],
    eventually: Any,
    tmp_path: Path,
) -> None:
    launcher, runs = Launcher(founded.memory.house, founded.gateway), founded.memory.runs
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal_address,
        "TRELLIS_HOME": str(tmp_path),
    }

    @contextmanager
    def process() -> Iterator[None]:
        with (tmp_path / "log").open("ab") as log:
            running = subprocess.Popen([sys.executable, str(WORKER)], env=environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            os.kill(running.pid, signal.SIGKILL)
            running.wait(PATIENCE)

    rough = launcher.start("autumn-fair", at=AT, scale=pace("1d=400ms"), rehearsed=True, seed=8)
    with process():
        eventually(lambda: len(runs.open_visits(rough.id)) >= 3)
    with process():
        eventually(lambda: any(one.state == "closed" for one in runs.visits(rough.id) if one.phase == "song"))
    with process():
        eventually(lambda: len(runs.open_visits(rough.id, phase="tale")) >= 2)
    with worker():
        founded.gateway.result(rough.id, PATIENCE, RunResult)
        calm = launcher.start("autumn-fair", at=AT, scale="1d=30ms", rehearsed=True, seed=8)
        founded.gateway.result(calm.id, PATIENCE, RunResult)

    assert outcome(founded, rough) == outcome(founded, calm)
