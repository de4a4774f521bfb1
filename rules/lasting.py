"""Lasting: for how many local days something must have held, so that a grace, an observation or a cooldown is over."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rules.time import Duration, WorkCalendar, add, day_start, local_day, subtract, to_date, to_day
from rules.time.local import months_on


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long something must last, in the community's own calendar.

    Args:
        duration: how long.
        zone: whose days count.
        calendar: working days, for `3bd`.
    """

    duration: Duration
    zone: ZoneInfo
    calendar: WorkCalendar | None = None

    def days(self, at: datetime) -> int:
        """The least number of days: what began so many local days before `at` is over at `at`.

        Months and years end where the calendar ends them, so the number depends on the date.
        """
        today = local_day(at, self.zone)
        count, unit = self.duration.count, self.duration.unit
        match unit:
            case "d" | "w":
                return count * (7 if unit == "w" else 1)
            case "min" | "h":
                return -(-self.duration.seconds // 86_400)
            case "mo" | "y":
                return _months(today, count * (12 if unit == "y" else 1))
            case "bd" | "bh":
                return self._working(at, today)

    def _working(self, at: datetime, today: int) -> int:
        if self.calendar is None:
            return self.duration.count
        days = max(0, today - local_day(subtract(at, self.duration, self.zone, self.calendar), self.zone) - 1)
        while add(day_start(today - days, self.zone), self.duration, self.zone, self.calendar) > at:
            days += 1
        return days


def _months(today: int, months: int) -> int:
    begun = _on(today, -months)
    while _on(begun + 1, months) <= today:
        begun += 1
    return today - begun


def _on(day: int, months: int) -> int:
    return to_day(months_on(to_date(day), months).isoformat())
