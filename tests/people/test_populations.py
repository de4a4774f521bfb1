"""Several communities in one database and one worker; one person in two of them is two members, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest

from cli.wiring import Room
from operations import consent
from operations.ports.decisions import Wanted
from operations.ports.effects import Deed
from operations.ports.notices import Notice
from tests.people.owners import AT, did, enlist, owners, reviewed, stage, tier
from tests.waiting import PATIENCE
from workflows import turns
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = pytest.mark.servers
Worker = Callable[..., AbstractContextManager[None]]


def test_owners_and_sales_staff_live_side_by_side_and_one_person_is_in_both(room: Room, worker: Worker) -> None:
    memory = room.memory
    auto, kos = owners(memory), owners(memory, "examples/kos")
    enlist(memory, auto, "wang", origin="private_domain", consent=True, tier="base", stage="active", since=60)
    enlist(
        memory, kos, "wang", consent=True, certified=True, employed=True, store="pudong", stage="publishing", since=60
    )
    did(memory, auto, "wang", "visited", *range(1, 9), minutes=5)
    for n in range(4):
        did(memory, kos, "wang", "clip_out", 2 + n, key=str(n), work=f"c{n}", own=True)
        did(memory, kos, "wang", "lesson", 3 + n, key=str(n), skill="product", passed=True)
    for spec in (auto, kos):
        award = Deed(key="p/1", kind="points", at=AT, source="p", member="wang", details={"amount": 10})
        memory.effects.do(spec.id, [award])

    reviewed(memory, auto)
    reviewed(memory, kos)

    assert (tier(memory, auto, "wang"), tier(memory, kos, "wang")) == ("base", "publisher")
    assert (stage(memory, auto, "wang"), stage(memory, kos, "wang")) == ("active", "publishing")
    assert memory.facts(kos).find(member="wang", kinds=["clip_out"]) != []
    assert memory.facts(auto).find(member="wang", kinds=["visited"]) != []
    with worker():
        talk = Launcher(memory.house, room.gateway).start("farewell-talk", community="auto", subject="wang")
        clip = Launcher(memory.house, room.gateway).start("first-clip", community="kos", subject="wang")
        ended = consent.withdraw(memory.desk, memory.persons, auto, "wang", at=datetime.now(UTC), by="wang", reason="x")
        for flow in ended.workflows:
            room.gateway.signal(flow, turns.POKE)
        assert room.gateway.result(talk.id, PATIENCE, RunResult).end == "end:stopped"
        for spec in (auto, kos):
            memory.outbox.put(spec.id, [Notice(key="n/1", member="wang", what="run.brief", at=AT)])
        said = {spec.id: memory.members(spec).find(["wang"])[0].attributes.get("consent") for spec in (auto, kos)}
        assert said == {"auto": False, "kos": True}
        assert memory.outbox.pending("auto") == 0, "nothing is told here"
        assert memory.outbox.pending("kos") >= 1, "it is told there"
        assert _runs(room, clip.id) == "running", "the other community's run goes on"

        consent.erase(memory.desk, memory.persons, auto, "wang", at=datetime.now(UTC), by="olga", reason="asked for")
        assert memory.members(auto).find(["wang"]) == []
        assert [one.id for one in memory.members(kos).find(["wang"])] == ["wang"]
        assert tier(memory, kos, "wang") == "publisher"
        assert memory.decisions.count("kos", Wanted(member="wang")) > 0
        assert memory.decisions.count("auto", Wanted(member="wang")) == 0
        for spec in (auto, kos):
            assert memory.decisions.verify(spec.id).ok
            assert memory.effects.audit(spec.id) == []
        room.gateway.cancel(clip.id)


def test_a_run_of_the_sales_staff_is_played_from_its_file_alone(room: Room, worker: Worker) -> None:
    memory = room.memory
    kos = owners(memory, "examples/kos")
    for n in range(8):
        told: Any = {"consent": True, "certified": True, "employed": True, "store": "tianhe"}
        enlist(memory, kos, f"adviser-{n}", tier="publisher", stage="publishing", **told)
    with worker():
        run = Launcher(memory.house, room.gateway).start(
            "spring-clips", community="kos", at=AT, scale="1d=40ms", rehearsed=True, seed=3, crowd=8
        )
        result: RunResult = room.gateway.result(run.id, PATIENCE, RunResult)
    assert result.end in ("end", "cancel")
    assert [visit.phase for visit in memory.runs.visits(run.id)][:2] == ["call", "entries"]
    assert memory.effects.audit("kos") == []


def _runs(room: Room, run: str) -> str:
    found = room.memory.runs.run(run)
    return "" if found is None else found.status
