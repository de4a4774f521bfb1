"""Reviews: the moments at which a ladder is looked at again, and from which of them on a fact counts, and to which."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from rules.time.local import local_day
from rules.time.schedule import RhythmSpec, next_time
from rules.time.window import Window

MOST = 50_000
"""Reviews of one history: 136 years of days."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Reviews:
    """The moments of reviews in order, numbered from 0, with the local day of each."""

    moments: tuple[datetime, ...]
    zone: ZoneInfo
    days: tuple[int, ...] = field(init=False)
    micros: pl.Series = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "days", tuple(local_day(moment, self.zone) for moment in self.moments))
        object.__setattr__(self, "micros", pl.Series([micros(moment) for moment in self.moments], dtype=pl.Int64))

    def __len__(self) -> int:
        return len(self.moments)

    def first_on(self, day: int) -> int:
        """The first review on a local day or later; their number when there is none."""
        return bisect_left(self.days, day)

    def first_at(self, moment: datetime) -> int:
        """The first review at a moment or later; their number when there is none."""
        return bisect_left(self.moments, moment)

    def spans(self, window: Window, cells: pl.DataFrame, *, dated: bool) -> pl.DataFrame:
        """From which review on (`enter`) a fact is inside a window, and from which on no more (`leave`).

        Args:
            window: of days, of the calendar or of hours; not since an entry.
            cells: `day` and `t` (microseconds) of each fact.
            dated: a date in the fact says when it counts; its own time does not matter.
        """
        if window.is_elapsed:
            ends = self._each(lambda at: window.span(at, self.zone)[1])
            starts = self._each(lambda at: window.span(at, self.zone)[0])
            enter, leave = ends.search_sorted(cells["t"], "right"), starts.search_sorted(cells["t"], "right")
        else:
            firsts, lasts = self._days_of(window)
            enter, leave = lasts.search_sorted(cells["day"], "left"), firsts.search_sorted(cells["day"], "right")
        found = cells.with_columns(enter.cast(pl.Int32).alias("enter"), leave.cast(pl.Int32).alias("leave"))
        if not dated:
            happened = self.micros.search_sorted(cells["t"], "left").cast(pl.Int32)
            found = found.with_columns(pl.max_horizontal("enter", pl.lit(happened)).alias("enter"))
        return found.filter(pl.col("enter") < pl.col("leave"))

    def last_days(self, window: Window) -> list[int]:
        """The last local day of a window at each review, to which a streak counts."""
        if window.is_elapsed:
            return list(self.days)
        return self._days_of(window)[1].to_list()

    def _days_of(self, window: Window) -> tuple[pl.Series, pl.Series]:
        days = [window.days(moment, self.zone, moment) or (0, 0) for moment in self.moments]
        return pl.Series([d[0] for d in days], dtype=pl.Int32), pl.Series([d[1] for d in days], dtype=pl.Int32)

    def _each(self, of: Callable[[datetime], datetime]) -> pl.Series:
        return pl.Series([micros(of(moment)) for moment in self.moments], dtype=pl.Int64)


def micros(moment: datetime) -> int:
    """A moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def reviews_between(rhythm: RhythmSpec, start: datetime, end: datetime, zone: ZoneInfo) -> Reviews:
    """All reviews of a rhythm later than `start`, up to the first at or after `end`; at most `MOST`."""
    moments: list[datetime] = []
    at = next_time(rhythm, start, zone)
    while at is not None and len(moments) < MOST:
        moments.append(at)
        at = None if at >= end else next_time(rhythm, at, zone)
    return Reviews(tuple(moments), zone)
