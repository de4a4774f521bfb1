"""Acts by hand, pins that end, facts that wake a review, and marks of facts that look like gaming."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("standing", sa.Column("pinned_until", sa.DateTime(timezone=True)))
    op.add_column(
        "fact",
        sa.Column(
            "suspect", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="found by the filters"
        ),
    )
    op.create_table(
        "by_hand",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="pin, unpin, move"),
        sa.Column("ladder", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("from_at", sa.Text()),
        sa.Column("to_at", sa.Text()),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("community", "number", name=op.f("pk_by_hand")),
        comment="What operators did to standings, and why; rows are only added.",
    )
    op.create_index("by_hand_of_member", "by_hand", ["community", "member"])
    op.create_table(
        "fact_arrival",
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_fact_arrival")),
        comment="Facts came in that a review waits for; a worker takes the rows away.",
    )


def downgrade() -> None:
    op.drop_table("fact_arrival")
    op.drop_index("by_hand_of_member", table_name="by_hand")
    op.drop_table("by_hand")
    op.drop_column("fact", "suspect")
    op.drop_column("standing", "pinned_until")
