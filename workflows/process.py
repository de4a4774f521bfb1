"""Process: one run of any mode, told phase by phase. Modes are data; this is the only workflow they need.

Each phase is opened by an activity, waited for (until its deadline, or until somebody says that everything may be
in), and checked by an activity that says how it came out. The walk along the course is pure. In a run on a scaled
clock time is logical: a phase opens when the one before it closed, and only waiting takes real time, so neither a
crash nor a slow machine changes what comes out.
"""

from __future__ import annotations

import asyncio
import collections.abc
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from rules.time.scale import ClockScale
from workflows import steps
from workflows.course import CANCEL, Course, Leg
from workflows.steps import (
    Checked,
    CheckPhase,
    Finished,
    FinishRun,
    Moved,
    MoveRun,
    MoveTo,
    Opened,
    OpenPhase,
    ReadCourse,
    RunInput,
    RunResult,
    Stopped,
    StopPhases,
    Under,
)
from workflows.story import Story
from workflows.strand import TooOften

PHASE = SearchAttributeKey.for_keyword(steps.PHASE_KEY)

HISTORY_LIMIT = 3_000
"""Events after which a history is continued as new."""

AT_ONCE = 50
"""Activities of one run under way at the same time; the server holds no more than 2,000, and workers far fewer."""

FAILED = "failed"
"""How a run ends that the tool itself could not bring to its end."""

_PATIENT = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
_READ = timedelta(seconds=20)
_WORK = timedelta(hours=2)  # a step about a hundred thousand works on a busy machine; who is gone is told by the pulse
_PULSE = timedelta(seconds=10)
_ZERO = timedelta()

Answer = TypeVar("Answer", Opened, Checked, Finished, Moved)


