"""Visits of units within units within units: their numbers outgrew the columns."""

import sqlalchemy as sa
from alembic import op

from store.schema import make_functions

revision = "0015"
down_revision = "0014"

TABLES = ("visit", "visit_thing", "work", "act", "planned_act", "work_item", "claim", "team")
OLD = (
    "trellis_submit(text, text, text[], text[], timestamptz[], text[], text[], jsonb, integer, boolean, {visit})",
    "trellis_act(text, text, text[], text[], text[], integer[], timestamptz[], text[], text[], text[], {visit})",
    "trellis_shut(text, text, {visit}, timestamptz)",
)


def upgrade() -> None:
    for function in OLD:
        op.execute(f"DROP FUNCTION IF EXISTS {function.format(visit='integer')}")
    for table in TABLES:
        op.alter_column(table, "visit", type_=sa.BigInteger())
    op.alter_column("visit", "since", type_=sa.BigInteger())
    make_functions(op.get_bind())


def downgrade() -> None:
    """Only while no number has outgrown them; the functions take both."""
    for table in TABLES:
        op.alter_column(table, "visit", type_=sa.Integer())
    op.alter_column("visit", "since", type_=sa.Integer())
