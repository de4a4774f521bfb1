"""Matching mentors with learners: nobody above what they can bear, nobody with themselves, and provably the best."""

from __future__ import annotations

import random
import time
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.waiting import PATIENCE
from workflows.phases.form_teams.candidates import Candidate, Part, Trait, faults
from workflows.phases.form_teams.solve import form

INTERESTS = st.frozensets(st.sampled_from(["tuning", "audio"]), min_size=1)
SHARED = [Trait("interests")]


@st.composite
def schools(draw: st.DrawFn) -> tuple[list[Candidate], list[Part]]:
    """A few mentors and learners; some could be both."""
    mentors, learners = draw(st.integers(0, 3)), draw(st.integers(0, 4))
    people = []
    for n in range(mentors + learners):
        part = "mentor" if n < mentors else "mentee"
        both = draw(st.integers(0, 4)) == 0
        parts = frozenset({"mentor", "mentee"}) if both else frozenset({part})
        people.append(Candidate(id=f"m{n}", parts=parts, traits={"interests": draw(INTERESTS)}, load=0))
    least = draw(st.integers(1, 2))
    return people, [Part("mentor", 1, 1), Part("mentee", least, least + draw(st.integers(0, 1)))]


def best_by_trying(people: list[Candidate], parts: list[Part]) -> tuple[int, int]:
    """The most groups there can be, and then the most people in them, by trying every way."""
    by_id = {one.id: one for one in people}
    best = (0, 0)
    mentors = [one.id for one in people if "mentor" in one.parts]
    for chosen in product([False, True], repeat=len(mentors)):
        leaders = [who for who, led in zip(mentors, chosen, strict=True) if led]
        others = [one.id for one in people if one.id not in leaders and "mentee" in one.parts]
        for places in product([None, *leaders], repeat=len(others)):
            groups = {who: [o for o, place in zip(others, places, strict=True) if place == who] for who in leaders}
            teams = [{"mentor": [who], "mentee": inside} for who, inside in groups.items()]
            if all(not faults(team, by_id, parts, SHARED) for team in teams):
                size = sum(1 + len(team["mentee"]) for team in teams)
                best = max(best, (len(teams), size))
    return best


@settings(max_examples=60, deadline=None)
@given(schools(), st.integers(0, 3))
def test_no_other_matching_has_more_groups_or_as_many_with_more_people(
    school: tuple[list[Candidate], list[Part]], seed: int
) -> None:
    people, parts = school
    by_id = {one.id: one for one in people}

    found = form(people, parts, SHARED, seed=seed, seconds=PATIENCE)

    assert all(not faults(team, by_id, parts, SHARED) for team in found.teams)
    placed = [who for team in found.teams for inside in team.values() for who in inside]
    assert len(placed) == len(set(placed))
    assert sorted([*placed, *found.waiting]) == sorted(by_id)
    assert (len(found.teams), len(placed)) == best_by_trying(people, parts)
    assert found.optimal


def test_sixty_mentors_and_three_hundred_learners_are_matched_in_seconds_and_proved_best() -> None:
    lot = random.Random(5)
    fields = ["tuning", "audio", "long-distance", "photography", "smart-driving", "family-travel"]

    def one(name: str, part: str, most: int) -> Candidate:
        interests = frozenset(lot.sample(fields, lot.randint(1, most)))
        return Candidate(id=name, parts=frozenset({part}), traits={"interests": interests}, load=lot.randrange(3))

    people = [
        *(one(f"a{n:03d}", "mentor", 2) for n in range(60)),
        *(one(f"b{n:03d}", "mentee", 3) for n in range(300)),
    ]
    pairs = {frozenset(lot.sample([one.id for one in people], 2)) for _ in range(60)}
    parts = [Part("mentor", 1, 1), Part("mentee", 2, 5)]
    began = time.process_time()

    found = form(people, parts, SHARED, apart=pairs, seconds=PATIENCE)

    assert time.process_time() - began < 5
    assert found.optimal
    assert len(found.teams) == 60
    by_id = {one.id: one for one in people}
    assert all(not faults(team, by_id, parts, SHARED, apart=pairs) for team in found.teams)


def test_a_project_team_covers_all_skills_takes_few_of_one_circle_and_the_least_burdened() -> None:
    skills = ("writing", "photography", "structure")
    parts = [Part(skill, 1, 1) for skill in skills]
    people = [
        Candidate(
            id=f"m{n}",
            parts=frozenset({skills[n % 3]}),
            traits={"circle": frozenset({"tuning" if n < 6 else "audio"})},
            load=2 if n < 6 else n % 3,
        )
        for n in range(9)
    ]
    people[6] = Candidate(id="m6", parts=frozenset({"writing"}), traits={"circle": frozenset({"audio"})}, load=0)

    found = form(people, parts, [Trait("circle", 2)], limit=1)

    (team,) = found.teams
    inside = {who for people_ in team.values() for who in people_}
    circles = [next(iter(one.traits["circle"] or ())) for one in people if one.id in inside]
    assert len(inside) == 3
    assert max(circles.count(circle) for circle in circles) <= 2
    assert found.optimal
    alone = [one for one in people if one.traits["circle"] == frozenset({"tuning"})]
    assert form(alone, parts, [Trait("circle", 2)], limit=1).teams == ()
