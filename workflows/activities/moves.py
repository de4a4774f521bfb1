"""Activities of reviews and memberships: doorways to `operations.review` and `operations.membership`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from temporalio import activity

from operations import membership, review
from operations.desk import Desk
from operations.housekeeping import keep_house
from operations.keep_touch import keep_touch, moved_on
from operations.perks import keep_perks
from operations.ports.reviews import Membership
from workflows import turns
from workflows.activities.doorway import alive, refusing
from workflows.steps import POKE

STARTS_PER_SECOND = 40
"""Memberships begun in a second: below what the embedded server takes, so that it stays free for others."""
STARTS_AT_ONCE = 8
TRIES = 40  # times a workflow of the same member that is just ending is waited for
WAIT_FOR_ENDING = 0.5  # seconds


class Starting(Protocol):
    """What of the gateway is needed: starting a workflow under its business id, and telling one that is there."""

    def start(
        self, kind: str, argument: Any = None, *, id: str, attributes: Any = None, summary: Any = None,
        again: bool = False,
    ) -> bool: ...  # fmt: skip

    def signal(self, id: str, name: str) -> bool: ...


class Moves:
    """What reviews and memberships do in the world."""

    def __init__(self, desk: Desk, orchestrator: Starting) -> None:
        self._desk = desk
        self._orchestrator = orchestrator

    def activities(self) -> list[Callable[..., Any]]:
        """All of them, for a worker."""
        return [
            self.begin_review,
            self.look_at_shard,
            self.settle_part,
            self.carry_out_batch,
            self.start_waiting,
            self.finish_review,
            self.advance,
        ]

    # ------------------------------------------------------------------------------------------------ reviews
    @activity.defn(name=turns.BEGIN_REVIEW)
    def begin_review(self, asked: turns.BeginReview) -> turns.ReviewPlan:
        """Begin a review once."""
        with refusing(), alive():
            plan = review.begin(
                self._desk,
                asked.community,
                run=asked.run,
                at=asked.at,
                parts=asked.parts,
                shard_size=asked.shard_size,
            )
        parts = tuple(
            turns.ReviewPart(name=part, shards=review.shards_of(self._desk, plan, part)) for part in plan.parts
        )
        return turns.ReviewPlan(review=plan.id, parts=parts)

    @activity.defn(name=turns.LOOK_AT_SHARD)
    def look_at_shard(self, asked: turns.LookAtShard) -> None:
        """Read one shard."""
        with refusing(), alive():
            review.look_at(self._desk, asked.community, asked.review, asked.part, asked.shard)

    @activity.defn(name=turns.SETTLE_PART)
    def settle_part(self, asked: turns.SettlePart) -> int:
        """Give seats and sort changes into batches."""
        with refusing(), alive():
            return review.settle(self._desk, asked.community, asked.review, asked.part, size=asked.batch_size)

    @activity.defn(name=turns.CARRY_OUT_BATCH)
    def carry_out_batch(self, asked: turns.CarryOutBatch) -> None:
        """Make one batch of changes once."""
        with refusing(), alive():
            try:
                review.carry_out_batch(
                    self._desk,
                    asked.community,
                    asked.review,
                    asked.part,
                    asked.batch,
                    scale=asked.scale,
                    seed=asked.seed,
                )
            except review.AlreadyDone:
                return

    @activity.defn(name=turns.START_WAITING)
    def start_waiting(self, asked: turns.StartWaiting) -> int:
        """Begin the membership workflows asked for, some at a time and at a bounded rate; returns how many."""
        started = 0
        tries: dict[str, int] = {}
        with alive(), ThreadPoolExecutor(STARTS_AT_ONCE, thread_name_prefix="starting") as hands:
            while waiting := self._desk.memberships.unstarted(asked.community, limit=STARTS_PER_SECOND):
                began = time.monotonic()
                begun = list(hands.map(self._begin, waiting))
                done = []
                for one, is_begun in zip(waiting, begun, strict=True):
                    tries[one.id] = tries.get(one.id, 0) + 1
                    if is_begun:
                        done.append(one.id)
                if not done and all(tries[one.id] >= TRIES for one in waiting):
                    break  # they wait for the next review; taken for started they would wait for ever
                self._desk.memberships.started(asked.community, done)
                started += len(done)
                share = len(done) / STARTS_PER_SECOND if done else WAIT_FOR_ENDING
                time.sleep(max(0.0, began + share - time.monotonic()))
        return started

    def _begin(self, one: Membership) -> bool:
        """Start its workflow; False while an earlier one of the same member is still ending."""
        given = turns.MembershipInput(
            community=one.community,
            id=one.id,
            member=one.member,
            ladder=one.ladder,
            value=one.value,
            to=one.to,
            opened_at=one.opened_at,
            scale=one.scale,
        )
        begun = self._orchestrator.start(
            turns.MEMBERSHIP,
            given,
            id=one.workflow,
            attributes={"TrellisCommunity": one.community, "TrellisTier": one.to},
            summary=f"{one.member}: {one.from_ or 'none'} → {one.to}",
            again=True,
        )
        if begun:
            return True
        found = self._desk.memberships.get(one.community, one.id)
        return found is not None and found.state != "asked"

    @activity.defn(name=turns.FINISH_REVIEW)
    def finish_review(self, asked: turns.FinishReview) -> turns.ReviewSummary:
        """Sum up, and let the outbox know."""
        with refusing(), alive():
            plan = self._desk.reviews.plan(asked.community, asked.review)
            since = plan.at
            summary = review.finish(self._desk, asked.community, asked.review)
            spec = self._desk.specs.at(plan.digest, plan.community)
            if any(part.partition("@")[0] in spec.ladders for part in plan.parts):
                keep_perks(self._desk, spec, at=plan.at)
                kept = keep_touch(self._desk, spec, at=plan.at, scale=asked.scale, seed=asked.seed, start=asked.touch)
                self._wake(kept.wake)
            keep_house(self._desk, spec, at=plan.at)
            self._wake(self._desk.reviews.touched(asked.community, since=since))
        self._orchestrator.start(
            turns.OUTBOX,
            turns.OutboxInput(community=asked.community),
            id=f"{asked.community}/outbox",
            attributes={"TrellisCommunity": asked.community},
            again=True,
        )
        return turns.ReviewSummary.model_validate(
            {**summary, "at": datetime.fromisoformat(str(summary["at"]))}, strict=False
        )

    # -------------------------------------------------------------------------------------------- memberships
    @activity.defn(name=turns.ADVANCE)
    def advance(self, asked: turns.Advance) -> turns.Advanced:
        """Ask, see the answers, make the move: as far as it goes."""
        with refusing(), alive():
            stand = membership.advance(self._desk, asked.community, asked.id, asked.at)
            if stand.outcome == "moved":
                move = self._desk.memberships.get(asked.community, asked.id)
                assert move is not None
                spec = self._desk.specs.current(asked.community)
                kept = moved_on(self._desk, spec, move.member, at=stand.at)
                keep_perks(self._desk, spec, at=stand.at, members=[move.member])
                self._wake(
                    [*self._desk.reviews.touched(asked.community, since=stand.at, member=move.member), *kept.wake]
                )
            return turns.Advanced(**asdict(stand))

    def _wake(self, runs: Sequence[str]) -> None:
        """Have runs look again whether they still may go on: whoever they are about stands elsewhere now."""
        for id_ in runs:
            self._orchestrator.signal(id_, POKE)
