"""Runs that moved to another version of the specs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column(
        "run",
        sa.Column(
            "moved",
            postgresql.JSONB(),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="[{from, to, at, phases}, …]: the versions it moved through, and what its phases are called since",
        ),
    )


def downgrade() -> None:
    op.drop_column("run", "moved")
