"""The outbox: notices that were written with what they tell about, and leave afterwards."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from store.tables import metadata

notice = Table(
    "notice",
    metadata,
    Column("community", Text, nullable=False),
    Column("key", Text, nullable=False, comment="also the idempotency key of the receiver"),
    Column("seq", BigInteger, Identity(), nullable=False),
    Column("member", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("values", JSONB, nullable=False),
    Column("urgency", SmallInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("due", DateTime(timezone=True)),
    Column("to_staff", Boolean, nullable=False, server_default=text("false"), comment="does not count for the day"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("trouble", Text, comment="what went wrong the last time"),
    Column("sent_on", Date, comment="local day on which it left"),
    Column("sent_at", DateTime(timezone=True)),
    Column("dropped_at", DateTime(timezone=True), comment="its member wants no contact any more"),
    PrimaryKeyConstraint("community", "key"),
    Index("notice_waiting", "community", "urgency", "seq", postgresql_where=text("sent_at IS NULL")),
    Index("notice_of_member", "community", "member", "sent_on"),
    comment="One message to one person.",
)
