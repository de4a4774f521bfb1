"""The purse of the sample's own council: what a year grants, what a vote releases of it, and what its end takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.books import check_books
from operations.errors import Refusal
from operations.housekeeping import keep_house
from operations.ports.runs import Run
from operations.reports.spending import spending
from tests.scarce.depot import Walk
from tests.scarce.programme import AT, settle_in
from workflows.teamwork import Teamwork

pytestmark = [pytest.mark.servers, pytest.mark.slow]  # many steps on paper, each of them in the database

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SEATS = [f"amb-{number}" for number in range(1, 6)]
PURSE = "owners-council"


@pytest.fixture
def settled(remembered: Any) -> Iterator[Any]:
    community = settle_in(remembered)
    yield remembered
    assert check_books(remembered.desk, community).findings == []


def seated(walk: Walk) -> Run:
    """The council of the year, with five seats taken."""
    run = walk.start("owners-council", at=AT)
    walk.open(run, "willing", AT)
    for who in SEATS:
        walk.now += MINUTE
        walk.desk.enrol(run.id, member=who, fields={"agreed": True})
    walk.check(run, "willing", AT + 30 * DAY, due=True)
    walk.open(run, "seats", AT + 30 * DAY)
    for who in SEATS:
        for step in range(1, 9):  # seats are offered one after the other
            try:
                Teamwork(walk.desk, run.id, "seats").confirm(who)
                break
            except Refusal:
                walk.check(run, "seats", AT + 30 * DAY + step * MINUTE)
    walk.check(run, "seats", AT + 44 * DAY, due=True)
    (council,) = walk.memory.teams.of_run(run.id)
    assert set(council.inside("seat")) == set(SEATS)
    return run


def carried(walk: Walk, run: Run, month: int, at: datetime, *amounts: str) -> list[str]:
    """Motions of so much money, all of which the council carries; their ids. It takes seventeen days."""
    walk.open(run, "proposals", at, visit=month)
    works = []
    for who, amount in zip(SEATS, amounts, strict=False):
        walk.now += MINUTE
        fields = {"plan": "A course", "amount": f"{amount} CNY", "reach": 50, "priority": False}
        works.append(walk.desk.submit(run.id, "proposals", member=who, fields=fields).id)
    walk.check(run, "proposals", at + 10 * DAY, due=True, visit=month)
    walk.open(run, "vote", at + 10 * DAY, visit=month)
    for author, work in zip(SEATS, works, strict=False):
        for who in SEATS:
            if who != author:
                walk.desk.answer(run.id, "vote", by=who, choice="carry", about=work)
    walk.check(run, "vote", at + 17 * DAY, due=True, visit=month)
    visit = walk.memory.runs.visit(run.id, "vote", month)
    assert visit.results["carry"] == works
    return works


def funded(walk: Walk, run: Run, month: int, at: datetime) -> Mapping[str, Any]:
    """What became of each motion when the money was given out."""
    walk.open(run, "funds", at, visit=month)
    walk.check(run, "funds", at, due=True, visit=month)
    return {one.work: one for one in walk.claims(run, "funds") if one.visit == month}


def test_a_council_spends_within_its_year_and_nothing_of_it_after_the_end_however_it_votes(settled: Any) -> None:
    walk, auto = Walk(settled), settled.specs.current("auto")
    run = seated(walk)
    november, december = datetime(2027, 11, 5, 2, tzinfo=UTC), datetime(2027, 12, 10, 2, tzinfo=UTC)
    big, more = carried(walk, run, 1, november, "250000.00", "50000.01")
    claims = funded(walk, run, 1, november + 17 * DAY)
    assert (claims[big].state, claims[more].state) == ("served", "unserved")
    assert claims[more].why["said"] == f"budget {PURSE} has not 50000.01 left in 2027"

    (late,) = carried(walk, run, 2, december, "1.00")
    new_year = datetime(2028, 1, 2, tzinfo=UTC)
    (closed,) = [one for one in keep_house(settled.desk, auto, at=new_year).closed if one.budget == PURSE]
    assert (closed.period, closed.left, closed.carried_to) == ("2027", 5_000_000, None)
    claims = funded(walk, run, 2, december + 21 * DAY)  # voted in the old year, and its clock still stands there
    assert (claims[late].state, claims[late].why["said"]) == ("unserved", f"2027 of budget {PURSE} is closed")

    (next_,) = carried(walk, run, 3, new_year, "60000.00")
    assert funded(walk, run, 3, new_year + 17 * DAY)[next_].state == "served"
    assert keep_house(settled.desk, auto, at=new_year + 18 * DAY).closed == (), "a year ends once"

    told = spending(settled.house, auto, at=new_year + 18 * DAY, budget=PURSE)
    (table,) = [one for one in told.tables if one.title == "By period"]
    assert [list(row) for row in table.rows] == [
        [PURSE, "2027", "300000.00", "0.00", "250000.00", "0.00", "50000.00"],
        [PURSE, "2028", "300000.00", "0.00", "60000.00", "240000.00", "0.00"],
    ]
    spent = settled.facts("auto").find(kinds=["spent"], limit=9)
    assert sorted((one.fields["work"], one.fields["amount"]) for one in spent) == sorted(
        [(big, 25_000_000), (next_, 6_000_000)]
    )
    walk.finish(run, new_year + 19 * DAY)
