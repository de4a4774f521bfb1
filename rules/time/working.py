"""Working calendars: which hours are worked, and where so many working hours or days lead.

Time outside working hours stands still: a span that begins on a Saturday begins, in effect, when Monday opens. Hours
are counted on the wall. A working day on is the same time of day on the next day that is worked. Hours that end at
24:00 last until the day is over.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from rules.time.duration import Duration
from rules.time.local import DAWN, EPOCH, FIRST_DAY, FOREVER, LAST_DAY, instant, to_date, to_day, wall_clock

_WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class HolidaySpec(Protocol):
    """Some days in a row on which nobody works."""

    @property
    def from_(self) -> str: ...
    @property
    def to(self) -> str: ...


class CalendarSpec(Protocol):
    """What a `calendar/v1` document says."""

    @property
    def work_days(self) -> Sequence[str]: ...
    @property
    def hours(self) -> str: ...
    @property
    def holidays(self) -> Sequence[HolidaySpec]: ...
    @property
    def worked(self) -> Sequence[str]: ...
    @property
    def valid_through(self) -> str: ...


class WorkCalendar:
    """Working time, from a calendar document. Raises ValueError when its hours or days make no sense."""

    def __init__(self, spec: CalendarSpec) -> None:
        opens, _, closes = spec.hours.partition("-")
        self._opens, self._closes = _of_day(opens), _of_day(closes)
        if self._opens >= self._closes:
            raise ValueError(f"working hours '{spec.hours}' end before they begin")
        self._weekdays = frozenset(_WEEK.index(day) for day in spec.work_days)
        if not self._weekdays:
            raise ValueError("a calendar needs at least one working day")
        self._worked = frozenset(to_day(day) for day in spec.worked)
        self._holidays = _merged([(to_day(h.from_), to_day(h.to)) for h in spec.holidays])
        self.valid_through: date = date.fromisoformat(spec.valid_through)

    def is_worked(self, day: int) -> bool:
        """Whether this local day (days since 1970-01-01) is a working day."""
        if day in self._worked:
            return True
        return (day + EPOCH - 1) % 7 in self._weekdays and not self._is_holiday(day)

    def _is_holiday(self, day: int) -> bool:
        place = bisect_right(self._holidays, (day, 10**9)) - 1
        return place >= 0 and day <= self._holidays[place][1]

    def covers(self, until: datetime, zone: ZoneInfo) -> bool:
        """Whether the calendar knows its holidays up to then (`valid_through`)."""
        return wall_clock(until, zone).date() <= self.valid_through

    def add(self, at: datetime, duration: Duration, zone: ZoneInfo) -> datetime:
        """The instant `duration` after `at`; working time by this calendar."""
        return add(at, duration, zone, self)

    def hours_on(self, at: datetime, hours: timedelta, zone: ZoneInfo) -> datetime:
        """The first instant at which so much working time has passed since `at` (or, negative, the last before it)."""
        wall, left = wall_clock(at, zone), abs(hours)
        forward = hours >= timedelta(0)
        for day in self._from(wall, 1 if forward else -1):
            opens, closes = self._bounds(day)
            begin, end = (max(wall, opens), closes) if forward else (opens, min(wall, closes))
            if begin >= end:
                continue
            if left <= end - begin:
                return _not_across(at, instant(begin + left if forward else end - left, zone), forward)
            left -= end - begin
        return FOREVER if forward else DAWN

    def days_on(self, at: datetime, days: int, zone: ZoneInfo) -> datetime:
        """The same time of day, so many working days after `at` (or before it, when negative)."""
        forward, left = days >= 0, abs(days)
        place: timedelta | None = None  # since midnight; a day is worked until 24:00 at the latest
        wall = wall_clock(at, zone)
        for day in self._from(wall, 1 if forward else -1):
            if place is None:
                opens, closes = self._bounds(day)
                if forward and wall < closes:
                    place = max(wall, opens) - _midnight(day)
                elif not forward and wall > opens:
                    place = min(wall, closes) - _midnight(day)
                continue
            left -= 1
            if left == 0:
                return instant(_midnight(day) + place, zone)
        return FOREVER if forward else DAWN

    def _from(self, wall: datetime, step: int) -> Iterator[int]:
        """The working days from a day on, in one direction, to the end of the calendar."""
        for day in count(wall.toordinal() - EPOCH, step):
            if not FIRST_DAY <= day <= LAST_DAY:
                return
            if self.is_worked(day):
                yield day

    def _bounds(self, day: int) -> tuple[datetime, datetime]:
        return _midnight(day) + self._opens, _midnight(day) + self._closes


def _midnight(day: int) -> datetime:
    """When a local day begins, on the wall."""
    return datetime.combine(to_date(day), time())


def _of_day(clock: str) -> timedelta:
    """A time of day such as `18:30`, or `24:00`, as the time since midnight."""
    if clock == "24:00":
        return timedelta(days=1)
    said = time.fromisoformat(clock)
    return timedelta(hours=said.hour, minutes=said.minute)


def add(at: datetime, duration: Duration, zone: ZoneInfo, calendar: WorkCalendar | None = None) -> datetime:
    """The instant that lies `duration` after `at`. Raises ValueError for working time without a calendar."""
    return _shift(at, duration, 1, zone, calendar)


def subtract(at: datetime, duration: Duration, zone: ZoneInfo, calendar: WorkCalendar | None = None) -> datetime:
    """The instant that lies `duration` before `at`, such as a reminder. Raises ValueError like `add`."""
    return _shift(at, duration, -1, zone, calendar)


def _shift(at: datetime, duration: Duration, sign: int, zone: ZoneInfo, calendar: WorkCalendar | None) -> datetime:
    if not duration.is_working or calendar is None:
        return duration.lead(at, zone, sign)
    if duration.unit == "bd":
        return calendar.days_on(at, sign * duration.count, zone)
    return calendar.hours_on(at, timedelta(hours=sign * duration.count), zone)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if first > last:
            raise ValueError("a holiday ends before it begins")
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out


def _not_across(at: datetime, then: datetime, forward: bool) -> datetime:
    """Keep a result on the right side of `at` in the hour that comes twice."""
    return max(at, then) if forward else min(at, then)
