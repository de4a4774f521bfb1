"""Every single step of a run is lost twice, once before and once after it was done: nothing is done twice or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity

from operations.books import check_books
from operations.ports.runs import Run
from tests.waiting import PATIENCE
from tests.workflows.made_up import AT, villagers
from tests.workflows.test_strands_disturbed import outcome
from tests.workflows.unseen import fairground
from workflows.launch import Launcher
from workflows.runtime import Crew
from workflows.steps import RunResult

pytestmark = [pytest.mark.servers, pytest.mark.slow]


class Lost(Exception):
    """The worker is gone: with what it was asked for, or with what it was about to say."""


def losing(act: Callable[..., Any], lost: list[str]) -> Callable[..., Any]:
    """An activity of the same name that is lost before it is done, then after it was done, and then goes well."""
    name = activity._Definition.must_from_callable(act).name or ""

    def unlucky(*args: Any) -> Any:
        attempt = activity.info().attempt
        if attempt == 1:
            lost.append(name)
            raise Lost(f"before {name}")
        done = act(*args)
        if attempt == 2:
            raise Lost(f"after {name}")
        return done

    unlucky.__annotations__ = act.__annotations__
    unlucky.__wrapped__ = act  # type: ignore[attr-defined]
    return activity.defn(name=name)(unlucky)


def given(room: Any, run: Run) -> Counter[str]:
    """Points of each member from a run."""
    found: Counter[str] = Counter()
    for one in room.memory.facts("village").find(kinds=["awarded"], limit=999):
        if one.fields.get("run") == run.id:
            found[str(one.member)] += int(one.fields["points"])
    return found


def test_a_worker_may_be_lost_at_any_step(room: Any, worker: Callable[[Crew], AbstractContextManager[None]]) -> None:
    from cli import wiring

    files, community = fairground()
    room.memory.specs.publish(files, community, message="founded", author="test", at=AT)
    room.memory.members(community).enlist(villagers(12), at=AT - timedelta(days=300))
    launcher = Launcher(room.memory.house, room.gateway)
    whole = wiring.crew(room.memory, room.gateway)
    steps: list[str] = []

    def played(crew: Crew, scale: str) -> Run:
        with worker(crew):
            run = launcher.start("autumn-fair", at=AT, scale=scale, rehearsed=True, seed=4)
            assert room.gateway.result(run.id, PATIENCE, RunResult).end.startswith("end")
        return run

    calm = played(whole, "1d=20ms")
    rough = played(Crew(whole.workflows, [losing(act, steps) for act in whole.activities]), "1d=20ms")

    assert len(steps) > 20
    assert {"read_course", "open_phase", "check_phase", "finish_run"} <= set(steps)
    assert outcome(room, rough) == outcome(room, calm)
    assert given(room, rough) == given(room, calm)
    assert check_books(room.memory.desk, community).findings == []
