"""Durations: `30min 4h 14d 2w 3mo 1y` and working time `3bd 4bh`, added to an instant as people mean them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

from rules.time.local import DAWN, FOREVER, instant, months_on, wall_clock

Unit = Literal["min", "h", "d", "w", "mo", "y", "bd", "bh"]

_WRITTEN = re.compile(r"([1-9][0-9]{0,4})(min|h|d|w|mo|y|bd|bh)")
_SECONDS: Final = {"min": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_592_000, "y": 31_536_000}


@dataclass(frozen=True, slots=True)
class Duration:
    """So many of a unit. `min` and `h` elapse, `d` and `w` are local days, `bd` and `bh` are working time."""

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `14d`. Raises ValueError with what may be written instead."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            hint = " (a bare m is no unit: write min or mo)" if text.endswith("m") else ""
            raise ValueError(f"'{text}' is no duration{hint}; write it like 30min, 4h, 14d, 2w, 3mo, 1y, 3bd or 4bh")
        return cls(int(match[1]), cast(Unit, match[2]))

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def is_working(self) -> bool:
        """Whether a working calendar is needed to know how long it is."""
        return self.unit in ("bd", "bh")

    @property
    def is_elapsed(self) -> bool:
        """Whether it is a fixed number of seconds, whatever the calendar and the clocks do."""
        return self.unit in ("min", "h")

    @property
    def seconds(self) -> int:
        """Its length where lengths are compared: a month counts as 30 days, a year as 365.

        Raises ValueError for working time, which has no length of its own.
        """
        if self.is_working:
            raise ValueError(f"'{self}' is working time; only a calendar says how long it is")
        return self.count * _SECONDS[self.unit]

    def lead(self, at: datetime, zone: ZoneInfo, times: int = 1) -> datetime:
        """The instant so many times this far from `at`; negative `times` lead back. Not for working time (ValueError).

        Days keep the time on the wall, months and years end on the month's last day at the latest.
        """
        count = self.count * times
        try:
            if self.is_elapsed:
                return min(max(at + timedelta(seconds=times * self.seconds), DAWN), FOREVER)
            wall = wall_clock(at, zone)
            if self.unit in ("mo", "y"):
                day = months_on(wall.date(), count * (12 if self.unit == "y" else 1))
                return instant(datetime.combine(day, wall.time()), zone)
            if self.unit in ("d", "w"):
                return instant(wall + timedelta(days=count * (7 if self.unit == "w" else 1)), zone)
        except OverflowError:
            return FOREVER if times > 0 else DAWN
        raise ValueError(f"'{self}' is working time and needs a calendar")
