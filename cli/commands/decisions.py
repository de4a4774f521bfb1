"""`trellis decisions`, `verify`, `replay-decisions`: what was concluded, is it as written, would it be so again."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Community, Json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from cli.memory import Memory
    from operations.ports.decisions import Recorded, Wanted
    from rules.decision import Reason

Rule = Annotated[
    str | None, typer.Option("--rule", metavar="ID", help="Of this ladder or rule, `lifecycle`, or `ladder@value`.")
]
Result = Annotated[str | None, typer.Option("--outcome", metavar="WORD", help="promote, grace, demote, move or fired.")]
From = Annotated[str | None, typer.Option("--from", metavar="ID", help="From this tier or stage.")]
To = Annotated[str | None, typer.Option("--to", metavar="ID", help="To this tier or stage.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Taken for this time or later.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Taken for this time or earlier.")]
Digest = Annotated[str | None, typer.Option("--digest", metavar="DIGEST", help="Under this spec; a beginning will do.")]
Review = Annotated[str | None, typer.Option("--review", metavar="ID", help="By this review; a beginning will do.")]
Member = Annotated[str | None, typer.Argument(metavar="[MEMBER]", help="About whom; about everybody otherwise.")]

OUTCOMES = ("promote", "keep", "grace", "demote", "none", "move", "fired")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("decisions")(decisions)
    app.command("verify")(verify)
    app.command("replay-decisions")(replay_decisions)


def decisions(
    member: Member = None,
    rule: Rule = None,
    outcome: Result = None,
    from_: From = None,
    to: To = None,
    since: Since = None,
    until: Until = None,
    digest: Digest = None,
    review: Review = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")] = 20,
    before: Annotated[
        int | None, typer.Option("--before", metavar="SEQ", min=1, help="Only those before this number: the next page.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show the latest decisions that were asked for, each with its reasons."""
    from cli.console import Output
    from cli.wiring import memory

    out = Output(json or csv)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        log = remembered.decisions
        asked = (member, rule, outcome, from_, to, since, until, digest, review)
        wanted = _wanted(remembered, spec.id, spec.zone, asked)
        number = log.count(spec.id, wanted)
        found = log.find(spec.id, wanted, limit=limit, before=before)
        last = found[-1].seq if found else None
        rest = bool(found) and bool(log.find(spec.id, wanted, limit=1, before=last))
    if csv:
        _csv(found)
        return
    out.data(
        {
            "decisions": [{"seq": one.seq, "review": one.review, **one.decision.data()} for one in found],
            "count": number,
            "next": last if rest else None,
        }
    )
    rows = [
        (one.seq, d.at.astimezone(spec.zone).strftime("%Y-%m-%d %H:%M"), d.member, d.rule, d.outcome, d.from_, d.to,
         "; ".join(_said(reason) for reason in d.reasons if reason.truth is not None))
        for one in found for d in (one.decision,)
    ]  # fmt: skip
    out.table(f"Decisions: {number:,}", ["seq", "at", "member", "rule", "outcome", "from", "to", "because"], rows)
    if rest:
        out.say(f"More: --before {last}")


def _said(reason: "Reason") -> str:
    """One comparison: what was read, and whether it met what is asked."""
    from rules.values import legible

    met = "" if reason.truth else ", not"
    return f"{reason.metric} {legible(reason.value)}{met} {reason.comparison} {reason.threshold}"


def _csv(found: "Sequence[Recorded]") -> None:
    """One line for each decision; reasons as JSON in the last column."""
    import csv
    import sys

    import orjson

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ("seq", "at", "member", "rule", "outcome", "from", "to", "transition", "digest", "review", "reasons")
    )
    for one in found:
        d = one.decision
        reasons = orjson.dumps([reason.data() for reason in d.reasons], option=orjson.OPT_SORT_KEYS).decode()
        row = (one.seq, d.at.isoformat(), d.member, d.rule, d.outcome, d.from_, d.to, d.because, d.digest, one.review)
        writer.writerow((*row, reasons))


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
    if found.breaks:
        out.say(f"The chain is broken, first at decision {found.breaks[0].seq}:")
    for one in found.breaks:
        out.say(f"  {one.what}")
    for sentence in books:
        out.say(f"  {sentence}")
    out.say("Everything is as it was written." if found.ok and not books else "Something does not add up.")
    if not found.ok or books:
        raise typer.Exit(FINDINGS)


