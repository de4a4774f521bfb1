"""Tables of touch: cohorts and who belongs to them. Who looks after whom is `assignment`, who works here `staff`."""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, DateTime, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from store.tables import metadata

_MOMENT = DateTime(timezone=True)

cohort = Table(
    "cohort",
    metadata,
    Column("community", Text, nullable=False),
    Column("id", Text, nullable=False, comment="partition/number"),
    Column("partition", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", ARRAY(Text), nullable=False, comment="what its members share, most important first; may be empty"),
    Column("opened_at", _MOMENT, nullable=False),
    Column("closed_at", _MOMENT),
    PrimaryKeyConstraint("community", "id"),
    Index("cohort_number", "community", "partition", "number", unique=True),
    comment="Groups that a partition of members is divided into.",
)

cohort_member = Table(
    "cohort_member",
    metadata,
    Column("community", Text, nullable=False),
    Column("cohort", Text, nullable=False),
    Column("partition", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("since", _MOMENT, nullable=False),
    Column("ended_at", _MOMENT),
    PrimaryKeyConstraint("community", "cohort", "member", "since"),
    Index(
        "cohort_of_member",
        "community",
        "member",
        "partition",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    comment="Who belongs to a cohort and belonged; to one of a partition at a time.",
)
