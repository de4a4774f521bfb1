"""Teams with their seats, works of several authors, and the ledger of contributions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from store.schema import make_functions

revision = "0010"
down_revision = "0009"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.Text(), nullable=False, comment="run/phase/visit/number"),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("formed_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("slots", postgresql.JSONB(), nullable=False, comment="[{id, needs, limit, share}, …]"),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_team_run_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        comment="Teams that runs have formed.",
    )
    op.create_index("team_of_run", "team", ["run", "phase", "visit", "number"])
    op.create_index("team_live", "team", ["community"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "seat",
        sa.Column("seq", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("why", postgresql.JSONB(), nullable=False),
        sa.Column("offered_until", _MOMENT, comment="they have not said yes"),
        sa.Column("until", _MOMENT),
        sa.Column("left", sa.Text(), comment="why they are not there any more"),
        sa.CheckConstraint('("until" IS NULL) = ("left" IS NULL)', name=op.f("ck_seat_seat_left_why")),
        sa.ForeignKeyConstraint(["team"], ["team.id"], name=op.f("fk_seat_team_team")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_seat")),
        comment="Who is and was in which part of a team; nobody has two parts of one team at a time.",
    )
    op.create_index("seat_once", "seat", ["team", "member"], unique=True, postgresql_where=sa.text('"until" IS NULL'))
    op.create_index("seat_of_member", "seat", ["member", "team"])
    op.create_table(
        "contribution",
        sa.Column("seq", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("line", sa.Text(), server_default="accepted", nullable=False, comment="accepted, reversed"),
        sa.CheckConstraint(
            "(line = 'accepted') = (weight >= 0) OR weight = 0", name=op.f("ck_contribution_contribution_sign")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_contribution")),
        sa.UniqueConstraint("work", "member", "line", name="contribution_once"),
        comment="What was accepted from whom, and its weight; append-only: a trigger refuses changes.",
    )
    op.create_index("contribution_of_run", "contribution", ["run", "member"])
    op.create_table(
        "credit",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False, comment="where it comes from: the effect that published it"),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("weight", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("community", "list", "member", name=op.f("pk_credit")),
        comment="Lists of contributors that were published: each named once.",
    )
    op.drop_column("publication", "credits")
    op.add_column("publication", sa.Column("credits", sa.Text(), comment="the list of contributors it names"))
    op.add_column("work", sa.Column("unit", sa.Text(), comment="the team, or team#slot, that it is from"))
    op.add_column(
        "work",
        sa.Column("authors", postgresql.ARRAY(sa.Text()), comment="of a team's work everybody named"),
    )
    op.add_column(
        "work",
        sa.Column("shares", postgresql.ARRAY(sa.Integer()), comment="the authors' parts of its credit, in their order"),
    )
    op.alter_column("work", "author", comment="who handed it in")
    op.drop_index("work_of_author", table_name="work")
    op.create_index("work_of_author", "work", ["run", "phase", sa.text("coalesce(unit, author)"), "visit"])
    op.add_column("run", sa.Column("parent", sa.Text(), comment="the run that waits for its end"))
    op.create_index("run_parent", "run", ["parent"], postgresql_where=sa.text("parent IS NOT NULL"))
    op.execute(
        "DROP FUNCTION IF EXISTS"
        " trellis_act(text, text, text[], text[], text[], integer[], timestamptz[], text[], text[], text[])"
    )
    op.execute(
        "DROP FUNCTION IF EXISTS trellis_submit(text, text, text[], timestamptz[], text[], text[], integer, boolean)"
    )
    make_functions(op.get_bind())


def downgrade() -> None:
    op.drop_index("run_parent", table_name="run")
    op.drop_column("run", "parent")
    op.drop_table("credit")
    op.drop_table("contribution")
    op.execute("DROP FUNCTION IF EXISTS trellis_contribution_stays")
    op.drop_table("seat")
    op.drop_table("team")
    op.drop_column("publication", "credits")
    op.add_column("publication", sa.Column("credits", postgresql.JSONB()))
    op.drop_index("work_of_author", table_name="work")
    op.drop_column("work", "shares")
    op.drop_column("work", "authors")
    op.drop_column("work", "unit")
    op.create_index("work_of_author", "work", ["run", "phase", "author", "visit"])
