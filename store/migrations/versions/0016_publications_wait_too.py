"""Publications that an embargo holds back wait, beside runs that wait to be started."""

from alembic import op

revision = "0016"
down_revision = "0015"

BEFORE = "of `start`: no run yet"
AFTER = "of `start`: no run yet; of `publish`: its embargo is not over"


def upgrade() -> None:
    op.alter_column("deed", "waiting", comment=AFTER, existing_comment=BEFORE)


def downgrade() -> None:
    op.alter_column("deed", "waiting", comment=BEFORE, existing_comment=AFTER)
