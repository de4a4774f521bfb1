"""What nobody has to think of: the end of a period, plan against spending, rights that rest, parcels and bikes late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operations.books import check_books
from operations.errors import Refusal
from operations.housekeeping import close_period, following, keep_house
from operations.known import Known
from operations.ports.standings import LIFECYCLE, First, Place
from operations.stocktaking import take_stock, use_benefit
from rules.spec import load
from tests.scarce.depot import AT, Walk, depot, found, promise
from workflows.phases import discover

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)


@pytest.fixture
def memory(remembered: Any) -> Iterator[Any]:
    community = found(remembered)
    yield remembered
    assert check_books(remembered.desk, community).findings == []


def pay(memory: Any, budget: str, amount: int, at: datetime, member: str = "m02") -> tuple[str, ...]:
    """Money out of a budget by an effect; the reasons if it is refused."""
    from operations.ports.effects import Deed
    from operations.prizes import charge_of

    details = {"amount": amount, **charge_of(memory.specs.current("village"), budget, at)}
    key = f"pay/{budget}/{at.isoformat()}/{amount}/{member}"
    done = memory.effects.do(
        "village", [Deed(key=key, kind="money", at=at, source=key, member=member, details=details)]
    )
    return tuple(reason for _, reason in done.refused)


def stock_of(memory: Any, at: datetime, resource: str | None = None) -> Any:
    community = memory.specs.current("village")
    return take_stock(memory.house, community, Known(memory.house, community, at), at=at, resource=resource)


def test_spending_stands_beside_the_plan_for_each_tier(memory: Any) -> None:
    pay(memory, "purse", 12_300, AT, "m01")
    pay(memory, "purse", 4_000, AT, "m02")
    pay(memory, "purse", 5_000, AT, "m03")

    state = stock_of(memory, AT, "purse").budgets[0]

    assert [(line.tier, line.planned, line.spent) for line in state.lines] == [
        ("newcomer", 70_000, 9_000),
        ("cook", 30_000, 12_300),
    ]
    assert (state.granted, state.spent, state.left) == (100_000, 21_300, 78_700)


def test_at_the_end_of_the_year_what_remains_lapses_and_nothing_can_be_spent_of_it_any_more(memory: Any) -> None:
    community = memory.specs.current("village")
    assert pay(memory, "purse", 30_000, AT) == ()
    assert pay(memory, "purse", 70_001, AT, "m03") == ("budget purse has not 700.01 left in 2027",)
    with pytest.raises(Refusal, match="is not over yet"):
        close_period(memory.desk, community, "purse", "2027", at=AT)
    new_year = datetime(2028, 1, 2, tzinfo=UTC)

    kept = keep_house(memory.desk, community, at=new_year)

    assert [(one.budget, one.period, one.left, one.carried_to) for one in kept.closed] == [
        ("purse", "2027", 70_000, None)
    ]
    assert keep_house(memory.desk, community, at=new_year).closed == ()
    assert pay(memory, "purse", 1, AT) == ("2027 of budget purse is closed",)
    states = {one.period: one for one in stock_of(memory, new_year, "purse").budgets}
    assert (states["2027"].lapsed, states["2027"].left) == (70_000, 0)
    assert states["2028"].left == 100_000


def test_what_remains_may_go_on_once_into_the_next_month_and_no_further(memory: Any) -> None:
    community = memory.specs.current("village")
    march, april, may, june = (datetime(2027, month, 10, tzinfo=UTC) for month in (3, 4, 5, 6))
    pay(memory, "pocket", 2_000, march)  # of 50.00, so 30.00 go on

    keep_house(memory.desk, community, at=april)
    assert pay(memory, "pocket", 7_000, april) == ()  # 30.00 + 50.00
    keep_house(memory.desk, community, at=may)
    keep_house(memory.desk, community, at=june)  # nothing was spent in May, so all of it goes on

    by_period = {one.period: one for one in memory.resources.accounts("village", "pocket")}
    assert (by_period["2027-03"].lapsed, by_period["2027-04"].carried) == (3_000, 3_000)
    assert (by_period["2027-04"].lapsed, by_period["2027-05"].carried) == (1_000, 1_000)
    assert (by_period["2027-05"].lapsed, by_period["2027-06"].carried) == (6_000, 5_000)
    assert by_period["2027-06"].left == 5_000


@pytest.mark.parametrize("per", ["year", "quarter", "once"])
def test_a_budget_may_be_given_another_rhythm_and_what_was_before_stays_as_it_is(memory: Any, per: str) -> None:
    files, _ = depot()
    head, pocket, tail = files["resources.yaml"].partition(b"id: pocket")
    files["resources.yaml"] = head + pocket + tail.replace(b"per: month", f"per: {per}".encode(), 1)
    before = load(files, discover()).community
    assert before is not None
    memory.specs.publish(files, before, message="otherwise", author="test", at=AT)
    pay(memory, "pocket", 2_000, AT)
    files, community = depot()
    memory.specs.publish(files, community, message="as before", author="test", at=AT)
    pay(memory, "pocket", 1_000, AT)

    kept = keep_house(memory.desk, community, at=datetime(2027, 5, 10, tzinfo=UTC))

    assert [one.period for one in kept.closed if one.budget == "pocket"] == ["2027-03", "2027-04"]
    left = {one.period: one.left for one in memory.resources.accounts("village", "pocket")}
    assert left.pop({"year": "2027", "quarter": "2027-Q1", "once": "once"}[per]) == 3_000


@pytest.mark.parametrize(
    ("per", "period", "after"),
    [("year", "2027", "2028"), ("quarter", "2027-Q4", "2028-Q1"), ("month", "2027-12", "2028-01")],
)
def test_one_period_follows_another(per: str, period: str, after: str) -> None:
    assert following(per, period) == after


def test_a_right_rests_while_its_condition_does_not_hold_and_cannot_be_used(memory: Any) -> None:
    community, walk, ten = memory.specs.current("village"), Walk(memory), AT + timedelta(hours=2)
    for who in ("m02", "m03"):
        promise(memory, who)
        run = walk.start("keep-early", who)
        walk.open(run, "given", AT)
        walk.check(run, "given", ten)
        walk.finish(run, ten)
    memory.standings.begin("village", [First(place=Place(member="m03", ladder=LIFECYCLE), at="gone")], at=ten)

    state = stock_of(memory, ten, "early").benefits[0]

    assert [(one.member, one.rests) for one in state.holders] == [("m02", False), ("m03", True)]
    known = Known(memory.house, community, ten)
    use_benefit(memory.house, community, known, "early", "m02", key="today", at=ten)
    use_benefit(memory.house, community, known, "early", "m02", key="today", at=ten)
    with pytest.raises(Refusal, match="has used early 1 times in 2027-03"):
        use_benefit(memory.house, community, known, "early", "m02", key="again", at=ten)
    with pytest.raises(Refusal, match="rests for m03"):
        use_benefit(memory.house, community, known, "early", "m03", key="m03", at=ten)
    with pytest.raises(Refusal, match="does not hold"):
        use_benefit(memory.house, community, known, "early", "m04", key="m04", at=ten)


def test_keepers_are_told_once_of_what_is_late(memory: Any) -> None:
    community, walk, ten = memory.specs.current("village"), Walk(memory), AT + timedelta(hours=2)
    walk.open(walk.start("thanks", "m02"), "mug", AT)
    ride = walk.start("lend", "m03")
    walk.open(ride, "ask-for", AT)
    walk.check(ride, "ask-for", ten)

    first = keep_house(memory.desk, community, at=ten + 4 * DAY)
    keep_house(memory.desk, community, at=ten + 5 * DAY)

    told = {item.title["en"] for item in memory.inbox.find("village", role="clerk")}
    assert {"mug for m02 is late", "red is not back from m03"} <= told
    assert len(first.late) == 1
    assert stock_of(memory, ten + 4 * DAY, "bikes").fleets[0].overdue == ("red",)
    walk.finish(ride, ten + 5 * DAY)
