"""Tasks begin by themselves when their time has come, each time once, also after an outage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from operations.releasing import due, release
from rules.spec import load
from tests.operations.bureau import FILES, files
from tests.waiting import PATIENCE
from workflows.phases import discover

if TYPE_CHECKING:
    from cli.memory import Memory

ZONE = ZoneInfo("Asia/Shanghai")
DAILY = FILES["tasks/shapes.yaml"].replace("with:", 'starts: { every: day, at: "09:00" }\nwith:')


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def once(moment: str) -> dict[str, bytes]:
    """The bureau, in which the campaign begins at a moment and a call every day."""
    spring = FILES["tasks/spring.yaml"].replace("with:", f'starts: "{moment}"\nwith:')
    return {**files(), "tasks/spring.yaml": spring.encode(), "tasks/shapes.yaml": DAILY.encode()}


def community_of(written: dict[str, bytes]) -> Any:
    loaded = load(written, discover())
    assert loaded.community is not None, loaded.diagnostics
    return loaded.community


def test_what_is_due_is_told_by_the_clock_of_the_community() -> None:
    community = community_of(once("2027-03-01 09:00"))

    def told(after: str, until: str) -> list[tuple[str, datetime]]:
        return sorted((task.id, moment) for task, moment in due(community, after=at(after), until=at(until)))

    assert told("2027-02-28 10:00", "2027-03-01 08:59") == []
    assert told("2027-02-28 10:00", "2027-03-01 09:00") == [
        ("shapes", at("2027-03-01 09:00")), ("spring", at("2027-03-01 09:00")),
    ]  # fmt: skip
    assert told("2027-03-01 09:00", "2027-03-03 12:00") == [("shapes", at("2027-03-03 09:00"))]


@pytest.mark.servers
def test_a_task_is_released_once_and_not_for_times_before_it_was_said(memory: Memory) -> None:
    written = once("2027-03-01 09:00")
    community = community_of(written)
    memory.specs.publish(written, community, message="a", author="test", at=at("2027-02-28 12:00"))

    assert release(memory.specs, memory.effects, "bureau", at=at("2027-02-28 13:00")) == 0  # the day's nine is past
    assert release(memory.specs, memory.effects, "bureau", at=at("2027-03-01 09:01")) == 2
    assert release(memory.specs, memory.effects, "bureau", at=at("2027-03-01 09:02")) == 0
    later = once("2027-03-01 10:00")
    memory.specs.publish(later, community_of(later), message="b", author="test", at=at("2027-03-01 11:00"))
    assert release(memory.specs, memory.effects, "bureau", at=at("2027-03-01 11:30")) == 0
    waiting = memory.effects.to_start("bureau")
    assert [(deed.details["task"], deed.at) for deed in waiting] == [
        ("shapes", at("2027-03-01 09:00")), ("spring", at("2027-03-01 09:00")),
    ]  # fmt: skip


@pytest.mark.servers
def test_a_task_for_a_space_begins_in_the_first_one_unless_it_names_another(memory: Memory) -> None:
    folder = Path(__file__).parents[2] / "specs" / "auto"
    written = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*.yaml")}
    topics = written["tasks/plaza-topics.yaml"].replace(b"space: plaza\n", b"")
    warm_up = topics.replace(b"id: plaza-topics", b"id: knowledge-topics").replace(b"mode:", b"space: knowledge\nmode:")
    written |= {"tasks/plaza-topics.yaml": topics, "tasks/knowledge-topics.yaml": warm_up}
    community = community_of(written)
    memory.specs.publish(written, community, message="a", author="test", at=at("2027-01-03 12:00"))

    release(memory.specs, memory.effects, "auto", at=at("2027-01-04 09:01"))

    begun = {deed.details["task"]: deed.details["subject"] for deed in memory.effects.to_start("auto")}
    assert begun.items() >= {"plaza-topics": "plaza", "knowledge-topics": "knowledge"}.items()


@pytest.mark.servers
def test_the_clock_starts_the_run_at_the_moment_that_the_task_says(
    room: Any, worker: Any, eventually: Callable[..., Any]
) -> None:
    from workflows import turns

    memory, gateway = room.memory, room.gateway
    now = datetime.now(ZONE).replace(second=0, microsecond=0)
    moment = now - timedelta(minutes=3)
    spring = FILES["tasks/spring.yaml"].replace("with:", f'starts: "{moment:%Y-%m-%d %H:%M}"\nwith:')
    written = files(community=FILES["community.yaml"].replace("id: bureau", "id: clock"))
    written["tasks/spring.yaml"] = spring.encode()
    memory.specs.publish(written, community_of(written), message="a", author="test", at=now - timedelta(days=2))
    with worker():
        for attempt in range(2):
            given = turns.OutboxInput(community="clock", by_clock=True)
            gateway.start(turns.OUTBOX, given, id=f"clock/outbox/{attempt}")
            gateway.result(f"clock/outbox/{attempt}", PATIENCE)
        runs = eventually(lambda: memory.runs.runs("clock", task="spring"))
        children = eventually(lambda: memory.runs.runs("clock", task="shapes"))

    assert [run.opened_at for run in runs] == [moment.astimezone(UTC)]
    assert children[0].parent == runs[0].id
