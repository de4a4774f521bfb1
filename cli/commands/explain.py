"""`trellis explain`: why a member stands where they stand, why not higher, what is missing, and what comes next."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import At, Community, Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from cli.console import Output
    from operations.explained import Asked, Explanation, Stage, Standing, Step
    from operations.outlook import Outlook, Possible
    from rules.evaluate import Trace

SIGNS = {True: "yes", False: "no", None: "unknown"}
HOWS = {"do": "", "wait": ", by itself", "others": ", set by others"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="Id of the member.")],
    tier: Annotated[
        str | None, typer.Option("--tier", metavar="ID", help="What this tier takes; else the next.")
    ] = None,
    community: Community = None,
    at: At = None,
    words: Annotated[
        str | None, typer.Option("--words", metavar="en|zh", help="As the member reads it, without internal names.")
    ] = None,
    json: Json = False,
) -> None:
    """Show where a member stands and how it came about, each condition, the smallest change, and what runs out when."""
    from cli.console import Output
    from cli.options import moment
    from cli.wiring import memory
    from operations.errors import Refusal
    from operations.explain import explain as explain_member
    from operations.own_words import own_words
    from operations.then import refuse_before_facts, spec_at
    from operations.trial import judged_under

    if words not in (None, "en", "zh"):
        raise Refusal(f"--words {words!r} is no language of the labels.", "Write en or zh.")
    out = Output(json)
    with memory() as remembered:
        desk = remembered.desk
        spec = remembered.specs.current(community)
        when = moment(at, spec.zone)
        if at is not None:
            spec = spec_at(desk, spec.id, when)
            refuse_before_facts(desk, spec, when)
        usual, spec = spec, judged_under(desk, spec, member, None if at is None else when)
        explanation = explain_member(desk, spec, member, when, tier=tier, then=at is not None)
    if words is not None:
        lines = own_words(explanation, spec, "en" if words == "en" else "zh")
        out.data({"at": explanation.at, "language": words, "lines": lines})
        for line in lines:
            out.say(line)
        return
    out.data(explanation.data())
    out.say(f"{member}, {explanation.at.astimezone(spec.zone):%Y-%m-%d %H:%M}, stage: {_stage(explanation)}")
    if spec.digest != usual.digest:
        out.say(f"Judged under {spec.digest[7:19]}, which is on trial for a share of members.")
    for standing in explanation.standings:
        _show(out, explanation, standing, spec.zone)
    if explanation.stage is not None and tier is None:
        _lifecycle(out, explanation, explanation.stage, spec.zone)


def _stage(explanation: "Explanation") -> str:
    return (explanation.stage and explanation.stage.id) or "none"


def _since(days: int | None, explanation: "Explanation", zone: "ZoneInfo") -> str:
    """Since when, in days; from which day on where that is later than the moment that is looked at."""
    from datetime import timedelta

    if days is None:
        return ""
    if days < 0:
        return f", from {explanation.at.astimezone(zone).date() - timedelta(days=days)} on"
    return f" for {days} {'day' if days == 1 else 'days'}"


def _lifecycle(out: "Output", explanation: "Explanation", stage: "Stage", zone: "ZoneInfo") -> None:
    """The stage, how it came about, and each way on from it."""
    since = _since(stage.days, explanation, zone)
    next_ = "no move" if stage.decision is None else f"move to {stage.decision.to} ({stage.decision.because})"
    out.say(f"\nlifecycle: {stage.id or 'no stage'}{since}. A review now: {next_}.")
    _story(out, stage.story, zone)
    for way in stage.ways:
        _condition(out, explanation, f"{way.id}, to {way.to}", way.asked, None)
        if way.due_on is not None:
            out.say(f"  If nothing happens, this holds from {way.due_on} on.")
        for wait in way.waits:
            out.say(f"  It waits for: {_wait(wait)}.")


def _show(out: "Output", explanation: "Explanation", standing: "Standing", zone: "ZoneInfo") -> None:
    decision = standing.decision
    since = _since(standing.days, explanation, zone)
    to = f" to {decision.to}" if decision.to else ""
    because = f" ({decision.because})" if decision.because else ""
    out.say(f"\n{standing.ladder}: {standing.tier or 'unknown'}{since}. A review now: {decision.outcome}{to}{because}.")
    for line in _held(standing, zone):
        out.say(f"  {line}")
    _story(out, standing.story, zone)
    for asked in standing.asked:
        _condition(out, explanation, f"{asked.about} {asked.tier or ''}", asked, standing.ahead)
    for line in _ahead(standing):
        out.say(f"  {line}")


def _story(out: "Output", story: "Sequence[Step]", zone: "ZoneInfo") -> None:
    if story:
        rows = [(f"{one.at.astimezone(zone):%Y-%m-%d}", one.what, one.from_, one.to, one.because) for one in story]
        out.table("How it came about", ("at", "what", "from", "to", "because"), rows)


def _condition(out: "Output", explanation: "Explanation", title: str, asked: "Asked", ahead: "Outlook | None") -> None:
    rows: list[tuple[object, ...]] = []
    _rows(explanation, ahead, asked.trace, 0, rows)
    columns = ("condition", "over", "value", "comparison", "threshold", "holds", "lacks", "until", "from")
    out.table(f"{title}: {SIGNS[asked.trace.truth]}", columns, rows)
    if asked.possible:
        out.say("  The smallest change that flips it:")
        for one in asked.possible:
            out.say(f"    {_change(explanation, one)}")
    elif (
        asked.trace.truth is False
        if asked.about == "keep"
        else asked.about in ("earn", "way") and not asked.trace.truth
    ):
        out.say("  Nothing that can happen flips it." if asked.complete else "  No change was found that flips it.")


def _wait(wait: "Mapping[str, object]") -> str:
    rest = ", ".join(f"{name} {value}" for name, value in wait.items() if name != "what")
    return f"{wait['what']}{f' ({rest})' if rest else ''}"


def _held(standing: "Standing", zone: "ZoneInfo") -> "Iterator[str]":
    kept = standing.remembered
    if kept is not None and kept.pinned:
        until = "" if kept.pinned_until is None else f" until {kept.pinned_until.astimezone(zone):%Y-%m-%d}"
        yield f"Pinned by {kept.pinned_by or 'somebody'}{until}: {kept.pin_reason or 'no reason given'}."
    if kept is not None and kept.below_since is not None:
        until = "" if kept.below_until is None else f", until {kept.below_until.astimezone(zone):%Y-%m-%d}"
        yield f"In grace since {kept.below_since.astimezone(zone):%Y-%m-%d}{until}."
    if kept is not None and kept.waiting_for is not None:
        yield f"Somebody is being asked about {kept.waiting_for}."


def _ahead(standing: "Standing") -> "Iterator[str]":
    ahead = standing.ahead
    if ahead.grace_on is not None:
        yield f"If nothing happens, grace begins on {ahead.grace_on}."
    if ahead.lost_on is not None:
        yield f"If nothing happens, {standing.tier} is lost on {ahead.lost_on}, for {ahead.falls_to}."
    if ahead.gained_on is not None:
        yield f"If nothing happens, {ahead.rises_to} is due on {ahead.gained_on}."
    for wait in standing.waits:
        yield f"The next tier waits for: {_wait(wait)}."


def _change(explanation: "Explanation", one: "Possible") -> str:
    said = []
    for asked in one.change.moves:
        move, kind = explanation.move(asked), asked.type.kind
        name = move.get("metric") or move.get("attribute")
        over = "" if move["over"] == "all" else f" over {move['over']}"
        values = "private" if move.get("private") else f"{_plain(move['from'], kind)} → {_plain(move['to'], kind)}"
        said.append(f"{name}{over}: {values}{HOWS[move['how']]}")
    text = "; ".join(said)
    if one.from_ is not None:
        text += f"  from {one.from_}"
    if one.before is not None:
        text += f"  before {one.before}"
    return text


def _plain(value: object, kind: str = "") -> str:
    """A value as it is read; of lengths two units instead of seconds."""
    from rules.values import duration_said

    if isinstance(value, list | tuple):
        return ", ".join(_plain(one, kind) for one in value) or "none"
    if kind == "duration" and isinstance(value, str):
        return duration_said(value)
    return "unknown" if value is None else "yes" if value is True else "no" if value is False else str(value)


def _rows(
    explanation: "Explanation", ahead: "Outlook | None", trace: "Trace", depth: int, rows: list[tuple[object, ...]]
) -> None:
    from operations.explained import word_of
    from rules.condition import Leaf, Titles

    indent = "  " * depth
    if isinstance(trace.condition, Leaf | Titles):
        leaf = explanation.leaf(trace, ahead)
        kind = trace.condition.source.type.kind if isinstance(trace.condition, Leaf) else ""
        value = "private" if leaf.get("private") else _plain(leaf["value"], kind)
        over = "" if leaf["over"] == "all" else leaf["over"]
        threshold, lacks = _plain(leaf["threshold"], kind), leaf.get("lacks")
        row = (indent + leaf["metric"], over, value, leaf["comparison"], threshold, SIGNS[trace.truth])
        lacks = _plain(lacks, kind) if kind == "duration" and lacks is not None else lacks
        rows.append((*row, lacks, leaf.get("ends"), leaf.get("begins")))
    elif depth or len(trace.parts) == 1:
        rows.append((indent + word_of(trace.condition), "", "", "", "", SIGNS[trace.truth], None, None, None))
    for part in trace.parts:
        _rows(explanation, ahead, part, depth + 1, rows)
