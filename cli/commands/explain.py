"""`trellis explain`: why a member stands where they stand, why not higher, and what is missing."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import At, Community, Json

if TYPE_CHECKING:
    from cli.console import Output
    from operations.explain import Explanation, Standing
    from rules.evaluate import Trace

SIGNS = {True: "yes", False: "no", None: "unknown"}


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
    json: Json = False,
) -> None:
    """Show where a member stands, each condition with its value and threshold, and what is missing."""
    from cli.console import Output
    from cli.options import moment
    from cli.wiring import memory
    from operations.explain import explain as explain_member

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        explanation = explain_member(remembered.desk, spec, member, moment(at, spec.zone), tier=tier)
    out.data(explanation.data())
    out.say(f"{member}, {explanation.at.astimezone(spec.zone):%Y-%m-%d %H:%M}, stage: {explanation.stage or 'none'}")
    for standing in explanation.standings:
        _show(out, explanation, standing)


def _show(out: "Output", explanation: "Explanation", standing: "Standing") -> None:
    decision = standing.decision
    since = "" if standing.days is None else f" for {standing.days} days"
    to = f" to {decision.to}" if decision.to else ""
    because = f" ({decision.because})" if decision.because else ""
    out.say(f"\n{standing.ladder}: {standing.tier or 'unknown'}{since}. A review now: {decision.outcome}{to}{because}.")
    for asked in standing.asked:
        rows: list[tuple[object, ...]] = []
        _rows(explanation, asked.trace, 0, rows)
        title = f"{asked.about} {asked.tier or ''}: {SIGNS[asked.trace.truth]}"
        out.table(title, ("condition", "over", "value", "comparison", "threshold", "holds", "lacks"), rows)


def _rows(explanation: "Explanation", trace: "Trace", depth: int, rows: list[tuple[object, ...]]) -> None:
    from operations.explain import word_of
    from rules.condition import Leaf, Titles

    indent = "  " * depth
    if isinstance(trace.condition, Leaf | Titles):
        leaf = explanation.leaf(trace)
        value = "private" if leaf.get("private") else "unknown" if leaf["value"] is None else leaf["value"]
        over = "" if leaf["over"] == "all" else leaf["over"]
        rows.append(
            (
                indent + leaf["metric"],
                over,
                value,
                leaf["comparison"],
                leaf["threshold"],
                SIGNS[trace.truth],
                leaf.get("lacks"),
            )
        )
    elif depth or len(trace.parts) == 1:
        rows.append((indent + word_of(trace.condition), "", "", "", "", SIGNS[trace.truth], None))
    for part in trace.parts:
        _rows(explanation, part, depth + 1, rows)
