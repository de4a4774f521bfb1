"""Forming teams: never a wrong team, never fewer than there could be, and an honest word on how good it is."""

from __future__ import annotations

import random
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.waiting import PATIENCE
from workflows.phases.form_teams.candidates import Candidate, Part, Trait, faults
from workflows.phases.form_teams.solve import form

VALUES = st.none() | st.frozensets(st.sampled_from(["x", "y", "z"]), max_size=2)
PEOPLE = st.lists(
    st.builds(
        lambda parts, circle, likes, load: Candidate(
            id="", parts=parts, traits={"circle": circle, "likes": likes}, load=load
        ),
        st.frozensets(st.sampled_from("ab")),
        VALUES,
        VALUES,
        st.integers(0, 3),
    ),
    max_size=6,
).map(lambda some: [Candidate(id=f"m{n}", parts=o.parts, traits=o.traits, load=o.load) for n, o in enumerate(some)])
PARTS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=2).map(
    lambda some: [Part("ab"[n], needs, max(1, needs + more)) for n, (needs, more) in enumerate(some)]
)
TRAITS = st.lists(
    st.builds(Trait, st.sampled_from(["circle", "likes"]), st.none() | st.integers(1, 2)),
    max_size=2,
    unique_by=lambda trait: trait.attribute,
)
APART = st.sets(st.frozensets(st.sampled_from([f"m{n}" for n in range(6)]), min_size=2, max_size=2), max_size=2)


def most_by_trying(people, parts, traits, apart):
    """How many teams there can be, by trying everything."""
    by_id = {one.id: one for one in people}
    smallest = sum(part.needs for part in parts)
    if not smallest:
        return 0

    def teams(free):
        for first in combinations(sorted(free), parts[0].needs):
            rest = free - {*first}
            for second in combinations(sorted(rest), parts[1].needs) if len(parts) > 1 else [()]:
                team = {parts[0].id: first} | ({parts[1].id: second} if len(parts) > 1 else {})
                if not faults(team, by_id, parts, traits, apart=apart):
                    yield frozenset({*first, *second})

    def best(free):
        return max((1 + best(free - team) for team in set(teams(free))), default=0)

    return best(frozenset(by_id))


@settings(max_examples=150)
@given(PEOPLE, PARTS, TRAITS, APART, st.integers(0, 5))
def test_there_are_as_many_teams_as_there_can_be_and_nothing_is_wrong_with_them(people, parts, traits, apart, seed):
    formed = form(people, parts, traits, apart=apart, seed=seed)

    by_id = {one.id: one for one in people}
    placed = [who for team in formed.teams for inside in team.values() for who in inside]
    assert [fault for team in formed.teams for fault in faults(team, by_id, parts, traits, apart=apart)] == []
    assert sorted([*placed, *formed.waiting]) == sorted(by_id)
    assert len(formed.teams) == most_by_trying(people, parts, traits, apart) <= formed.bound


@given(PEOPLE, PARTS, TRAITS, APART)
@settings(max_examples=30)
def test_the_same_people_give_the_same_teams(people, parts, traits, apart):
    assert form(people, parts, traits, apart=apart) == form(people, parts, traits, apart=apart)


def test_who_does_least_already_is_taken_first_and_earlier_ones_before_later_ones():
    people = [Candidate(id=f"m{n}", parts=frozenset("a"), load=load) for n, load in enumerate([2, 0, 1, 0, 0])]

    formed = form(people, [Part("a", 2, 2)], limit=1)

    assert formed.teams == ({"a": ("m1", "m3")},)
    assert formed.waiting == ("m0", "m2", "m4")


def test_everybody_finds_a_place_where_there_is_room_and_teams_are_of_like_size():
    people = [Candidate(id=f"mentor{n}", parts=frozenset(["mentor"])) for n in range(3)]
    people += [Candidate(id=f"m{n}", parts=frozenset(["mentee"])) for n in range(10)]

    formed = form(people, [Part("mentor", 1, 1), Part("mentee", 2, 4)])

    assert sorted(len(team["mentee"]) for team in formed.teams) == [3, 3, 4]
    assert formed.waiting == ()


def test_three_hundred_people_are_sixty_teams_of_five_parts_and_that_is_proved_to_be_the_most():
    lot = random.Random(3)
    people = [
        Candidate(
            id=f"m{n}",
            parts=frozenset(lot.sample("abcde", lot.choice([1, 2, 2, 3]))),
            traits={
                "circle": frozenset([f"c{lot.randrange(8)}"]),
                "likes": frozenset(lot.sample(["x", "y", "z", "w"], 2)),
            },
            load=lot.randrange(4),
        )
        for n in range(300)
    ]
    apart = {frozenset(lot.sample([one.id for one in people], 2)) for _ in range(40)}
    parts, traits = [Part(part, 1, 1) for part in "abcde"], [Trait("likes"), Trait("circle", 1)]

    formed = form(people, parts, traits, apart=apart, seconds=PATIENCE)

    by_id = {one.id: one for one in people}
    assert len(formed.teams) == 60
    assert formed.optimal
    assert [fault for team in formed.teams for fault in faults(team, by_id, parts, traits, apart=apart)] == []