@workflow.defn(dynamic=True)
class Process:
    """The story of one run, told with Temporal's hands."""

    def __init__(self) -> None:
        self._open: dict[
            str, bool
        ] = {}  # phases that are open, and whether something came in since they were looked at
        self._lines: dict[str, str] = {}
        self._hand = asyncio.Lock()
        self._moving: MoveTo | None = None
        self._story: Story | None = None  # until the course is read
        self._turn = asyncio.Semaphore(AT_ONCE)

    @workflow.run
    async def run(self, args: collections.abc.Sequence[RawValue]) -> RunResult:
        told = self._told = workflow.payload_converter().from_payload(args[0].payload, RunInput)
        self._clock = ClockScale.parse(told.scale) if told.scale else None
        self._moving = self._moving or told.moving
        try:
            course = await workflow.execute_local_activity(
                steps.READ_COURSE, ReadCourse(run=told.run), result_type=Course, start_to_close_timeout=_READ
            )
            self._story = story = Story(told, course, self)
            end = await story.play()
            if end is None:
                workflow.continue_as_new(args=[await self._told_on(story)])
            return await self._finish(end)
        except asyncio.CancelledError:
            await asyncio.shield(self._finish(CANCEL))
            raise
        except ActivityError as problem:
            await asyncio.shield(self._finish(CANCEL if is_cancelled_exception(problem) else FAILED))
            raise
        except TooOften as problem:
            await asyncio.shield(self._finish(FAILED))
            raise ApplicationError(str(problem), type=type(problem).__name__, non_retryable=True) from problem

    @workflow.signal(name=steps.POKE)
    def poke(self, what: str = "") -> None:
        """Something came in, in one phase (`phase/visit`) or in any; many pokes are one look."""
        for key in [what] if what else list(self._open):
            if key in self._open:
                self._open[key] = True

    @workflow.signal(name=steps.MIGRATE)
    def migrate(self, to: MoveTo) -> None:
        """Go on under another version of the specs, from the next boundary between two phases."""
        self._moving = to

    # ------------------------------------------------------------------------------------------------ Temporal's hands
    def time(self, at: datetime) -> datetime:
        return at if self._clock else max(at, workflow.now())

    def logical(self, under: Under) -> datetime:
        now = workflow.now()
        return now if self._clock is None else under.opened_at + self._clock.virtual(now - under.real_at)

    async def open(self, asked: OpenPhase) -> Opened:
        key = _key(asked)
        self._open[key] = False
        opened = await self._ask(steps.OPEN_PHASE, asked, Opened)
        if opened.deadline is None:
            del self._open[key]
        return opened

    async def check(self, asked: CheckPhase) -> Checked:
        checked = await self._ask(steps.CHECK_PHASE, asked, Checked)
        if checked.outcome is not None:
            self._open.pop(_key(asked), None)
            self._lines.pop(_key(asked), None)
        return checked

    async def stop(self, asked: StopPhases) -> None:
        for phase in asked.phases:
            self._open.pop(_key(phase), None)
            self._lines.pop(_key(phase), None)
        await self._ask(steps.STOP_PHASES, asked, Finished)

    async def until(self, under: Under, goal: datetime, halted: Callable[[], bool]) -> bool:
        key = _key(under)
        real = goal if self._clock is None else under.real_at + self._clock.real(goal - under.opened_at)
        left = real - workflow.now()
        if left <= _ZERO:
            return True
        self._open.setdefault(key, False)
        try:
            await workflow.wait_condition(
                lambda: self._open[key] or halted(),
                timeout=left,
                timeout_summary=f"{under.phase} until {goal:%Y-%m-%d %H:%M}",
            )
        except TimeoutError:
            return True
        self._seen(key)
        return False

    async def in_turn(self, under: Under, behind: Callable[[], bool]) -> bool:
        key = _key(under)
        if self._clock is None or not behind():
            return True
        self._open.setdefault(key, False)
        await workflow.wait_condition(lambda: self._open.get(key, False) or not behind())
        came = self._open[key]
        self._seen(key)
        return not came

    def _seen(self, key: str) -> None:
        """What came in is looked at now; in a run that rests only when its story goes on."""
        if self._story is None or not self._story.resting:
            self._open[key] = False

    def came(self, under: Under) -> bool:
        return self._open.get(_key(under), False)

    def wake(self) -> None:
        """Conditions that are waited for are looked at whenever anything happens."""

    def tell(self, leg: Leg, under: Under) -> None:
        if under != self._resumed_under() and not self._told.near:
            workflow.upsert_search_attributes([PHASE.value_set(leg.id)])
        self._lines[_key(under)] = f"**{leg.title or leg.id}** ({leg.kind}): {under.awaits}"
        workflow.set_current_details("\n\n".join(self._lines.values()))

    def tell_pause(self, leg: Leg, until: datetime) -> None:
        workflow.set_current_details(f"**{leg.title or leg.id}**: the next round begins {until:%Y-%m-%d}")

    def must_rest(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() > HISTORY_LIMIT

    def must_move(self) -> bool:
        return self._moving is not None

    async def _told_on(self, story: Story) -> RunInput:
        """With what the history is continued; moved to another version if that is wanted and possible here."""
        resume = story.resume
        told = self._told.model_copy(update={"resume": resume, "moving": self._moving})
        if self._moving is None or resume.under is not None or resume.apart:
            return told
        asked = MoveRun(run=told.run, to=self._moving, frames=resume.frames, at=story.at)
        moved = await self._ask(steps.MOVE_RUN, asked, Moved)
        if moved.reason is not None:
            workflow.set_current_details(f"not moved: {moved.reason}")
        resume = resume.model_copy(update={"frames": moved.frames})
        moving = None if self._moving == asked.to else self._moving  # wished for while this move was made
        return told.model_copy(update={"resume": resume, "moving": moving, "digest": moved.digest})

    def _resumed_under(self) -> Under | None:
        """The phase that was open when the history was continued; it is among the search attributes already."""
        return self._told.resume.under if self._told.resume else None

    # ------------------------------------------------------------------------------------------------------- activities
    async def _finish(self, end: str) -> RunResult:
        at, visits = self._stands()
        asked = FinishRun(run=self._told.run, end=end, at=at if self._clock else workflow.now())
        await self._ask(steps.FINISH_RUN, asked, Finished)
        workflow.set_current_details(f"over: {end}")
        return RunResult(run=self._told.run, end=end, at=asked.at, visits=sum(visits.values()))

    def _stands(self) -> tuple[datetime, dict[str, int]]:
        """The run's own time and its visits so far, also while its course has not been read yet."""
        if self._story is not None:
            return self._story.at, self._story.visits
        resume = self._told.resume
        return (resume.at, resume.visits) if resume else (self._told.opened_at, {})

    async def _near(
        self, name: str, asked: OpenPhase | CheckPhase | StopPhases | FinishRun | MoveRun, answer: type[Answer]
    ) -> Answer:
        """A step taken beside the workflow, one at a time: a mark in the history instead of a round over the server."""
        async with self._hand:
            answered: Answer = await workflow.execute_local_activity(
                name,
                asked,
                result_type=answer,
                start_to_close_timeout=_READ,
                retry_policy=_PATIENT,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
        return answered

    async def _ask(
        self, name: str, asked: OpenPhase | CheckPhase | StopPhases | FinishRun | MoveRun, answer: type[Answer]
    ) -> Answer:
        phase = f"{asked.phase} {asked.visit}" if isinstance(asked, OpenPhase | CheckPhase) else ""
        answered: Answer
        async with self._turn:
            if self._told.near:
                answered = await self._near(name, asked, answer)
            else:
                answered = await workflow.execute_activity(
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


def _key(phase: OpenPhase | CheckPhase | Stopped | Under) -> str:
    return f"{phase.phase}/{phase.visit}"
