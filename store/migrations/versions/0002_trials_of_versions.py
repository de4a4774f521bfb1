"""Trials of versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one step on."""
    op.create_table(
        "trial",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="shadow or staged"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "steps",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="shares in hundredths of a percent, each with its date or null",
        ),
        sa.Column("bounds", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="what stops it"),
        sa.Column("state", sa.Text(), nullable=False, comment="running, halted, current, replaced, withdrawn"),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reviews", sa.Integer(), server_default="0", nullable=False, comment="over under this step"),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("counted", sa.Text(), nullable=True, comment="the last review in the counts"),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["community", "digest"],
            ["spec_document.community", "spec_document.digest"],
            name=op.f("fk_trial_community_digest"),
        ),
        sa.PrimaryKeyConstraint("community", "number", name=op.f("pk_trial")),
        comment="A version on trial: beside the current one, or for a share of members.",
    )
    op.create_index(
        "trial_running", "trial", ["community", "kind"], unique=True, postgresql_where=sa.text("state = 'running'")
    )
    op.create_table(
        "comparison",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("trial", sa.Integer(), nullable=False),
        sa.Column("review", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="under which the members were judged"),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("differences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["community", "trial"], ["trial.community", "trial.number"], name=op.f("fk_comparison_community_trial")
        ),
        sa.PrimaryKeyConstraint("community", "trial", "review", "part", "shard", "digest", name=op.f("pk_comparison")),
        comment="Who would come out otherwise under a shadow, for one shard of one part of a review.",
    )
    op.add_column(
        "review",
        sa.Column("trial", sa.Text(), nullable=True, comment="the digest under which a share of members is judged"),
    )
    op.add_column(
        "review", sa.Column("share", sa.Integer(), nullable=True, comment="that share, in hundredths of a percent")
    )
    op.add_column(
        "verdict",
        sa.Column("digest", sa.Text(), nullable=True, comment="under which it was found, if not the review's own"),
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_column("verdict", "digest")
    op.drop_column("review", "share")
    op.drop_column("review", "trial")
    op.drop_table("comparison")
    op.drop_index("trial_running", table_name="trial", postgresql_where=sa.text("state = 'running'"))
    op.drop_table("trial")
