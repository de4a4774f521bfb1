"""`trellis import members`, `facts`, `posts`, `comments`: take in what other systems know."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Community, Json

if TYPE_CHECKING:
    from cli.console import Output
    from operations.import_facts import Imported

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, CSV.gz or NDJSON; its content tells which.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Take members, facts, posts and comments in from a file.", no_args_is_help=True)
    group.command("members")(members)
    group.command("facts")(facts)
    group.command("posts")(posts)
    group.command("comments")(comments)
    app.add_typer(group, name="import")


def members(file: File, community: Community = None, json: Json = False) -> None:
    """Import members: `id`, `joined`, attributes by name, `tier` and `stage` where they stand already.

    Importing the same file again changes nothing. Rows that do not fit go to FILE.rejected.csv with the reason; exit 3.
    """
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.import_members import import_members
    from operations.keep_touch import keep_touch
    from operations.rows import size_of

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        with out.progress(f"Members of {spec.id}", size_of(file)) as step:
            done = import_members(
                file, spec, remembered.members(spec), remembered.standings, at=datetime.now(UTC), seen=step.advance
            )
        with out.progress(f"Metrics of {spec.id}"):
            remembered.measures(spec).tidy()
        if spec.cohorts:
            with out.progress(f"Cohorts of {spec.id}"):
                keep_touch(remembered.desk, spec, at=datetime.now(UTC))
    _tell(out, file, "members", done)


def facts(file: File, community: Community = None, json: Json = False) -> None:
    """Import facts: `member`, `kind`, `at`, perhaps `id` and `recorded_at`, and fields by name.

    Importing the same file again changes nothing; a fact with a known `id` and other content corrects it, and the
    metrics follow. Rows that do not fit go to FILE.rejected.csv with the reason; exit 3.
    """
    from cli.console import Output
    from cli.wiring import memory
    from operations.import_facts import import_facts
    from operations.rows import size_of

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        with out.progress(f"Facts of {spec.id}", size_of(file)) as step:
            done = import_facts(file, spec, remembered.facts(spec), step.advance)
        with out.progress(f"Metrics of {spec.id}"):
            remembered.measures(spec).tidy()
    _tell(out, file, "facts", done)


def comments(file: File, community: Community = None, json: Json = False) -> None:
    """Import comments under works: `id`, `work`, `at`, `words`. The words are read and not kept.

    Kept is for each comment whether it is meant well or ill, and whether it says a key message of the work's brief.
    Importing the same file again changes nothing; a comment with a known `id` and other words corrects it.
    """
    from cli.console import Output
    from cli.wiring import memory
    from operations.import_comments import import_comments
    from operations.rows import size_of
    from operations.texts import Reader

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        with out.progress(f"Comments of {spec.id}", size_of(file)) as step:
            done = import_comments(file, spec, remembered.facts(spec), remembered.runs, Reader(), step.advance)
        with out.progress(f"Metrics of {spec.id}"):
            remembered.measures(spec).tidy()
    _tell(out, file, "comments", done)


def posts(
    file: File,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Platform, forum or group of the accounts.")],
    private: Annotated[bool, typer.Option("--private", help="The source is our own, not a public platform.")] = False,
    community: Community = None,
    json: Json = False,
) -> None:
    """Import what accounts of a platform did: as facts, with `account` instead of `member`.

    An account that belongs to a member is that member; one that nobody knows is a new prospect with a source tag and
    without consent.
    """
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.identity import import_posts
    from operations.ports.persons import PRIVATE, PUBLIC
    from operations.rows import size_of

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        with out.progress(f"Posts from {source}", size_of(file)) as step:
            met = import_posts(
                file,
                spec,
                source=source,
                origin=PRIVATE if private else PUBLIC,
                facts=remembered.facts(spec),
                members=remembered.members(spec),
                persons=remembered.persons,
                at=datetime.now(UTC),
                seen=step.advance,
            )
        with out.progress(f"Metrics of {spec.id}"):
            remembered.measures(spec).tidy()
    new = "1 new prospect" if met.prospects == 1 else f"{met.prospects:,} new prospects"
    raised = "1 member is" if met.raised == 1 else f"{met.raised:,} members are"
    out.say(f"{new}; {raised} known from both sides now.")
    _tell(out, file, "posts", met.imported, prospects=met.prospects, raised=met.raised)


def _tell(out: "Output", file: Path, what: str, done: "Imported", **more: int) -> None:
    from cli.console import FINDINGS

    document = {
        "file": str(file), "rows": done.rows, "new": done.new, "known": done.known, "changed": done.changed,
        "rejected": done.rejected, "rejects": done.rejects, "ignored_columns": list(done.ignored),
        "strangers": done.strangers, **more,
        "first_rejects": [
            {"line": r.line, "column": r.column, "value": r.value, "reason": r.reason, "fix": r.fix} for r in done.first
        ],
    }  # fmt: skip
    out.data(document)
    counts = [[done.new, done.known, done.changed, done.rejected]]
    columns = ["new", "known already", "changed", "rejected"]
    told = f"1 {what.removesuffix('s')}" if done.rows == 1 else f"{done.rows:,} {what}"
    out.table(f"{told} in {file.name}", columns, counts, right=columns)
    if not done.new + done.changed + done.rejected:
        out.say("Nothing changed: everything in this file was known already.")
    if done.ignored:
        out.say(f"Columns that nothing reads: {', '.join(done.ignored)}.")
    if done.strangers:
        who = "1 member named by facts is" if done.strangers == 1 else f"{done.strangers:,} members named by facts are"
        out.say(f"{who} not known yet; import with: trellis import members")
    if done.rejected:
        rows = [[r.line, r.column, r.value, r.reason, r.fix] for r in done.first[:5]]
        out.table("Rejected, among others", ["line", "column", "value", "reason", "what to do"], rows, right=["line"])
        out.say(f"All rejected rows, with the reason: {done.rejects}")
        raise typer.Exit(FINDINGS)
