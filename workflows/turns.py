"""Turns: what the workflows of reviews, memberships and the outbox say to their activities, and by which names.

Small pydantic models only; who is meant stays in the database and goes by id.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

REVIEW = "review"
MEMBERSHIP = "membership"
OUTBOX = "outbox"
"""Types of workflows."""

BEGIN_REVIEW = "begin_review"
LOOK_AT_SHARD = "look_at_shard"
SETTLE_PART = "settle_part"
CARRY_OUT_BATCH = "carry_out_batch"
FINISH_REVIEW = "finish_review"
START_WAITING = "start_waiting"
ADVANCE = "advance_membership"
DELIVER = "deliver_notices"
"""Names of activities."""

POKE = "poke"
"""The signal: somebody has answered, or something waits. A hint only; the truth is the row."""


class Turn(BaseModel):
    """Something that enters a workflow's history."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReviewInput(Turn):
    """Review a community: at a moment (now when None), all parts or some, on a scaled clock or not.

    `scale` and `seed` go on to whatever the review begins: with a seed the people asked are simulated.
    """

    community: str
    at: datetime | None = None
    parts: tuple[str, ...] | None = None
    scale: str | None = None
    seed: str | None = None
    shard_size: int = Field(default=50_000, ge=1)
    batch_size: int = Field(default=2_000, ge=1)
    touch: bool = Field(default=True, description="start what accompanies tiers; cohorts are kept up to date anyway")
    at_once: int = Field(default=2, ge=1, description="shards read at the same time")


class BeginReview(Turn):
    community: str
    run: str
    at: datetime
    parts: tuple[str, ...] | None
    shard_size: int


class ReviewPart(Turn):
    name: str
    shards: int


class ReviewPlan(Turn):
    review: str
    parts: tuple[ReviewPart, ...]


class LookAtShard(Turn):
    community: str
    review: str
    part: str
    shard: int


class SettlePart(Turn):
    community: str
    review: str
    part: str
    batch_size: int


class CarryOutBatch(Turn):
    community: str
    review: str
    part: str
    batch: int
    scale: str | None
    seed: str | None


class StartWaiting(Turn):
    community: str


class FinishReview(Turn):
    community: str
    review: str
    scale: str | None = None
    seed: str | None = None
    touch: bool = True


class ReviewSummary(Turn):
    """What a review came to: for each part counts by outcome and by transition.

    `trial` is the digest under which a `share` of members, in hundredths of a percent, was judged.
    """

    review: str
    at: datetime
    digest: str
    trial: str | None = None
    share: int = 0
    parts: dict[str, dict[str, int]]


class MembershipInput(Turn):
    """One member's move that waits for somebody's word. `opened_at` is the move's own time of its beginning."""

    community: str
    id: str
    member: str
    ladder: str
    value: str
    to: str
    opened_at: datetime
    scale: str | None = None


class Advance(Turn):
    """Take a move as far as it goes at a time of its own."""

    community: str
    id: str
    at: datetime


class Advanced(Turn):
    """Over with an `outcome` at `at`; or `whom` is asked until `due`, and `look_at` is when to look before that."""

    at: datetime
    outcome: str | None = None
    whom: str = ""
    due: datetime | None = None
    look_at: datetime | None = None


class MembershipResult(Turn):
    """How it came out: moved, refused, declined, lapsed, no_seat, not_here; at the move's own time."""

    outcome: str
    at: datetime


class OutboxInput(Turn):
    """Deliver the notices of a community for as long as any wait; begun by the clock, release tasks that are due."""

    community: str
    by_clock: bool = False


class Deliver(Turn):
    """One round; `release`: begin the tasks that are due first."""

    community: str
    release: bool = False


class Delivered(Turn):
    """How many left, how many could not be handed over, and how many wait (for another day, or another try)."""

    sent: int
    failed: int
    started: int = 0
    starting: int = 0
    waiting: int = 0
