"""Tables of teams: who is in which part of which team, since when and why; and the ledger of contributions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
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

_MOMENT = DateTime(timezone=True)

team = Table(
    "team",
    metadata,
    Column("id", Text, primary_key=True, comment="run/phase/visit/number"),
    Column("community", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("visit", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("formed_at", _MOMENT, nullable=False),
    Column("ended_at", _MOMENT),
    Column("slots", JSONB, nullable=False, comment="[{id, needs, limit, share}, …]"),
    ForeignKeyConstraint(["run"], ["run.id"]),
    Index("team_of_run", "run", "phase", "visit", "number"),
    Index("team_live", "community", postgresql_where=text("ended_at IS NULL")),
    comment="Teams that runs have formed.",
)

seat = Table(
    "seat",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("team", Text, nullable=False),
    Column("slot", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("since", _MOMENT, nullable=False),
    Column("why", JSONB, nullable=False),
    Column("offered_until", _MOMENT, comment="they have not said yes"),
    Column("until", _MOMENT),
    Column("left", Text, comment="why they are not there any more"),
    ForeignKeyConstraint(["team"], ["team.id"]),
    Index("seat_once", "team", "member", unique=True, postgresql_where=text('"until" IS NULL')),
    Index("seat_of_member", "member", "team"),
    CheckConstraint('("until" IS NULL) = ("left" IS NULL)', name="seat_left_why"),
    comment="Who is and was in which part of a team; nobody has two parts of one team at a time.",
)

contribution = Table(
    "contribution",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("community", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("work", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("at", _MOMENT, nullable=False),
    Column("line", Text, nullable=False, server_default="accepted", comment="accepted, reversed"),
    UniqueConstraint("work", "member", "line", name="contribution_once"),
    Index("contribution_of_run", "run", "member"),
    CheckConstraint("(line = 'accepted') = (weight >= 0) OR weight = 0", name="contribution_sign"),
    comment="What was accepted from whom, and its weight; append-only: a trigger refuses changes.",
)

credit = Table(
    "credit",
    metadata,
    Column("community", Text, nullable=False),
    Column("list", Text, nullable=False, comment="where it comes from: the effect that published it"),
    Column("member", Text, nullable=False),
    Column("weight", BigInteger, nullable=False),
    PrimaryKeyConstraint("community", "list", "member"),
    comment="Lists of contributors that were published: each named once.",
)
