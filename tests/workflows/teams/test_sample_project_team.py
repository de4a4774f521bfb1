"""The project team of the sample, rehearsed on real servers to its end: one for each role, and gone when it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from operations.explain import explain
from rules.reading import Reading
from tests.workflows.teams.played import KNOWN, Played

pytestmark = pytest.mark.servers

TASK: Mapping[str, Any] = {"task": "quick-start-guide", "args": {"from": "everyone"}}
IN_ORDER = ("crew", "kick-off", "outline", "draft", "final", "acceptance", "release", "retrospective")
"""What is agreed, what is made, who looks at it, what came of it, what was learnt."""


def test_a_project_comes_to_a_good_end_with_a_short_history_and_books_that_balance(played: Played) -> None:
    played.comes_to_a_good_end()


def test_a_project_goes_from_agreeing_by_making_and_looking_to_looking_back(played: Played) -> None:
    played.goes_through(IN_ORDER)


def test_the_brief_of_the_next_project_shows_what_was_written_when_it_was_looked_back_on(played: Played) -> None:
    played.is_looked_back_on()


def test_a_project_team_fills_each_role_with_one_who_can_and_dissolves_at_the_end(played: Played) -> None:
    (team,) = played.teams
    seats = {seat.slot: seat.member for seat in team.seats if seat.left == "over"}
    skills = {"lead-writer": "writing", "visual-director": "photography", "information-architect": "structure"}
    assert set(seats) == set(skills)
    assert len(set(seats.values())) == 3
    assert all(skills[slot] in KNOWN[who]["skills"] for slot, who in seats.items())
    assert team.ended_at == played.run.ended_at
    assert played.visits[1].phase == "kick-off"
    assert {one.member: one.fields["outcome"] for one in played.facts("finished")}.items() >= dict.fromkeys(
        seats.values(), "done"
    ).items()


def test_the_outcome_of_a_project_is_credited_by_the_stated_split(played: Played) -> None:
    (team,) = played.teams
    seats = {seat.slot: seat.member for seat in team.seats if seat.left == "over"}
    assert played.points() == {
        seats["lead-writer"]: 600,
        seats["visual-director"]: 450,
        seats["information-architect"]: 450,
    }


def test_finished_projects_count_for_more_important_roles(played: Played) -> None:
    inside = sorted(seat.member for seat in played.teams[0].seats if seat.left == "over")
    reading = Reading("projects_done", "all")
    community = played.memory.specs.current("auto")
    frame = played.memory.measures("auto").frame(
        "member", [reading], at=played.run.ended_at, zone=community.zone, subjects=inside
    )
    assert all(number >= 1 for number in frame[reading.key])
    outside = next(one.id for one in played.memory.members(community).find() if one.id not in inside)
    for who, met in ((inside[0], "true"), (outside, "false")):
        told = explain(played.memory.desk, community, who, played.run.ended_at, tier="ambassador").data()
        earn = next(one for one in told["standings"][0]["conditions"] if one["tier"] == "ambassador")
        asked = [leaf for leaf in leaves_of(earn) if leaf["metric"] == "projects_done"]
        assert [(leaf["truth"], leaf["over"]) for leaf in asked] == [(met, "2y")], who


def leaves_of(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The comparisons of a condition as it was explained."""
    if "metric" in told:
        yield told
    for part in told.get("parts", ()):
        yield from leaves_of(part)
