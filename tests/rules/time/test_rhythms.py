"""Rhythms and the scaled clock of rehearsals."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.time import FOREVER, ClockScale, moment, next_time, wall_clock

BERLIN, NEW_YORK, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")
INSTANTS = st.datetimes(datetime(2005, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@dataclass
class Rhythm:
    every: str
    day: str | int | None = None
    at: str | None = None


def after(now, *rhythm):
    return str(wall_clock(next_time(Rhythm(*rhythm), moment(now, BERLIN), BERLIN), BERLIN))[:16]


@pytest.mark.parametrize(
    ("now", "rhythm", "then"),
    [
        ("2027-03-10 15:20", ("hour",), "2027-03-10 16:00"),
        ("2027-03-10 15:00", ("hour",), "2027-03-10 16:00"),
        ("2027-03-10 05:00", ("day", None, "06:00"), "2027-03-10 06:00"),
        ("2027-03-10 06:00", ("day", None, "06:00"), "2027-03-11 06:00"),
        ("2027-03-27 06:00", ("day", None, "02:30"), "2027-03-28 03:00"),
        ("2027-03-10 06:00", ("day",), "2027-03-11 00:00"),
        ("2027-03-10 06:00", ("week", "mon", "09:00"), "2027-03-15 09:00"),
        ("2027-03-10 06:00", ("week", "wed", "09:00"), "2027-03-10 09:00"),
        ("2027-03-10 06:00", ("week",), "2027-03-15 00:00"),
        ("2027-01-31 06:00", ("month", 31, "05:00"), "2027-02-28 05:00"),
        ("2027-03-10 06:00", ("month",), "2027-04-01 00:00"),
        ("2027-03-10 06:00", ("year", "03-08", "10:00"), "2028-03-08 10:00"),
        ("2027-03-10 06:00", ("year", "02-29", "10:00"), "2028-02-29 10:00"),
        ("2026-03-10 06:00", ("year", "02-29", "10:00"), "2027-02-28 10:00"),
        ("2027-03-10 06:00", ("year",), "2028-01-01 00:00"),
    ],
)
def test_the_next_time(now, rhythm, then):
    assert after(now, *rhythm) == then


def test_no_clock_foretells_a_fact():
    assert next_time(Rhythm("fact"), moment("2027-03-10", BERLIN), BERLIN) is None


def test_at_the_end_of_time_nothing_comes():
    assert next_time(Rhythm("year"), datetime(9999, 12, 30, tzinfo=UTC), BERLIN) == FOREVER


@given(
    INSTANTS,
    st.sampled_from(["hour", "day", "week", "month", "year"]),
    st.sampled_from([None, "00:00", "02:30", "23:59"]),
    st.sampled_from([BERLIN, NEW_YORK, SHANGHAI]),
)
def test_a_rhythm_never_stands_still(now, every, clock, zone):
    longest = {"hour": 1, "day": 25, "week": 24 * 8, "month": 24 * 32, "year": 24 * 367}[every]

    then = next_time(Rhythm(every, at=clock), now, zone)

    assert timedelta() < then - now <= timedelta(hours=longest)


@pytest.mark.parametrize(
    ("text", "factor"),
    [("1d=1s", 86_400), ("1h=2s", 1_800), ("1w=500ms", 1_209_600), ("1min=1min", 1), ("1d = 1s", 86_400)],
)
def test_a_scale_says_how_much_faster(text, factor):
    assert ClockScale.parse(text).factor == factor


@pytest.mark.parametrize("text", ["", "1d", "1d=0s", "0d=1s", "1mo=1s", "1d=1d", "1m=1s", "1d:1s"])
def test_what_is_no_scale_is_refused(text):
    with pytest.raises(ValueError, match="no clock scale"):
        ClockScale.parse(text)


def test_a_scale_goes_both_ways():
    scale = ClockScale.parse("1d=1s")

    assert scale.real(timedelta(days=30)) == timedelta(seconds=30)
    assert scale.virtual(timedelta(milliseconds=500)) == timedelta(hours=12)
    assert scale.virtual(timedelta.max) <= timedelta.max
    assert str(scale) == "1d=1s"
