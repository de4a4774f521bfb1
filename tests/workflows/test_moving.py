"""Runs under way when the specs change: they keep their version, or move to the new one at a boundary; all replay."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from operations.errors import Refusal
from operations.ports.runs import Run
from tests.waiting import PATIENCE, pace
from tests.workflows.made_up import AT, villagers
from tests.workflows.unseen import fairground
from workflows import steps
from workflows.conduct import Conduct
from workflows.course import Course, Leg
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.moving import frames_in, see_that_it_can_move
from workflows.process import Process
from workflows.runtime import converter
from workflows.steps import Frame, MoveTo, RunResult

WALK = """
schema: mode/v1
id: walk
title: { en: Walk, zh: 散步 }
owner: role:elder
phases:
  - { id: come, kind: enrol, who: everyone, needs: 1, limit: 2, within: 1d, go: { short: cancel } }
  - id: hours
    kind: repeat
    every: 2d
    times: 2
    phases:
      - { id: hour, kind: ask, by: role:clerk, form: note, within: 1d, if_silent: silent, go: { silent: next } }
  - { id: thanks, kind: do, effects: [{ record: { fact: greeted, about: come.members } }] }
"""
LATER = (
    WALK.replace("times: 2", "times: 3").replace("id: come,", "id: arrive,").replace("come.members", "arrive.members")
)
TASK = "schema: task/v1\nid: stroll\ntitle: { en: Stroll, zh: 漫步 }\nmode: walk\n"


def leg(id_: str, kind: str = "ask", **more: Any) -> Leg:
    return Leg(id=id_, kind=kind, first="done", go={}, **more)


def course(*phases: Leg) -> Course:
    return Course(mode="m", title="M", phases=phases)


def test_every_phase_has_a_place_in_the_new_version_or_the_run_stays() -> None:
    old = course(leg("a"), leg("b", "review"), leg("r", "repeat", body=(leg("x"),)), leg("z"))
    see_that_it_can_move(
        old, course(leg("a"), leg("b", "review"), leg("r", "repeat", body=(leg("x"),)), leg("z")), {}, ["a"]
    )
    new = course(leg("a", "submit"), leg("r", "repeat", body=(leg("y"),)), leg("x"), leg("z"))
    with pytest.raises(Refusal) as refused:
        see_that_it_can_move(old, new, {}, ["a"])
    assert refused.value.message == (
        "It cannot move: a (ask) would become a (submit); b is no phase of the new version; "
        "x is inside r, and x is not."
    )
    see_that_it_can_move(old, new, {"a": "z", "b": "", "x": "y"}, ["a"])
    with pytest.raises(Refusal, match="b cannot be gone, the run has been through it"):
        see_that_it_can_move(old, new, {"a": "z", "b": "", "x": "y"}, ["a", "b"])
    with pytest.raises(Refusal, match="has no phase 'q'"):
        see_that_it_can_move(old, new, {"q": "z"}, [])


def test_where_it_stands_is_found_again_in_other_words_and_other_places() -> None:
    old = course(leg("a"), leg("r", "repeat", body=(leg("x"), leg("y"))), leg("z"))
    new = course(leg("new"), leg("a"), leg("rounds", "repeat", body=(leg("w"), leg("x"), leg("why"))), leg("z"))
    inside = (Frame(index=1), Frame(repeat="r", round=2, index=1))

    moved = frames_in(old, new, inside, {"r": "rounds", "y": "why"})
    over = frames_in(old, new, (Frame(index=1), Frame(repeat="r", round=2, index=2)), {"r": "rounds", "y": "why"})

    assert [(one.repeat, one.index, one.round) for one in moved] == [(None, 2, 0), ("rounds", 2, 2)]
    assert [(one.repeat, one.index) for one in over] == [(None, 2), ("rounds", 3)]
    with pytest.raises(Refusal, match="It stands before a phase that is gone"):
        frames_in(old, new, inside, {"r": "rounds", "y": ""})


@pytest.fixture(scope="module")
def versions(room: Any) -> tuple[Any, Any, Any]:
    """The room, with a version of the village in which runs begin; and the next version, not published yet."""
    files, _ = fairground()
    files = {**files, "modes/walk.yaml": WALK.strip().encode() + b"\n", "tasks/stroll.yaml": TASK.encode()}
    from rules.spec import load
    from workflows.phases import discover

    later = {**files, "modes/walk.yaml": LATER.strip().encode() + b"\n"}
    first, second = load(files, discover()).community, load(later, discover()).community
    assert first is not None
    assert second is not None
    room.memory.specs.publish(files, first, message="founded", author="test", at=AT)
    room.memory.members(first).enlist(villagers(5), at=AT - timedelta(days=300))
    return room, (later, second), first


@pytest.fixture
def working(room: Any) -> Iterator[None]:
    from cli import wiring

    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        yield


def replay(room: Any, run: Run) -> int:
    """Replay all histories of a run, also those before it was continued; returns how many."""

    async def all_of() -> list[WorkflowHistory]:
        client = room.gateway.client
        ids = [one.run_id async for one in client.list_workflows(f"WorkflowId = '{run.id}'")]
        return [await client.get_workflow_handle(run.id, run_id=id_).fetch_history() for id_ in ids]

    histories = room.gateway.run(all_of())
    replayer = Replayer(workflows=[Process], data_converter=converter())
    for history in histories:
        asyncio.run(replayer.replay_workflow(history))
    return len(histories)


@pytest.mark.servers
def test_a_run_keeps_its_version_unless_it_is_moved_and_both_histories_replay(
    versions: tuple[Any, Any, Any], working: None, eventually: Any
) -> None:
    room, (later, second), first = versions
    runs, gateway = room.memory.runs, room.gateway
    launcher = Launcher(room.memory.house, gateway)
    desk = Desk(room.memory.house, poke=gateway.poke)
    kept = launcher.start("stroll", scale=pace("1d=3s"))
    for who in ("m01", "m02"):
        eventually(lambda: runs.open_visits(kept.id, phase="come"))
        desk.enrol(kept.id, member=who, fields={})
    eventually(lambda: runs.open_visits(kept.id, phase="hour"))
    room.memory.specs.publish(later, second, message="one more hour", author="test", at=AT)
    gateway.result(kept.id, PATIENCE, RunResult)

    moving = launcher.begin("stroll", scale=pace("1d=3s"), digest=first.digest)
    launcher.launch(moving)
    eventually(lambda: runs.open_visits(moving.id, phase="come"))
    with pytest.raises(Refusal, match="come is no phase of the new version"):
        Conduct(room.memory.house).can_move(moving, second.digest, {})
    gateway.signal(moving.id, steps.MIGRATE, MoveTo(digest=second.digest, phases={"come": "arrive"}))
    assert runs.run(moving.id).digest == first.digest
    for who in ("m01", "m02"):
        desk.enrol(moving.id, member=who, fields={})
    eventually(lambda: runs.run(moving.id).digest == second.digest)
    assert gateway.result(moving.id, PATIENCE, RunResult).end == "end"

    def phases(run: Run) -> list[str]:
        return [one.phase for one in runs.visits(run.id)]

    assert phases(kept) == ["come", "hours", "hour", "hours", "hour", "thanks"]
    assert phases(moving) == ["come", *["hours", "hour"] * 3, "thanks"]
    greeted = room.memory.facts("village").find(kinds=["greeted"], limit=100)
    assert {fact.member for fact in greeted if fact.fields["run"] == moving.id} == {"m01", "m02"}
    told = runs.run(moving.id).moved
    assert [(one["from"], one["to"], one["phases"]) for one in told] == [
        (first.digest, second.digest, {"come": "arrive"})
    ]
    assert runs.run(kept.id).digest == first.digest
    assert replay(room, kept) >= 1
    assert replay(room, moving) >= 2


CARE = """
schema: mode/v1
id: care
title: { en: Care, zh: 陪伴 }
for: member
owner: role:clerk
while: { consent: { is: true } }
if_not: end:left
phases:
  - id: weeks
    kind: repeat
    every: 1d
    phases:
      - { id: talk, kind: ask, by: role:clerk, form: note, within: 12h, if_silent: silent, go: { silent: next } }
