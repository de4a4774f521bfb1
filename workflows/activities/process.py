"""Doorways of the process workflow: read the course of a run, open a phase, check it, end the run."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError

from operations.errors import Refusal
from rules.errors import RuleRefusal
from workflows import steps
from workflows.conduct import Conduct
from workflows.course import Course
from workflows.steps import Checked, CheckPhase, Finished, FinishRun, Opened, OpenPhase, ReadCourse

PULSE = 2.0
"""Seconds between two signs of life of a running activity."""


class ProcessActivities:
    """The activities of `workflows.process`, with their ports."""

    def __init__(self, conduct: Conduct) -> None:
        self._conduct = conduct

    @activity.defn(name=steps.READ_COURSE)
    def read_course(self, asked: ReadCourse) -> Course:
        """The way of the run through its phases."""
        with refusing():
            return self._conduct.course(asked.run)

    @activity.defn(name=steps.OPEN_PHASE)
    def open_phase(self, asked: OpenPhase) -> Opened:
        """Open a phase, or skip it."""
        with refusing(), alive():
            return self._conduct.open(asked)

    @activity.defn(name=steps.CHECK_PHASE)
    def check_phase(self, asked: CheckPhase) -> Checked:
        """Say whether a phase is over, and conclude it if it is."""
        with refusing(), alive():
            return self._conduct.check(asked)

    @activity.defn(name=steps.FINISH_RUN)
    def finish_run(self, asked: FinishRun) -> Finished:
        """End the run."""
        with refusing(), alive():
            return self._conduct.finish(asked)


@contextmanager
def refusing() -> Iterator[None]:
    """Refusals are final: they reach the workflow as errors that are not tried again."""
    try:
        yield
    except (Refusal, RuleRefusal) as refusal:
        raise ApplicationError(str(refusal), type=type(refusal).__name__, non_retryable=True) from refusal


@contextmanager
def alive() -> Iterator[None]:
    """Heartbeats while the work goes on, so that a lost worker is noticed in seconds."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(PULSE):
            activity.heartbeat()

    pulse = threading.Thread(target=contextvars.copy_context().run, args=(beat,), daemon=True)
    pulse.start()
    try:
        yield
    finally:
        over.set()
