"""Review: the sweep over a community, part by part and shard by shard, that survives the loss of any worker.

Who moves never enters the history: shards and batches go by number, everything else stays in the database. Moves
that need somebody's word begin a `membership` workflow each, started from an activity at a bounded rate, and only
when everybody has been looked at and everything that goes with tiers is kept: what comes of them is for the next review
to see.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows import turns

T = TypeVar("T")

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
READING = timedelta(minutes=30)  # the longest a shard may take
QUIET = timedelta(seconds=12)  # without a heartbeat for so long, a worker counts as lost


@workflow.defn(name=turns.REVIEW)
class Review:
    """One look at everybody, and what follows from it."""

    @workflow.run
    async def run(self, asked: turns.ReviewInput) -> turns.ReviewSummary:
        """Lifecycle, ladders, rules, in this order; within each everybody is read before anything is changed."""
        plan = await self._begin(asked)
        for part in plan.parts:
            workflow.set_current_details(f"{part.name}: reading {part.shards} shards")
            await _window(
                [self._look(asked, plan, part.name, shard) for shard in range(part.shards)], at_once=asked.at_once
            )
            batches = await self._settle(asked, plan, part.name)
            workflow.set_current_details(f"{part.name}: {batches} batches of changes")
            for batch in range(batches):
                await self._carry_out(asked, plan, part.name, batch)
        found: turns.ReviewSummary = await workflow.execute_activity(
            turns.FINISH_REVIEW,
            turns.FinishReview(
                community=asked.community,
                review=plan.review,
                scale=asked.scale,
                seed=asked.seed,
                touch=asked.touch,
            ),
            result_type=turns.ReviewSummary,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=QUIET,
            retry_policy=RETRY,
        )
        await self._start_waiting(asked)
        workflow.set_current_details("done")
        return found

    async def _begin(self, asked: turns.ReviewInput) -> turns.ReviewPlan:
        found: turns.ReviewPlan = await workflow.execute_activity(
            turns.BEGIN_REVIEW,
            turns.BeginReview(
                community=asked.community,
                run=workflow.info().run_id,
                at=asked.at or workflow.now(),
                parts=asked.parts,
                shard_size=asked.shard_size,
            ),
            result_type=turns.ReviewPlan,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=QUIET,
            retry_policy=RETRY,
        )
        return found

    def _look(
        self, asked: turns.ReviewInput, plan: turns.ReviewPlan, part: str, shard: int
    ) -> Callable[[], Awaitable[object]]:
        async def look() -> object:
            return await workflow.execute_activity(
                turns.LOOK_AT_SHARD,
                turns.LookAtShard(community=asked.community, review=plan.review, part=part, shard=shard),
                start_to_close_timeout=READING,
                heartbeat_timeout=QUIET,
                retry_policy=RETRY,
                summary=f"{part} {shard}",
            )

        return look

    async def _settle(self, asked: turns.ReviewInput, plan: turns.ReviewPlan, part: str) -> int:
        found: int = await workflow.execute_activity(
            turns.SETTLE_PART,
            turns.SettlePart(community=asked.community, review=plan.review, part=part, batch_size=asked.batch_size),
            result_type=int,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=QUIET,
            retry_policy=RETRY,
        )
        return found

    async def _carry_out(self, asked: turns.ReviewInput, plan: turns.ReviewPlan, part: str, batch: int) -> None:
        await workflow.execute_activity(
            turns.CARRY_OUT_BATCH,
            turns.CarryOutBatch(
                community=asked.community,
                review=plan.review,
                part=part,
                batch=batch,
                scale=asked.scale,
                seed=asked.seed,
            ),
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=QUIET,
            retry_policy=RETRY,
        )

    async def _start_waiting(self, asked: turns.ReviewInput) -> None:
        await workflow.execute_activity(
            turns.START_WAITING,
            turns.StartWaiting(community=asked.community),
            start_to_close_timeout=timedelta(hours=2),
            heartbeat_timeout=QUIET,
            retry_policy=RETRY,
        )


async def _window(steps: Sequence[Callable[[], Awaitable[object]]], *, at_once: int) -> None:
    """Run all steps, at most so many at the same time; a new one begins as soon as one is over."""
    waiting = iter(steps)

    async def lane() -> None:
        for step in waiting:
            await step()

    await asyncio.gather(*(lane() for _ in range(min(at_once, len(steps)))))
