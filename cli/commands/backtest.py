"""`trellis backtest`: the rules over everything that happened, held against what people really decided."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json
from cli.past import AsRecorded, Every, Facts, Folder, LadderName, Meant, Members, TruthFile, Where

if TYPE_CHECKING:
    from cli.console import Output
    from operations.backtest import Backtest, Explained


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backtest")(backtest)


def backtest(
    folder: Folder,
    truth: TruthFile,
    members: Members = None,
    facts: Facts = None,
    ladder: LadderName = None,
    meant: Meant = None,
    every: Every = "day",
    start: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Score promotions from this day on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Score promotions before this day.")
    ] = None,
    where: Where = None,
    as_recorded: AsRecorded = False,
    top: Annotated[
        int, typer.Option("--top", min=0, max=1000, help="How many members to explain, of each tier and side.")
    ] = 3,
    member: Annotated[str | None, typer.Option("--member", metavar="ID", help="Explain this member only.")] = None,
    picture: Annotated[Path | None, typer.Option("--picture", metavar="FILE", help="Draw it as SVG.")] = None,
    json: Json = False,
) -> None:
    """Replay history under the specs in DIR, review by review, and compare with real promotions.

    A tier counts with all tiers above it. Precision: of those the rules raised, how many people promoted. Recall: of
    those people promoted, how many the rules raised. Lead: how many days earlier the rules were. Without --members and
    --facts the history is the memory's. Nothing is changed.
    """
    from cli import past
    from cli.console import Output
    from operations import backtest as tests
    from operations.scene import span_of

    out = Output(json)
    given = past.asked(
        out,
        folder,
        truth=truth,
        members=members,
        facts=facts,
        ladder=ladder,
        meant=meant,
        every=every,
        where=where,
        as_recorded=as_recorded,
    )
    span = span_of(given.scene, past.day(start, "--from", given.community), past.day(until, "--until", given.community))
    with out.progress("Replaying"):
        found = tests.backtest(given.scene, given.truth, strangers=given.strangers, span=span, top=top, member=member)
    if picture is not None:
        from cli.pictures import draw_backtest, save

        save(picture, draw_backtest(found))
    out.data(found.data())
    _show(out, found, truth, [one.partition("=")[0].strip() for one in meant or ()])
    if picture is not None:
        out.say(f"Drawn to {picture}.")


def _show(out: Output, found: Backtest, truth: Path, explained: Sequence[str]) -> None:
    from operations.backtest import share_text

    history, reviews = found.history, found.reviews
    start, end = found.span
    out.say(
        f"{found.community}, ladder {found.ladder.name}: {history.members.height:,} members, {history.facts:,} facts, "
        f"{len(reviews):,} reviews (every {found.every}) from {reviews.moments[0]:%Y-%m-%d} to "
        f"{reviews.moments[-1]:%Y-%m-%d}; scored from {start:%Y-%m-%d} to {end:%Y-%m-%d}."
    )
    for left, number in found.truth.left_out.items():
        if left not in explained:
            out.say(f"{truth}: {number} rows of the tier {left!r} are left out; --as {left}=TIER says what it is.")
    if found.strangers:
        out.say(f"{found.strangers} members of the truth are no members of the community and are left out.")
    rows = []
    for one in found.tiers:
        low, middle, high = one.quartiles or (None, None, None)
        rows.append(
            (
                found.ladder.rungs[one.rank].id, len(one.people), len(one.rules), len(one.found),
                share_text(one.precision), share_text(one.recall), len(one.before), middle,
                None if low is None else f"{low:,} … {high:,}", len(one.false), len(one.already),
            )
        )  # fmt: skip
    numbers = (
        "people",
        "rules",
        "both",
        "precision",
        "recall",
        "in time",
        "lead",
        "lead 25–75 %",
        "false",
        "not scored",
    )
    out.table("Tiers, each with those above it", ("tier", *numbers), rows, right=numbers)
    for one, kept in zip(found.tiers, found.kept_out, strict=True):
        tier = found.ladder.rungs[one.rank].id
        late = len(one.people) - len(one.before)
        out.table(
            f"{tier}: what kept out the {late} whom people promoted before the rules did, or alone",
            ("condition", "members", "it alone"),
            [(k.condition, k.members, k.alone) for k in kept[:12]],
            right=("members", "it alone"),
        )
    out.table(
        "Where rules and people differ longest",
        ("member", "tier", "who", "days", "people", "rules", "at the review of", "why"),
        [_row(found, one) for one in found.explained],
        right=("days",),
    )
    for note in found.notes:
        out.say(note)


def _row(found: Backtest, one: Explained) -> tuple[object, ...]:
    apart = one.apart
    why = "; ".join(_sentence(reason) for reason in one.reasons)
    if one.because:
        why = f"{one.because}: {why}" if why else one.because
    elif one.towards is not None:
        why = f"{one.towards}: {why}"
    return (
        apart.member,
        found.ladder.rungs[apart.rank].id,
        apart.kind,
        apart.days,
        None if apart.people is None else apart.people.date().isoformat(),
        None if apart.rules is None else apart.rules.date().isoformat(),
        one.at.date().isoformat(),
        why,
    )


def _sentence(reason: object) -> str:
    from rules.decision import Reason
    from rules.values import legible

    assert isinstance(reason, Reason)
    over = "" if reason.over == "all" else f" {reason.over}"
    value = "unknown" if reason.value is None else legible(reason.value)
    return f"{reason.metric}{over} is {value}, {reason.comparison} {reason.threshold}"
