"""What is offered to whom on the real servers: what suits first, only what is meant for one; tips are found again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.wiring import Room
from operations.errors import Refusal
from operations.ports.members import Member
from rules.spec import Community
from tests.people.owners import enlist, owners
from tests.people.town import publish
from tests.waiting import PATIENCE, pace
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.offers import Offer, offers
from workflows.steps import RunResult

pytestmark = pytest.mark.servers
Worker = Callable[..., AbstractContextManager[None]]
Eventually = Callable[..., Any]


@pytest.fixture(scope="module")
def auto(room: Room) -> Community:
    spec = owners(room.memory)
    common = {"origin": "both", "consent": True, "tier": "active", "stage": "active", "car_model": "suv-x"}
    for name, motive in (("maker", "creating"), ("knower", "expertise"), ("plain", "organising")):
        enlist(room.memory, spec, name, motive=motive, **common)
    enlist(room.memory, spec, "driver", motive="expertise", **{**common, "car_model": "sedan-e"})
    return spec


def offered(room: Room, spec: Community, member: str) -> list[Offer]:
    return offers(room.memory.house, spec, member)


def test_the_order_of_offers_follows_what_drives_a_member(
    room: Room, auto: Community, worker: Worker, eventually: Eventually
) -> None:
    with worker():
        launcher = Launcher(room.memory.house, room.gateway)
        runs = [launcher.start(task, community="auto") for task in ("most-beautiful-lines", "one-line-about-my-car")]
        for run in runs:
            eventually(lambda run=run: room.memory.runs.latest_open(run.id, "submit"))
        order = {name: [one.task for one in offered(room, auto, name)] for name in ("maker", "knower")}
        suited = {name: [one.suits for one in offered(room, auto, name)] for name in ("maker", "plain")}
        assert order["maker"][:2] == ["most-beautiful-lines", "one-line-about-my-car"]
        assert order["knower"][:2] == ["one-line-about-my-car", "most-beautiful-lines"]
        assert suited["maker"][:2] == [True, False]
        assert suited["plain"][:2] == [False, False]
        room.memory.members(auto).enlist([Member("maker", None, {"motive": "expertise"})], at=datetime.now(UTC))
        assert offered(room, auto, "maker")[0].task == "one-line-about-my-car", "it changes with it"
        for run in runs:
            _cancelled(room, run.id, eventually)


def test_a_targeted_task_is_offered_to_those_it_is_meant_for_only(
    room: Room, auto: Community, worker: Worker, eventually: Eventually
) -> None:
    aimed = {"from": ["everyone"], "where": {"car_model": {"is": "suv-x"}}}
    with worker():
        run = Launcher(room.memory.house, room.gateway).start(
            "parking-trial", community="auto", args={"testers": aimed}
        )
        eventually(lambda: room.memory.runs.latest_open(run.id, "enrol"))
        seen = {name for name in ("maker", "knower", "driver") if "parking-trial" in _tasks(room, auto, name)}
        assert seen == {"maker", "knower"}
        with pytest.raises(Refusal, match="not among those"):
            Desk(room.memory.house).enrol(run.id, member="driver", fields={"agreed": True})
        Desk(room.memory.house).enrol(run.id, member="maker", fields={"agreed": True})
        assert "parking-trial" not in _tasks(room, auto, "maker"), "whoever came in is not asked again"
        _cancelled(room, run.id, eventually)


def _cancelled(room: Room, run: str, eventually: Eventually) -> None:
    room.gateway.cancel(run)
    eventually(lambda: room.memory.runs.run(run).status != "running")  # type: ignore[union-attr]


def _tasks(room: Room, spec: Community, member: str) -> set[str]:
    return {one.task for one in offered(room, spec, member)}


def test_published_tips_are_found_by_their_words_with_their_author(
    room: Room, worker: Worker, eventually: Eventually
) -> None:
    memory = room.memory
    town = publish(memory)
    memory.effects.staff("town", "keeper", ["kim"])
    long_ago = datetime.now(UTC) - timedelta(days=100)
    memory.members(town).enlist([Member(one, long_ago, {"consent": True}) for one in ("li", "zhou")], at=long_ago)
    with worker():
        run = Launcher(memory.house, room.gateway).start("an-album", community="town", scale=pace("1d=500ms"))
        eventually(lambda: memory.runs.latest_open(run.id, "submit"))
        desk = Desk(memory.house)
        for member, words in (
            ("li", "雨天先擦毫米波雷达再倒车"),
            ("zhou", "冬季续航：出发前预热电池"),
            ("zhou", "Warm the battery before a winter trip"),
        ):
            desk.submit(run.id, "tips", member=member, fields={"words": words})
        assert memory.knowledge.search("town", "雷达") == [], "nothing is found before it is published"
        room.gateway.result(run.id, PATIENCE, RunResult)

    found = memory.knowledge.search("town", "雷达")
    assert [(one.author, one.text) for one in found] == [("li", "雨天先擦毫米波雷达再倒车")]
    assert [one.author for one in memory.knowledge.search("town", "预热电池")] == ["zhou"]
    assert [one.text for one in memory.knowledge.search("town", "BATTERY winter")] == [
        "Warm the battery before a winter trip"
    ]
    assert memory.knowledge.search("town", "电雷") == []
    assert memory.knowledge.search("town", "雷达", author="zhou") == []
    assert memory.knowledge.search("town", "'; drop table knowledge; --") == []
    assert memory.effects.undo("town", run.id, at=datetime.now(UTC))
    assert memory.knowledge.search("town", "雷达") == [], "what was taken back is not found any more"
