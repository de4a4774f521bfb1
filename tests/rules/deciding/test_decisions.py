"""Decisions chain, rules act as often as they may, and waits are over when their time is through."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rules.condition import Fixed
from rules.decision import FIRST, Decision, Reason, canonical, chained, in_order
from rules.firing import Fired, Rule, may_act
from rules.lasting import Waiting
from rules.time import Duration, WorkCalendar
from tests.rules.deciding.communities import sample

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2027, 3, 1, 4, tzinfo=UTC)
ONE = Decision(
    "m1", "tier", "promote", "base", "active", (Reason("posts", "30d", 6, "at_least", 6, True),), "sha256:0", AT
)


def test_the_canonical_text_is_the_same_in_every_zone() -> None:
    assert canonical(ONE) == canonical(replace(ONE, at=AT.astimezone(ZONE)))
    assert b'"truth":"true"' in canonical(ONE)


def test_a_chain_tells_every_change_before_it() -> None:
    other = replace(ONE, member="m2")
    chain = chained(chained(FIRST, ONE), other)
    assert chain != chained(chained(FIRST, replace(ONE, to="core")), other)
    assert chain != chained(chained(FIRST, other), ONE)
    assert len(chain) == 64


def test_decisions_are_sorted_by_member_then_rule() -> None:
    some = [replace(ONE, member="m2"), replace(ONE, rule="zeal"), ONE]
    assert [(d.member, d.rule) for d in in_order(some)] == [("m1", "tier"), ("m1", "zeal"), ("m2", "tier")]


@pytest.mark.parametrize(
    ("once", "last", "acts"),
    [
        ("ever", None, True),
        ("ever", Fired(AT - timedelta(days=900), False), False),
        ("spell", Fired(AT - timedelta(days=1), True), False),
        ("spell", Fired(AT - timedelta(days=1), False), True),
        (Duration(90, "d"), Fired(AT - timedelta(days=89), False), False),
        (Duration(90, "d"), Fired(AT - timedelta(days=90), True), True),
    ],
)
def test_a_rule_acts_again_when_it_may(once: object, last: Fired | None, acts: bool) -> None:
    rule = Rule("r", "r", None, "member", Fixed(True), once, 100, "")  # type: ignore[arg-type]
    assert may_act(rule, last, AT, ZONE) is acts


@pytest.mark.parametrize(
    ("duration", "at", "days"),
    [
        (Duration(14, "d"), AT, 14),
        (Duration(2, "w"), AT, 14),
        (Duration(12, "h"), AT, 1),
        (Duration(30, "h"), AT, 2),
        (Duration(1, "mo"), datetime(2027, 3, 31, 4, tzinfo=UTC), 31),
        (Duration(1, "mo"), datetime(2027, 2, 28, 4, tzinfo=UTC), 28),
        (Duration(1, "y"), datetime(2028, 3, 1, 4, tzinfo=UTC), 366),
        (Duration(3, "mo"), datetime(2027, 5, 31, 4, tzinfo=UTC), 92),
    ],
)
def test_a_wait_ends_where_the_calendar_ends_it(duration: Duration, at: datetime, days: int) -> None:
    assert Waiting(duration, ZONE).days(at) == days


def test_a_wait_of_working_days_counts_the_working_days_of_the_calendar() -> None:
    auto = sample("auto")
    calendar = WorkCalendar(auto.calendars[auto.document.calendar])
    monday_evening = datetime(2027, 3, 15, 12, tzinfo=UTC)
    assert Waiting(Duration(1, "bd"), ZONE, calendar).days(monday_evening) == 3  # since Friday
