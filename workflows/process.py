"""Process: one run of any mode, told phase by phase. Modes are data; this is the only workflow they need.

Each phase is opened by an activity, waited for (until its deadline, or until somebody says that everything may be
in), and checked by an activity that says how it came out. The walk along the course is pure. In a run on a scaled
clock time is logical: a phase opens when the one before it closed, and only waiting takes real time, so neither a
crash nor a slow machine changes what comes out.
"""

from __future__ import annotations

import asyncio
import collections.abc
from datetime import datetime, timedelta
from typing import NoReturn, TypeVar

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, is_cancelled_exception

from rules.time.scale import ClockScale
from workflows import steps
from workflows.course import CANCEL, LAPSED, SKIPPED, At, Course, Ending, Leg, RoundOver, Walk
from workflows.steps import (
    Checked,
    CheckPhase,
    Finished,
    FinishRun,
    Opened,
    OpenPhase,
    ReadCourse,
    Resume,
    RunInput,
    RunResult,
    Under,
)

PHASE = SearchAttributeKey.for_keyword(steps.PHASE_KEY)

HISTORY_LIMIT = 3_000
"""Events after which a history is continued as new."""

FAILED = "failed"
"""How a run ends that the tool itself could not bring to its end."""

_PATIENT = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
_READ = timedelta(seconds=20)
_WORK = timedelta(minutes=15)
_PULSE = timedelta(seconds=10)
_ZERO = timedelta()

Answer = TypeVar("Answer", Opened, Checked, Finished)


@workflow.defn(dynamic=True)
class Process:
    """The story of one run."""

    def __init__(self) -> None:
        self._poked = False
        self._lapsed = False
        self._visits: dict[str, int] = {}

    @workflow.run
    async def run(self, args: collections.abc.Sequence[RawValue]) -> RunResult:
        told = workflow.payload_converter().from_payload(args[0].payload, RunInput)
        course = await workflow.execute_local_activity(
            steps.READ_COURSE, ReadCourse(run=told.run), result_type=Course, start_to_close_timeout=_READ
        )
        self._told = told
        self._clock = ClockScale.parse(told.scale) if told.scale else None
        self._at = told.opened_at
        self._walk = Walk(course, told.resume.frames if told.resume else ())
        try:
            return await self._finish(await self._play(self._resumed(told.resume)))
        except asyncio.CancelledError:
            await asyncio.shield(self._finish(CANCEL))
            raise
        except ActivityError as problem:
            await asyncio.shield(self._finish(CANCEL if is_cancelled_exception(problem) else FAILED))
            raise

    @workflow.signal(name=steps.POKE)
    def poke(self) -> None:
        """Something came in; many pokes are one look."""
        self._poked = True

    def _resumed(self, resume: Resume | None) -> Under | None:
        if resume is None:
            return None
        self._visits, self._at, self._lapsed = dict(resume.visits), resume.at, resume.lapsed
        return resume.under

    async def _play(self, under: Under | None) -> str:
        while True:
            if under is None and self._history_is_long():
                self._continue(None)
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
            workflow.upsert_search_attributes([PHASE.value_set(leg.id)])
            under = Under(
                phase=leg.id,
                visit=self._visits[leg.id],
                opened_at=opened.at,
                real_at=opened.real_at,
                deadline=opened.deadline,
                look_at=opened.look_at,
                awaits=opened.awaits,
            )
        workflow.set_current_details(f"**{leg.title or leg.id}** ({leg.kind}): {under.awaits}")
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
            visit=self._visits[leg.id],
            opened_at=frame.round_at,
            real_at=frame.real_at,
            deadline=frame.next_at,
        )
        if leg.early:
            await self._wait(under)
        elif frame.next_at > self._at:
            workflow.set_current_details(f"**{leg.title or leg.id}**: the next round begins {frame.next_at:%Y-%m-%d}")
            while not await self._until(under, frame.next_at):
                pass
            self._at = frame.next_at

    async def _wait(self, under: Under) -> str | None:
        """Wait for the deadline, for everything to be in, or for the next look, until the phase is over."""
        while True:
            if self._history_is_long():
                self._continue(under)
            goal = under.deadline if under.look_at is None else min(under.look_at, under.deadline)
            reached = await self._until(under, goal)
            asked = CheckPhase(
                run=self._told.run,
                phase=under.phase,
                visit=under.visit,
                at=goal if reached else min(self._logical(under), under.deadline),
                due=reached and goal == under.deadline,
                lapsed=self._lapsed,
            )
            checked = await self._ask(steps.CHECK_PHASE, asked, Checked)
            if checked.outcome is not None:
                self._at = max(self._at, checked.at)
                return checked.outcome
            later = {"deadline": checked.deadline or under.deadline, "look_at": checked.look_at}
            under = under.model_copy(update=later)

    async def _until(self, under: Under, goal: datetime) -> bool:
        """Wait until a time of the run. True: it is here; False: somebody poked."""
        real = goal if self._clock is None else under.real_at + self._clock.real(goal - under.opened_at)
        left = real - workflow.now()
        if left <= _ZERO:
            return True
        try:
            await workflow.wait_condition(
                lambda: self._poked, timeout=left, timeout_summary=f"{under.phase} until {goal:%Y-%m-%d %H:%M}"
            )
        except TimeoutError:
            return True
        self._poked = False
        return False

    def _logical(self, under: Under) -> datetime:
        """What time it is in the run."""
        now = workflow.now()
        return now if self._clock is None else under.opened_at + self._clock.virtual(now - under.real_at)

    async def _open(self, leg: Leg) -> Opened:
        self._visits[leg.id] = self._visits.get(leg.id, 0) + 1
        self._poked = False
        asked = OpenPhase(
            run=self._told.run,
            phase=leg.id,
            visit=self._visits[leg.id],
            scope=self._walk.outer_scope,
            at=self._at if self._clock else max(self._at, workflow.now()),
            lapsed=self._lapsed,
        )
        opened = await self._ask(steps.OPEN_PHASE, asked, Opened)
        self._at = opened.at
        return opened

    def _come_out(self, outcome: str) -> None:
        if outcome == LAPSED:
            self._lapsed = True
            self._walk.lapse()
        else:
            self._walk.come_out(outcome)

    async def _finish(self, end: str) -> RunResult:
        asked = FinishRun(run=self._told.run, end=end, at=self._at if self._clock else workflow.now())
        await self._ask(steps.FINISH_RUN, asked, Finished)
        workflow.set_current_details(f"over: {end}")
        return RunResult(run=self._told.run, end=end, at=asked.at, visits=sum(self._visits.values()))

    async def _ask(self, name: str, asked: OpenPhase | CheckPhase | FinishRun, answer: type[Answer]) -> Answer:
        phase = "" if isinstance(asked, FinishRun) else f"{asked.phase} {asked.visit}"
        answered: Answer = await workflow.execute_activity(
            name,
            asked,
            result_type=answer,
            start_to_close_timeout=_WORK,
            heartbeat_timeout=_PULSE,
            retry_policy=_PATIENT,
            summary=phase or None,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        if name != steps.FINISH_RUN and workflow.cancellation_reason() is not None:
            raise asyncio.CancelledError  # what was being done is done; only now is it taken back
        return answered

    def _history_is_long(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() > HISTORY_LIMIT

    def _continue(self, under: Under | None) -> NoReturn:
        resume = Resume(frames=self._walk.frames, visits=self._visits, at=self._at, under=under, lapsed=self._lapsed)
        workflow.continue_as_new(args=[self._told.model_copy(update={"resume": resume})])
