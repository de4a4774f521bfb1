"""Classes of the sample community: who is in which, who looks after it, and what happens when either goes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from operations.keep_touch import keep_touch, moved_on
from operations.ports.standings import Place
from operations.ports.touch import HANDOVER
from rules.spec import Community
from tests.touch.owners import AT, auto, numbered, owners

if TYPE_CHECKING:
    from cli.memory import Memory

pytestmark = pytest.mark.servers


@pytest.fixture
def memory(fresh_database_url: str) -> Any:
    from cli.wiring import Memory
    from store.engine import open_engine

    engine = open_engine(fresh_database_url)
    yield Memory(engine)
    engine.dispose()


@pytest.fixture
def community(memory: Memory) -> Community:
    """With two class teachers."""
    community = auto(memory)
    memory.effects.staff("auto", "host", ["hana", "hugo"])
    return community


def classes(memory: Memory) -> dict[str, list[str]]:
    cohorts = memory.touch.cohorts("auto", "classes")
    members = memory.touch.members_of("auto", [one.id for one in cohorts])
    return {one.id: list(members[one.id]) for one in cohorts}


def test_active_owners_are_divided_by_what_they_share_and_whoever_lacks_it_is_in_the_mixed_class(
    memory: Memory, community: Community
) -> None:
    owners(memory, community, numbered("suv", 40), tier="active", car_model="suv-x")
    owners(memory, community, numbered("sedan", 9), tier="active", car_model="sedan-e", city="成都")
    owners(memory, community, ["nameless"], tier="active")
    owners(memory, community, ["reader"], tier="base", car_model="suv-x")

    kept = keep_touch(memory.desk, community, at=AT)

    by_key = {one.key: one for one in memory.touch.cohorts("auto", "classes")}
    sizes = sorted((one.key, one.size) for one in memory.touch.cohorts("auto", "classes"))
    assert sizes == [((), 1), (("sedan-e", "成都"), 9), (("suv-x",), 20), (("suv-x",), 20)]
    assert memory.touch.members_of("auto", [by_key[()].id])[by_key[()].id] == ["nameless"]
    assert len(kept.joined) == 50
    assert "reader" not in kept.joined
    again = keep_touch(memory.desk, community, at=AT + timedelta(days=1))
    assert again.counts() == {}


def test_whoever_stays_is_not_moved_when_others_come_and_go(memory: Memory, community: Community) -> None:
    first = owners(memory, community, numbered("suv", 40), tier="active", car_model="suv-x")
    keep_touch(memory.desk, community, at=AT)
    before = {member: id_ for id_, members in classes(memory).items() for member in members}

    owners(memory, community, numbered("late", 25), tier="active", car_model="suv-x")
    memory.standings.put("auto", Place(member=first[0], ladder="tier"), to="base", by="test", reason="test", at=AT)
    keep_touch(memory.desk, community, at=AT + timedelta(days=1))

    after = {member: id_ for id_, members in classes(memory).items() for member in members}
    assert all(after[member] == before[member] for member in first[1:])
    assert first[0] not in after
    assert sorted(len(members) for members in classes(memory).values()) == [21, 21, 22]


def test_every_class_has_the_teacher_with_the_most_room_and_the_load_is_members(
    memory: Memory, community: Community
) -> None:
    owners(memory, community, numbered("suv", 90), tier="active", car_model="suv-x")
    owners(memory, community, numbered("mpv", 24), tier="active", car_model="mpv-v")

    keep_touch(memory.desk, community, at=AT)

    loads = {one.person: (one.members, one.cohorts) for one in memory.touch.loads("auto")}
    assert loads == {"hana": (60, 2), "hugo": (54, 2)}
    assert all(one.host in loads for one in memory.touch.cohorts("auto"))


def test_a_class_that_nobody_has_room_for_is_asked_about_until_somebody_has(
    memory: Memory, community: Community
) -> None:
    memory.effects.staff("auto", "host", ["hana"])
    owners(memory, community, numbered("suv", 120), tier="active", car_model="suv-x")
    owners(memory, community, numbered("mpv", 10), tier="active", car_model="mpv-v")

    kept = keep_touch(memory.desk, community, at=AT)

    assert {one.person: one.members for one in memory.touch.loads("auto")} == {"hana": 120}
    (item,) = memory.inbox.find("auto", role="host")
    assert (item.about, item.due is not None) == (kept.without_host[0], True)
    assert "nobody in the role has room" in item.title["en"]

    memory.effects.staff("auto", "host", ["hana", "hugo"])
    keep_touch(memory.desk, community, at=AT + timedelta(days=1))

    assert {one.person: one.members for one in memory.touch.loads("auto")} == {"hana": 120, "hugo": 10}
    assert memory.inbox.find("auto", role="host") == []


def test_a_teacher_who_leaves_hands_every_class_over_and_the_history_stays(
    memory: Memory, community: Community
) -> None:
    owners(memory, community, numbered("suv", 60), tier="active", car_model="suv-x")
    keep_touch(memory.desk, community, at=AT)
    (left,) = [one.id for one in memory.touch.cohorts("auto") if one.host == "hugo"]

    handed = memory.touch.leave("auto", "host", "hugo", chain=[("host", 120)], at=AT + timedelta(days=3))

    assert [(one.member, one.to) for one in handed] == [(left, "hana")]
    assert {one.host for one in memory.touch.cohorts("auto")} == {"hana"}
    history = memory.touch.assignments("auto", member=left, ended=True)
    assert [(one.person, one.ended_why) for one in history] == [("hugo", HANDOVER), ("hana", None)]
    assert history[0].ended_at == history[1].since
    assert [one.person for one in memory.touch.loads("auto")] == ["hana"]


def test_an_empty_class_closes_and_its_teacher_is_free(memory: Memory, community: Community) -> None:
    members = owners(memory, community, numbered("suv", 8), tier="active", car_model="suv-x")
    keep_touch(memory.desk, community, at=AT)
    for member in members:
        memory.standings.put("auto", Place(member=member, ladder="tier"), to="base", by="test", reason="test", at=AT)

    gone = [moved_on(memory.desk, community, member, at=AT) for member in members]

    assert [one.closed for one in gone if one.closed] == [["classes/1"]]
    assert memory.touch.cohorts("auto") == []
    assert {one.members for one in memory.touch.loads("auto")} == {0}
