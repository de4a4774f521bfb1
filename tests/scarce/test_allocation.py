"""Scarce goods on a real database: queues, bookings, rights, money and mugs; and the books balance after each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from operations.allocation import Allocation
from operations.books import check_books
from operations.known import Known
from operations.ports.resources import Demand
from operations.ports.runs import Work
from rules.spec.parts import FromField
from tests.scarce.depot import AT, Walk, fact_of, found, promise

pytestmark = pytest.mark.servers

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TEN = AT + 2 * HOUR  # ten o'clock in Berlin, when bikes and early bread are given out


@pytest.fixture
def memory(remembered: Any) -> Iterator[Any]:
    community = found(remembered)
    yield remembered
    assert check_books(remembered.desk, community).findings == []


@pytest.fixture
def walk(memory: Any) -> Walk:
    return Walk(memory)


def booked(memory: Any) -> list[tuple[str, str | None, datetime]]:
    return [(one.unit, one.member, one.begins_at) for one in memory.resources.bookings("village", "bikes")]


def test_who_stands_higher_is_served_first_however_late_they_asked_and_it_is_said_why(memory: Any, walk: Walk) -> None:
    runs = [walk.start("lend", who) for who in ("m05", "m06", "m07")]
    for minute, run in enumerate(runs):
        opened = walk.open(run, "ask-for", AT + timedelta(minutes=minute))
        assert opened.look_at == TEN
    cook = walk.start("lend", "m01")
    walk.open(cook, "ask-for", TEN - timedelta(minutes=1))

    assert walk.check(cook, "ask-for", TEN).outcome == "done"

    assert ("red", "m01", TEN) in booked(memory)
    assert ("blue", "m05", TEN) in booked(memory)
    late = walk.claims(runs[2], "ask-for")[0]
    assert (late.why["place"], late.why["of"]) == (4, 4)
    assert late.why["order"][0] == ["highest tier", "newcomer"]
    assert "m01" in late.why["after"]
    mine = walk.claims(cook, "ask-for")[0]
    assert (mine.why["place"], mine.why["order"][0]) == (1, ["highest tier", "cook"])
    assert [one.member for one in fact_of(memory, "received")] == ["m01"]


def test_no_bike_is_with_two_people_and_there_is_time_between_them(memory: Any, walk: Walk) -> None:
    runs = [walk.start("lend", f"m{number:02d}") for number in range(2, 8)]
    for run in runs:
        walk.open(run, "ask-for", AT)
    for run in runs:
        walk.check(run, "ask-for", TEN)

    by_unit: dict[str, list[Any]] = {"red": [], "blue": []}
    for one in memory.resources.bookings("village", "bikes"):
        by_unit[one.unit].append(one)
    assert {unit: len(mine) for unit, mine in by_unit.items()} == {"red": 3, "blue": 3}
    for mine in by_unit.values():
        for before, after in pairwise(mine):
            assert after.begins_at >= before.ends_at + 4 * HOUR
    later = walk.claims(runs[4], "ask-for")[0]
    assert later.state == "served"
    assert later.begins_at > TEN
    assert walk.check(runs[4], "ask-for", later.begins_at - HOUR).outcome is None
    over = walk.check(runs[4], "ask-for", later.begins_at)
    assert (over.outcome, over.at) == ("done", later.begins_at)


def test_the_database_itself_refuses_a_second_booking_of_the_same_time(memory: Any) -> None:
    from operations.ports.resources import Booking

    def booking(key: str, begins: datetime, ends: datetime) -> Booking:
        return Booking(
            community="other",
            key=key,
            fleet="bikes",
            unit="red",
            run="r",
            begins_at=begins,
            ends_at=ends,
            free_at=ends + 4 * HOUR,
        )

    assert memory.resources.book(booking("a", TEN, TEN + DAY)) is None
    assert memory.resources.book(booking("a", TEN, TEN + DAY)) is None
    assert memory.resources.book(booking("b", TEN + DAY + HOUR, TEN + 2 * DAY)) == "red is with somebody else then"
    assert memory.resources.book(booking("c", TEN + DAY + 4 * HOUR, TEN + 2 * DAY)) is None


def test_a_bike_that_is_back_early_is_free_again_and_one_that_is_late_is_not_promised(memory: Any, walk: Walk) -> None:
    first, second = walk.start("lend", "m02"), walk.start("lend", "m03")
    for run in (first, second):
        walk.open(run, "ask-for", AT)
        walk.check(run, "ask-for", TEN)
    walk.finish(first, TEN + 6 * HOUR)
    third = walk.start("lend", "m04")
    walk.open(third, "ask-for", TEN + 7 * HOUR)
    walk.check(third, "ask-for", TEN + DAY)

    assert ("red", "m04", TEN + DAY) in booked(memory)
    fourth = walk.start("lend", "m05")  # blue should have been back after two days
    walk.open(fourth, "ask-for", TEN + 2 * DAY + HOUR)
    walk.check(fourth, "ask-for", TEN + 3 * DAY)
    assert ("red", "m05", TEN + 3 * DAY + 4 * HOUR) in booked(memory)
    walk.finish(second, TEN + 4 * DAY)
    for run, days in ((third, 3), (fourth, 6)):
        walk.finish(run, TEN + days * DAY)
    assert {one.state for one in memory.resources.bookings("village")} == {"back"}


def test_a_cancelled_run_gives_its_booking_back_before_it_begins(memory: Any, walk: Walk) -> None:
    runs = [walk.start("lend", f"m{number:02d}") for number in range(2, 5)]
    for run in runs:
        walk.open(run, "ask-for", AT)
    walk.check(runs[0], "ask-for", TEN)
    assert len(booked(memory)) == 3

    walk.finish(runs[2], TEN + HOUR, "cancel")

    assert {member for _, member, _ in booked(memory)} == {"m02", "m03"}


def test_who_waits_too_long_gets_nothing(memory: Any, walk: Walk) -> None:
    runs = [walk.start("lend", f"m{number:02d}") for number in range(2, 12)]
    for run in runs:
        walk.open(run, "ask-for", AT)
    walk.check(runs[0], "ask-for", TEN)

    unserved = [run for run in runs if walk.claims(run, "ask-for")[0].state == "waiting"]
    assert len(unserved) == 2  # two bikes, four times each: two days and four hours, within seven days
    checked = walk.check(unserved[0], "ask-for", AT + 7 * DAY, due=True)
    assert checked.outcome == "short"
    assert "no bikes is free" in walk.claims(unserved[0], "ask-for")[0].why["said"]


def test_money_goes_to_what_is_urgent_first_and_never_beyond_the_purse(memory: Any, walk: Walk) -> None:
    run = walk.start("fund")
    walk.open(run, "wishes", AT)
    for who, amount, urgent in (
        ("m02", "600.00 EUR", False),
        ("m01", "300.00 EUR", True),
        ("m03", "300.00 EUR", False),
    ):
        walk.now += HOUR
        walk.desk.submit(run.id, "wishes", member=who, fields={"amount": amount, "urgent": urgent})
    walk.check(run, "wishes", AT + 5 * DAY, due=True)
    opened = walk.open(run, "money", AT + 5 * DAY)
    assert opened.deadline == AT + 5 * DAY

    assert walk.check(run, "money", AT + 5 * DAY, due=True).outcome == "short"

    served = [work.split("/")[-2] for work in walk.results(run, "money")["served"]]
    assert sorted(served) == ["m01", "m02"]
    places = {one.member: one.why["place"] for one in walk.claims(run, "money")}
    assert places == {"m01": 1, "m02": 2, "m03": 3}
    refused = next(one for one in walk.claims(run, "money") if one.member == "m03")
    assert refused.why["said"] == "budget purse has not 300.00 left in 2027"
    assert refused.why["order"] == [["highest work.urgent", False], ["lowest work.submitted_at", AT.date().isoformat()]]
    account = memory.resources.accounts("village", "purse")[0]
    assert (account.granted, account.spent, account.left) == (100_000, 90_000, 10_000)
    assert dict(account.lines) == {"cook": 30_000, "newcomer": 60_000}
    spent = fact_of(memory, "spent")
    assert sorted(one.fields["amount"] for one in spent) == [30_000, 60_000]


def test_money_that_is_only_laid_by_comes_back_when_the_run_ends(memory: Any, walk: Walk) -> None:
    run = walk.start("lay-by")
    walk.open(run, "money", AT)
    assert walk.check(run, "money", AT, due=True).outcome == "done"
    other = walk.start("lay-by")
    walk.open(other, "money", AT)
    assert walk.check(other, "money", AT, due=True).outcome == "short"

    walk.finish(run, AT + DAY)
    walk.finish(run, AT + DAY)
    walk.finish(other, AT + DAY, "cancel")

    assert memory.resources.accounts("village", "purse")[0].left == 100_000
    assert fact_of(memory, "spent") == []


def test_a_right_needs_its_form_and_there_are_only_so_many(memory: Any, walk: Walk) -> None:
    for who in ("m02", "m03", "m04"):
        promise(memory, who)
    runs = {who: walk.start("keep-early", who) for who in ("m01", "m02", "m03", "m04")}
    for run in runs.values():
        walk.open(run, "given", AT)
    asked = memory.inbox.find("village", member="m01")
    assert [item.form for item in asked] == ["promise"]
    walk.check(runs["m02"], "given", TEN)

    states = {who: walk.claims(run, "given")[0].state for who, run in runs.items()}
    assert states == {"m01": "waiting", "m02": "served", "m03": "served", "m04": "waiting"}
    assert walk.claims(runs["m01"], "given")[0].why["said"] == "m01 has not filled in promise"
    assert walk.claims(runs["m04"], "given")[0].why["said"] == "all 2 early are held"
    holders = {one.member for one in memory.effects.holdings("village") if one.item == "early"}
    assert holders == {"m02", "m03"}
    for run in runs.values():
        walk.finish(run, TEN + DAY)
    assert {one.member for one in memory.effects.holdings("village", at=TEN + 2 * DAY)} == {"m02", "m03"}


def test_a_benefit_is_used_so_often_in_a_period_and_no_more(memory: Any, walk: Walk) -> None:
    outcomes = []
    for day in range(3):
        run = walk.start("right-oven", "m02", at=AT + day * DAY)
        walk.open(run, "given", AT + day * DAY)
        outcomes.append(walk.check(run, "given", AT + (day + 3) * DAY, due=True).outcome)
        walk.finish(run, AT + (day + 3) * DAY)

    assert outcomes == ["done", "done", "short"]
    assert memory.resources.uses("village", "oven", "2027-Q1") == {"m02": 2}
    spring = AT.replace(month=4)
    run = walk.start("right-oven", "m02", at=spring)
    walk.open(run, "given", spring)
    assert walk.check(run, "given", spring).outcome == "done"
    walk.finish(run, spring)
    assert memory.resources.uses("village", "oven", "2027-Q2") == {"m02": 1}


def test_pieces_are_lent_come_back_and_the_keeper_is_told_once_that_few_are_left(memory: Any, walk: Walk) -> None:
    run = walk.start("mugs")
    walk.open(run, "in", AT)
    for who in ("m02", "m03"):
        walk.now += HOUR
        walk.desk.enrol(run.id, member=who, fields={})
    walk.check(run, "in", AT + 5 * DAY, due=True)
    walk.open(run, "lent", AT + 5 * DAY)

    assert walk.check(run, "lent", AT + 5 * DAY, due=True).outcome == "short"

    assert walk.results(run, "lent") == {"served": ["m02"], "unserved": ["m03"]}
    orders = [item for item in memory.inbox.find("village", role="clerk") if item.id.startswith("reorder/")]
    assert [item.title["en"] for item in orders] == ["Order more mug: 1 left"]
    walk.finish(run, AT + 6 * DAY)
    left = {one.account: one.amount for one in memory.effects.balances("village", "stock")}
    assert left == {"mug": 3}


def test_every_gift_is_one_parcel_and_a_late_one_is_noticed_once(memory: Any, walk: Walk) -> None:
    runs = [walk.start("thanks", who) for who in ("m02", "m03")]
    for run in runs:
        walk.open(run, "mug", AT)
        walk.open(run, "mug", AT)  # tried again after a crash

    parcels = memory.resources.parcels("village")
    assert [(one.member, one.item, one.due) for one in parcels] == [
        ("m02", "mug", AT + 3 * DAY),
        ("m03", "mug", AT + 3 * DAY),
    ]
    items = [item for item in memory.inbox.find("village", role="clerk") if not item.id.startswith("reorder/")]
    assert [bool(item.escalate and item.remind_at) for item in items] == [True, True]
    memory.inbox.complete("village", parcels[0].key, outcome="done", fields={}, by="ann", at=AT + DAY)
    assert [one.member for one in memory.resources.parcels("village", open_only=True)] == ["m03"]
    assert memory.resources.late("village", at=AT + 2 * DAY) == []
    assert [one.member for one in memory.resources.late("village", at=AT + 4 * DAY)] == ["m03"]
    assert memory.resources.late("village", at=AT + 5 * DAY) == []
    assert memory.resources.accounts("village", "purse")[0].spent == 1_000

    for run in runs:
        walk.finish(run, AT + 6 * DAY, "cancel")

    left = {one.account: one.amount for one in memory.effects.balances("village", "stock")}
    assert left == {"mug": 2}  # m02's has been posted
    back = [item for item in memory.inbox.find("village", role="clerk") if item.id.endswith("#get-back")]
    assert [item.about for item in back] == ["m02"]
    assert memory.resources.accounts("village", "purse")[0].spent == 500
    assert memory.resources.posted("village", [parcels[1].key], by="ann", at=AT + 7 * DAY, tracking=None) == 0


def test_whoever_asks_for_less_than_nothing_gets_nothing_and_stands_in_nobodys_way(memory: Any, walk: Walk) -> None:
    run = walk.start("fund")
    walk.open(run, "wishes")
    for who, amount in (("m02", "-5.00 EUR"), ("m03", "-0.50 EUR"), ("m04", "12.05 EUR")):
        walk.desk.submit(run.id, "wishes", member=who, fields={"amount": amount, "urgent": False})
    walk.check(run, "wishes", AT + 5 * DAY, due=True)

    walk.open(run, "money", AT + 5 * DAY)

    assert sorted(one.amount for one in walk.claims(run, "money")) == [0, 0, 1_205]
    assert memory.resources.accounts("village", "purse")[0].spent == 1_205


@pytest.mark.parametrize(
    ("kind", "said", "amount"), [("budget", "12.5", 1_250), ("budget", "12", 1_200), ("stock", "2.5", 2)]
)
def test_an_amount_may_be_a_plain_number(memory: Any, kind: str, said: str, amount: int) -> None:
    spec = memory.specs.current("village")
    allocation = Allocation(memory.house, spec, Known(memory.house, spec, AT))
    work = Work(community="village", id="w", run="r", phase="p", visit=1, author="m01", at=AT, fields={"n": said})
    demand = Demand(kind=kind, resource="any", each=FromField(field="n"), book=None, spend=True)

    assert allocation._amount(demand, work) == amount
