"""Story: one run of any mode told phase by phase, whoever keeps the time: Temporal, or a clock on paper.

Each phase is opened, waited for (until its deadline, or until somebody says that everything may be in), and checked;
the walk along the course is pure. The hands that open, wait and check are given.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from workflows.course import LAPSED, SKIPPED, At, Course, Ending, Leg, RoundOver, Walk
from workflows.steps import Checked, CheckPhase, Opened, OpenPhase, Resume, RunInput, Under


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

    async def until(self, under: Under, goal: datetime) -> bool:
        """Wait until a time of the run. True: it is here; False: something came in before."""
        ...

    def tell(self, leg: Leg, under: Under) -> None:
        """Say which phase is open and what it waits for."""
        ...

    def tell_pause(self, leg: Leg, until: datetime) -> None:
        """Say when the next round begins."""
        ...

    def rest(self, under: Under | None) -> None:
        """A place at which the story can be interrupted and resumed."""
        ...


class Story:
    """The story of one run.

    Args:
        told: which run.
        course: its phases.
        hands: who opens, waits and checks.
    """

    def __init__(self, told: RunInput, course: Course, hands: Hands) -> None:
        self._told, self._hands = told, hands
        resume = told.resume
        self.at = resume.at if resume else told.opened_at
        self.visits: dict[str, int] = dict(resume.visits) if resume else {}
        self._lapsed = resume.lapsed if resume else False
        self._under = resume.under if resume else None
        self._walk = Walk(course, resume.frames if resume else ())

    def resume(self, under: Under | None) -> Resume:
        """Where the story stands, to be told on later."""
        return Resume(frames=self._walk.frames, visits=self.visits, at=self.at, under=under, lapsed=self._lapsed)

    async def play(self) -> str:
        """Tell it to its end: `end`, `end:word` or `cancel`."""
        under = self._under
        while True:
            if under is None:
                self._hands.rest(None)
            match self._walk.here():
                case Ending(word):
                    return word
                case RoundOver(_, _, last=True):
                    self._walk.leave_rounds()
                case RoundOver(leg, _, _):
                    await self._await_round(leg)
                    await self._begin_round(leg)
                case At(leg) if leg.body:
                    await self._begin_round(leg)
                case At(leg):
                    await self._phase(leg, under)
                    under = None

    async def _phase(self, leg: Leg, under: Under | None) -> None:
        if under is None:
            opened = await self._open(leg)
            if opened.outcome is not None or opened.deadline is None:
                self._come_out(opened.outcome or leg.first)
                return
            under = Under(
                phase=leg.id,
                visit=self.visits[leg.id],
                opened_at=opened.at,
                real_at=opened.real_at,
                deadline=opened.deadline,
                look_at=opened.look_at,
                awaits=opened.awaits,
            )
        self._hands.tell(leg, under)
        self._come_out(await self._wait(under) or leg.first)

    async def _begin_round(self, leg: Leg) -> None:
        opened = await self._open(leg)
        if opened.outcome in (SKIPPED, LAPSED):
            self._come_out(opened.outcome)
        else:
            self._walk.begin_round(opened.at, real_at=opened.real_at, next_at=opened.deadline)

    async def _await_round(self, leg: Leg) -> None:
        """Rounds begin `every` so long, start to start; one that takes longer delays the next."""
        frame = self._walk.frames[-1]
        if frame.next_at is None or frame.round_at is None or frame.real_at is None:
            return
        under = Under(
            phase=leg.id,
            visit=self.visits[leg.id],
            opened_at=frame.round_at,
            real_at=frame.real_at,
            deadline=frame.next_at,
        )
        if leg.early:
            await self._wait(under)
        elif frame.next_at > self.at:
            self._hands.tell_pause(leg, frame.next_at)
            while not await self._hands.until(under, frame.next_at):
                pass
            self.at = frame.next_at

    async def _wait(self, under: Under) -> str | None:
        """Wait for the deadline, for everything to be in, or for the next look, until the phase is over."""
        while True:
            self._hands.rest(under)
            goal = under.deadline if under.look_at is None else min(under.look_at, under.deadline)
            reached = await self._hands.until(under, goal)
            asked = CheckPhase(
                run=self._told.run,
                phase=under.phase,
                visit=under.visit,
                at=goal if reached else min(self._hands.logical(under), under.deadline),
                due=reached and goal == under.deadline,
                lapsed=self._lapsed,
            )
            checked = await self._hands.check(asked)
            if checked.outcome is not None:
                self.at = max(self.at, checked.at)
                return checked.outcome
            later = {"deadline": checked.deadline or under.deadline, "look_at": checked.look_at}
            under = under.model_copy(update=later)

    async def _open(self, leg: Leg) -> Opened:
        self.visits[leg.id] = self.visits.get(leg.id, 0) + 1
        asked = OpenPhase(
            run=self._told.run,
            phase=leg.id,
            visit=self.visits[leg.id],
            scope=self._walk.outer_scope,
            at=self._hands.time(self.at),
            lapsed=self._lapsed,
        )
        opened = await self._hands.open(asked)
        self.at = opened.at
        return opened

    def _come_out(self, outcome: str) -> None:
        if outcome == LAPSED:
            self._lapsed = True
            self._walk.lapse()
        else:
            self._walk.come_out(outcome)
