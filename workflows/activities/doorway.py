"""Doorway: what every activity does at its door: beats while it works, and makes refusals final."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError

from operations.errors import Refusal
from rules.errors import RuleRefusal

PULSE = 2.0
"""Seconds between two signs of life of a running activity."""


@contextmanager
def refusing() -> Iterator[None]:
    """Refusals are final: they reach the workflow as errors that are not tried again."""
    try:
        yield
    except (Refusal, RuleRefusal) as refusal:
        raise ApplicationError(str(refusal), type=type(refusal).__name__, non_retryable=True) from refusal


@contextmanager
def alive() -> Iterator[None]:
    """Heartbeats from beside while the work goes on, so that a lost worker is noticed in seconds.

    A step that is taken beside its workflow needs none: it is lost only with that.
    """
    if activity.info().is_local:
        yield
        return
    over = threading.Event()

    def beat() -> None:
        while not over.wait(PULSE):
            activity.heartbeat()

    pulse = threading.Thread(target=contextvars.copy_context().run, args=(beat,), name="pulse", daemon=True)
    pulse.start()
    try:
        yield
    finally:
        over.set()
