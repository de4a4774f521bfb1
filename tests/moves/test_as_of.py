"""Whoever looks back sees standings and cohorts as they were; whoever acts sees them as they are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.memory import Memory
from operations.known import Known
from operations.ports.touch import Opened
from operations.reports.stages import stages
from rules.spec import Community
from tests.moves.club import AT, facts, people, publish, reviewed

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)


@pytest.fixture
def club(remembered: Memory) -> Community:
    """Ann rises, falls into grace a month later and then out of the tier; dan comes when all that is over."""
    club = publish(remembered)
    people(remembered, club, "ann", "bob", "cid")
    people(remembered, club, "dan", joined=AT + 45 * DAY)
    facts(remembered, club, "posted", "ann", [1, 2, 3])
    facts(remembered, club, "posted", "cid", [1])
    for days in (0, 32, 40):
        reviewed(remembered, AT + days * DAY)
    return club


def tier_of(memory: Memory, club: Community, days: float, *, past: bool) -> object:
    known = Known(memory.house, club, AT + days * DAY, past=past)
    return known.members(["ann"])["ann"].attributes["tier"]


def test_a_look_back_reads_the_tier_of_then_and_a_look_now_that_of_now(remembered: Memory, club: Community) -> None:
    days = (-1, 0, 31, 39, 40, 41)
    assert [tier_of(remembered, club, day, past=True) for day in days] == [
        "guest", "regular", "regular", "regular", "guest", "guest",
    ]  # fmt: skip
    assert {tier_of(remembered, club, day, past=False) for day in days} == {"guest"}
    earlier = Known(remembered.house, club, AT + 50 * DAY).then(AT + 10 * DAY)
    assert earlier.members(["ann"])["ann"].attributes["tier"] == "regular"


def test_as_of_any_moment_everybody_stands_as_what_was_carried_out_says(remembered: Memory, club: Community) -> None:
    names = ["subject", "tier", "stage", "in_grace", "tier_held", "days_in_tier"]
    for days in range(-2, 46, 3):
        at = AT + days * DAY
        as_of = remembered.standings.as_of(club, at).select(names).sort("subject")
        then = remembered.standings.frame(club, at, then=True).select(names).sort("subject")
        assert as_of.to_dicts() == then.to_dicts(), days
        some = remembered.standings.as_of(club, at, subjects=["bob", "ann"]).select(names).sort("subject")
        assert some.to_dicts() == then.filter(then["subject"].is_in(["ann", "bob"])).to_dicts()
    now = remembered.standings.as_of(club, AT + 50 * DAY)
    assert now.equals(remembered.standings.frame(club, AT + 50 * DAY)), (
        "nothing came later, so nothing is asked of then"
    )


def test_a_report_of_an_earlier_day_counts_who_was_there_where_they_stood(remembered: Memory, club: Community) -> None:
    def counted(days: float) -> dict[str, int]:
        return stages(remembered.house, club, at=AT + days * DAY).data["sizes"]["tier"]

    assert counted(10) == {"guest": 2, "regular": 1, "trusted": 0}
    assert counted(42) == {"guest": 3, "regular": 0, "trusted": 0}
    assert counted(50) == {"guest": 4, "regular": 0, "trusted": 0} == remembered.standings.sizes(club)["tier"]
    of_stages = stages(remembered.house, club, at=AT - DAY).data["sizes"]["lifecycle"]
    assert (of_stages["alive"], of_stages["none"]) == (0, 3)


def test_a_cohort_of_a_moment_that_is_over_has_the_members_of_then(remembered: Memory, club: Community) -> None:
    touch = remembered.touch
    opened = [Opened(partition="cars", number=1, key=("coupe",))]
    touch.regroup("club", opened, {"ann": "cars/1", "bob": "cars/1"}, {}, at=AT)
    touch.regroup("club", [], {}, {"bob": "cars/1"}, at=AT + 5 * DAY)

    def size(days: float, *, past: bool) -> object:
        known = Known(remembered.house, club, AT + days * DAY, past=past)
        return known.cohort("cars/1", names={"cohort.size"}).attributes["cohort.size"]

    assert [size(day, past=True) for day in (-1, 1, 6)] == [0, 2, 1]
    assert size(1, past=False) == 1
    assert touch.belonging("club", "cars", at=AT + DAY) == ["ann", "bob"]
    assert touch.belonging("club", "cars") == ["ann"]
    then = remembered.measures(club).things("cohort", {"cohort.size"}, AT + DAY, then=True)
    assert then.to_dicts() == [{"subject": "cars/1", "cohort.size": 2}]
    now = remembered.measures(club).things("cohort", {"cohort.size"}, AT + DAY)
    assert now.to_dicts() == [{"subject": "cars/1", "cohort.size": 1}]
