"""A project team drawn from several circles: every skill covered, few from one circle, nobody who has too much."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations.known import Known
from operations.ports.members import Member
from operations.ports.runs import Run
from operations.ports.standings import First, Place
from tests.workflows.teams.crewed import AT, JOINED, settle
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import CheckPhase, OpenPhase
from workflows.teamwork import Teamwork

SKILL = {"w": "writing", "p": "photography", "s": "structure"}


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    """Two can write, two photograph and two give structure; one of each pair is in the far circle, one in none."""
    community = settle(memory, 2, core=0)
    names = [f"{letter}-{where}" for letter in SKILL for where in ("far", "free")]
    people = [
        Member(who, JOINED, {"consent": True, "skills": frozenset({SKILL[who[0]]}), "interests": frozenset({"audio"})})
        for who in [*names, "p-busy"]
    ]
    memory.members(community).enlist(people, at=JOINED)
    firsts = [
        First(place=Place(member=one.id, ladder=ladder), at="active", since=JOINED)
        for one in people
        for ladder in ("tier", "lifecycle")
    ]
    memory.standings.begin(community.id, firsts, at=JOINED)
    circle = _run(memory, community, "long-distance-circle", 1)
    memory.runs.take_part(circle.id, {who: "member" for who in names if who.endswith("far")})
    for number in range(3):
        other = _run(memory, community, "show-your-mileage", number + 1)
        memory.runs.take_part(other.id, {"p-busy": "member"})
    return community


def _run(memory: Any, community: Any, task: str, number: int) -> Run:
    run: Run = memory.runs.begin(
        Run(
            community="auto", id="", task=task, mode=community.tasks[task].mode, digest=community.digest,
            opened_at=JOINED, began_at=JOINED, key=f"{task}/{number}",
        ),
        at_once=9,
    )  # fmt: skip
    return run


def test_who_is_in_a_circle_is_known_by_taking_part_in_it(memory: Any, spec: Any) -> None:
    known = Known(memory.house, spec, AT).members(["w-far", "w-free", "p-busy"])

    assert {who: one.attributes["circle"] for who, one in known.items()} == {
        "w-far": frozenset({"long-distance-circle"}), "w-free": frozenset(), "p-busy": frozenset(),
    }  # fmt: skip
    assert {who: one.attributes["load"] for who, one in known.items()} == {"w-far": 1, "w-free": 0, "p-busy": 3}


def test_a_team_covers_all_skills_with_at_most_two_of_one_circle_and_nobody_who_has_too_much(
    memory: Any, spec: Any
) -> None:
    run = Launcher(memory.house, memory).begin("quick-start-guide", community="auto", at=AT, key="across")
    conduct = Conduct(memory.house, now=lambda: AT + timedelta(days=1))
    desk = Desk(memory.house, now=lambda: AT + timedelta(days=1))
    conduct.open(OpenPhase(run=run.id, phase="crew", visit=1, scope="", at=AT))
    look = AT
    for _ in range(3):  # whoever is asked says yes
        asked = [item for who in _everybody() for item in memory.inbox.find("auto", member=who, run=run.id)]
        for item in asked:
            if item.state == "open":
                Teamwork(desk, run.id, "crew").confirm(item.asked[0])
        look += timedelta(days=6)
        conduct.check(CheckPhase(run=run.id, phase="crew", visit=1, at=look, due=look >= AT + timedelta(days=18)))

    (team,) = memory.teams.of_run(run.id)
    seats = {seat.slot: seat.member for seat in team.seats if seat.left is None}
    assert {slot: who[0] for slot, who in seats.items()} == {
        "lead-writer": "w", "visual-director": "p", "information-architect": "s",
    }  # fmt: skip
    assert "p-busy" not in seats.values()
    assert sum(who.endswith("-far") for who in seats.values()) <= 2


def _everybody() -> list[str]:
    return [f"{letter}-{where}" for letter in SKILL for where in ("far", "free")] + ["p-busy"]
