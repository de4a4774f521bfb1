"""Tables of standings: where members are, and whom people are being asked about."""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, Column, DateTime, Index, PrimaryKeyConstraint, Table, Text, text

from store.tables import metadata

standing = Table(
    "standing",
    metadata,
    Column("community", Text, nullable=False),
    Column("ladder", Text, nullable=False),
    Column("value", Text, nullable=False, server_default=""),
    Column("member", Text, nullable=False),
    Column("at", Text),
    Column("since", DateTime(timezone=True)),
    Column("moved_at", DateTime(timezone=True)),
    Column("last_move", Text),
    Column("pinned", Boolean, nullable=False, server_default=text("false")),
    Column("pinned_by", Text),
    Column("pin_reason", Text),
    Column("below_since", DateTime(timezone=True)),
    Column("below_until", DateTime(timezone=True)),
    Column("below_digest", Text),
    Column("waiting_for", Text),
    Column("exempt", Boolean, nullable=False, server_default=text("false")),
    Column("held", ARRAY(Text), nullable=False, server_default="{}"),
    PrimaryKeyConstraint("community", "ladder", "value", "member"),
    Index("standing_of_member", "community", "member"),
    Index("standing_at", "community", "ladder", "value", "at"),
    comment="Where a member stands on a ladder (or in the lifecycle); no row is: lowest tier since joining, no stage.",
)

observation = Table(
    "observation",
    metadata,
    Column("community", Text, nullable=False),
    Column("ladder", Text, nullable=False),
    Column("value", Text, nullable=False, server_default=""),
    Column("target", Text, nullable=False, comment="the tier, or the transition"),
    Column("member", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("community", "ladder", "value", "target", "member"),
    comment="Since when somebody meets what it takes to move, without a gap.",
)

membership = Table(
    "membership",
    metadata,
    Column("community", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("member", Text, nullable=False),
    Column("ladder", Text, nullable=False),
    Column("value", Text, nullable=False, server_default=""),
    Column("from_at", Text),
    Column("to_at", Text, nullable=False),
    Column("transition", Text),
    Column("digest", Text, nullable=False),
    Column("review", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False, comment="asked, approving, inviting, ended"),
    Column("item", Text, comment="the work item of the approval"),
    Column("invited_at", DateTime(timezone=True)),
    Column("due", DateTime(timezone=True)),
    Column("answer", Text, comment="accept or decline"),
    Column("answered_at", DateTime(timezone=True)),
    Column("outcome", Text, comment="moved, refused, declined, lapsed, no_seat, not_here"),
    Column("ended_at", DateTime(timezone=True)),
    Column("again_from", DateTime(timezone=True), comment="not asked again for this before"),
    Column("scale", Text),
    Column("seed", Text),
    PrimaryKeyConstraint("community", "id"),
    Index("membership_of_member", "community", "member", "ladder", "value"),
    Index("membership_open", "community", "state", postgresql_where=text("state <> 'ended'")),
    comment="One move of one member for which somebody's word is awaited.",
)
