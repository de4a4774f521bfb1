"""Between two steps of a run: a worker is lost, a poke comes just as the story rests, a move is wished for anew."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from operations.ports.runs import Visit
from tests.workflows.made_up import AT
from tests.workflows.unseen import fairground
from workflows import steps
from workflows.conduct import Conduct
from workflows.launch import Launcher
from workflows.process import Process
from workflows.steps import Frame, Moved, MoveTo, Resume, RunInput, Stopped, StopPhases, Under

NOW = datetime(2027, 3, 8, tzinfo=UTC)


@dataclass
class Parent:
    """Notes which phases' children were cancelled."""

    cancelled: list[str] = field(default_factory=list)

    def cancel(self, run: str, visit: Visit | None = None) -> None:
        assert visit is not None
        self.cancelled.append(visit.phase)


@pytest.mark.servers
def test_children_of_a_phase_that_was_stopped_are_cancelled_although_the_worker_was_lost_in_between(
    remembered: Any,
) -> None:
    files, community = fairground()
    remembered.specs.publish(files, community, message="founded", author="test", at=AT)
    run, parent = Launcher(remembered.house, remembered).begin("tour", at=AT), Parent()
    remembered.runs.open(
        Visit(community="village", run=run.id, phase="act-one", visit=1, kind="run", state="closed", outcome="stopped",
              opened_at=AT, began_at=AT, closed_at=AT)
    )  # fmt: skip
    conduct = Conduct(remembered.house, children=parent)  # type: ignore[arg-type]

    conduct.stop(StopPhases(run=run.id, phases=(Stopped(phase="act-one", visit=1),), at=AT))

    assert parent.cancelled == ["act-one"]


@pytest.mark.parametrize("resting", [True, False])
def test_a_poke_that_comes_as_the_story_rests_is_seen_when_it_goes_on(resting: bool) -> None:
    process = Process()
    process._story = SimpleNamespace(resting=resting)  # type: ignore[assignment]
    under = Under(phase="ideas", visit=3, opened_at=NOW, real_at=NOW, deadline=NOW)
    process._open["ideas/3"] = False
    process.poke("ideas/3")

    process._seen("ideas/3")

    assert process.came(under) is resting


def test_a_run_that_is_to_move_on_once_more_while_it_moves_does_so() -> None:
    process, first, second = Process(), MoveTo(digest="one"), MoveTo(digest="two")
    process._told = RunInput(community="c", run="c/t/1", task="t", mode="m", digest="zero", opened_at=NOW)
    process.migrate(first)

    async def moves(name: str, asked: Any, answer: Any) -> Moved:
        assert (name, asked.to) == (steps.MOVE_RUN, first)
        process.migrate(second)
        return Moved(digest="one", frames=asked.frames)

    process._ask = moves  # type: ignore[method-assign, assignment]
    story: Any = SimpleNamespace(resume=Resume(frames=(Frame(),), at=NOW), at=NOW)

    told = asyncio.run(process._told_on(story))

    assert (told.digest, told.moving) == ("one", second)
