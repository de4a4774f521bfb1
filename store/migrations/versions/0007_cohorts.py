"""Cohorts and who belongs to them; why somebody stopped looking after somebody."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "cohort",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="partition/number"),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "key",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="what its members share, most important first; may be empty",
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("community", "id"),
        comment="Groups that a partition of members is divided into.",
    )
    op.create_index("cohort_number", "cohort", ["community", "partition", "number"], unique=True)
    op.create_table(
        "cohort_member",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("cohort", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("community", "cohort", "member", "since"),
        comment="Who belongs to a cohort and belonged; to one of a partition at a time.",
    )
    op.create_index(
        "cohort_of_member",
        "cohort_member",
        ["community", "member", "partition"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column("assignment", sa.Column("ended_why", sa.Text(), nullable=True, comment="handover, over"))
    op.alter_column(
        "assignment", "member", existing_type=sa.Text(), existing_nullable=False,
        comment="or the cohort that somebody hosts",
    )  # fmt: skip


def downgrade() -> None:
    op.alter_column("assignment", "member", existing_type=sa.Text(), existing_nullable=False, comment=None)
    op.drop_column("assignment", "ended_why")
    op.drop_index("cohort_of_member", table_name="cohort_member", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_table("cohort_member")
    op.drop_index("cohort_number", table_name="cohort")
    op.drop_table("cohort")
