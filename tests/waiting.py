"""Waiting: for a condition, never for a time; and clocks that leave people their time on a busy machine."""

import math
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")

PATIENCE = 300.0
"""Seconds that anything may take on a slow machine; whoever waits sees what comes at once."""
_QUIET = 0.02
"""Seconds that `pace` takes to look on a quiet machine."""


def patiently(condition: Callable[[], T], within: float = PATIENCE, pause: float = 0.02) -> T:
    """Look until a condition gives something true, at most `within` seconds; what it gave last, true or not."""
    until = time.monotonic() + within
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(pause)
    return found


def eventually(condition: Callable[[], T], within: float = PATIENCE, pause: float = 0.02) -> T:
    """Look until a condition gives something true, and return that; the test fails after `within` seconds."""
    found = patiently(condition, within, pause)
    if not found:
        pytest.fail(f"not within {within} s: {condition}, last {found!r}")
    return found


def pace(scale: str) -> str:
    """A clock (`1d=250ms`) that is slower by as much as this machine is than a quiet one, up to fourfold.

    For tests in which people act by hand before the run goes on: they get as many breaths there as here.
    """
    began = time.perf_counter()
    sum(range(1_000_000))
    slower = min(4, math.ceil((time.perf_counter() - began) / _QUIET))
    of, _, short = scale.partition("=")
    number = short.rstrip("ms")
    return f"{of}={int(number) * slower}{short.removeprefix(number)}"
