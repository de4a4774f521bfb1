"""Tables of trials: versions tried before they are current, and what a shadow showed at each review."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from store.tables import metadata

trial = Table(
    "trial",
    metadata,
    Column("community", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="shadow or staged"),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("steps", JSONB, nullable=False, comment="shares in hundredths of a percent, each with its date or null"),
    Column("bounds", JSONB, nullable=False, comment="what stops it"),
    Column("state", Text, nullable=False, comment="running, halted, current, replaced, withdrawn"),
    Column("step", Integer, nullable=False, server_default="0"),
    Column("reviews", Integer, nullable=False, server_default="0", comment="over under this step"),
    Column("counts", JSONB, nullable=False, server_default="{}"),
    Column("counted", Text, comment="the last review in the counts"),
    Column("why", Text, nullable=False, server_default=""),
    Column("ended_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("community", "number"),
    ForeignKeyConstraint(["community", "digest"], ["spec_document.community", "spec_document.digest"]),
    Index("trial_running", "community", "kind", unique=True, postgresql_where=text("state = 'running'")),
    comment="A version on trial: beside the current one, or for a share of members.",
)

comparison = Table(
    "comparison",
    metadata,
    Column("community", Text, nullable=False),
    Column("trial", Integer, nullable=False),
    Column("review", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("digest", Text, nullable=False, comment="under which the members were judged"),
    Column("members", Integer, nullable=False),
    Column("differences", JSONB, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("community", "trial", "review", "part", "shard", "digest"),
    ForeignKeyConstraint(["community", "trial"], ["trial.community", "trial.number"]),
    comment="Who would come out otherwise under a shadow, for one shard of one part of a review.",
)
