"""Deadlines and rhythms: until when something must be done, and when something happens again."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from rules.time.duration import Duration
from rules.time.local import FOREVER, end_of, instant, wall_clock
from rules.time.working import CalendarSpec, WorkCalendar, add, subtract

_WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class EscalationSpec(Protocol):
    """To whom something is handed on, so long after it was due."""

    @property
    def after(self) -> str: ...
    @property
    def to(self) -> str: ...


class SlaSpec(Protocol):
    """What a service level of `sla/v1` says."""

    @property
    def calendar(self) -> str | None: ...
    @property
    def claim(self) -> str | None: ...
    @property
    def finish(self) -> str: ...
    @property
    def remind(self) -> Sequence[str]: ...
    @property
    def escalate(self) -> Sequence[EscalationSpec]: ...


class RhythmSpec(Protocol):
    """How often something happens: `{ every: week, day: mon, at: "06:00" }`."""

    @property
    def every(self) -> str: ...
    @property
    def day(self) -> str | int | None: ...
    @property
    def at(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class SlaTimes:
    """The instants a service level leads to for something opened at a given instant."""

    claim: datetime | None
    finish: datetime
    remind: tuple[datetime, ...]
    escalate: tuple[tuple[datetime, str], ...]


def deadline(
    within: str,
    opened_at: datetime,
    *,
    zone: ZoneInfo,
    calendar: CalendarSpec | WorkCalendar | None,
    slas: Mapping[str, SlaSpec],
    calendars: Mapping[str, CalendarSpec] | None = None,
) -> datetime:
    """Until when something lasts that opened then: a duration, a moment (a date: to its end), or `sla:id`.

    `calendar` is the community's; a service level may name another one of `calendars`. Raises ValueError when the
    text is none of these, or names a service level or calendar that is not there.
    """
    if within.startswith("sla:"):
        return sla_times(within[4:], opened_at, zone=zone, calendar=calendar, slas=slas, calendars=calendars).finish
    if within[4:5] == "-":
        return end_of(within, zone)
    return add(opened_at, Duration.parse(within), zone, _calendar(calendar))


def sla_times(
    sla: str,
    opened_at: datetime,
    *,
    zone: ZoneInfo,
    calendar: CalendarSpec | WorkCalendar | None,
    slas: Mapping[str, SlaSpec],
    calendars: Mapping[str, CalendarSpec] | None = None,
) -> SlaTimes:
    """When somebody should have taken it, when it is due, when to remind before and to whom to hand on after.

    Reminders that would lie before it opened are left out. Raises ValueError like `deadline`.
    """
    level = slas.get(sla)
    if level is None:
        raise ValueError(f"there is no service level '{sla}'")
    if level.calendar is not None:
        calendar = (calendars or {}).get(level.calendar)
        if calendar is None:
            raise ValueError(f"there is no calendar '{level.calendar}', which service level '{sla}' counts by")
    worked = _calendar(calendar)
    finish = add(opened_at, Duration.parse(level.finish), zone, worked)
    remind = (subtract(finish, Duration.parse(text), zone, worked) for text in level.remind)
    return SlaTimes(
        claim=None if level.claim is None else add(opened_at, Duration.parse(level.claim), zone, worked),
        finish=finish,
        remind=tuple(sorted(at for at in remind if at > opened_at)),
        escalate=tuple((add(finish, Duration.parse(e.after), zone, worked), e.to) for e in level.escalate),
    )


def next_time(rhythm: RhythmSpec, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first time of the rhythm later than `after`; None for `every: fact`, which no clock foretells.

    Absent, `at` is 00:00 and `day` the first: Monday, the 1st, January 1st. A day that a month does not have is its
    last one.
    """
    if rhythm.every == "fact":
        return None
    if rhythm.every == "hour":
        wall = wall_clock(after, zone)
        return (
            after
            + timedelta(hours=1)
            - timedelta(minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)
        )
    clock = time.fromisoformat(rhythm.at) if rhythm.at else time()
    begin = wall_clock(after, zone).date()
    for step in count(-1):
        day = _nth(rhythm, begin, step)
        if day is None:
            return FOREVER
        at = instant(datetime.combine(day, clock), zone)
        if at > after:
            return at
    return FOREVER


def _nth(rhythm: RhythmSpec, begin: date, step: int) -> date | None:
    """The day of the rhythm in the stretch so many stretches after the one `begin` lies in."""
    try:
        if rhythm.every == "day":
            return begin + timedelta(days=step)
        if rhythm.every == "week":
            weekday = _WEEK.index(rhythm.day) if isinstance(rhythm.day, str) else 0
            return begin + timedelta(days=7 * step + weekday - begin.weekday())
        if rhythm.every == "month":
            year, month = divmod(begin.year * 12 + begin.month - 1 + step, 12)
            return _on(year, month + 1, rhythm.day if isinstance(rhythm.day, int) else 1)
        month_day = rhythm.day if isinstance(rhythm.day, str) else "01-01"
        return _on(begin.year + step, int(month_day[:2]), int(month_day[3:]))
    except (OverflowError, ValueError):
        return None


def _on(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _calendar(spec: CalendarSpec | WorkCalendar | None) -> WorkCalendar | None:
    return spec if spec is None or isinstance(spec, WorkCalendar) else WorkCalendar(spec)
