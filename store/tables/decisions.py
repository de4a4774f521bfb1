"""Tables of the decision log and of the reviews that wrote it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from store.tables import metadata

decision = Table(
    "decision",
    metadata,
    Column("community", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("review", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("from_at", Text),
    Column("to_at", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("digest", Text, nullable=False),
    Column("form", Text, nullable=False, comment="what is the same in the reasons of many; see decision_form"),
    Column("read", Text, nullable=False, comment="JSON: value and truth of each reason, in the form's order"),
    Column("because", Text, nullable=False, server_default=""),
    Column("hash", LargeBinary, nullable=False, comment="SHA-256 over the hash before and the decision's one text"),
    Column("reduced", Text, comment="the erasure by which subject and reasons were taken out"),
    PrimaryKeyConstraint("community", "seq"),
    UniqueConstraint("community", "review", "rule", "subject", name="decision_once"),
    Index("decision_of_subject", "community", "subject", "rule"),
    comment="What was concluded; append-only, each chained to the one before.",
)

decision_form = Table(
    "decision_form",
    metadata,
    Column("community", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("reasons", Text, nullable=False, comment="JSON: metric, window, comparison, threshold of each reason"),
    PrimaryKeyConstraint("community", "id"),
    comment="The part of reasons that decisions of one rule share.",
)

decision_head = Table(
    "decision_head",
    metadata,
    Column("community", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    comment="Where each community's log ends; whoever appends holds this row.",
)

review = Table(
    "review",
    metadata,
    Column("community", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("run", Text, nullable=False, comment="the workflow run that carries it out"),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("digest", Text, nullable=False),
    Column("parts", JSONB, nullable=False),
    Column("cuts", JSONB, nullable=False, comment="member ids between which the shards lie"),
    Column("trial", Text, comment="the digest under which a share of members is judged"),
    Column("share", Integer, comment="that share, in hundredths of a percent"),
    Column("ended_at", DateTime(timezone=True)),
    Column("summary", JSONB),
    PrimaryKeyConstraint("community", "id"),
    UniqueConstraint("community", "run"),
    comment="One look at the whole community.",
)

review_shard = Table(
    "review_shard",
    metadata,
    Column("community", Text, nullable=False),
    Column("review", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("counts", JSONB, nullable=False),
    PrimaryKeyConstraint("community", "review", "part", "shard"),
    comment="A shard that was read, with counts by outcome.",
)

verdict = Table(
    "verdict",
    metadata,
    Column("community", Text, nullable=False),
    Column("review", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="what follows: move, below, above, met, unmet, fire, …"),
    Column("to_at", Text),
    Column("leaves", Text),
    Column("seats", Boolean, nullable=False, comment="the tier it leads to has limited seats"),
    Column("rank", Text, nullable=False, comment="JSON: sorts those who compete for seats, best first"),
    Column("ask", Boolean, nullable=False, comment="through a membership workflow"),
    Column("body", Text, nullable=False, comment="JSON: the change and the decision"),
    Column("digest", Text, comment="under which it was found, if not the review's own"),
    Column("batch", Integer, comment="the batch that carries it out; null: not in one"),
    PrimaryKeyConstraint("community", "review", "part", "shard", "place"),
    Index("verdict_batch", "community", "review", "part", "batch"),
    comment="What a review found must change; gone when the review is over.",
)

firing = Table(
    "firing",
    metadata,
    Column("community", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, comment="when it last acted"),
    Column("held", Boolean, nullable=False, comment="its condition has not been untrue at any look since"),
    PrimaryKeyConstraint("community", "rule", "subject"),
    comment="When rules last acted, and whether that spell lasts.",
)
