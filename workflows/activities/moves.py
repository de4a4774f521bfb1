"""Activities of reviews and memberships: doorways to `operations.review` and `operations.membership`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from temporalio import activity

from operations import membership, review
from operations.desk import Desk
from operations.ports.reviews import Membership
from workflows import turns
from workflows.activities.doorway import alive, refusing

STARTS_PER_SECOND = 40
"""Memberships begun in a second: below what the embedded server takes, so that it stays free for others."""
TRIES = 40  # times half a second for a workflow of the same member that is just ending


class Starting(Protocol):
    """What of the gateway is needed: starting a workflow under its business id."""

    def start(
        self, kind: str, argument: Any = None, *, id: str, attributes: Any = None, summary: Any = None,
        again: bool = False,
    ) -> bool: ...  # fmt: skip


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
            self.ask,
            self.check,
            self.conclude,
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
        """Begin the membership workflows that were asked for, at a bounded rate; returns how many."""
        started = 0
        tries: dict[str, int] = {}
        while waiting := self._desk.memberships.unstarted(asked.community):
            for one in waiting:
                activity.heartbeat(started)
                if self._begin(one) or tries.get(one.id, 0) >= TRIES:
                    self._desk.memberships.started(asked.community, one.id)
                    started += 1
                    time.sleep(1 / STARTS_PER_SECOND)
                else:
                    tries[one.id] = tries.get(one.id, 0) + 1
                    time.sleep(0.5)
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
            summary = review.finish(self._desk, asked.community, asked.review)
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
    @activity.defn(name=turns.ASK)
    def ask(self, asked: turns.AskForWord) -> turns.AskedForWord:
        """Ask those who approve, or the member."""
        opens = membership.open_approval if asked.whom == "approval" else membership.open_invitation
        with refusing(), alive():
            found = opens(self._desk, asked.community, asked.id, asked.at)
        return turns.AskedForWord() if found is None else turns.AskedForWord(**asdict(found))

    @activity.defn(name=turns.CHECK)
    def check(self, asked: turns.CheckWord) -> turns.Word:
        """See whether they have answered."""
        checks = membership.check_approval if asked.whom == "approval" else membership.check_invitation
        with refusing(), alive():
            return turns.Word(**asdict(checks(self._desk, asked.community, asked.id, asked.at)))

    @activity.defn(name=turns.CONCLUDE)
    def conclude(self, asked: turns.Conclude) -> str:
        """Make the move or let it be."""
        with refusing(), alive():
            return membership.conclude(self._desk, asked.community, asked.id, because=asked.because, at=asked.at)
