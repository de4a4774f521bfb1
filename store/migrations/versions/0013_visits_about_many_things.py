"""Visits about many things."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "visit_thing",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column(
            "settled",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="nothing more is said about it",
        ),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_visit_thing_run")),
        sa.PrimaryKeyConstraint("run", "phase", "visit", "thing", name=op.f("pk_visit_thing")),
        comment="What a visit is about, where that is much: a few things stand in the visit itself.",
    )
    op.create_index(
        "visit_thing_left",
        "visit_thing",
        ["run", "phase", "visit", "place"],
        unique=False,
        postgresql_where=sa.text("NOT settled"),
    )
    op.create_index("visit_thing_place", "visit_thing", ["run", "phase", "visit", "place"], unique=False)
    op.create_index("act_about", "act", ["run", "phase", "visit", "about"], unique=False)
    op.add_column(
        "visit",
        sa.Column(
            "many",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="things that are rows of visit_thing",
        ),
    )
    op.create_index(
        "work_item_run_wake",
        "work_item",
        ["run", "wake_at"],
        unique=False,
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("work_item_run_wake", table_name="work_item", postgresql_where=sa.text("wake_at IS NOT NULL"))
    op.drop_column("visit", "many")
    op.drop_index("act_about", table_name="act")
    op.drop_index("visit_thing_place", table_name="visit_thing")
    op.drop_index("visit_thing_left", table_name="visit_thing", postgresql_where=sa.text("NOT settled"))
    op.drop_table("visit_thing")