"""


@pytest.mark.servers
def test_one_run_accompanies_a_member_through_a_restart_and_a_change_of_the_specs(
    versions: tuple[Any, Any, Any], worker: Any, eventually: Any
) -> None:
    from operations.ports.members import Member
    from rules.spec import load
    from workflows.phases import discover

    room, (files, _), _ = versions
    runs, gateway = room.memory.runs, room.gateway
    before = {**files, "modes/care.yaml": CARE.strip().encode() + b"\n"}
    before["tasks/tend.yaml"] = TASK.replace("stroll", "tend").replace("walk", "care").encode()
    after = {**before, "modes/care.yaml": before["modes/care.yaml"].replace(b"12h", b"6h")}
    first, second = load(before, discover()).community, load(after, discover()).community
    assert first is not None
    assert second is not None
    room.memory.specs.publish(before, first, message="care", author="test", at=AT)
    launcher = Launcher(room.memory.house, gateway)
    with worker():
        run = launcher.start("tend", subject="m03", scale=pace("1d=1500ms"))
        with pytest.raises(Refusal, match="tend runs already for m03"):
            launcher.start("tend", subject="m03")
        eventually(lambda: runs.visit(run.id, "talk"))
    gc.collect()  # a client knows a worker that has ended until nobody holds it any more
    with worker():
        eventually(lambda: len([one for one in runs.visits(run.id) if one.phase == "talk"]) >= 3)
        room.memory.specs.publish(after, second, message="shorter talks", author="test", at=AT)
        assert runs.run(run.id).digest == first.digest
        gateway.signal(run.id, steps.MIGRATE, MoveTo(digest=second.digest))
        eventually(lambda: runs.run(run.id).digest == second.digest)
        moved = eventually(lambda: (one := runs.visit(run.id, "talk")).opened_at > runs.run(run.id).opened_at and one)
        eventually(lambda: runs.visit(run.id, "talk").visit > moved.visit)
        last = runs.visit(run.id, "talk")
        assert last.deadline - last.opened_at == timedelta(hours=6)
        room.memory.members(second).enlist([Member("m03", None, {"consent": False})], at=AT)
        assert gateway.result(run.id, PATIENCE, RunResult).end == "end:left"
    talks = [one for one in runs.visits(run.id) if one.phase == "talk"]
    assert [one.visit for one in talks] == list(range(1, len(talks) + 1))
    assert replay(room, run) >= 2
