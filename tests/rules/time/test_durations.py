"""Durations added to an instant, over months' ends and clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.time import DAWN, FOREVER, Duration, add, instant, local_day, moment, subtract, wall_clock
from rules.time.local import day_start, end_of

BERLIN, NEW_YORK, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")
APIA, LORD_HOWE = ZoneInfo("Pacific/Apia"), ZoneInfo("Australia/Lord_Howe")
ZONES = st.sampled_from([BERLIN, NEW_YORK, SHANGHAI, APIA, LORD_HOWE])
INSTANTS = st.datetimes(datetime(2005, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DURATIONS = st.builds(Duration, st.integers(1, 400), st.sampled_from(["min", "h", "d", "w", "mo", "y"]))


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return moment(text, zone)


@pytest.mark.parametrize("text", ["30min", "4h", "14d", "2w", "3mo", "1y", "3bd", "4bh"])
def test_a_duration_reads_as_it_is_written(text):
    assert str(Duration.parse(text)) == text


@pytest.mark.parametrize("text", ["", "3", "d", "0d", "03d", "-1d", "1.5h", "3m", "1 d", "100000d", "1D", "1d ", "1s"])
def test_anything_else_is_refused_in_words(text):
    with pytest.raises(ValueError, match="is no duration"):
        Duration.parse(text)


def test_a_bare_m_is_told_apart():
    with pytest.raises(ValueError, match="min or mo"):
        Duration.parse("3m")


def test_a_month_ends_on_its_last_day():
    assert add(at("2027-01-31 10:00"), Duration.parse("1mo"), BERLIN) == at("2027-02-28 10:00")
    assert add(at("2028-02-29 10:00"), Duration.parse("1y"), BERLIN) == at("2029-02-28 10:00")
    assert subtract(at("2027-03-31 10:00"), Duration.parse("1mo"), BERLIN) == at("2027-02-28 10:00")


def test_a_day_keeps_the_time_on_the_wall_and_hours_elapse():
    before = at("2027-03-27 12:00")

    assert add(before, Duration.parse("1d"), BERLIN) == at("2027-03-28 12:00")
    assert add(before, Duration.parse("1d"), BERLIN) - before == timedelta(hours=23)
    assert add(before, Duration.parse("24h"), BERLIN) == at("2027-03-28 13:00")


def test_a_time_that_is_skipped_is_the_first_after_the_gap():
    assert at("2027-03-28 02:30") == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert at("2027-03-14 02:30", NEW_YORK) == datetime(2027, 3, 14, 7, 0, tzinfo=UTC)
    assert add(at("2027-03-27 02:30"), Duration.parse("1d"), BERLIN) == at("2027-03-28 03:00")


def test_a_time_that_comes_twice_is_the_first():
    assert at("2027-10-31 02:30") == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert at("2027-11-07 01:30", NEW_YORK) == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)


def test_a_day_that_never_was_leads_to_the_next():
    assert day_start(local_day(at("2011-12-29 10:00", APIA), APIA) + 1, APIA) == at("2011-12-31 00:00", APIA)


def test_a_date_lasts_until_it_is_over():
    assert end_of("2027-03-28", BERLIN) == at("2027-03-29 00:00")
    assert end_of("2027-03-28 10:00", BERLIN) == at("2027-03-28 10:00")


@pytest.mark.parametrize("text", ["2027-02-30", "2027-13-01", "2027-01-01 24:00", "tomorrow", "2027-1-1"])
def test_a_moment_that_does_not_exist_is_refused(text):
    with pytest.raises(ValueError):
        moment(text, BERLIN)


def test_absurd_durations_end_with_the_calendar():
    for unit in ("min", "h", "d", "w", "mo", "y"):
        far = Duration(99_999, unit)
        assert at("2027-01-01") < add(at("2027-01-01"), far, BERLIN) <= FOREVER
        assert DAWN <= subtract(at("2027-01-01"), far, BERLIN) < at("2027-01-01")


def test_working_time_needs_a_calendar():
    with pytest.raises(ValueError, match="needs a calendar"):
        add(at("2027-01-01"), Duration.parse("1bd"), BERLIN)
    with pytest.raises(ValueError, match="only a calendar"):
        _ = Duration.parse("1bh").seconds


@given(INSTANTS, DURATIONS, ZONES)
def test_time_always_goes_on(now, duration, zone):
    later = add(now, duration, zone)

    assert later > now
    assert later.tzinfo is UTC


@given(INSTANTS, st.integers(1, 400), ZONES)
def test_days_keep_the_wall_clock_unless_it_is_skipped(now, days, zone):
    wall, later = wall_clock(now, zone), wall_clock(add(now, Duration(days, "d"), zone), zone)

    expected = wall + timedelta(days=days)
    assert later == expected or timedelta() < later - expected <= timedelta(days=1)


@given(st.datetimes(datetime(2005, 1, 1), datetime(2045, 1, 1)), ZONES)  # noqa: DTZ001
def test_the_instant_of_a_wall_clock_is_the_first_that_shows_it_or_later(wall, zone):
    found = instant(wall, zone)

    shown = wall_clock(found, zone)
    assert shown >= wall
    if shown == wall:
        assert all(wall_clock(found - timedelta(minutes=m), zone) != wall for m in (30, 60, 120))
    else:
        assert wall_clock(found - timedelta(seconds=1), zone) < wall