def replay_decisions(
    member: Member = None,
    rule: Rule = None,
    outcome: Result = None,
    from_: From = None,
    to: To = None,
    since: Since = None,
    until: Until = None,
    digest: Digest = None,
    review: Review = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="Show at most so many differences.")] = 100,
    community: Community = None,
    json: Json = False,
) -> None:
    """Take recorded decisions again, each under its own spec with what was known then; exit 3 if any differs."""
    from itertools import islice

    from cli.console import FINDINGS, Output
    from cli.wiring import memory
    from operations.replay import replay

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        asked = (member, rule, outcome, from_, to, since, until, digest, review)
        wanted = _wanted(remembered, spec.id, spec.zone, asked)
        number = remembered.decisions.count(spec.id, wanted)
        with out.progress("Decisions", number) as step:
            differences = replay(remembered.desk, spec.id, wanted, done=step.advance)
            shown = list(islice(differences, limit))
            more = sum(1 for _ in differences)
    out.data(
        {
            "ok": not shown,
            "decisions": number,
            "different": len(shown) + more,
            "differences": [one.data() for one in shown],
        }
    )
    rows = [(one.recorded.seq, one.recorded.decision.at.astimezone(spec.zone).strftime("%Y-%m-%d %H:%M"),
             one.recorded.decision.member, one.what) for one in shown]  # fmt: skip
    if rows:
        out.table("Decisions that differ", ["seq", "at", "member", "what"], rows)
        out.say(f"{len(shown) + more:,} of {number:,} decisions come out otherwise now.")
        raise typer.Exit(FINDINGS)
    out.say(f"{number:,} decisions come out as they were taken.")


def _wanted(remembered: "Memory", community: str, zone: "ZoneInfo", asked: "tuple[str | None, ...]") -> "Wanted":
    """What was asked for, after a look whether there is such a member, digest or outcome at all.

    Raises:
        Refusal: there is not.
    """
    from cli.options import moment
    from operations.errors import Refusal
    from operations.ports.decisions import Wanted

    member, rule, outcome, from_, to, since, until, digest, review = asked
    if outcome is not None and outcome not in OUTCOMES:
        raise Refusal(f"--outcome {outcome!r} is no outcome of a decision.", f"One of {', '.join(OUTCOMES)}.")
    wanted = Wanted(
        member=member,
        rule=rule,
        outcome=outcome,
        from_=from_,
        to=to,
        since=None if since is None else moment(since, zone),
        until=None if until is None else moment(until, zone),
        digest=digest,
        review=review,
    )
    log, spec = remembered.decisions, remembered.specs.current(community)
    digests = [version.digest for version in remembered.specs.versions(community)]
    if digest is not None and not any(known.startswith(digest) for known in digests):
        raise Refusal(f"No spec {digest} was ever published in {community}.", "`trellis versions` lists what there is.")
    decided = bool(log.find(community, Wanted(member=member, rule=rule), limit=1))
    if member is not None and not decided and not remembered.members(spec).find([member]):
        raise Refusal(f"There is no member {member!r} in {community}.", "`trellis members` lists them.")
    known = {"lifecycle", *spec.ladders, *spec.rules}
    if rule is not None and rule.partition("@")[0] not in known and not decided:
        raise Refusal(f"There is no ladder or rule {rule!r} in {community}.", f"One of {', '.join(sorted(known))}.")
    if review is not None and not log.find(community, Wanted(review=review), limit=1):
        raise Refusal(f"No review {review} has decided anything in {community}.", "`trellis review` begins one.")
    if wanted.until is not None and not log.find(community, Wanted(until=wanted.until), limit=1):
        raise Refusal(f"Nothing was decided in {community} by {until}.", "Give a later --until.")
    return wanted
