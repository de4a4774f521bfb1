"""Cohorts: balanced, bounded, the same for the same input, and nobody who stays is moved."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.cohorts import Group, Key, Regrouped, regroup


def after(groups: list[Group], change: Regrouped) -> list[Group]:
    """The groups with a change carried out; empty ones are closed."""
    keys = {group.number: group.key for group in groups} | dict(change.opened)
    members = {group.number: set(group.members) for group in groups} | {number: set() for number in change.opened}
    for member, number in change.left.items():
        members[number].discard(member)
    for member, number in change.joined.items():
        members[number].add(member)
    return [Group(number, keys[number], frozenset(who)) for number, who in members.items() if who]


def names(count: int, first: int = 0) -> list[str]:
    return [f"m{number:03d}" for number in range(first, first + count)]


def test_many_of_one_key_are_as_few_groups_as_can_be_and_evened_out() -> None:
    for count, sizes in ((30, [30]), (31, [16, 15]), (95, [24, 24, 24, 23])):
        found = after([], regroup([], dict.fromkeys(names(count), ("sedan",)), (8, 30)))

        assert sorted((len(group.members) for group in found), reverse=True) == sizes
        assert {group.key for group in found} == {("sedan",)}


def test_who_lacks_the_first_attribute_is_in_the_fallback_and_who_lacks_a_later_one_with_the_likes() -> None:
    traits: dict[str, Key] = dict.fromkeys(names(9), ("sedan", "beijing"))
    traits |= dict.fromkeys(names(8, 100), ("sedan",)) | {"stranger": ()}

    found = {member: group.key for group in after([], regroup([], traits, (8, 30))) for member in group.members}

    assert found["m000"] == ("sedan", "beijing")
    assert found["m100"] == ("sedan",)
    assert found["stranger"] == ()


def test_too_few_for_a_group_of_their_own_go_where_less_is_shared() -> None:
    traits: dict[str, Key] = dict.fromkeys(names(5), ("sedan", "beijing"))
    traits |= dict.fromkeys(names(4, 100), ("sedan", "chengdu")) | dict.fromkeys(names(2, 200), ("mpv", "beijing"))

    found = after([], regroup([], traits, (8, 30)))

    assert Counter(group.key for group in found) == {("sedan",): 1, (): 1}
    assert {len(group.members) for group in found} == {9, 2}


def test_one_by_one_a_key_gets_its_group_once_there_are_enough() -> None:
    groups: list[Group] = []
    traits: dict[str, Key] = {}
    for number, who in enumerate(names(12), start=1):
        traits[who] = ("suv",)
        change = regroup(groups, traits, (8, 30), next_number=len(groups) + 1)
        groups = after(groups, change)
        assert not change.left
        assert [group.key for group in groups] == ([()] if number < 8 else [(), ("suv",)])
    assert [len(group.members) for group in groups] == [7, 5]


def test_a_full_group_is_left_as_it_is_and_another_opens() -> None:
    traits: dict[str, Key] = dict.fromkeys(names(30), ("suv",))
    groups = after([], regroup([], traits, (8, 30)))

    change = regroup(groups, traits | {"newcomer": ("suv",)}, (8, 30), next_number=2)

    assert (change.opened, change.joined, change.left) == ({2: ("suv",)}, {"newcomer": 2}, {})


KEYS = st.tuples() | st.tuples(st.sampled_from("ab")) | st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"))
COMMUNITY = st.dictionaries(st.integers(0, 120).map(lambda number: f"m{number:03d}"), KEYS, max_size=90)
SIZE = st.tuples(st.integers(1, 6), st.integers(0, 8)).map(lambda two: (two[0], two[0] + two[1]))


@settings(max_examples=60, deadline=None)
@given(st.lists(COMMUNITY, min_size=1, max_size=4), SIZE)
def test_whatever_comes_everybody_is_in_one_group_of_bounded_size_and_who_stays_is_not_moved(
    times: list[dict[str, Key]], size: tuple[int, int]
) -> None:
    groups: list[Group] = []
    number = 1
    for traits in times:
        before = {member: group.number for group in groups for member in group.members}
        change = regroup(groups, traits, size, next_number=number)
        again = regroup(groups[::-1], dict(reversed(traits.items())), size, next_number=number)
        assert change == again, "the order in which they are given says nothing"
        number += len(change.opened)
        groups = after(groups, change)
        now = {member: group.number for group in groups for member in group.members}
        assert now.keys() == traits.keys()
        assert sum(len(group.members) for group in groups) == len(traits)
        assert all(len(group.members) <= size[1] for group in groups)
        assert all(now[who] == before[who] for who in now.keys() & before.keys())
        for group in groups:
            newcomers = [who for who in group.members if who not in before]
            assert all(traits[who][: len(group.key)] == group.key for who in newcomers)


@settings(max_examples=60, deadline=None)
@given(COMMUNITY, SIZE)
def test_at_the_beginning_groups_of_a_key_are_as_few_as_can_be_and_none_of_a_key_is_too_small(
    traits: dict[str, Key], size: tuple[int, int]
) -> None:
    groups = after([], regroup([], traits, size))
    for key in {group.key for group in groups}:
        sizes = [len(group.members) for group in groups if group.key == key]
        assert len(sizes) == -(-sum(sizes) // size[1])
        assert max(sizes) - min(sizes) <= 1
        assert not key or sum(sizes) >= size[0]
