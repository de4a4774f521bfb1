"""Waiting: for a condition, never for a time; whoever waits in vain is told for what."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def patiently(condition: Callable[[], T], within: float = 60.0, pause: float = 0.02) -> T:
    """Look until a condition gives something true, at most `within` seconds; what it gave last, true or not."""
    until = time.monotonic() + within
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(pause)
    return found


def eventually(condition: Callable[[], T], within: float = 60.0, pause: float = 0.02) -> T:
    """Look until a condition gives something true, and return that; the test fails after `within` seconds."""
    found = patiently(condition, within, pause)
    if not found:
        pytest.fail(f"not within {within} s: {condition}, last {found!r}")
    return found
