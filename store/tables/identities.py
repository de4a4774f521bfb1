"""Tables of who members are: accounts elsewhere, what spotted them, two who are one, requests about their data."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from store.tables import metadata

account = Table(
    "account",
    metadata,
    Column("community", Text, nullable=False),
    Column("source", Text, nullable=False, comment="platform, forum or group"),
    Column("id", Text, nullable=False, comment="the name there"),
    Column("member", Text, nullable=False),
    Column("origin", Text, nullable=False, comment="public_domain or private_domain"),
    Column("since", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("community", "source", "id"),
    Index("account_of_member", "community", "member"),
    comment="Accounts elsewhere, and whose they are.",
)

sighting = Table(
    "sighting",
    metadata,
    Column("community", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("number", BigInteger, Identity(), nullable=False),
    Column("member", Text, nullable=False),
    Column("origin", Text, nullable=False, comment="public_domain or private_domain; the first one is the tag"),
    Column("place", Text),
    Column("evidence", Text),
    Column("topic", Text),
    Column("by", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("community", "key"),
    Index("sighting_of_member", "community", "member", "number"),
    comment="What spotted a candidate; the first is the source tag for good, further ones are only added.",
)

joining = Table(
    "joining",
    metadata,
    Column("community", Text, nullable=False),
    Column("number", BigInteger, Identity(), nullable=False),
    Column("kept", Text, nullable=False),
    Column("other", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("journal", JSONB, nullable=False, comment="what was changed, and how it was before"),
    Column("separated_at", DateTime(timezone=True)),
    Column("separated_by", Text),
    PrimaryKeyConstraint("community", "number"),
    Index("joining_of_other", "community", "other"),
    comment="Two members that were found to be one person.",
)

privacy = Table(
    "privacy",
    metadata,
    Column("community", Text, nullable=False),
    Column("number", BigInteger, Identity(), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("what", Text, nullable=False, comment="consented, withdrew, exported, erased, joined, separated"),
    Column("member", Text, nullable=False, comment="after an erasure the pseudonym"),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    PrimaryKeyConstraint("community", "number"),
    Index("privacy_of_member", "community", "member"),
    comment="What was done about the person of a member and their data; rows are only added.",
)

knowledge = Table(
    "knowledge",
    metadata,
    Column("community", Text, nullable=False),
    Column("work", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("author", Text),
    Column("run", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("text", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("words", TSVECTOR, nullable=False, comment="words, and pairs of neighbouring Chinese characters"),
    PrimaryKeyConstraint("community", "work", "place"),
    Index("knowledge_words", "words", postgresql_using="gin"),
    Index("knowledge_of_author", "community", "author"),
    comment="What was published in spaces, to be found again by its words.",
)
