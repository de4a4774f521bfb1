"""Clock scale: `1d=1s` plays a day in a second, so that months can be rehearsed in minutes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Final

_WRITTEN = re.compile(r"([1-9][0-9]{0,4})(min|h|d|w)=([1-9][0-9]{0,4})(ms|s|min|h)")
_TICKS: Final = {"ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}
_SECONDS: Final = {"min": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class ClockScale:
    """How fast a rehearsed clock runs: `factor` virtual seconds in a real second."""

    factor: Fraction
    text: str

    @classmethod
    def parse(cls, text: str) -> ClockScale:
        """Read `1d=1s`, `1h=2s`, `1w=500ms`. Raises ValueError with what may be written instead."""
        match = _WRITTEN.fullmatch(text.replace(" ", ""))
        if match is None:
            raise ValueError(f"'{text}' is no clock scale; write it like 1d=1s, 1h=2s or 1d=500ms")
        virtual = int(match[1]) * _SECONDS[match[2]]
        return cls(Fraction(virtual * 1_000_000, int(match[3]) * _TICKS[match[4]]), text.replace(" ", ""))

    def __str__(self) -> str:
        return self.text

    def real(self, virtual: timedelta) -> timedelta:
        """How long one really waits for so much virtual time, to the microsecond."""
        return _scaled(virtual, 1 / self.factor)

    def virtual(self, real: timedelta) -> timedelta:
        """How much virtual time passes in so much real time, to the microsecond."""
        return _scaled(real, self.factor)


def _scaled(span: timedelta, by: Fraction) -> timedelta:
    ticks = span // timedelta(microseconds=1) * by
    return timedelta(microseconds=min(int(ticks), timedelta.max // timedelta(microseconds=1)))
