"""Scarce goods."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one step on."""
    op.create_table(
        "benefit_use",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("benefit", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="the how many-th in the period"),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.CheckConstraint("number BETWEEN 1 AND most", name=op.f("ck_benefit_use_benefit_use_within")),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_benefit_use")),
        sa.UniqueConstraint("community", "benefit", "member", "period", "number", name="benefit_use_once"),
        comment="Every use of a benefit that may be used so often in a period.",
    )
    op.create_table(
        "booking",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="of the claim"),
        sa.Column("fleet", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column(
            "vehicle",
            sa.BigInteger(),
            sa.Computed("hashtextextended(community || '/' || fleet || '/' || unit, 0) >> 1", persisted=True),
            nullable=True,
            comment="the unit as a number, for the exclusion",
        ),
        sa.Column("member", sa.Text(), nullable=True),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column(
            "during",
            postgresql.TSTZRANGE(),
            nullable=False,
            comment="with the time it takes to make the car ready again",
        ),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False, comment="when it has to be back"),
        sa.Column("state", sa.Text(), server_default=sa.text("'booked'"), nullable=False),
        sa.Column("back_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(vehicle, vehicle, '[]')"), "&&"),
            (sa.text("during"), "&&"),
            where=sa.text("state <> 'cancelled'"),
            using="gist",
            name="booking_never_twice",
        ),
        sa.CheckConstraint("state IN ('booked', 'back', 'cancelled')", name=op.f("ck_booking_booking_state")),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_booking_booking_of_some_time")),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_booking")),
        comment="Which car is with whom when; two bookings of one car never overlap.",
    )
    op.create_index("booking_of_fleet", "booking", ["community", "fleet", "ends_at"], unique=False)
    op.create_table(
        "claim",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="run, phase, visit and whom it is for"),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="budget, stock, fleet, benefit"),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False, comment="a member, a team, a work or the run"),
        sa.Column("member", sa.Text(), nullable=True, comment="whoever is served by it, if that is one person"),
        sa.Column("work", sa.Text(), nullable=True),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="pieces, or hundredths of the currency"),
        sa.Column("book", sa.Text(), nullable=True, comment="of a car: for how long"),
        sa.Column("spend", sa.Boolean(), nullable=False, comment="stays given when the run ends"),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settle_at", sa.DateTime(timezone=True), nullable=False, comment="not looked at before"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True, comment="how long it waits; null: now or not"),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=True, comment="of a car: when it is there"),
        sa.Column("back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "why", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'served', 'unserved', 'withdrawn', 'back')", name=op.f("ck_claim_claim_state")
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_claim_claim_not_negative")),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_claim")),
        comment="Who wants what of something scarce, and what became of it.",
    )
    op.create_index("claim_of_phase", "claim", ["run", "phase", "visit"], unique=False)
    op.create_index("claim_of_resource", "claim", ["community", "resource", "seq"], unique=False)
    op.create_index(
        "claim_waiting",
        "claim",
        ["community", "resource", "settle_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "parcel",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="of the deed: run or decision, effect, prize, member"),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("keeper", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posted_by", sa.Text(), nullable=True),
        sa.Column("tracking", sa.Text(), nullable=True),
        sa.Column("late_at", sa.DateTime(timezone=True), nullable=True, comment="when it was noticed that it is late"),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "posted_at IS NULL OR cancelled_at IS NULL", name=op.f("ck_parcel_parcel_posted_or_cancelled")
        ),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_parcel")),
        comment="What is sent to whom, once for each gift.",
    )
    op.create_index(
        "parcel_to_post",
        "parcel",
        ["community", "due"],
        unique=False,
        postgresql_where=sa.text("posted_at IS NULL AND cancelled_at IS NULL"),
    )
    op.add_column("ledger", sa.Column("member", sa.Text(), nullable=True, comment="of money: on whom it was spent"))
    op.add_column(
        "ledger",
        sa.Column("line", sa.Text(), nullable=True, comment="of money: the tier in whose line of the plan it counts"),
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_column("ledger", "line")
    op.drop_column("ledger", "member")
    op.drop_index(
        "parcel_to_post", table_name="parcel", postgresql_where=sa.text("posted_at IS NULL AND cancelled_at IS NULL")
    )
    op.drop_table("parcel")
    op.drop_index("claim_waiting", table_name="claim", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index("claim_of_resource", table_name="claim")
    op.drop_index("claim_of_phase", table_name="claim")
    op.drop_table("claim")
    op.drop_index("booking_of_fleet", table_name="booking")
    op.drop_table("booking")
    op.drop_table("benefit_use")
