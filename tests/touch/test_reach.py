"""The reach of a node of the sample: whom it invited and who came, whom it teaches, who was at its gathering."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from operations.books import check_books
from operations.errors import Refusal
from operations.ports.members import Member
from operations.ports.runs import Run
from operations.reports.reach import reach
from rules.reading import Reading
from tests.scarce.depot import Walk
from tests.scarce.programme import AT, CAST, give_title, settle_in
from workflows.meeting import Meeting
from workflows.teamwork import Teamwork

pytestmark = [pytest.mark.servers, pytest.mark.slow]  # many steps on paper, each of them in the database

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NODE = "amb-1"
PUPILS = ("act-1", "act-2", "base-1")


@pytest.fixture
def settled(remembered: Any) -> Iterator[Any]:
    community = settle_in(remembered)
    pictures = frozenset({"photography"})
    known = {NODE: {"skills": pictures, "interests": pictures}} | {who: {"interests": pictures} for who in PUPILS}
    told = [Member(who, None, attributes) for who, attributes in known.items()]
    remembered.members(community).enlist(told, at=AT - DAY)
    give_title(remembered, NODE, "advisor", AT - DAY)
    yield remembered
    assert check_books(remembered.desk, community).findings == []


def gathered(walk: Walk) -> None:
    """The node invites all of a tier to an evening of its own: three say yes, one no, one nothing; two of them come."""
    evening = {"who": "tier:base", "host": "run.starter", "how": "invite"}
    run = walk.start("elders-share", starter=NODE, at=AT, args=evening)
    walk.open(run, "guests", AT)
    assert set(walk.memory.runs.visit(run.id, "guests").asked) == {f"base-{n}" for n in range(1, 6)}
    for who in ("base-1", "base-2", "base-3"):
        walk.now += HOUR
        walk.desk.enrol(run.id, member=who, fields={})
    walk.desk.decline(run.id, member="base-4")
    walk.check(run, "guests", AT + 14 * DAY, due=True)
    walk.open(run, "day", AT + 14 * DAY)
    meeting = Meeting(walk.desk, run.id, "day")
    meeting.set_day("2h", by=NODE)
    walk.now += 3 * HOUR
    meeting.attend(by=NODE, people=["base-1", "base-2"])
    meeting.minutes({"visitors": 3, "summary": "an evening"}, by=NODE)
    assert walk.check(run, "day", walk.now).outcome == "done"
    walk.finish(run, walk.now)


def taught(walk: Walk) -> list[str]:
    """The node takes pupils: the staff begins it, both sides say yes; the pupils, and one of them graduates."""
    masters = {"from": ["tier:ambassador"], "where": {"skills": {"contains": "photography"}}}
    run = walk.start("photo-masters", at=AT, args={"mentors": masters})
    walk.open(run, "masters", AT)
    walk.now = AT + HOUR
    walk.desk.enrol(run.id, member=NODE, fields={})
    walk.check(run, "masters", AT + 10 * DAY, due=True)
    walk.open(run, "learners", AT + 10 * DAY)
    for who in PUPILS:
        walk.now += HOUR
        walk.desk.enrol(run.id, member=who, fields={})
    walk.check(run, "learners", AT + 20 * DAY, due=True)
    walk.open(run, "groups", AT + 20 * DAY)
    for who in (NODE, *PUPILS):
        try:
            Teamwork(walk.desk, run.id, "groups").confirm(who)
        except Refusal:
            assert who != NODE, "the only mentor has to be asked"
    assert walk.check(run, "groups", AT + 35 * DAY, due=True).outcome == "done"
    (group,) = walk.memory.teams.of_run(run.id)
    assert list(group.inside("mentor")) == [NODE]
    pupils = list(group.inside("mentee"))
    graduates(walk, run, pupils)
    return pupils


def graduates(walk: Walk, run: Run, pupils: list[str]) -> None:
    """The mentor says which of the pupils is ready; what follows is written down by the mode itself."""
    walk.open(run, "graduation", AT + 36 * DAY)
    for number, who in enumerate(pupils):
        choice = "again" if number else "graduate"
        walk.desk.answer(run.id, "graduation", by=NODE, choice=choice, about=who)
    walk.check(run, "graduation", AT + 43 * DAY, due=True)
    walk.open(run, "honours", AT + 43 * DAY)
    walk.finish(run, AT + 44 * DAY)


def test_a_node_reaches_whom_it_invited_and_who_came_whom_it_teaches_and_who_was_with_it(settled: Any) -> None:
    walk, auto = Walk(settled), settled.specs.current("auto")
    gathered(walk)
    pupils = taught(walk)

    told = reach(settled.house, auto, at=AT + 60 * DAY)

    invited, came = {"base-1", "base-2", "base-3"}, {"base-1", "base-2"}
    assert len(pupils) >= 2
    assert told.data["nodes"] == [
        {
            "member": NODE,
            "tier": "ambassador",
            "reach": len({*invited, *pupils}),  # each of them once, on however many ways
            "enrolled": len(invited),
            "attended": len(came),
            "joined_team": len(pupils),
            "graduated": 1,
        }
    ]
    reading = Reading("reach", "365d")
    frame = settled.measures(auto).frame("member", [reading], at=AT + 60 * DAY, zone=auto.zone, subjects=sorted(CAST))
    read = {who: int(value or 0) for who, value in zip(frame["subject"], frame[reading.key], strict=True)}
    assert {who: number for who, number in read.items() if number} == {NODE: len({*invited, *pupils})}
    declined = settled.facts(auto).find(member="base-4", kinds=["declined"], limit=9)
    assert len(declined) == 1, "who said no was asked, and is not reached"
