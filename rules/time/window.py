"""Windows: which stretch of time `over: 90d, until: 7d ago` means at a given moment.

Windows of days begin and end with local days, today included; `12h` and `30min` are elapsed time, strictly later than
now minus it. Spans are half-open pairs of UTC instants, days are numbers since 1970-01-01.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rules.time.duration import Duration
from rules.time.local import DAWN, EPOCH, FIRST_DAY, day_start, local_day, months_on, to_date

CALENDAR_WINDOWS: Final = ("this_week", "last_week", "this_month", "last_month", "this_year", "last_year")
ENTRY_WINDOWS: Final = ("in_tier", "in_stage")
WINDOWS: Final = ("all", *CALENDAR_WINDOWS, *ENTRY_WINDOWS)

_AGO = re.compile(r"([1-9][0-9]{0,4})(d|w|mo|y) ago")
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that ends now, or at the end of the local day `until` ago."""

    over: Duration | str
    until: Duration | None = None

    @classmethod
    def parse(cls, over: str = "all", until: str | None = None) -> Window:
        """Read `90d` and `7d ago`. Raises ValueError with what may be written instead."""
        ends = None
        if until is not None:
            match = _AGO.fullmatch(until)
            if match is None:
                raise ValueError(f"'{until}' is no end of a window; write it like 7d ago")
            ends = Duration.parse(f"{match[1]}{match[2]}")
        if over in WINDOWS:
            return cls(over, ends)
        length = Duration.parse(over)
        if length.is_working:
            raise ValueError(f"'{over}' is working time; a window is written like 12h, 90d, 12w, 3mo, 1y or this_month")
        return cls(length, ends)

    def __str__(self) -> str:
        return str(self.over) if self.until is None else f"{self.over}, {self.until} ago"

    @property
    def since_entry(self) -> bool:
        """Whether it begins when the member entered the present tier or stage."""
        return self.over in ENTRY_WINDOWS

    @property
    def is_elapsed(self) -> bool:
        """Whether it is counted in hours and minutes instead of local days."""
        return isinstance(self.over, Duration) and self.over.is_elapsed

    def days(self, at: datetime, zone: ZoneInfo, entered: datetime | None = None) -> tuple[int, int] | None:
        """The first and last local day of the window, or None for elapsed time.

        `entered` is when the member entered the present tier or stage; its whole day counts. Raises ValueError when
        the window begins there and it is not given.
        """
        if isinstance(self.over, Duration):
            if self.over.is_elapsed:
                return None
            last = self._last_day(at, zone)
            return _first_day(self.over, last), last
        last = self._last_day(at, zone)
        if self.over == "all":
            return FIRST_DAY, last
        if self.over in ENTRY_WINDOWS:
            if entered is None:
                raise ValueError(f"a window '{self.over}' needs to know when the member entered")
            return local_day(entered, zone), last
        return _calendar_days(self.over, last)

    def span(self, at: datetime, zone: ZoneInfo, entered: datetime | None = None) -> tuple[datetime, datetime]:
        """From when (included) to when (excluded) the window lasts; empty windows end where they begin.

        A window of days lasts to the end of its last day: facts later than `at` on that day are inside. Raises
        ValueError like `days`.
        """
        if isinstance(self.over, Duration) and self.over.is_elapsed:
            end = at + _TICK if self.until is None else day_start(self._last_day(at, zone) + 1, zone)
            tick = _TICK if self.until is None else timedelta()
            return max(self.over.lead(end - tick, zone, -1) + tick, DAWN), end
        days = self.days(at, zone, entered)
        assert days is not None
        first, last = days
        start = DAWN if self.over == "all" else day_start(first, zone)
        return start, max(start, day_start(last + 1, zone))

    def _last_day(self, at: datetime, zone: ZoneInfo) -> int:
        today = local_day(at, zone)
        return today if self.until is None else _back(today, self.until)


def _back(day: int, length: Duration) -> int:
    if length.unit in ("mo", "y"):
        return _number(months_on(to_date(day), -length.count * (12 if length.unit == "y" else 1)))
    return max(day - length.count * (7 if length.unit == "w" else 1), FIRST_DAY)


def _first_day(length: Duration, last: int) -> int:
    return min(_back(last, length) + 1, last)


def _calendar_days(over: str, last: int) -> tuple[int, int]:
    which, unit = over.split("_")
    today = to_date(last)
    if unit == "week":
        this = last - today.weekday()
        before = this - 7
    elif unit == "month":
        this = last - today.day + 1
        before = _number(months_on(to_date(this), -1))
    else:
        this = _number(date(today.year, 1, 1))
        before = _number(months_on(to_date(this), -12))
    return (this, last) if which == "this" else (before, this - 1)


def _number(day: date) -> int:
    return day.toordinal() - EPOCH
