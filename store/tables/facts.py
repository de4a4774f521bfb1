"""Tables of facts and of what metrics keep of them."""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from store.tables import metadata

fact_kind = Table(
    "fact_kind",
    metadata,
    Column("community", SmallInteger, nullable=False),
    Column("key", SmallInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column(
        "slots", JSONB, nullable=False, comment="[[field, type, places], …] in the order of fact.fields; only grows"
    ),
    PrimaryKeyConstraint("community", "key"),
    Index("fact_kind_by_id", "community", "id", unique=True),
    comment="Short numbers for kinds of facts, and which field stands where in a fact.",
)

fact = Table(
    "fact",
    metadata,
    Column("id", UUID, nullable=False, comment="first 16 bytes of the BLAKE2b hash of the fact's id or content"),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), comment="null: not told"),
    Column("member", Integer, comment="subject.key"),
    Column("kind", SmallInteger, nullable=False),
    Column("community", SmallInteger, nullable=False),
    Column("fields", Text, nullable=False, comment="values by slot between U+001F; nothing is unknown"),
    Column("suspect", Boolean, nullable=False, server_default=text("false"), comment="found by the filters"),
    PrimaryKeyConstraint("community", "id"),
    Index("fact_by_time", "at", postgresql_using="brin"),
    Index("fact_by_record", "recorded_at", postgresql_using="brin"),
    Index(
        "fact_by_member",
        "member",
        postgresql_using="brin",
        postgresql_ops={"member": "int4_bloom_ops(n_distinct_per_range=4500, false_positive_rate=0.02)"},
        postgresql_with={"pages_per_range": 64, "autosummarize": "on"},
    ),
    comment="What happened. A correction replaces the row, a withdrawal removes it; metrics follow at once.",
)

fact_arrival = Table(
    "fact_arrival",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("community", Text, nullable=False),
    comment="Facts came in that a review waits for; a worker takes the rows away.",
)

withdrawn = Table(
    "withdrawn",
    metadata,
    Column("community", SmallInteger, nullable=False),
    Column("id", UUID, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("community", "id"),
    comment="Facts that were taken back; the same fact imported again stays away.",
)

metric = Table(
    "metric",
    metadata,
    Column("community", SmallInteger, nullable=False),
    Column("key", Integer, Identity(), nullable=False),
    Column("id", Text, nullable=False),
    Column("definition", Text, nullable=False, comment="hash of all that its cells depend on"),
    Column("maintained", Boolean, nullable=False, comment="the current spec reads it"),
    Column("built", Boolean, nullable=False, comment="its cells agree with the facts; else rebuilt at the next look"),
    PrimaryKeyConstraint("community", "key"),
    Index("metric_by_definition", "community", "id", "definition", unique=True),
    comment="Definitions of metrics for which cells are kept.",
)

chunk = Table(
    "chunk",
    metadata,
    Column("key", BigInteger, Identity(), primary_key=True),
    Column("community", SmallInteger, nullable=False),
    Column("metrics", ARRAY(Integer), nullable=False, comment="metric.key of every metric with cells inside"),
    Column("first_day", Integer, nullable=False),
    Column("last_day", Integer, nullable=False),
    Column("cells", Integer, nullable=False),
    Column("merged", Boolean, nullable=False, server_default=text("false")),
    Column("data", LargeBinary, nullable=False, comment="columns of cells: Arrow IPC with zstd, or JSON for a few"),
    Index("chunk_of_community", "community", "merged"),
    comment="Cells of metrics, appended with the facts they come from; a correction appends negative cells.",
)
