"""Tables of members: who belongs to a community and what is known of them, now and earlier."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Identity, Index, Integer, PrimaryKeyConstraint, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from store.tables import metadata

community = Table(
    "community",
    metadata,
    Column("key", SmallInteger, Identity(), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    comment="Short numbers for communities, so that a fact need not spell them.",
)

subject = Table(
    "subject",
    metadata,
    Column("key", Integer, Identity(), primary_key=True),
    Column("community", SmallInteger, nullable=False),
    Column("kind", Text, nullable=False, comment="member, work, team, run, cohort, space"),
    Column("id", Text, nullable=False),
    Index("subject_by_id", "community", "kind", "id", unique=True),
    comment="Short numbers for whatever metrics are about; a member whom a fact names may not be imported yet.",
)

member = Table(
    "member",
    metadata,
    Column("community", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("joined", DateTime(timezone=True), nullable=False),
    Column("attributes", JSONB, nullable=False, comment="name to scaled value; what is unknown is not there"),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("community", "id"),
    comment="Members and what is known of them now.",
)

member_change = Table(
    "member_change",
    metadata,
    Column("community", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("before", JSONB, comment="null when it was unknown"),
    Column("after", JSONB),
    PrimaryKeyConstraint("community", "member", "name", "at"),
    comment="How attributes changed, for metrics that read a member as of a fact; the first holds since ever.",
)
