"""Hands: who does what a story needs done: Temporal, or a clock on paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from workflows.course import (
    Leg,
)
from workflows.steps import (
    Checked,
    CheckPhase,
    Opened,
    OpenPhase,
    StopPhases,
    Under,
)


class Hands(Protocol):
    """Who does what the story needs done."""

    def time(self, at: datetime) -> datetime:
        """The run's own time, at least `at`."""
        ...

    def logical(self, under: Under) -> datetime:
        """What time it is in the run while a phase is open."""
        ...

    async def open(self, asked: OpenPhase) -> Opened:
        """Open a phase, or skip it."""
        ...

    async def check(self, asked: CheckPhase) -> Checked:
        """Say whether a phase is over."""
        ...

    async def stop(self, asked: StopPhases) -> None:
        """End phases that others no longer wait for."""
        ...

    async def until(self, under: Under, goal: datetime, halted: Callable[[], bool]) -> bool:
        """Wait until a time of the run. True: it is here; False: something came in before, or `halted` became true."""
        ...

    async def in_turn(self, under: Under, behind: Callable[[], bool]) -> bool:
        """Where the run's time is not the wall's: wait as long as strands beside are behind the time that came.

        False: something came in before.
        """
        ...

    def came(self, under: Under) -> bool:
        """Whether something came in, in a phase that is open, and was not looked at yet."""
        ...

    def wake(self) -> None:
        """Somebody may be halted now: whoever waits looks."""
        ...

    def tell(self, leg: Leg, under: Under) -> None:
        """Say which phase is open and what it waits for."""
        ...

    def tell_pause(self, leg: Leg, until: datetime) -> None:
        """Say when the next round begins."""
        ...

    def must_rest(self) -> bool:
        """Whether the story has to be interrupted here, to be told on later."""
        ...

    def must_move(self) -> bool:
        """Whether the story is to be interrupted at a boundary of the run's own phases, to be told on elsewhere."""
        ...
