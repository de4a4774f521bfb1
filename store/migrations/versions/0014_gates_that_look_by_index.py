"""Gates that look works up by index however many have come in."""

from alembic import op

from store.schema import make_functions

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    make_functions(op.get_bind())


def downgrade() -> None:
    """The gate decides the same either way."""
