"""Tables of specs: every version of a community's documents, kept whole and for ever."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table
from sqlalchemy import Text as Text_

from store.tables import metadata

spec_document = Table(
    "spec_document",
    metadata,
    Column("community", Text_, nullable=False),
    Column("digest", Text_, nullable=False, comment="sha256 over the parsed documents; comments do not matter"),
    Column("files", LargeBinary, nullable=False, comment="the original files: JSON of name to text, deflated"),
    PrimaryKeyConstraint("community", "digest"),
    comment="What a community's folder held when it was published.",
)

spec_version = Table(
    "spec_version",
    metadata,
    Column("community", Text_, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", Text_, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("author", Text_, nullable=False),
    Column("message", Text_, nullable=False),
    PrimaryKeyConstraint("community", "number"),
    ForeignKeyConstraint(["community", "digest"], ["spec_document.community", "spec_document.digest"]),
    Index("spec_version_of_digest", "community", "digest"),
    comment="What was made current when, by whom and why; the highest number is current.",
)
