"""Runs that start others and wait for them: one for each, results as arguments, cancelled together, told at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations.ports.runs import Run
from tests.workflows.made_up import AT
from tests.workflows.unseen import ended
from workflows.desk import Desk
from workflows.launch import Launcher

pytestmark = pytest.mark.servers


def test_each_member_has_a_run_of_their_own_and_the_next_act_waits_for_all_of_them(
    founded: Any, working: None, launcher: Launcher
) -> None:
    runs = founded.memory.runs
    run = launcher.start("tour", at=AT, scale="1d=100ms", rehearsed=True, seed=4)

    assert ended(founded, run) == "end"

    visits = {one.phase: one for one in runs.visits(run.id)}
    members = visits["guests"].results["members"]
    children = runs.children(run.id)
    calls = [one for one in children if one.task == "call"]
    assert {one.subject for one in calls} == set(members)
    assert all(one.status == "ended" and one.digest == run.digest and one.rehearsed for one in children)
    assert visits["act-one"].results == {"runs": [one.id for one in calls], "refused": []}
    assert visits["act-one"].closed_at == max(one.ended_at for one in calls)
    breath, second = visits["breath"], next(one for one in children if one.task == "cook")
    assert breath.opened_at == visits["act-one"].closed_at
    assert second.opened_at == breath.closed_at == breath.opened_at + timedelta(days=2)
    plates = runs.visit(second.id, "plates")
    authors = {work.author for work in runs.works_of(second.id)}
    assert authors <= set(members)
    assert plates.outcome in ("done", "short")


def test_a_cancelled_child_leaves_it_short_and_a_cancelled_run_cancels_its_children(
    founded: Any, working: None, launcher: Launcher, desk: Desk, eventually: Any
) -> None:
    runs = founded.memory.runs

    def begun(run: Run) -> list[Run]:
        eventually(lambda: runs.open_visits(run.id, phase="guests"))
        for who in ("m01", "m02", "m03"):
            desk.enrol(run.id, member=who, fields={})
        children = eventually(lambda: len(found := runs.children(run.id)) == 3 and found)
        for child in children:
            eventually(lambda child=child: runs.open_visits(child.id, phase="hello"))
        return list(children)

    thin = launcher.start("tour", scale="1d=60s")
    first, second, third = begun(thin)
    desk.answer(first.id, "hello", by=first.subject, choice="come")
    founded.gateway.cancel(second.id)
    desk.answer(third.id, "hello", by=third.subject, choice="later")
    assert ended(founded, thin) == "end:thin"
    assert runs.run(third.id).end == "end:later"

    stopped = launcher.start("tour", scale="1d=60s")
    children = begun(stopped)
    founded.gateway.cancel(stopped.id)
    for child in children:
        eventually(lambda child=child: runs.run(child.id).status == "cancelled")
    assert runs.run(stopped.id).status == "cancelled"


def test_what_cannot_be_started_leaves_it_short_with_the_reason(
    founded: Any, working: None, launcher: Launcher
) -> None:
    busy = launcher.start("cook", scale="1d=60s")
    run = launcher.start("tour", at=AT, scale="1d=50ms", rehearsed=True, seed=9)

    assert ended(founded, run) == "end:thin"

    refused = founded.memory.runs.visit(run.id, "act-two").results["refused"]
    assert refused == [f"cook: cook runs already: {busy.id}."]
    founded.gateway.cancel(busy.id)
