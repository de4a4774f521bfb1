"""`trellis decisions` and `trellis verify`: the log of what was concluded, and whether it is what was written."""

from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("decisions")(decisions)
    app.command("verify")(verify)


def decisions(
    member: Annotated[
        str | None, typer.Argument(metavar="[MEMBER]", help="About whom; about everybody otherwise.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 20,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show the latest decisions, each with its reasons as data."""
    from cli.console import Output
    from cli.wiring import memory

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        log = remembered.decisions
        found = log.latest(spec.id, limit=limit) if member is None else log.of(spec.id, member, limit=limit)
        out.data({"decisions": [{"seq": one.seq, "review": one.review, **one.decision.data()} for one in found]})
        rows = [
            (d.at.astimezone(spec.zone).strftime("%Y-%m-%d %H:%M"), d.member, d.rule, d.outcome, d.from_, d.to,
             "; ".join(f"{r.metric} {r.value} {r.comparison} {r.threshold}" for r in d.reasons if r.truth is not None))
            for d in (one.decision for one in found)
        ]  # fmt: skip
        out.table("Decisions", ["at", "member", "rule", "outcome", "from", "to", "because"], rows)


def verify(community: Community = None, json: Json = False) -> None:
    """Read the whole log of decisions again and compare it with its hashes; exit 3 if anything was changed."""
    from cli.console import FINDINGS, Output
    from cli.wiring import memory

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = remembered.decisions.verify(spec.id)
        books = list(remembered.effects.audit(spec.id))
        out.data(
            {
                "ok": found.ok and not books,
                "decisions": found.decisions,
                "head": found.head,
                "breaks": [{"seq": one.seq, "what": one.what} for one in found.breaks],
                "books": books,
            }
        )
        out.say(f"{found.decisions:,} decisions, chained up to {found.head[:16]}….")
        for one in found.breaks:
            out.say(f"  {one.what}")
        for sentence in books:
            out.say(f"  {sentence}")
        out.say("Everything is as it was written." if found.ok and not books else "Something does not add up.")
        if not found.ok or books:
            raise typer.Exit(FINDINGS)
