"""Stretches: which days a window surely and possibly covers, whatever the date, so that windows can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rules.time.duration import Duration
from rules.time.window import Window

EVER = 10**7
"""Days: longer than any history."""

_CALENDAR = {
    "this_week": (0, 0, 0, 6),
    "this_month": (0, 0, 0, 30),
    "this_year": (0, 0, 0, 365),
    "last_week": (1, 7, 7, 13),
    "last_month": (1, 31, 28, 61),
    "last_year": (1, 366, 365, 731),
}
_LENGTHS = {
    "this_week": (1, 7),
    "this_month": (1, 31),
    "this_year": (1, 366),
    "last_week": (7, 7),
    "last_month": (28, 31),
    "last_year": (365, 366),
}
_WITHIN = {("this_month", "this_year"), ("last_month", "all"), ("last_year", "all"), ("last_week", "all")}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A window in days ago, as far as it can be said of every date.

    Args:
        over: the window as written.
        until: how long ago it ended, as written.
        near: the latest day it may cover, and the latest it surely covers, in days ago.
        far: the earliest day it surely covers, and the earliest it may cover.
        length: the least and the most days it covers.
    """

    over: str
    until: str | None
    near: tuple[int, int]
    far: tuple[int, int]
    length: tuple[int, int]

    @property
    def since_entry(self) -> bool:
        """Whether it begins when the member entered a tier or stage."""
        return self.over in ("in_tier", "in_stage")

    @property
    def exact(self) -> bool:
        """Whether it covers the same days ago on every date."""
        return self.near[0] == self.near[1] and self.far[0] == self.far[1] and not self.since_entry

    def inside(self, other: Stretch) -> bool:
        """Whether every fact in this window is in the other, whatever the date."""
        if self.since_entry or other.since_entry:
            same = self.over == other.over or other.over == "all"
            return same and other.until is None and (self.until is None or other.over == "all")
        if self.until == other.until:
            if (self.over, other.over) in _WITHIN or other.over == "all":
                return True
            if _unit(self.over) is not None and _unit(self.over) == _unit(other.over):
                return Duration.parse(self.over).count <= Duration.parse(other.over).count
            whole = all(_whole_days(one.over) and not one.over.startswith("last_") for one in (self, other))
            if whole and self.length[1] <= other.length[0]:
                return True
        return other.near[1] <= self.near[0] and self.far[1] <= other.far[0]

    def apart(self, other: Stretch) -> bool:
        """Whether no fact can be in both."""
        if self.since_entry or other.since_entry:
            return False
        return self.far[1] < other.near[0] or other.far[1] < self.near[0]

    def ends_with(self, other: Stretch) -> bool:
        """Whether both end at the same moment."""
        return self.until == other.until and not any(one.over.startswith("last_") for one in (self, other))

    def makes(self, first: Stretch, second: Stretch) -> bool:
        """Whether two windows that do not overlap cover exactly this one."""
        if not (self.exact and first.exact and second.exact) or not all(
            _whole_days(one.over) for one in (self, first, second)
        ):
            return False
        late, early = (first, second) if first.near < second.near else (second, first)
        return late.near == self.near and early.far == self.far and early.near[0] == late.far[0] + 1


@lru_cache(maxsize=4096)
def stretch(over: str, until: str | None = None) -> Stretch:
    """The days that a window covers."""
    back = (0, 0) if until is None else _days(Duration.parse(until.removesuffix(" ago")))
    if over in _CALENDAR:
        near_low, near_high, far_low, far_high = _CALENDAR[over]
        return Stretch(
            over, until, (near_low + back[0], near_high + back[1]), (far_low + back[0], far_high + back[1]),
            _LENGTHS[over],
        )  # fmt: skip
    if over == "all" or over in ("in_tier", "in_stage"):
        least = EVER if over == "all" else 0
        return Stretch(over, until, back, (least, EVER), (max(least, 1), EVER))
    window = Window.parse(over, until)
    assert isinstance(window.over, Duration)
    if window.is_elapsed:
        hours = -(-window.over.seconds // 3600)
        most = hours // 23 + 1
        return Stretch(over, until, back, (hours // 25 - 1 + back[0], most + back[1]), (0, most + 1))
    low, high = _days(window.over)
    return Stretch(over, until, back, (low - 1 + back[0], high - 1 + back[1]), (low, high))


def _days(length: Duration) -> tuple[int, int]:
    """The least and the most days that a length can be."""
    match length.unit:
        case "d":
            return length.count, length.count
        case "w":
            return 7 * length.count, 7 * length.count
        case "mo":
            return max(28, length.count * 365 // 12 - 3), length.count * 366 // 12 + 3
        case _:
            return 365 * length.count, 366 * length.count


def _unit(over: str) -> str | None:
    try:
        return Duration.parse(over).unit
    except ValueError:
        return None


def _whole_days(over: str) -> bool:
    return _unit(over) not in ("h", "min")
