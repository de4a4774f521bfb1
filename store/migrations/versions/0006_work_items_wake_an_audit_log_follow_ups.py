"""Work items wake, an audit log, follow-ups."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="the run, item, member, file, … it was done to"),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("community", "seq", name=op.f("pk_audit_entry")),
        comment="Who did what by hand; append-only.",
    )
    op.create_index("audit_entry_actor", "audit_entry", ["community", "actor"], unique=False)
    op.create_index("audit_entry_what", "audit_entry", ["community", "what"], unique=False)
    op.create_table(
        "follow_up",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=True),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True, comment="of work in hand: until when"),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True, comment="when the state became what it is"),
        sa.Column("told_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("community", "id", name=op.f("pk_follow_up")),
        comment="Advice and actions, each tracked until it is done or declined.",
    )
    op.create_index("follow_up_open", "follow_up", ["community", "state", "due"], unique=False)
    op.create_index("follow_up_run", "follow_up", ["community", "run"], unique=False)
    op.add_column(
        "notice",
        sa.Column(
            "to_staff",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="does not count for the day",
        ),
    )
    op.add_column("work_item", sa.Column("claim_due", sa.DateTime(timezone=True), nullable=True))
    op.add_column("work_item", sa.Column("scale", sa.Text(), nullable=True))
    op.add_column(
        "work_item",
        sa.Column(
            "began_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the wall's time of opened_at, on a scaled clock",
        ),
    )
    op.add_column(
        "work_item",
        sa.Column(
            "woken",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="how many of its steps were taken",
        ),
    )
    op.add_column(
        "work_item",
        sa.Column(
            "wake_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the wall's time of its next step: a reminder, an escalation",
        ),
    )
    op.create_index(
        "work_item_wake",
        "work_item",
        ["community", "wake_at"],
        unique=False,
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("work_item_wake", table_name="work_item", postgresql_where=sa.text("wake_at IS NOT NULL"))
    op.drop_column("work_item", "wake_at")
    op.drop_column("work_item", "woken")
    op.drop_column("work_item", "began_at")
    op.drop_column("work_item", "scale")
    op.drop_column("work_item", "claim_due")
    op.drop_column("notice", "to_staff")
    op.drop_index("follow_up_run", table_name="follow_up")
    op.drop_index("follow_up_open", table_name="follow_up")
    op.drop_table("follow_up")
    op.drop_index("audit_entry_what", table_name="audit_entry")
    op.drop_index("audit_entry_actor", table_name="audit_entry")
    op.drop_table("audit_entry")
