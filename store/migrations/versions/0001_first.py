"""First: everything that the spine remembers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from store.schema import make_functions

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


TABLES = (
    "work",
    "visit",
    "spec_version",
    "planned_act",
    "part",
    "act",
    "work_item",
    "withdrawn",
    "verdict",
    "subject",
    "standing",
    "staff",
    "spec_document",
    "run",
    "review_shard",
    "review",
    "publication",
    "observation",
    "notice",
    "metric",
    "membership",
    "member_change",
    "member",
    "ledger",
    "holding",
    "firing",
    "fact_kind",
    "fact",
    "deed",
    "decision_head",
    "decision_form",
    "decision",
    "community",
    "chunk",
    "candidate",
    "balance",
    "assignment",
)


def upgrade() -> None:
    """Go one step on."""
    op.create_table(
        "assignment",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False, comment="contact, host or tutor"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_assignment")),
        comment="Who looks after whom.",
    )
    op.create_index(
        "assignment_load",
        "assignment",
        ["community", "role", "person"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "assignment_once",
        "assignment",
        ["community", "member", "relation"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "balance",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), server_default="", nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_balance_balance_not_negative")),
        sa.PrimaryKeyConstraint("community", "kind", "account", "period", name=op.f("pk_balance")),
        comment="What is left: the sum of the ledger, never negative.",
    )
    op.create_table(
        "candidate",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False, comment="tier, title or task"),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_candidate")),
        comment="Who was named for what.",
    )
    op.create_index("candidate_list", "candidate", ["community", "list", "of", "at"], unique=False)
    op.create_table(
        "chunk",
        sa.Column("key", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("community", sa.SmallInteger(), nullable=False),
        sa.Column(
            "metrics",
            postgresql.ARRAY(sa.Integer()),
            nullable=False,
            comment="metric.key of every metric with cells inside",
        ),
        sa.Column("first_day", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.Integer(), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("merged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "data", sa.LargeBinary(), nullable=False, comment="columns of cells: Arrow IPC with zstd, or JSON for a few"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_chunk")),
        comment="Cells of metrics, appended with the facts they come from; a correction appends negative cells.",
    )
    op.create_index("chunk_of_community", "chunk", ["community", "merged"], unique=False)
    op.create_table(
        "community",
        sa.Column("key", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_community")),
        sa.UniqueConstraint("id", name=op.f("uq_community_id")),
        comment="Short numbers for communities, so that a fact need not spell them.",
    )
    op.create_table(
        "decision",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("review", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("from_at", sa.Text(), nullable=True),
        sa.Column("to_at", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column(
            "form", sa.Text(), nullable=False, comment="what is the same in the reasons of many; see decision_form"
        ),
        sa.Column(
            "read", sa.Text(), nullable=False, comment="JSON: value and truth of each reason, in the form's order"
        ),
        sa.Column("because", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "hash", sa.LargeBinary(), nullable=False, comment="SHA-256 over the hash before and the decision's one text"
        ),
        sa.PrimaryKeyConstraint("community", "seq", name=op.f("pk_decision")),
        sa.UniqueConstraint("community", "review", "rule", "subject", name="decision_once"),
        comment="What was concluded; append-only, each chained to the one before.",
    )
    op.create_index("decision_of_subject", "decision", ["community", "subject", "rule"], unique=False)
    op.create_table(
        "decision_form",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "reasons", sa.Text(), nullable=False, comment="JSON: metric, window, comparison, threshold of each reason"
        ),
        sa.PrimaryKeyConstraint("community", "id", name=op.f("pk_decision_form")),
        comment="The part of reasons that decisions of one rule share.",
    )
    op.create_table(
        "decision_head",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("community", name=op.f("pk_decision_head")),
        comment="Where each community's log ends; whoever appends holds this row.",
    )
    op.create_table(
        "deed",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("origin", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="run, task, mode, phase"),
        sa.Column("refused", sa.Text(), nullable=True, comment="why it could not be done"),
        sa.Column("started", sa.Text(), nullable=True, comment="of `start`: the run, once there is one"),
        sa.Column(
            "waiting", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="of `start`: no run yet"
        ),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_deed")),
        comment="One effect for one person or thing, done once.",
    )
    op.create_index("deed_source", "deed", ["community", "source", "seq"], unique=False)
    op.create_index("deed_to_start", "deed", ["community", "seq"], unique=False, postgresql_where=sa.text("waiting"))
    op.create_table(
        "fact",
        sa.Column(
            "id", sa.UUID(), nullable=False, comment="first 16 bytes of the BLAKE2b hash of the fact's id or content"
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True, comment="null: not told"),
        sa.Column("member", sa.Integer(), nullable=True, comment="subject.key"),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("community", sa.SmallInteger(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False, comment="values by slot between U+001F; nothing is unknown"),
        sa.PrimaryKeyConstraint("community", "id", name=op.f("pk_fact")),
        comment="What happened. A correction replaces the row, a withdrawal removes it; metrics follow at once.",
    )
    op.create_index("fact_by_time", "fact", ["at"], unique=False, postgresql_using="brin")
    op.create_table(
        "fact_kind",
        sa.Column("community", sa.SmallInteger(), nullable=False),
        sa.Column("key", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "slots",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[[field, type, places], …] in the order of fact.fields; only grows",
        ),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_fact_kind")),
        comment="Short numbers for kinds of facts, and which field stands where in a fact.",
    )
    op.create_index("fact_kind_by_id", "fact_kind", ["community", "id"], unique=True)
    op.create_table(
        "firing",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it last acted"),
        sa.Column("held", sa.Boolean(), nullable=False, comment="its condition has not been untrue at any look since"),
        sa.PrimaryKeyConstraint("community", "rule", "subject", name=op.f("pk_firing")),
        comment="When rules last acted, and whether that spell lasts.",
    )
    op.create_table(
        "holding",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="of the deed that gave it"),
        sa.Column("kind", sa.Text(), nullable=False, comment="title or benefit"),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True, comment="key of the deed that ended it"),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_holding")),
        comment="Titles and benefits that members hold and held.",
    )
    op.create_index("holding_of_item", "holding", ["community", "kind", "item", "value"], unique=False)
    op.create_index("holding_of_member", "holding", ["community", "member", "kind"], unique=False)
    op.create_index(
        "holding_once",
        "holding",
        ["community", "kind", "item", "value", "member"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "ledger",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="of the deed, with what kind of line it is"),
        sa.Column("kind", sa.Text(), nullable=False, comment="points, budget, stock"),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), server_default="", nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("community", "seq", name=op.f("pk_ledger")),
        sa.UniqueConstraint("community", "key", name="ledger_once"),
        comment="Every change of an account; append-only.",
    )
    op.create_index("ledger_account", "ledger", ["community", "kind", "account", "period", "at"], unique=False)
    op.create_table(
        "member",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("joined", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="name to scaled value; what is unknown is not there",
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community", "id", name=op.f("pk_member")),
        comment="Members and what is known of them now.",
    )
    op.create_table(
        "member_change",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True, comment="null when it was unknown"),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("community", "member", "name", "at", name=op.f("pk_member_change")),
        comment="How attributes changed, for metrics that read a member as of a fact; the first holds since ever.",
    )
    op.create_table(
        "membership",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("ladder", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("from_at", sa.Text(), nullable=True),
        sa.Column("to_at", sa.Text(), nullable=False),
        sa.Column("transition", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("review", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="asked, approving, inviting, ended"),
        sa.Column("item", sa.Text(), nullable=True, comment="the work item of the approval"),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True, comment="accept or decline"),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True, comment="moved, refused, declined, lapsed, no_seat, not_here"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("again_from", sa.DateTime(timezone=True), nullable=True, comment="not asked again for this before"),
        sa.Column("scale", sa.Text(), nullable=True),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("community", "id", name=op.f("pk_membership")),
        comment="One move of one member for which somebody's word is awaited.",
    )
    op.create_index("membership_of_member", "membership", ["community", "member", "ladder", "value"], unique=False)
    op.create_index(
        "membership_open",
        "membership",
        ["community", "state"],
        unique=False,
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.create_table(
        "metric",
        sa.Column("community", sa.SmallInteger(), nullable=False),
        sa.Column("key", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False, comment="hash of all that its cells depend on"),
        sa.Column("maintained", sa.Boolean(), nullable=False, comment="the current spec reads it"),
        sa.Column(
            "built",
            sa.Boolean(),
            nullable=False,
            comment="its cells agree with the facts; else rebuilt at the next look",
        ),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_metric")),
        comment="Definitions of metrics for which cells are kept.",
    )
    op.create_index("metric_by_definition", "metric", ["community", "id", "definition"], unique=True)
    op.create_table(
        "notice",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="also the idempotency key of the receiver"),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True, comment="what went wrong the last time"),
        sa.Column("sent_on", sa.Date(), nullable=True, comment="local day on which it left"),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_notice")),
        comment="One message to one person.",
    )
    op.create_index("notice_of_member", "notice", ["community", "member", "sent_on"], unique=False)
    op.create_index(
        "notice_waiting",
        "notice",
        ["community", "urgency", "seq"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "observation",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("ladder", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("target", sa.Text(), nullable=False, comment="the tier, or the transition"),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community", "ladder", "value", "target", "member", name=op.f("pk_observation")),
        comment="Since when somebody meets what it takes to move, without a gap.",
    )
    op.create_table(
        "publication",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=True, comment="the author, of a work"),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("credits", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("community", "key", name=op.f("pk_publication")),
        comment="What was published where.",
    )
    op.create_index("publication_what", "publication", ["community", "what"], unique=False)
    op.create_table(
        "review",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False, comment="the workflow run that carries it out"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "cuts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="member ids between which the shards lie",
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("community", "id", name=op.f("pk_review")),
        sa.UniqueConstraint("community", "run", name=op.f("uq_review_community_run")),
        comment="One look at the whole community.",
    )
    op.create_table(
        "review_shard",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("review", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("community", "review", "part", "shard", name=op.f("pk_review_shard")),
        comment="A shard that was read, with counts by outcome.",
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("starter", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scale", sa.Text(), nullable=True),
        sa.Column("rehearsed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("crowd", sa.Integer(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("community", "key", name="run_key"),
        sa.UniqueConstraint("community", "task", "number", name="run_number"),
    )
    op.create_index("run_live", "run", ["community", "status"], unique=False)
    op.create_table(
        "spec_document",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column(
            "digest", sa.Text(), nullable=False, comment="sha256 over the parsed documents; comments do not matter"
        ),
        sa.Column(
            "files", sa.LargeBinary(), nullable=False, comment="the original files: JSON of name to text, deflated"
        ),
        sa.PrimaryKeyConstraint("community", "digest", name=op.f("pk_spec_document")),
        comment="What a community's folder held when it was published.",
    )
    op.create_table(
        "staff",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("community", "role", "person", name=op.f("pk_staff")),
        comment="Who is in a role of the operating team.",
    )
    op.create_table(
        "standing",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("ladder", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_move", sa.Text(), nullable=True),
        sa.Column("pinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pinned_by", sa.Text(), nullable=True),
        sa.Column("pin_reason", sa.Text(), nullable=True),
        sa.Column("below_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("below_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("below_digest", sa.Text(), nullable=True),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("exempt", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("held", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("community", "ladder", "value", "member", name=op.f("pk_standing")),
        comment="Where a member stands on a ladder (or in the lifecycle); "
        "no row is: lowest tier since joining, no stage.",
    )
    op.create_index("standing_at", "standing", ["community", "ladder", "value", "at"], unique=False)
    op.create_index("standing_of_member", "standing", ["community", "member"], unique=False)
    op.create_table(
        "subject",
        sa.Column("key", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("community", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="member, work, team, run, cohort, space"),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_subject")),
        comment="Short numbers for whatever metrics are about; a member whom a fact names may not be imported yet.",
    )
    op.create_index("subject_by_id", "subject", ["community", "kind", "id"], unique=True)
    op.create_table(
        "verdict",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("review", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="what follows: move, below, above, met, unmet, fire, …"),
        sa.Column("to_at", sa.Text(), nullable=True),
        sa.Column("leaves", sa.Text(), nullable=True),
        sa.Column("seats", sa.Boolean(), nullable=False, comment="the tier it leads to has limited seats"),
        sa.Column("rank", sa.Text(), nullable=False, comment="JSON: sorts those who compete for seats, best first"),
        sa.Column("ask", sa.Boolean(), nullable=False, comment="through a membership workflow"),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON: the change and the decision"),
        sa.Column("batch", sa.Integer(), nullable=True, comment="the batch that carries it out; null: not in one"),
        sa.PrimaryKeyConstraint("community", "review", "part", "shard", "place", name=op.f("pk_verdict")),
        comment="What a review found must change; gone when the review is over.",
    )
    op.create_index("verdict_batch", "verdict", ["community", "review", "part", "batch"], unique=False)
    op.create_table(
        "withdrawn",
        sa.Column("community", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("community", "id", name=op.f("pk_withdrawn")),
        comment="Facts that were taken back; the same fact imported again stays away.",
    )
    op.create_table(
        "work_item",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("choices", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("visit", sa.Integer(), nullable=True),
        sa.Column("workflow", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", postgresql.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.Column("escalate", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("completed_by", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("community", "id", name=op.f("pk_work_item")),
    )
    op.create_index("work_item_asked", "work_item", ["asked"], unique=False, postgresql_using="gin")
    op.create_index(
        "work_item_open", "work_item", ["community", "due"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("work_item_phase", "work_item", ["run", "phase", "visit"], unique=False)
    op.create_table(
        "act",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("by_", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_act_run")),
        sa.PrimaryKeyConstraint("run", "phase", "visit", "by_", "about", "verb", "version", name=op.f("pk_act")),
    )
    op.create_table(
        "part",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("live", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_part_run")),
        sa.PrimaryKeyConstraint("run", "member", name=op.f("pk_part")),
    )
    op.create_index("part_live", "part", ["community", "member"], unique=False, postgresql_where=sa.text("live"))
    op.create_table(
        "planned_act",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("by_", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("played", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_planned_act_run")),
        sa.PrimaryKeyConstraint("run", "phase", "visit", "seq", name=op.f("pk_planned_act")),
    )
    op.create_table(
        "spec_version",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community", "digest"],
            ["spec_document.community", "spec_document.digest"],
            name=op.f("fk_spec_version_community_digest"),
        ),
        sa.PrimaryKeyConstraint("community", "number", name=op.f("pk_spec_version")),
        comment="What was made current when, by whom and why; the highest number is current.",
    )
    op.create_index("spec_version_of_digest", "spec_version", ["community", "digest"], unique=False)
    op.create_table(
        "visit",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("never", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("things", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shut_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_visit_run")),
        sa.PrimaryKeyConstraint("run", "phase", "visit", name=op.f("pk_visit")),
    )
    op.create_table(
        "work",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("into_", sa.Text(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("credit", sa.Integer(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_work_run")),
        sa.PrimaryKeyConstraint("community", "id", name=op.f("pk_work")),
    )
    op.create_index("work_of_author", "work", ["run", "phase", "author", "visit"], unique=False)
    make_functions(op.get_bind())


def downgrade() -> None:
    """Go one step back."""
    op.execute("DROP FUNCTION IF EXISTS trellis_submit, trellis_act, trellis_shut, trellis_gate_key")
    for table in TABLES:
        op.drop_table(table)
