"""Membership: one member's move while people are waited for, and for nothing longer.

The clock may be scaled: the move's own time is its beginning plus the real time passed, times the scale, and never
later than what is waited for. So what a crash costs is real time only, and nothing that is decided depends on it.
"""

from collections.abc import Awaitable
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from rules.time import ClockScale
    from workflows import turns

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
SHORTLY = timedelta(seconds=20)
BRIEFLY = timedelta(minutes=2)
QUIET = timedelta(seconds=12)  # without a heartbeat for so long, a worker counts as lost


@workflow.defn(name=turns.MEMBERSHIP)
class Membership:
    """Approval, then invitation, then the move: each step of it as soon as it can be taken."""

    def __init__(self) -> None:
        self._poked = 0

    @workflow.signal(name=turns.POKE)
    def poke(self) -> None:
        """Somebody has answered; look."""
        self._poked += 1

    @workflow.run
    async def run(self, asked: turns.MembershipInput) -> turns.MembershipResult:
        """Ask whoever has to be asked, one after the other, and make the move if all say yes."""
        at, real, whom = asked.opened_at, workflow.now(), ""
        clock = _Clock(asked.scale, at, real)
        while True:
            seen = self._poked
            stand = await self._advance(asked, at)
            if stand.outcome is not None or stand.due is None:
                return turns.MembershipResult(outcome=stand.outcome or "", at=stand.at)
            if stand.whom != whom:
                whom, real = stand.whom, workflow.now()
                clock = _Clock(asked.scale, stand.at, real)
                workflow.set_current_details(f"{asked.to}: {whom} until {stand.due.isoformat()}")
            until = clock.real(min(stand.look_at or stand.due, stand.due))
            await _unless_late(
                workflow.wait_condition(lambda seen=seen: self._poked > seen, timeout=_left(until))  # type: ignore[misc]
            )
            at = min(clock.at(workflow.now()), stand.due)

    async def _advance(self, asked: turns.MembershipInput, at: datetime) -> turns.Advanced:
        """One step: beside the workflow, which costs the server nothing; if that fails, as a step of its own.

        Such a one is tried again for as long as it takes, and seen by whoever looks at what fails.
        """
        step = turns.Advance(community=asked.community, id=asked.id, at=at)
        found: turns.Advanced
        try:
            found = await workflow.execute_local_activity(
                turns.ADVANCE,
                step,
                result_type=turns.Advanced,
                schedule_to_close_timeout=SHORTLY,
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except FailureError as failure:  # of such a step it is what failed itself
            if is_cancelled_exception(failure) or getattr(failure, "non_retryable", False):
                raise
            found = await workflow.execute_activity(
                turns.ADVANCE,
                step,
                result_type=turns.Advanced,
                start_to_close_timeout=BRIEFLY,
                heartbeat_timeout=QUIET,
                retry_policy=RETRY,
            )
        return found


class _Clock:
    """The move's own time, from the wall's."""

    def __init__(self, scale: str | None, opened_at: datetime, began_at: datetime) -> None:
        self._scale = None if scale is None else ClockScale.parse(scale)
        self._opened_at = opened_at
        self._began_at = began_at

    def at(self, now: datetime) -> datetime:
        passed = now - self._began_at
        return self._opened_at + (passed if self._scale is None else self._scale.virtual(passed))

    def real(self, at: datetime) -> datetime:
        """The wall's time at which the move's own will be `at`; a little later rather than earlier."""
        lasts = at - self._opened_at
        real = lasts if self._scale is None else self._scale.real(lasts)
        return self._began_at + real + timedelta(milliseconds=1)


def _left(until: datetime) -> timedelta:
    return max(until - workflow.now(), timedelta(milliseconds=1))


async def _unless_late(waiting: Awaitable[None]) -> None:
    try:
        await waiting
    except TimeoutError:
        return
