"""Waiting: for a condition, never for a time; whoever waits in vain is told for what."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def eventually(condition: Callable[[], T], within: float = 60.0, pause: float = 0.02) -> T:
    """Look until a condition gives something true, and return that; the test fails after `within` seconds."""
    until = time.monotonic() + within
    while not (found := condition()):
        if time.monotonic() > until:
            pytest.fail(f"not within {within} s: {condition}, last {found!r}")
        time.sleep(pause)
    return found
