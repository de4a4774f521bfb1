"""Classes of the sample community: who is in which, who looks after it, and what happens when either goes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from operations.cohorts import name_of
from operations.keep_touch import keep_touch, moved_on
from operations.ports.standings import Place
from operations.ports.touch import HANDOVER
from rules.spec import Community
from tests.touch.owners import AT, auto, numbered, owners

if TYPE_CHECKING:
    from cli.memory import Memory

pytestmark = pytest.mark.servers


@pytest.fixture
def community(remembered: Memory) -> Community:
    """With two class teachers."""
    community = auto(remembered)
    remembered.effects.staff("auto", "host", ["hana", "hugo"])
    return community


def classes(memory: Memory) -> dict[str, list[str]]:
    cohorts = memory.touch.cohorts("auto", "classes")
    members = memory.touch.members_of("auto", [one.id for one in cohorts])
    return {one.id: list(members[one.id]) for one in cohorts}


def test_active_owners_are_divided_by_what_they_share_and_whoever_lacks_it_is_in_the_mixed_class(
    remembered: Memory, community: Community
) -> None:
    owners(remembered, community, numbered("suv", 40), tier="active", car_model="suv-x")
    owners(remembered, community, numbered("sedan", 9), tier="active", car_model="sedan-e", city="成都")
    lit = {"car_model": "sedan-e", "city": "成都", "interests": frozenset({"photography"})}
    owners(remembered, community, numbered("light", 8), tier="active", **lit)
    owners(remembered, community, ["nameless"], tier="active")
    owners(remembered, community, ["reader"], tier="base", car_model="suv-x")

    kept = keep_touch(remembered.desk, community, at=AT)

    by_key = {one.key: one for one in remembered.touch.cohorts("auto", "classes")}
    sizes = sorted((one.key, one.size) for one in remembered.touch.cohorts("auto", "classes"))
    filmed = ("sedan-e", "成都", "photography")
    assert sizes == [((), 1), (("sedan-e", "成都"), 9), (filmed, 8), (("suv-x",), 20), (("suv-x",), 20)]
    assert name_of(community, by_key[()])["en"].startswith("Mixed class ")
    assert name_of(community, by_key[filmed])["en"].startswith("Sedan E · 成都 · Photography ")
    assert remembered.touch.members_of("auto", [by_key[()].id])[by_key[()].id] == ["nameless"]
    assert len(kept.joined) == 58
    assert "reader" not in kept.joined
    again = keep_touch(remembered.desk, community, at=AT + timedelta(days=1))
    assert again.counts() == {}


def test_whoever_stays_is_not_moved_when_others_come_and_go(remembered: Memory, community: Community) -> None:
    first = owners(remembered, community, numbered("suv", 40), tier="active", car_model="suv-x")
    keep_touch(remembered.desk, community, at=AT)
    before = {member: id_ for id_, members in classes(remembered).items() for member in members}

    owners(remembered, community, numbered("late", 25), tier="active", car_model="suv-x")
    remembered.standings.put("auto", Place(member=first[0], ladder="tier"), to="base", by="test", reason="test", at=AT)
    keep_touch(remembered.desk, community, at=AT + timedelta(days=1))

    after = {member: id_ for id_, members in classes(remembered).items() for member in members}
    assert all(after[member] == before[member] for member in first[1:])
    assert first[0] not in after
    assert sorted(len(members) for members in classes(remembered).values()) == [21, 21, 22]


def test_every_class_has_the_teacher_with_the_most_room_and_the_load_is_members(
    remembered: Memory, community: Community
) -> None:
    owners(remembered, community, numbered("suv", 90), tier="active", car_model="suv-x")
    owners(remembered, community, numbered("mpv", 24), tier="active", car_model="mpv-v")

    keep_touch(remembered.desk, community, at=AT)

    loads = {one.person: (one.members, one.cohorts) for one in remembered.touch.loads("auto")}
    assert loads == {"hana": (60, 2), "hugo": (54, 2)}
    held = [(one.member, one.person) for one in remembered.touch.assignments("auto") if one.relation == "host"]
    assert sorted(held) == sorted((one.id, one.host) for one in remembered.touch.cohorts("auto")), "one for each"
    assert len(held) == 4


def test_a_class_that_nobody_has_room_for_is_asked_about_until_somebody_has(
    remembered: Memory, community: Community
) -> None:
    remembered.effects.staff("auto", "host", ["hana"])
    owners(remembered, community, numbered("suv", 120), tier="active", car_model="suv-x")
    owners(remembered, community, numbered("mpv", 10), tier="active", car_model="mpv-v")

    kept = keep_touch(remembered.desk, community, at=AT)

    assert {one.person: one.members for one in remembered.touch.loads("auto")} == {"hana": 120}
    (item,) = remembered.inbox.find("auto", role="host")
    assert (item.about, item.due is not None) == (kept.without_host[0], True)
    assert "nobody in the role has room" in item.title["en"]

    remembered.effects.staff("auto", "host", ["hana", "hugo"])
    keep_touch(remembered.desk, community, at=AT + timedelta(days=1))

    assert {one.person: one.members for one in remembered.touch.loads("auto")} == {"hana": 120, "hugo": 10}
    assert remembered.inbox.find("auto", role="host") == []


def test_a_teacher_who_leaves_hands_every_class_over_and_the_history_stays(
    remembered: Memory, community: Community
) -> None:
    owners(remembered, community, numbered("suv", 60), tier="active", car_model="suv-x")
    keep_touch(remembered.desk, community, at=AT)
    (left,) = [one.id for one in remembered.touch.cohorts("auto") if one.host == "hugo"]

    handed = remembered.touch.leave("auto", "host", "hugo", chain=[("host", 120)], at=AT + timedelta(days=3))

    assert [(one.member, one.to) for one in handed] == [(left, "hana")]
    assert {one.host for one in remembered.touch.cohorts("auto")} == {"hana"}
    history = remembered.touch.assignments("auto", member=left, ended=True)
    assert [(one.person, one.ended_why) for one in history] == [("hugo", HANDOVER), ("hana", None)]
    assert history[0].ended_at == history[1].since
    assert [one.person for one in remembered.touch.loads("auto")] == ["hana"]


def test_an_empty_class_closes_and_its_teacher_is_free(remembered: Memory, community: Community) -> None:
    members = owners(remembered, community, numbered("suv", 8), tier="active", car_model="suv-x")
    keep_touch(remembered.desk, community, at=AT)
    for member in members:
        remembered.standings.put(
            "auto", Place(member=member, ladder="tier"), to="base", by="test", reason="test", at=AT
        )

    gone = [moved_on(remembered.desk, community, member, at=AT) for member in members]

    assert [one.closed for one in gone if one.closed] == [["classes/1"]]
    assert remembered.touch.cohorts("auto") == []
    assert {one.members for one in remembered.touch.loads("auto")} == {0}
