"""Tables of what people are accountable for: the audit log, and follow-ups with what became of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from store.tables import metadata

_MOMENT = DateTime(timezone=True)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("community", Text, nullable=False),
    Column("seq", BigInteger, Identity(), nullable=False),
    Column("at", _MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("what", Text, nullable=False, comment="the run, item, member, file, … it was done to"),
    Column("details", JSONB, nullable=False),
    PrimaryKeyConstraint("community", "seq"),
    Index("audit_entry_what", "community", "what"),
    Index("audit_entry_actor", "community", "actor"),
    comment="Who did what by hand; append-only.",
)

follow_up = Table(
    "follow_up",
    metadata,
    Column("community", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("run", Text),
    Column("text", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("opened_at", _MOMENT, nullable=False),
    Column("opened_by", Text),
    Column("due", _MOMENT),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("reason", Text),
    Column("until", _MOMENT, comment="of work in hand: until when"),
    Column("told_at", _MOMENT, comment="when the state became what it is"),
    Column("told_by", Text),
    PrimaryKeyConstraint("community", "id"),
    Index("follow_up_run", "community", "run"),
    Index("follow_up_open", "community", "state", "due"),
    comment="Advice and actions, each tracked until it is done or declined.",
)
