"""Whoever holds a parcel, a car, a right and a seat in a team may be joined, told apart again, and forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations import consent
from operations.books import check_books
from operations.identity import join, separate
from operations.ports.teams import Seat, Slot, Team
from rules.spec import Community
from tests.people.test_consent import named_in
from tests.scarce.depot import AT, Walk, found

pytestmark = pytest.mark.servers
DAY = timedelta(days=1)
WHO, OTHER, MATE = "m04", "m07", "m09"


@pytest.fixture
def village(remembered: Any) -> Community:
    """`m04` has a parcel on its way, a bicycle booked, the oven for a season, and a seat in a team."""
    community, walk = found(remembered), Walk(remembered)
    thanks, ride = walk.start("thanks", WHO), walk.start("lend", WHO)
    right = walk.start("keep-oven", WHO)
    walk.open(thanks, "mug")
    walk.open(ride, "ask-for")
    walk.check(ride, "ask-for", AT + DAY)
    walk.open(right, "given")
    walk.finish(right, AT + DAY)
    team = f"{thanks.id}/crew/1/1"
    seats = tuple(
        Seat(team=team, slot=slot, member=who, since=AT, why={"how": "solve"})
        for slot, who in (("cook", WHO), ("waiter", MATE))
    )
    remembered.teams.found(
        [
            Team(id=team, community="village", run=thanks.id, phase="crew", visit=1, number=1, formed_at=AT,
                 slots=(Slot(id="cook"), Slot(id="waiter")), seats=seats)
        ]
    )  # fmt: skip
    for run in (thanks, ride):
        walk.finish(run, AT + 9 * DAY)
    return community


def kept(memory: Any) -> dict[str, list[str]]:
    """Every row of the ledgers of goods and teams."""
    from sqlalchemy import text

    with memory.engine.connect() as connection:
        return {
            name: sorted(connection.execute(text(f'SELECT to_jsonb(t)::text FROM "{name}" t')).scalars())
            for name in ("parcel", "booking", "claim", "benefit_use", "holding", "seat", "team", "ledger", "deed")
        }


def has(memory: Any, who: str) -> tuple[list[str], list[str], set[str], list[str]]:
    """Parcels, cars, rights and seats of somebody."""
    team = memory.teams.of_run(memory.runs.runs("village", task="thanks")[0].id)[0]
    return (
        [one.item for one in memory.resources.parcels("village") if one.member == who],
        [one.unit for one in memory.resources.bookings("village") if one.member == who],
        {one.item for one in memory.effects.holdings("village", who) if one.kind == "benefit"},
        [seat.slot for seat in team.seats if seat.member == who],
    )


def test_goods_and_seats_follow_a_join_and_come_back_when_it_is_undone(remembered: Any, village: Community) -> None:
    before, mine = kept(remembered), has(remembered, WHO)
    assert mine == (["mug"], ["red"], {"oven"}, ["cook"])

    join(remembered.persons, village, OTHER, WHO, at=AT + 10 * DAY, by="olga", reason="same phone")
    assert has(remembered, OTHER) == mine
    assert has(remembered, WHO) == ([], [], set(), [])
    assert check_books(remembered.desk, village).findings == []

    separate(remembered.persons, village, WHO, at=AT + 11 * DAY, by="olga", reason="two sisters")
    assert kept(remembered) == before
    assert check_books(remembered.desk, village).findings == []


def test_who_is_forgotten_is_in_no_ledger_and_the_ledgers_still_balance(remembered: Any, village: Community) -> None:
    told = consent.export(remembered.desk, remembered.persons, village, WHO, at=AT + 10 * DAY, by="olga")["held"]
    assert {"parcel", "booking", "holding", "seat"} <= set(told)

    done, _ = consent.erase(
        remembered.desk, remembered.persons, village, WHO, at=AT + 10 * DAY, by="olga", reason="asked for"
    )

    assert named_in(remembered, WHO) == []
    pseudonym = str(done["pseudonym"])
    assert has(remembered, pseudonym)[3] == ["cook"], "a team keeps its shape"
    assert remembered.resources.parcels("village", open_only=True) == [], "nothing is posted to somebody who is gone"
    assert {one.account: one.amount for one in remembered.effects.balances("village", "stock")} == {"mug": 3}
    assert remembered.resources.accounts("village", "purse")[0].spent == 0
    assert check_books(remembered.desk, village).findings == []
