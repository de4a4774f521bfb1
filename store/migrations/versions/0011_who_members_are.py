"""Who members are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one step on."""
    op.create_table(
        "account",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="platform, forum or group"),
        sa.Column("id", sa.Text(), nullable=False, comment="the name there"),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False, comment="public_domain or private_domain"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community", "source", "id", name=op.f("pk_account")),
        comment="Accounts elsewhere, and whose they are.",
    )
    op.create_index("account_of_member", "account", ["community", "member"], unique=False)
    op.create_table(
        "joining",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "journal",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="what was changed, and how it was before",
        ),
        sa.Column("separated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("separated_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("community", "number", name=op.f("pk_joining")),
        comment="Two members that were found to be one person.",
    )
    op.create_index("joining_of_other", "joining", ["community", "other"], unique=False)
    op.create_table(
        "knowledge",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            nullable=False,
            comment="words, and pairs of neighbouring Chinese characters",
        ),
        sa.PrimaryKeyConstraint("community", "work", "place", name=op.f("pk_knowledge")),
        comment="What was published in spaces, to be found again by its words.",
    )
    op.create_index("knowledge_of_author", "knowledge", ["community", "author"], unique=False)
    op.create_index("knowledge_words", "knowledge", ["words"], unique=False, postgresql_using="gin")
    op.create_table(
        "privacy",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "what", sa.Text(), nullable=False, comment="consented, withdrew, exported, erased, joined, separated"
        ),
        sa.Column("member", sa.Text(), nullable=False, comment="after an erasure the pseudonym"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("community", "number", name=op.f("pk_privacy")),
        comment="What was done about the person of a member and their data; rows are only added.",
    )
    op.create_index("privacy_of_member", "privacy", ["community", "member"], unique=False)
    op.create_table(
        "sighting",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column(
            "origin", sa.Text(), nullable=False, comment="public_domain or private_domain; the first one is the tag"
        ),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_sighting")),
        comment="What spotted a candidate; the first is the source tag for good, further ones are only added.",
    )
    op.create_index("sighting_of_member", "sighting", ["community", "member", "number"], unique=False)
    op.add_column(
        "notice",
        sa.Column(
            "dropped_at", sa.DateTime(timezone=True), nullable=True, comment="its member wants no contact any more"
        ),
    )
    op.add_column(
        "decision",
        sa.Column(
            "reduced", sa.Text(), nullable=True, comment="the erasure by which subject and reasons were taken out"
        ),
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_column("decision", "reduced")
    op.drop_column("notice", "dropped_at")
    op.drop_index("sighting_of_member", table_name="sighting")
    op.drop_table("sighting")
    op.drop_index("privacy_of_member", table_name="privacy")
    op.drop_table("privacy")
    op.drop_index("knowledge_words", table_name="knowledge", postgresql_using="gin")
    op.drop_index("knowledge_of_author", table_name="knowledge")
    op.drop_table("knowledge")
    op.drop_index("joining_of_other", table_name="joining")
    op.drop_table("joining")
    op.drop_index("account_of_member", table_name="account")
    op.drop_table("account")
