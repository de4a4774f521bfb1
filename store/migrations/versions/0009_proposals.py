"""Changes of the specs that insights propose."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("community", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False, comment="of the deed that opened it"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="in the time of its run"),
        sa.Column("given", sa.Boolean, nullable=False, comment="the plan is held to that moment"),
        sa.Column("run", sa.Text),
        sa.Column("phase", sa.Text),
        sa.Column("source", sa.Text, comment="the phase whose answer it comes from"),
        sa.Column("edits", JSONB, nullable=False, comment="file, path, value of each"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("base", sa.Text, comment="digest of the specs that the plan is against"),
        sa.Column("digest", sa.Text, comment="digest of the specs that it proposes"),
        sa.Column("plan", JSONB),
        sa.Column("problem", sa.Text),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text),
        sa.Column("version", sa.Integer, comment="the version it became"),
        sa.PrimaryKeyConstraint("community", "number"),
        sa.UniqueConstraint("community", "key", name="proposal_once"),
        sa.CheckConstraint(
            "(state IN ('accepted', 'rejected')) = (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name="proposal_decided_by_somebody",
        ),
        sa.CheckConstraint("state <> 'open' OR plan IS NOT NULL", name="proposal_open_with_its_plan"),
        comment="A change of the specs that an insight proposes; it changes nothing until it is accepted.",
    )
    op.create_index("proposal_planning", "proposal", ["community"], postgresql_where=sa.text("state = 'planning'"))


def downgrade() -> None:
    op.drop_table("proposal")
