"""Together: how the branches of a `parallel` and the units of an `each` are told at the same time, and when it ends."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

from workflows.course import (
    CANCEL,
    END,
    LAPSED,
    SKIPPED,
    STOP,
    Leg,
    Walk,
    every_leg,
)
from workflows.steps import (
    Opened,
    Position,
    StopPhases,
)

if TYPE_CHECKING:
    from workflows.story import Story
    from workflows.strand import Strand


class Together:
    """The part of a strand that waits for the strands inside it."""

    at: datetime
    ended: str | None
    _story: Story
    _walk: Walk
    _units: tuple[int, ...]
    _apart: list[Strand]

    @abstractmethod
    async def _open(self, leg: Leg) -> Opened: ...

    @abstractmethod
    def _come_out(self, outcome: str) -> None: ...

    @abstractmethod
    def _apart_from(self, walk: Walk, at: datetime, units: tuple[int, ...], position: Position | None) -> Strand:
        """A strand inside this one."""

    async def _together(self, leg: Leg) -> bool:
        """Tell the branches or units of a phase, until enough of them have ended; then the others stop.

        False: halted before.
        """
        if not self._apart:
            opened = await self._open(leg)
            if opened.outcome in (SKIPPED, LAPSED):
                self._come_out(opened.outcome)
                return True
            self._apart = self._strands(leg, len(leg.branches) or opened.units)
            if not self._apart:
                self._come_out(leg.first)
                return True
        self._stop_others(leg)
        before: list[Strand | None] = [None, *self._apart] if leg.branches else [None] * len(self._apart)
        going = (
            self._tell(leg, strand, after)
            for strand, after in zip(self._apart, before, strict=False)
            if strand.ended is None
        )
        for failure in await asyncio.gather(*going, return_exceptions=True):
            if failure is not None:
                raise failure
        by = self._ended_by(leg)
        if self._story.resting or (by is None and any(strand.ended is None for strand in self._apart)):
            return False
        word = by.ended if by is not None else None
        over = by.at if by is not None else max((strand.at for strand in self._apart), default=self.at)
        left = [phase for strand in self._apart for phase in strand.open_phases]
        if left:
            await self._story.hands.stop(StopPhases(run=self._story.run, phases=tuple(left), at=over))
        self._apart, self.at = [], max(self.at, over)
        if word == LAPSED:
            self._come_out(LAPSED)
        elif word is not None and _ends_run(word):
            self._walk.end(word)
        else:
            self._walk.come_out(leg.first)
        return True

    async def _tell(self, leg: Leg, strand: Strand, after: Strand | None) -> None:
        """One of them, once the branch before it has begun; when it is over or fails, the others may have to stop."""
        with ExitStack() as undo:
            undo.callback(self._story.rest)  # what goes wrong here lets the others rest
            try:
                if after is not None:
                    await after._begun.wait()
                await strand.play()
            finally:
                strand._begun.set()
                strand._through = True
            undo.pop_all()
        self._stop_others(leg)
        if strand.ended is not None and leg.branches:
            branch = leg.branches[self._apart.index(strand)]
            self._story.passed(*(inner.id for inner in every_leg(branch.body)))

    def _stop_others(self, leg: Leg) -> None:
        by = self._ended_by(leg)
        if by is not None:
            for strand in self._apart:
                strand._last = by.at
            self._story.hands.wake()

    def _ended_by(self, leg: Leg) -> Strand | None:
        """The strand with which all of them are over; None while that takes all of them."""
        ended = [
            strand
            for number, strand in enumerate(self._apart)
            if strand.ended is not None
            and (
                strand.ended in (STOP, LAPSED)
                or _ends_run(strand.ended)
                or leg.ends_with == "first"
                or (bool(leg.branches) and leg.branches[number].id == leg.ends_with)
            )
        ]
        return min(ended, key=lambda strand: strand.at) if ended else None

    def _strands(self, leg: Leg, count: int, positions: Sequence[Position] = ()) -> list[Strand]:
        """The strands of an `each` or a `parallel`."""
        within, found = self._walk.scope, []
        for number in range(count):
            position = positions[number] if positions else None
            body, scope, units = leg.body, f"{within}{leg.id}.{number + 1}/", (*self._units, number + 1)
            if leg.branches:
                body, scope, units = leg.branches[number].body, within, self._units
            walk = Walk(self._story.course, position.frames if position else (), inside=body, within=scope)
            found.append(self._apart_from(walk, self.at, units, position))
        return found


def _ends_run(word: str) -> bool:
    return word in (END, CANCEL) or word.startswith(f"{END}:")
