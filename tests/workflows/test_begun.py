"""Runs that were noted and whose workflow nobody has started: they begin after all, and nothing begins twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.ports.runs import Visit
from tests.scarce.depot import found
from workflows.launch import Launcher

pytestmark = pytest.mark.servers

MINUTE = timedelta(minutes=1)


class Recording:
    """Temporal, as far as it is asked to start something; it may be away."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.away = False

    def start(self, kind: str, argument: Any, *, id: str, **_: Any) -> bool:
        if self.away:
            raise OSError("nobody answers")
        self.started.append(id)
        return True


@pytest.fixture
def server() -> Recording:
    return Recording()


@pytest.fixture
def launcher(remembered: Any, server: Recording) -> Launcher:
    found(remembered)
    return Launcher(remembered.house, server)


def test_a_run_whose_workflow_could_not_be_started_begins_a_little_later(launcher: Launcher, server: Recording) -> None:
    server.away = True
    with pytest.raises(OSError, match="nobody answers"):
        launcher.start("lay-by", key="once")
    server.away = False
    now = datetime.now(UTC)

    assert launcher.launch_waiting("village", now=now) == 0, "whoever began it may be about to start it"
    assert launcher.launch_waiting("village", now=now + 2 * MINUTE) == 1
    assert server.started == ["village/lay-by/1"]


def test_only_runs_that_never_entered_a_phase_are_begun_after_all(launcher: Launcher, server: Recording) -> None:
    runs, later = launcher.house.runs, datetime.now(UTC) + 2 * MINUTE
    under_way, over, lost = (launcher.begin("lay-by") for _ in range(3))
    at = under_way.opened_at
    runs.open(
        Visit(community="village", run=under_way.id, phase="money", visit=1, kind="allocate", opened_at=at, began_at=at)
    )
    runs.finish(over.id, end="cancel", at=at)
    launcher.begin("lay-by", parent=over.id)

    assert launcher.launch_waiting("village", now=later) == 1
    assert server.started == [lost.id], "neither what runs, nor what is over, nor what belonged to that"


def test_a_key_that_was_used_before_does_not_start_a_run_again_that_is_over(
    launcher: Launcher, server: Recording
) -> None:
    first = launcher.start("lay-by", key="once")
    launcher.house.runs.finish(first.id, end="end", at=first.opened_at)

    again = launcher.start("lay-by", key="once")

    assert (again.id, again.status) == (first.id, "ended")
    assert server.started == [first.id]
