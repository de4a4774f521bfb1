"""Table of proposals: changes of the specs that insights opened, each with its plan."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from store.tables import metadata

proposal = Table(
    "proposal",
    metadata,
    Column("community", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", Text, nullable=False, comment="of the deed that opened it"),
    Column("at", DateTime(timezone=True), nullable=False, comment="in the time of its run"),
    Column("given", Boolean, nullable=False, comment="the plan is held to that moment"),
    Column("run", Text),
    Column("phase", Text),
    Column("source", Text, comment="the phase whose answer it comes from"),
    Column("edits", JSONB, nullable=False, comment="file, path, value of each"),
    Column("state", Text, nullable=False),
    Column("base", Text, comment="digest of the specs that the plan is against"),
    Column("digest", Text, comment="digest of the specs that it proposes"),
    Column("plan", JSONB),
    Column("problem", Text),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("reason", Text),
    Column("version", Integer, comment="the version it became"),
    PrimaryKeyConstraint("community", "number"),
    UniqueConstraint("community", "key", name="proposal_once"),
    CheckConstraint(
        "(state IN ('accepted', 'rejected')) = (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
        name="proposal_decided_by_somebody",
    ),
    CheckConstraint("state <> 'open' OR plan IS NOT NULL", name="proposal_open_with_its_plan"),
    Index("proposal_planning", "community", postgresql_where=text("state = 'planning'")),
    comment="A change of the specs that an insight proposes; it changes nothing until it is accepted.",
)
