"""Steps that fail: tried again until they work, listed with since when, taken back when they fail for good."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError
from typer.testing import CliRunner

from operations.errors import Refusal
from tests.waiting import PATIENCE, pace
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.runtime import Crew
from workflows.steps import Opened, OpenPhase, RunResult

pytestmark = pytest.mark.servers


class Broken(Conduct):
    """A conduct in which opening a phase fails, until it is mended."""

    phase, with_ = "", RuntimeError("the disk is full")
    mended = False

    def open(self, asked: OpenPhase) -> Opened:
        if asked.phase == self.phase and not self.mended:
            super().open(asked)  # it is done, and then the worker cannot say so
            raise self.with_
        return super().open(asked)


def crew(room: Any, conduct: Conduct) -> Crew:
    from cli import wiring
    from workflows.activities.process import ProcessActivities

    whole, process = wiring.crew(room.memory, room.gateway), ProcessActivities(conduct)
    own = [process.read_course, process.open_phase, process.check_phase, process.stop_phases, process.finish_run]
    names = {one.__name__ for one in own}
    return Crew(whole.workflows, [*own, *(one for one in whole.activities if one.__name__ not in names)])


def greeted(room: Any, run: str) -> list[str]:
    facts = room.memory.facts("village").find(kinds=["greeted"], limit=500)
    return sorted(str(fact.member) for fact in facts if fact.fields["run"] == run)


def test_what_fails_is_tried_again_and_listed_with_the_step_and_since_when(
    founded: Any,
    worker: Callable[..., AbstractContextManager[None]],
    eventually: Any,
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
    temporal_address: str,
) -> None:
    from cli.main import build

    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_address)
    broken = Broken(founded.memory.house)
    broken.phase = "thanks"
    begun = datetime.now(UTC)
    with worker(crew(founded, broken)):
        launcher, desk = Launcher(founded.memory.house, founded.gateway), Desk(founded.memory.house)
        run = launcher.start("best-dish", scale=pace("1d=1s"))
        eventually(lambda: founded.memory.runs.open_visits(run.id, phase="pieces"))
        desk.submit(run.id, "pieces", member="m01", fields={"name": "soup"})
        stuck = eventually(lambda: [one for one in founded.gateway.stuck("village") if one.attempt >= 2])

        assert [(one.workflow, one.activity, one.why) for one in stuck] == [
            (run.id, "open_phase", "RuntimeError: the disk is full")
        ]
        assert begun <= stuck[0].since <= datetime.now(UTC)
        told = json.loads(CliRunner().invoke(build(), ["tasks", "--stuck", "--json"]).stdout)["stuck"]
        assert [(one["workflow"], one["activity"]) for one in told] == [(run.id, "open_phase")]
        assert "the disk is full" in CliRunner().invoke(build(), ["tasks", "--stuck"]).stdout

        broken.mended = True
        eventually(lambda: founded.memory.runs.visit(run.id, "best"))
        assert greeted(founded, run.id) == ["m01"]
        eventually(lambda: not founded.gateway.stuck("village"))
        founded.gateway.cancel(run.id)
        eventually(lambda: founded.memory.runs.run(run.id).status == "cancelled")


def test_a_run_that_fails_for_good_takes_back_what_it_did(
    founded: Any, worker: Callable[..., AbstractContextManager[None]], eventually: Any
) -> None:
    broken = Broken(founded.memory.house)
    broken.phase, broken.with_ = "best", Refusal("Nobody can be asked.")
    with worker(crew(founded, broken)):
        run = Launcher(founded.memory.house, founded.gateway).start("best-dish", scale=pace("1d=1s"))
        eventually(lambda: founded.memory.runs.open_visits(run.id, phase="pieces"))
        Desk(founded.memory.house).submit(run.id, "pieces", member="m02", fields={"name": "soup"})
        with pytest.raises(WorkflowFailureError, match="Workflow execution failed"):
            founded.gateway.result(run.id, PATIENCE, RunResult)

    assert founded.memory.runs.run(run.id).status == "failed"
    assert founded.memory.runs.visit(run.id, "thanks").outcome == "done"
    assert greeted(founded, run.id) == []


def test_a_run_that_is_cancelled_before_anybody_has_read_its_course_is_cancelled_in_the_books_too(
    founded: Any, worker: Callable[..., AbstractContextManager[None]]
) -> None:
    run = Launcher(founded.memory.house, founded.gateway).start("best-dish", scale=pace("1d=1s"), key="not-at-all")
    founded.gateway.cancel(run.id)

    with worker(), pytest.raises(WorkflowFailureError):
        founded.gateway.result(run.id, PATIENCE, RunResult)

    held = founded.memory.runs.run(run.id)
    assert (held.status, held.end, founded.memory.runs.visits(run.id)) == ("cancelled", "cancel", [])
