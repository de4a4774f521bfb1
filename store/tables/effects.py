"""Tables of what effects leave behind: deeds, ledgers, holdings, assignments, candidates, publications, staff."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from store.tables import metadata

deed = Table(
    "deed",
    metadata,
    Column("community", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("seq", BigInteger, Identity(), nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("member", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("details", JSONB, nullable=False),
    Column("origin", JSONB, nullable=False, comment="run, task, mode, phase"),
    Column("refused", Text, comment="why it could not be done"),
    Column("started", Text, comment="of `start`: the run, once there is one"),
    Column(
        "waiting",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="of `start`: no run yet; of `publish`: its embargo is not over",
    ),
    Column("undone_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("community", "key"),
    Index("deed_source", "community", "source", "seq"),
    Index("deed_to_start", "community", "seq", postgresql_where=text("waiting")),
    comment="One effect for one person or thing, done once.",
)

ledger = Table(
    "ledger",
    metadata,
    Column("community", Text, nullable=False),
    Column("seq", BigInteger, Identity(), nullable=False),
    Column("key", Text, nullable=False, comment="of the deed, with what kind of line it is"),
    Column("kind", Text, nullable=False, comment="points, budget, stock"),
    Column("account", Text, nullable=False),
    Column("period", Text, nullable=False, server_default=""),
    Column("amount", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text),
    Column("member", Text, comment="of money: on whom it was spent"),
    Column("line", Text, comment="of money: the tier in whose line of the plan it counts"),
    PrimaryKeyConstraint("community", "seq"),
    UniqueConstraint("community", "key", name="ledger_once"),
    Index("ledger_account", "community", "kind", "account", "period", "at"),
    comment="Every change of an account; append-only.",
)

balance = Table(
    "balance",
    metadata,
    Column("community", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("period", Text, nullable=False, server_default=""),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("community", "kind", "account", "period"),
    CheckConstraint("amount >= 0", name="balance_not_negative"),
    comment="What is left: the sum of the ledger, never negative.",
)

holding = Table(
    "holding",
    metadata,
    Column("community", Text, nullable=False),
    Column("key", Text, nullable=False, comment="of the deed that gave it"),
    Column("kind", Text, nullable=False, comment="title or benefit"),
    Column("member", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("value", Text, nullable=False, server_default=""),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by", Text, comment="key of the deed that ended it"),
    PrimaryKeyConstraint("community", "key"),
    Index("holding_of_member", "community", "member", "kind"),
    Index("holding_of_item", "community", "kind", "item", "value"),
    Index(
        "holding_once",
        "community",
        "kind",
        "item",
        "value",
        "member",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
    comment="Titles and benefits that members hold and held.",
)

candidate = Table(
    "candidate",
    metadata,
    Column("community", Text, nullable=False),
    Column("list", Text, nullable=False, comment="tier, title or task"),
    Column("of", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("source", Text, nullable=False),
    PrimaryKeyConstraint("community", "key"),
    Index("candidate_list", "community", "list", "of", "at"),
    comment="Who was named for what.",
)

assignment = Table(
    "assignment",
    metadata,
    Column("community", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("member", Text, nullable=False, comment="or the cohort that somebody hosts"),
    Column("relation", Text, nullable=False, comment="contact, host or tutor"),
    Column("role", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_why", Text, comment="handover, over"),
    PrimaryKeyConstraint("community", "key"),
    Index("assignment_once", "community", "member", "relation", unique=True, postgresql_where=text("ended_at IS NULL")),
    Index("assignment_load", "community", "role", "person", postgresql_where=text("ended_at IS NULL")),
    comment="Who looks after whom.",
)

publication = Table(
    "publication",
    metadata,
    Column("community", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("member", Text, comment="the author, of a work"),
    Column("run", Text),
    Column("credits", Text, comment="the list of contributors it names"),
    Column("first", Boolean, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("community", "key"),
    Index("publication_what", "community", "what"),
    comment="What was published where.",
)

staff = Table(
    "staff",
    metadata,
    Column("community", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("person", Text, nullable=False),
    PrimaryKeyConstraint("community", "role", "person"),
    comment="Who is in a role of the operating team.",
)
