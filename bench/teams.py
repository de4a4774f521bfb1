"""Teams: how long it takes to form them, and how sure the answer is: 60 teams of five, 60 mentors with 300 learners.

Run with `python bench/teams.py`; every line is one problem, drawn by a seed: teams formed, the bound that no answer can
pass, whether the two meet, and seconds of one core. The last line is the same problem put to the solver whole, as one
would without looking at people and parts first; it is stopped after a while.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from workflows.phases.form_teams.candidates import Asked, Candidate, Part, Trait
from workflows.phases.form_teams.programme import whole_problem
from workflows.phases.form_teams.solve import Formed, form

SKILLS = ("script", "camera", "driving", "editing", "music")
FIELDS = ("tuning", "audio", "long-distance", "photography", "smart-driving", "family-travel")
CITIES = ("beijing", "shanghai", "guangzhou", "chengdu")


def crews(lot: random.Random, size: int) -> list[Candidate]:
    """People of whom each can do two or three of five things, in cities and circles."""
    return [
        Candidate(
            id=f"m{n:03d}",
            parts=frozenset(lot.sample(SKILLS, lot.choice((2, 2, 3)))),
            traits={
                "city": frozenset({lot.choice(CITIES[:2])}),
                "circle": frozenset(lot.sample(FIELDS, 1)),
            },
            load=lot.randrange(3),
        )
        for n in range(size)
    ]


def school(lot: random.Random, mentors: int, learners: int) -> list[Candidate]:
    """Mentors and learners with one to three interests each; a mentor teaches only what they are interested in."""

    def one(name: str, part: str, most: int) -> Candidate:
        interests = frozenset(lot.sample(FIELDS, lot.randint(1, most)))
        return Candidate(id=name, parts=frozenset({part}), traits={"interests": interests}, load=lot.randrange(3))

    return [
        *(one(f"a{n:03d}", "mentor", 2) for n in range(mentors)),
        *(one(f"b{n:03d}", "mentee", 3) for n in range(learners)),
    ]


def measured(name: str, people: list[Candidate], parts: list[Part], traits: list[Trait], apart: int = 0) -> Formed:
    """Form teams and print what came of it."""
    lot = random.Random(name)
    ids = [one.id for one in people]
    pairs = {frozenset(lot.sample(ids, 2)) for _ in range(apart)}
    began = time.process_time()
    found = form(people, parts, traits, apart=pairs)
    took = time.process_time() - began
    proved = "proved best" if found.optimal else f"within {found.bound - len(found.teams)} of the bound"
    print(
        f"{name:48} {len(people):4} people  {len(found.teams):3} teams, bound {found.bound:3}, {proved:18} "
        f"{len(found.waiting):4} wait  {took:5.2f} s"
    )
    return found


def main() -> None:
    five = [Part(skill, 1, 1) for skill in SKILLS]
    groups = [Part("mentor", 1, 1), Part("mentee", 2, 5)]
    measured("60 teams of five", crews(random.Random(1), 300), five, [])
    measured("… of one city", crews(random.Random(2), 300), five, [Trait("city")])
    measured(
        "… of one city, two of a circle at most",
        crews(random.Random(3), 300),
        five,
        [Trait("city"), Trait("circle", 2)],
    )
    measured(
        "… and 40 pairs never together", crews(random.Random(4), 300), five, [Trait("city"), Trait("circle", 2)], 40
    )
    people = school(random.Random(5), 60, 300)
    measured("60 mentors, 300 learners, an interest in common", people, groups, [Trait("interests")])
    measured("… and 60 pairs never together", people, groups, [Trait("interests")], 60)
    measured("20 mentors, 300 learners", school(random.Random(6), 20, 300), groups, [Trait("interests")])
    few = crews(random.Random(7), 60)
    asked = Asked(tuple(few), tuple(five), (Trait("city"),), frozenset())
    began = time.process_time()
    teams, bound = whole_problem(asked, asked.flavours(), asked.most(), 20.0)
    took = time.process_time() - began
    name = "the whole problem at once, 60 people"
    print(f"{name:48} {len(few):4} people  {len(teams):3} teams, bound {bound:3} {took:29.2f} s")


if __name__ == "__main__":
    main()
