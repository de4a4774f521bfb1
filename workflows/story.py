"""Story: one run of any mode told phase by phase, whoever keeps the time: Temporal, or a clock on paper.

Each phase is opened, waited for (until its deadline, or until somebody says that everything may be in), and checked;
the walk along the course is pure. The hands that open, wait and check are given. An `each` or a `parallel` is told by
several strands at the same time, each with its own place and its own time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import Protocol

from workflows.course import (
    CANCEL,
    END,
    LAPSED,
    SKIPPED,
    STOP,
    At,
    Course,
    Ending,
    Leg,
    RoundOver,
    Walk,
    every_leg,
)
from workflows.steps import (
    Checked,
    CheckPhase,
    Opened,
    OpenPhase,
    Position,
    Resume,
    RunInput,
    Stopped,
    StopPhases,
    Under,
)

IN_A_UNIT = 1_000
"""Visits that one phase can have in one unit of an `each`: their numbers tell in which unit they are."""


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


class Story:
    """The story of one run.

    Args:
        told: which run.
        course: its phases.
        hands: who opens, waits and checks.
    """

    def __init__(self, told: RunInput, course: Course, hands: Hands) -> None:
        self.run, self.course, self.hands = told.run, course, hands
        resume = told.resume
        self.visits: dict[str, int] = dict(resume.visits) if resume else {}
        self.lapsed = resume.lapsed if resume else False
        self.resting = False
        self._follows = any(leg.follows for leg in course.legs())
        self._main = Strand(self, Walk(course, resume.frames if resume else ()), told.opened_at, position=resume)

    @property
    def at(self) -> datetime:
        """The run's own time."""
        return self._main.at

    @property
    def resume(self) -> Resume:
        """Where the story stands, to be told on later."""
        return Resume(**dict(self._main.position), visits=self.visits, lapsed=self.lapsed)

    async def play(self) -> str | None:
        """Tell it to its end (`end`, `end:word` or `cancel`), or until it has to rest (None)."""
        await self._main.play()
        return self._main.ended

    def passed(self, *phases: str) -> None:
        """Phases came out, or will not come any more: whoever takes works from them looks again."""
        if self._follows and self._main.look_again(frozenset(phases)):
            self.hands.wake()

    def rest(self) -> None:
        """Every strand stops where it can go on later."""
        self.resting = True
        self.hands.wake()


class Strand:
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
        unit = 0
        for number in self._units:
            unit = (unit + number) * IN_A_UNIT
        return unit + self._story.visits[self._key(leg)]

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

    # -------------------------------------------------------------------------------------------------- several at once
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
            found.append(Strand(self._story, walk, self.at, units=units, up=self, position=position))
        return found


def _ends_run(word: str) -> bool:
    return word in (END, CANCEL) or word.startswith(f"{END}:")
