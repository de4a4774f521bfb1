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
from workflows.course import CANCEL, Course, Leg
from workflows.steps import (
    Checked,
    CheckPhase,
    Finished,
    FinishRun,
    Opened,
    OpenPhase,
    ReadCourse,
    RunInput,
    RunResult,
    Under,
)
from workflows.story import Story

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
    """The story of one run, told with Temporal's hands."""

    def __init__(self) -> None:
        self._poked = False

    @workflow.run
    async def run(self, args: collections.abc.Sequence[RawValue]) -> RunResult:
        told = workflow.payload_converter().from_payload(args[0].payload, RunInput)
        course = await workflow.execute_local_activity(
            steps.READ_COURSE, ReadCourse(run=told.run), result_type=Course, start_to_close_timeout=_READ
        )
        self._told = told
        self._clock = ClockScale.parse(told.scale) if told.scale else None
        self._story = Story(told, course, self)
        try:
            return await self._finish(await self._story.play())
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

    # ------------------------------------------------------------------------------------------------ Temporal's hands
    def time(self, at: datetime) -> datetime:
        return at if self._clock else max(at, workflow.now())

    def logical(self, under: Under) -> datetime:
        now = workflow.now()
        return now if self._clock is None else under.opened_at + self._clock.virtual(now - under.real_at)

    async def open(self, asked: OpenPhase) -> Opened:
        self._poked = False
        return await self._ask(steps.OPEN_PHASE, asked, Opened)

    async def check(self, asked: CheckPhase) -> Checked:
        return await self._ask(steps.CHECK_PHASE, asked, Checked)

    async def until(self, under: Under, goal: datetime) -> bool:
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

    def tell(self, leg: Leg, under: Under) -> None:
        if under != self._resumed_under():
            workflow.upsert_search_attributes([PHASE.value_set(leg.id)])
        workflow.set_current_details(f"**{leg.title or leg.id}** ({leg.kind}): {under.awaits}")

    def tell_pause(self, leg: Leg, until: datetime) -> None:
        workflow.set_current_details(f"**{leg.title or leg.id}**: the next round begins {until:%Y-%m-%d}")

    def rest(self, under: Under | None) -> None:
        if self._history_is_long():
            self._continue(under)

    def _resumed_under(self) -> Under | None:
        """The phase that was open when the history was continued; it is among the search attributes already."""
        return self._told.resume.under if self._told.resume else None

    # ------------------------------------------------------------------------------------------------------- activities
    async def _finish(self, end: str) -> RunResult:
        asked = FinishRun(run=self._told.run, end=end, at=self._story.at if self._clock else workflow.now())
        await self._ask(steps.FINISH_RUN, asked, Finished)
        workflow.set_current_details(f"over: {end}")
        return RunResult(run=self._told.run, end=end, at=asked.at, visits=sum(self._story.visits.values()))

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
        workflow.continue_as_new(args=[self._told.model_copy(update={"resume": self._story.resume(under)})])
