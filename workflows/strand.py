"""Strand: one strand of a story: the run itself, a branch of a `parallel`, a unit of an `each`."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from rules.errors import RuleRefusal
from workflows.course import (
    LAPSED,
    SKIPPED,
    At,
    Ending,
    Leg,
    RoundOver,
    Walk,
    every_leg,
)
from workflows.steps import (
    CheckPhase,
    Opened,
    OpenPhase,
    Position,
    Stopped,
    Under,
)
from workflows.together import Together

if TYPE_CHECKING:
    from workflows.story import Story

IN_A_UNIT = 1_000
"""One phase has fewer visits than so many in one unit of an `each`: their numbers tell in which unit they are."""
UNITS_WITHIN = 10_000
"""An `each` has fewer units than so many within one unit of another one."""


class TooOften(RuleRefusal):
    """A phase is entered more often than the numbers of its visits can tell apart."""


def visit_number(units: tuple[int, ...], count: int, phase: str = "It") -> int:
    """The number of a visit of a phase in its run: another one for each unit, of those that lie in one another, too.

    Args:
        units: numbers of the units it lies in, from 1, the outermost first.
        count: which visit of the phase in that unit it is, from 1.
        phase: what it is called, to say so.

    Raises:
        TooOften: its number would be that of another visit.
    """
    if units and count >= IN_A_UNIT:
        raise TooOften(
            f"{phase} is entered {count:,} times in one unit of an `each`, and {IN_A_UNIT - 1:,} times is the most",
            "end its rounds sooner, or give each unit a run of its own",
        )
    if any(number >= UNITS_WITHIN for number in units[1:]):
        raise TooOften(
            f"{phase} is in unit {max(units[1:]):,} of an `each` within another, and {UNITS_WITHIN - 1:,} is the most",
            "give each unit of the outer one a run of its own",
        )
    unit = 0
    for number in units:
        unit = unit * UNITS_WITHIN + number
    return unit * IN_A_UNIT + count


class Strand(Together):
    """One strand of a story: the run itself, a branch of a `parallel`, a unit of an `each`.

    Args:
        story: what it is a strand of.
        walk: where it is.
        at: the run's time here.
        units: numbers of the units it lies in, the outermost first.
        up: the strand that waits for it.
        position: where it stood when the story was interrupted.
    """

    def __init__(
        self,
        story: Story,
        walk: Walk,
        at: datetime,
        *,
        units: tuple[int, ...] = (),
        up: Strand | None = None,
        position: Position | None = None,
    ) -> None:
        self.at = position.at if position else at
        self.ended = position.ended if position else None
        self._last: datetime | None = None  # what comes later than this does not come any more
        self._story, self._walk, self._units, self._up = story, walk, units, up
        self._under = position.under if position else None
        self._again = position is not None and position.again and self._under is not None
        self._begun = asyncio.Event()  # its first phase is open, so that those beside it see it
        if position is not None:
            self._begun.set()
        self._apart: list[Strand] = []
        self._goal: datetime | None = None  # the time that it waits for
        self._through = False
        if position is not None and position.apart:
            here = walk.here()
            assert isinstance(here, At)
            self._apart = self._strands(here.leg, len(position.apart), position.apart)

    @property
    def position(self) -> Position:
        """Where it stands."""
        return Position(
            frames=self._walk.frames,
            at=self.at,
            under=self._under,
            apart=tuple(strand.position for strand in self._apart),
            ended=self.ended,
            again=self._again or (self._under is not None and self._story.hands.came(self._under)),
        )

    @property
    def open_phases(self) -> list[Stopped]:
        """Phases that are open in it and in the strands inside it."""
        if self.ended is not None:
            return []
        mine = [Stopped(phase=self._under.phase, visit=self._under.visit)] if self._under else []
        return [*mine, *(one for strand in self._apart for one in strand.open_phases)]

    def look_again(self, passed: frozenset[str]) -> bool:
        """Whoever takes works from phases that are over now looks again; whether there is anybody."""
        here = self._walk.here() if self.ended is None else None
        found = isinstance(here, At) and not passed.isdisjoint(here.leg.follows)
        self._again = self._again or found
        for strand in self._apart:
            found = strand.look_again(passed) or found
        return found

    def last(self) -> datetime | None:
        """The moment at which others have ended what it lies in, if they have: what is due by then still happens."""
        moments = [one for one in (self._last, self._up.last() if self._up else None) if one is not None]
        return min(moments, default=None)

    def halted(self, at: datetime) -> bool:
        """Whether it must not go on to a time of the run: the story rests, or it is over before."""
        last = self.last()
        return self._story.resting or (last is not None and at > last)

    def next(self) -> datetime | None:
        """The earliest time of the run at which it may still do something; None if it is over or halted."""
        if self.ended is not None or self._through:
            return None
        at = self._goal or self.at
        if self._apart:
            going = (strand.next() for strand in self._apart)
            ended = [strand._last or strand.at for strand in self._apart]
            at = min((one for one in going if one is not None), default=max(ended))
        return None if self.halted(at) else at

    def behind(self, at: datetime) -> bool:
        """Whether branches beside it may still do something before a time of the run, or those before it just then."""
        if self._up is None or self.halted(at):
            return False
        around = self._up._walk.here()
        if isinstance(around, At) and around.leg.branches:
            mine = self._up._apart.index(self)
            for number, beside in enumerate(self._up._apart):
                first = beside.next() if beside is not self else None
                if first is not None and (first, number) < (at, mine):
                    return True
        return self._up.behind(at)

    async def play(self) -> None:
        """Tell it until it has `ended`, or is halted."""
        while self.ended is None:
            here = self._walk.here()
            if isinstance(here, Ending):
                self.ended = here.word
                return
            if self._under is None and self._must_halt():
                return
            match here:
                case RoundOver(_, _, last=True):
                    self._walk.leave_rounds()
                case RoundOver(leg, _, _):
                    if not await self._await_round(leg):
                        return
                    await self._begin_round(leg)
                case At(leg) if leg.apart:
                    if not await self._together(leg):
                        return
                case At(leg) if leg.body:
                    await self._begin_round(leg)
                case At(leg):
                    if not await self._phase(leg):
                        return

    def _must_halt(self) -> bool:
        boundary = self._up is None and self._under is None and not self._apart
        if boundary and not self._story.resting and self._story.hands.must_move():
            self._story.rest()
        if not self._story.resting and self._story.hands.must_rest():
            self._story.rest()
        return self.halted(self.at)

    # ---------------------------------------------------------------------------------------------------------- phases
    async def _phase(self, leg: Leg) -> bool:
        """Open a phase and wait until it is over. False: halted, it stays open."""
        if self._under is None:
            opened = await self._open(leg)
            if opened.outcome is not None or opened.deadline is None:
                self._come_out(opened.outcome or leg.first)
                return True
            self._under = Under(
                phase=leg.id,
                visit=self._number(leg),
                opened_at=opened.at,
                real_at=opened.real_at,
                deadline=opened.deadline,
                look_at=opened.look_at,
                awaits=opened.awaits,
            )
        self._story.hands.tell(leg, self._under)
        outcome = await self._wait(self._under, keep=True)
        if outcome is None:
            return False
        self._under = None
        self._come_out(outcome)
        return True

    async def _wait(self, under: Under, *, keep: bool = False) -> str | None:
        """Wait for the deadline, for everything to be in, or for the next look, until the phase is over or all halts.

        `keep`: it is a phase that is open, and stays so when the story rests.
        """
        hands = self._story.hands
        while not self._must_halt():
            goal = under.deadline if under.look_at is None else min(under.look_at, under.deadline)
            if self.halted(goal):
                return None
            self._goal = goal
            reached = not self._again and await hands.until(under, goal, partial(self._called, goal))
            reached = reached and await hands.in_turn(under, partial(self.behind, goal))
            if self.halted(goal):
                return None
            self._again = False
            asked = CheckPhase(
                run=self._story.run,
                phase=under.phase,
                visit=under.visit,
                at=goal if reached else min(hands.logical(under), under.deadline),
                due=reached and goal == under.deadline,
                lapsed=self._story.lapsed,
                coming=self._coming(under.phase),
            )
            checked = await hands.check(asked)
            if checked.outcome is not None:
                self.at, self._goal = max(self.at, checked.at), None
                return checked.outcome
            later = {"deadline": checked.deadline or under.deadline, "look_at": checked.look_at}
            under = under.model_copy(update=later)
            if keep:
                self._under = under
        return None

    async def _open(self, leg: Leg) -> Opened:
        key = self._key(leg)
        self._story.visits[key] = self._story.visits.get(key, 0) + 1
        asked = OpenPhase(
            run=self._story.run,
            phase=leg.id,
            visit=self._number(leg),
            scope=self._walk.outer_scope,
            at=self._story.hands.time(self.at),
            lapsed=self._story.lapsed,
            coming=self._coming(leg.id),
        )
        opened = await self._story.hands.open(asked)
        self.at = opened.at
        self._begun.set()
        return opened

    def _called(self, goal: datetime) -> bool:
        return self._again or self.halted(goal)

    def _coming(self, phase: str) -> tuple[str, ...]:
        """Those of the phases it takes works from whose branch goes on."""
        here = self._walk.here()
        if not isinstance(here, At) or here.leg.id != phase or not here.leg.follows:
            return ()
        going: set[str] = set()
        strand = self
        while strand._up is not None:
            around = strand._up._walk.here()
            assert isinstance(around, At)
            for branch, beside in zip(around.leg.branches, strand._up._apart, strict=False):
                if beside is not strand and beside.ended is None:
                    going.update(leg.id for leg in every_leg(branch.body))
            strand = strand._up
        return tuple(one for one in here.leg.follows if one in going)

    def _key(self, leg: Leg) -> str:
        return "/".join([*map(str, self._units), leg.id])

    def _number(self, leg: Leg) -> int:
        """The number of the visit: counted on in the run, and by itself in each unit."""
        return visit_number(self._units, self._story.visits[self._key(leg)], leg.id)

    def _come_out(self, outcome: str) -> None:
        here = self._walk.here()
        if outcome == LAPSED:
            self._story.lapsed = True
            self._walk.lapse()
        else:
            self._walk.come_out(outcome)
        if isinstance(here, At):
            self._story.passed(here.leg.id)

    # ---------------------------------------------------------------------------------------------------------- rounds
    async def _begin_round(self, leg: Leg) -> None:
        opened = await self._open(leg)
        if opened.outcome in (SKIPPED, LAPSED):
            self._come_out(opened.outcome)
        else:
            self._walk.begin_round(opened.at, real_at=opened.real_at, next_at=opened.deadline)

    async def _await_round(self, leg: Leg) -> bool:
        """Rounds begin `every` so long, start to start; one that takes longer delays the next. False: halted."""
        frame = self._walk.frames[-1]
        if frame.next_at is None or frame.round_at is None or frame.real_at is None:
            return True
        under = Under(
            phase=leg.id,
            visit=self._number(leg),
            opened_at=frame.round_at,
            real_at=frame.real_at,
            deadline=frame.next_at,
        )
        if leg.early:
            return await self._wait(under) is not None
        if frame.next_at > self.at:
            self._story.hands.tell_pause(leg, frame.next_at)
            halted, self._goal = partial(self.halted, frame.next_at), frame.next_at
            hands, behind = self._story.hands, partial(self.behind, frame.next_at)
            while not halted() and not (
                await hands.until(under, frame.next_at, halted) and await hands.in_turn(under, behind)
            ):
                pass
            if halted():
                return False
            self.at, self._goal = frame.next_at, None
        return True

    def _apart_from(self, walk: Walk, at: datetime, units: tuple[int, ...], position: Position | None) -> Strand:
        return Strand(self._story, walk, at, units=units, up=self, position=position)
