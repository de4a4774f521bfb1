"""Windows: days include today, hours elapse, calendar windows follow the calendar."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.time import DAWN, Window, day_start, local_day, moment, to_date

BERLIN, NEW_YORK, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")
ZONES = st.sampled_from([BERLIN, NEW_YORK, SHANGHAI])
INSTANTS = st.datetimes(datetime(2005, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
OVERS = st.one_of(
    st.builds(lambda n, u: f"{n}{u}", st.integers(1, 500), st.sampled_from(["d", "w", "mo", "y", "h", "min"])),
    st.sampled_from(["all", "this_week", "last_week", "this_month", "last_month", "this_year", "last_year"]),
)
UNTILS = st.one_of(
    st.none(), st.builds(lambda n, u: f"{n}{u} ago", st.integers(1, 90), st.sampled_from(["d", "w", "mo", "y"]))
)


def dates(over, until=None, now="2027-03-31 15:00", zone=BERLIN, entered=None):
    first, last = Window.parse(over, until).days(moment(now, zone), zone, entered)
    return str(to_date(first)), str(to_date(last))


@pytest.mark.parametrize(
    ("over", "until", "first", "last"),
    [
        ("1d", None, "2027-03-31", "2027-03-31"),
        ("7d", None, "2027-03-25", "2027-03-31"),
        ("1w", None, "2027-03-25", "2027-03-31"),
        ("1mo", None, "2027-03-01", "2027-03-31"),
        ("1y", None, "2026-04-01", "2027-03-31"),
        ("this_week", None, "2027-03-29", "2027-03-31"),
        ("last_week", None, "2027-03-22", "2027-03-28"),
        ("this_month", None, "2027-03-01", "2027-03-31"),
        ("last_month", None, "2027-02-01", "2027-02-28"),
        ("this_year", None, "2027-01-01", "2027-03-31"),
        ("last_year", None, "2026-01-01", "2026-12-31"),
        ("7d", "7d ago", "2027-03-18", "2027-03-24"),
        ("1mo", "1mo ago", "2027-01-29", "2027-02-28"),
        ("last_month", "1mo ago", "2027-01-01", "2027-01-31"),
    ],
)
def test_windows_of_days(over, until, first, last):
    assert dates(over, until) == (first, last)


def test_a_day_window_begins_at_local_midnight_and_includes_today():
    now = moment("2027-03-28 15:00", BERLIN)

    start, end = Window.parse("1d").span(now, BERLIN)

    assert (start, end) == (moment("2027-03-28", BERLIN), moment("2027-03-29", BERLIN))
    assert end - start == timedelta(hours=23)


def test_hours_are_strictly_later_than_now_minus_them():
    now = moment("2027-03-28 15:00", BERLIN)

    start, end = Window.parse("12h").span(now, BERLIN)

    assert not start <= now - timedelta(hours=12) < end
    assert start <= now - timedelta(hours=12) + timedelta(microseconds=1) < end
    assert start <= now < end
    assert Window.parse("12h").days(now, BERLIN) is None


def test_hours_that_end_some_days_ago_end_with_that_local_day():
    start, end = Window.parse("12h", "7d ago").span(moment("2027-05-31 15:00", BERLIN), BERLIN)

    assert (start, end) == (moment("2027-05-24 12:00", BERLIN), moment("2027-05-25", BERLIN))


def test_since_entering_counts_from_that_local_day():
    entered = moment("2027-03-10 18:00", BERLIN)

    assert dates("in_tier", entered=entered) == ("2027-03-10", "2027-03-31")
    with pytest.raises(ValueError, match="entered"):
        dates("in_stage")


def test_a_window_that_ends_before_it_begins_is_empty():
    start, end = Window.parse("in_tier", "60d ago").span(
        moment("2027-03-31 15:00", BERLIN), BERLIN, moment("2027-03-10 18:00", BERLIN)
    )

    assert start == end


def test_all_begins_with_time_itself():
    assert Window.parse().span(moment("2027-03-31 15:00", BERLIN), BERLIN)[0] == DAWN
    assert Window.parse().span(moment("2027-03-31 15:00", BERLIN), BERLIN)[1] == moment("2027-04-01", BERLIN)


@pytest.mark.parametrize(
    ("over", "until"), [("3bd", None), ("4bh", None), ("30", None), ("7d", "7d"), ("7d", "7h ago")]
)
def test_what_is_no_window_is_refused(over, until):
    with pytest.raises(ValueError):
        Window.parse(over, until)


@given(INSTANTS, OVERS, UNTILS, ZONES)
def test_days_and_span_say_the_same(now, over, until, zone):
    window = Window.parse(over, until)
    start, end = window.span(now, zone)
    days = window.days(now, zone)

    assert str(window) == (over if until is None else f"{over}, {until}")
    assert start < end
    if days is not None:
        assert start == (DAWN if over == "all" else day_start(days[0], zone))
        assert end == day_start(days[1] + 1, zone)
        assert days[1] <= local_day(now, zone)
    if until is None and not over.startswith("last"):
        assert start <= now < end


@given(INSTANTS, st.integers(1, 500), ZONES)
def test_so_many_days_are_so_many_days(now, count, zone):
    first, last = Window.parse(f"{count}d").days(now, zone)

    assert last - first + 1 == count
