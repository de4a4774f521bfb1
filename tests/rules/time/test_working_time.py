"""Working time: weekends, holidays, days worked in exchange, and deadlines that count in it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.time import DAWN, FOREVER, Duration, WorkCalendar, add, deadline, moment, sla_times, subtract, wall_clock

SHANGHAI, BERLIN, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
ZONES = st.sampled_from([BERLIN, NEW_YORK, SHANGHAI])
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@dataclass
class Holiday:
    from_: str
    to: str


@dataclass
class Spec:
    work_days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri")
    hours: str = "09:00-18:30"
    holidays: tuple[Holiday, ...] = (Holiday("2027-02-05", "2027-02-11"), Holiday("2027-01-01", "2027-01-03"))
    worked: tuple[str, ...] = ("2027-01-30", "2027-02-20")
    valid_through: str = "2027-12-31"


@dataclass
class Escalation:
    after: str
    to: str


@dataclass
class Sla:
    finish: str
    claim: str | None = None
    calendar: str | None = None
    remind: tuple[str, ...] = ()
    escalate: tuple[Escalation, ...] = field(default=())


OFFICE = WorkCalendar(Spec())
NIGHTS = WorkCalendar(Spec(work_days=("sun",), hours="00:30-04:00", holidays=(), worked=()))
CALENDARS = st.sampled_from([OFFICE, NIGHTS])
WORKING = st.builds(Duration, st.integers(1, 60), st.sampled_from(["bd", "bh"]))


def at(text: str) -> datetime:
    return moment(text, SHANGHAI)


def later(start: str, duration: str) -> str:
    return str(wall_clock(add(at(start), Duration.parse(duration), SHANGHAI, OFFICE), SHANGHAI))[:16]


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2027-03-02 10:00", "1bd", "2027-03-03 10:00"),  # a Tuesday
        ("2027-03-05 10:00", "1bd", "2027-03-08 10:00"),  # over the weekend
        ("2027-03-06 11:00", "1bd", "2027-03-09 09:00"),  # Saturday stands still until Monday opens
        ("2027-03-05 20:00", "1bd", "2027-03-09 09:00"),  # so does Friday night
        ("2027-03-02 07:00", "1bd", "2027-03-03 09:00"),
        ("2027-03-02 10:00", "4bh", "2027-03-02 14:00"),
        ("2027-03-05 17:00", "4bh", "2027-03-08 11:30"),
        ("2027-03-05 14:30", "4bh", "2027-03-05 18:30"),  # just finished today
        ("2027-02-04 17:00", "2bh", "2027-02-12 09:30"),  # over Spring Festival
        ("2027-02-04 10:00", "1bd", "2027-02-12 10:00"),
        ("2027-02-19 10:00", "1bd", "2027-02-20 10:00"),  # a Saturday worked in exchange
        ("2027-01-29 10:00", "3bd", "2027-02-02 10:00"),
    ],
)
def test_working_time_leads_to(start, duration, end):
    assert later(start, duration) == end


def test_a_reminder_lies_before():
    assert subtract(at("2027-03-08 11:30"), Duration.parse("4bh"), SHANGHAI, OFFICE) == at("2027-03-05 17:00")
    assert subtract(at("2027-03-08 11:30"), Duration.parse("1bd"), SHANGHAI, OFFICE) == at("2027-03-05 11:30")
    assert subtract(at("2027-03-07 11:30"), Duration.parse("1bd"), SHANGHAI, OFFICE) == at("2027-03-04 18:30")


WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = WorkCalendar(Spec(work_days=WEEK, hours="00:00-24:00", holidays=(), worked=()))


@given(INSTANTS, st.integers(1, 60))
def test_where_every_hour_is_worked_working_time_is_time(now, count):
    hours, days = Duration(count, "bh"), Duration(count, "bd")

    assert add(now, hours, SHANGHAI, ALWAYS) == now + timedelta(hours=count)
    assert subtract(now, hours, SHANGHAI, ALWAYS) == now - timedelta(hours=count)
    assert add(now, days, SHANGHAI, ALWAYS) == now + timedelta(days=count)
    assert subtract(now, days, SHANGHAI, ALWAYS) == now - timedelta(days=count)


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2027-03-05 23:30", "1bh", "2027-03-08 00:30"),  # a Friday is worked until it is over
        ("2027-03-05 22:00", "2bh", "2027-03-06 00:00"),
        ("2027-03-06 11:00", "1bd", "2027-03-09 00:00"),
    ],
)
def test_hours_until_24_00_last_until_the_day_is_over(start, duration, end):
    whole_days = WorkCalendar(Spec(hours="00:00-24:00"))

    assert add(at(start), Duration.parse(duration), SHANGHAI, whole_days) == at(end)
    assert subtract(at("2027-03-08 00:00"), Duration.parse("1bd"), SHANGHAI, whole_days) == at("2027-03-05 00:00")


def test_a_calendar_knows_how_far_it_knows():
    assert OFFICE.covers(at("2027-12-31 23:00"), SHANGHAI)
    assert not OFFICE.covers(at("2028-01-01"), SHANGHAI)


@pytest.mark.parametrize(
    "spec",
    [
        Spec(hours="18:00-09:00"),
        Spec(work_days=()),
        Spec(holidays=(Holiday("2027-02-05", "2027-02-01"),)),
        Spec(worked=("2027-02-30",)),
    ],
)
def test_a_calendar_without_sense_is_refused(spec):
    with pytest.raises(ValueError):
        WorkCalendar(spec)


def test_absurd_working_time_ends_with_the_calendar_and_soon():
    assert add(at("2027-01-01"), Duration.parse("99999bd"), SHANGHAI, NIGHTS) > at("2400-01-01")
    never = WorkCalendar(Spec(holidays=(Holiday("0001-01-01", "9999-12-31"),), worked=()))
    assert add(at("9990-01-01"), Duration.parse("1bh"), SHANGHAI, never) == FOREVER
    assert subtract(at("0010-01-01"), Duration.parse("1bd"), SHANGHAI, never) == DAWN


SLAS = {
    "standard": Sla("2bd", claim="4bh", remind=("4bh", "5bd"), escalate=(Escalation("4bh", "role:director"),)),
    "soon": Sla("2h"),
    "odd": Sla("1bd", calendar="nights"),
}


def due(within, start="2027-03-05 17:00"):
    calendars = {"nights": Spec(work_days=("sun",), hours="00:30-04:00")}
    got = deadline(within, at(start), zone=SHANGHAI, calendar=OFFICE, slas=SLAS, calendars=calendars)
    return str(wall_clock(got, SHANGHAI))[:16]


@pytest.mark.parametrize(
    ("within", "end"),
    [
        ("3d", "2027-03-08 17:00"),
        ("2bd", "2027-03-09 17:00"),
        ("2027-04-01 10:00", "2027-04-01 10:00"),
        ("2027-04-01", "2027-04-02 00:00"),
        ("sla:standard", "2027-03-09 17:00"),
        ("sla:soon", "2027-03-05 19:00"),
        ("sla:odd", "2027-03-14 00:30"),
    ],
)
def test_a_deadline_is_a_duration_a_moment_or_a_service_level(within, end):
    assert due(within) == end


@pytest.mark.parametrize("within", ["sla:none", "soon", "2027-02-30 10:00"])
def test_a_deadline_that_is_none_is_refused(within):
    with pytest.raises(ValueError):
        due(within)


def test_a_service_level_reminds_and_hands_on():
    times = sla_times("standard", at("2027-03-05 17:00"), zone=SHANGHAI, calendar=Spec(), slas=SLAS)

    assert times.claim == at("2027-03-08 11:30")
    assert times.finish == at("2027-03-09 17:00")
    assert times.remind == (at("2027-03-09 13:00"),), "a reminder before it opened is left out"
    assert times.escalate == ((at("2027-03-10 11:30"), "role:director"),)


def test_a_service_level_with_a_calendar_nobody_wrote_is_refused():
    with pytest.raises(ValueError, match="no calendar 'nights'"):
        sla_times("odd", at("2027-03-05 17:00"), zone=SHANGHAI, calendar=OFFICE, slas=SLAS)


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=20)), WORKING, ZONES, CALENDARS)
def test_who_begins_later_is_due_later(now, wait, duration, zone, calendar):
    assert add(now, duration, zone, calendar) <= add(now + wait, duration, zone, calendar) or zone is not SHANGHAI


@given(INSTANTS, WORKING, st.integers(1, 30), ZONES, CALENDARS)
def test_more_work_takes_longer(now, duration, more, zone, calendar):
    longer = Duration(duration.count + more, duration.unit)

    assert now <= add(now, duration, zone, calendar) < add(now, longer, zone, calendar)


@given(INSTANTS, WORKING, ZONES)
def test_work_ends_in_working_hours(now, duration, zone):
    end = wall_clock(add(now, duration, zone, OFFICE), zone)

    assert "09:00" <= end.strftime("%H:%M") <= "18:30"
    assert OFFICE.is_worked(end.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal())


@given(INSTANTS, WORKING)
def test_back_and_forth_leads_home_from_working_time(now, duration):
    start = add(now, Duration(1, "bh"), SHANGHAI, OFFICE)

    there = add(start, duration, SHANGHAI, OFFICE)
    back = subtract(there, duration, SHANGHAI, OFFICE)

    assert add(back, duration, SHANGHAI, OFFICE) == there
    assert back >= start or duration.unit == "bd"
