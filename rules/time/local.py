"""Local time: which instant a wall clock means, also on the two odd nights of the year.

Instants are timezone-aware UTC datetimes, days are whole numbers since 1970-01-01. When clocks go forward, a time
that does not exist is the first instant after the gap; when they go back, a time that comes twice is the first one.
Whatever lies before year 2 or after year 9998 is cut off there, so that a "99999y" is merely very long.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = date(1970, 1, 1).toordinal()
DAWN = datetime(2, 1, 1, tzinfo=UTC)
"""The beginning of the window `all`."""
FOREVER = datetime(9998, 12, 31, tzinfo=UTC)
"""What a duration leads to that is longer than the calendar."""
FIRST_DAY = DAWN.toordinal() - EPOCH
LAST_DAY = FOREVER.toordinal() - EPOCH

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d))?")
_FIRST_WALL, _LAST_WALL = (
    DAWN.replace(tzinfo=None) + timedelta(days=1),
    FOREVER.replace(tzinfo=None) - timedelta(days=1),
)
_SECOND = timedelta(seconds=1)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which a clock on the wall in `zone` shows `wall` (a naive datetime)."""
    if wall <= _FIRST_WALL:
        return DAWN
    if wall >= _LAST_WALL:
        return FOREVER
    late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return late
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    before = early.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + timedelta(seconds=(late - early) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def wall_clock(at: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall in `zone` shows at this instant, without zone."""
    return at.astimezone(zone).replace(tzinfo=None)


def local_day(at: datetime, zone: ZoneInfo) -> int:
    """The local day of an instant, in days since 1970-01-01."""
    return at.astimezone(zone).toordinal() - EPOCH


def day_start(day: int, zone: ZoneInfo) -> datetime:
    """The first instant of a local day (usually 00:00, later where that hour is skipped)."""
    return instant(datetime.combine(to_date(day), time()), zone)


def to_date(day: int) -> date:
    """A day number as a date; days outside the calendar are its first or last."""
    return date.fromordinal(min(max(day, FIRST_DAY), LAST_DAY) + EPOCH)


def to_day(text: str) -> int:
    """A date such as `2027-03-08` as a day number. Raises ValueError when there is no such day."""
    return date.fromisoformat(text).toordinal() - EPOCH


def months_on(day: date, months: int) -> date:
    """The same day of the month so many months later (or earlier), at most the month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if year < DAWN.year:
        return to_date(FIRST_DAY)
    if year > FOREVER.year:
        return to_date(LAST_DAY)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def moment(text: str, zone: ZoneInfo) -> datetime:
    """A moment such as `2027-03-08 10:00`, or the beginning of the day `2027-03-08`.

    Raises ValueError when it is not written so or there is no such day.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no moment; write it like 2027-03-08 10:00")
    clock = time.fromisoformat(match[2]) if match[2] else time()
    return instant(datetime.combine(date.fromisoformat(match[1]), clock), zone)


def end_of(text: str, zone: ZoneInfo) -> datetime:
    """Until when something goes on that ends on `text`: a moment itself, a date until the day is over."""
    if " " in text:
        return moment(text, zone)
    return day_start(to_day(text) + 1, zone)
