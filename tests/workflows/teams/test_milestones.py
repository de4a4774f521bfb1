"""A project over weeks: milestones with deadlines, a slip that somebody decides about, money at each milestone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from operations.ports.runs import Planned, Visit
from tests.waiting import PATIENCE
from tests.workflows.teams.crewed import AT, settle
from workflows.conduct import Conduct
from workflows.launch import Launcher
from workflows.play import Scene
from workflows.runtime import Crew
from workflows.scenes import Setting
from workflows.steps import RunResult

pytestmark = pytest.mark.servers


class LateOutline:
    """Everybody does what simulated people do, but the first outline is not handed in, and the director waits."""

    def planned(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[Planned]:
        planned = list(setting.play.improvise(setting.phase, scene, setting.crowd(visit)))
        if (visit.phase, visit.visit) == ("outline", 1):
            return []
        if visit.phase == "outline-late":
            at = visit.opened_at + timedelta(hours=3)
            return [Planned(seq=0, at=at, verb="answer", by="role:director", role="role:director", choice="wait")]
        return planned

    def outcome(self, setting: Setting, visit: Visit, came: str) -> str:
        return came


def test_a_slip_is_somebodys_decision_and_money_comes_with_each_milestone(room: Any, eventually: Any) -> None:
    from cli import wiring
    from workflows.activities.process import ProcessActivities

    memory, gateway = room.memory, room.gateway
    settle(memory)
    whole = wiring.crew(memory, gateway)
    process = ProcessActivities(Conduct(memory.house, script=LateOutline()))
    own = [process.read_course, process.open_phase, process.check_phase, process.stop_phases, process.finish_run]
    others = [one for one in whole.activities if one.__name__ not in {mine.__name__ for mine in own}]
    with gateway.working(Crew(whole.workflows, [*own, *others])):
        run = Launcher(memory.house, gateway).start(
            "quick-start-guide", at=AT, args={"from": "everyone"}, scale="1d=40ms", rehearsed=True, seed=6
        )
        end = gateway.result(run.id, PATIENCE, RunResult).end
    assert end == "end"

    visits = {(one.phase, one.visit): one for one in memory.runs.visits(run.id)}
    first, late, second = visits["outline", 1], visits["outline-late", 1], visits["outline", 2]
    assert first.outcome == "short"
    assert first.closed_at == first.deadline == first.opened_at + timedelta(days=14)
    assert (late.outcome, late.asked, late.opened_at) == ("wait", ("role:director",), first.deadline)
    assert memory.inbox.item("auto", f"{run.id}/outline-late/1") is not None
    assert second.opened_at == late.closed_at
    assert second.outcome == "done"

    money = [visits["first-money", 1], visits["second-money", 1]]
    assert [one.outcome for one in money] == ["done", "done"]
    assert money[0].opened_at == second.closed_at
    assert money[1].opened_at >= visits["draft", 1].closed_at
    spent = [one for one in memory.facts("auto").find(kinds=["spent"], limit=50) if one.fields["run"] == run.id]
    assert sorted((one.fields["amount"], one.at) for one in spent if str(one.fields["phase"]).endswith("-money")) == [
        (600_000, money[0].closed_at),
        (900_000, money[1].closed_at),
    ]
    assert run.opened_at + timedelta(days=30) < visits["final", 1].closed_at
