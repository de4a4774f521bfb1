"""Facts that the filters found, so that it is known at once whether there are any."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("fact_suspect", "fact", ["community", "kind"], postgresql_where=sa.text("suspect"))


def downgrade() -> None:
    op.drop_index("fact_suspect", table_name="fact")
