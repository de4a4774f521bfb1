"""`trellis test`: the community's own cases, and which of its conditions they have seen both ways."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Json

if TYPE_CHECKING:
    from cli.console import Output
    from operations.examine import Examination, Examined
    from rules.decision import Reason
    from rules.spec.diagnostics import Place

MOST_UNCOVERED = 40
"""Conditions that are shown to people; `--json` has all."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("test")(hold_cases)


def hold_cases(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="The folder of a community; the only one in specs/ otherwise."),
    ] = None,
    min_coverage: Annotated[
        int,
        typer.Option("--min-coverage", metavar="PERCENT", min=0, max=100, help="Exit 3 when less is covered."),
    ] = 0,
    json: Json = False,
) -> None:
    """Hold the cases of a community against its specs, and count the conditions they have seen hold and fail.

    Nothing is started and nothing remembered. Exit 3 when a case does not hold, or too little is covered.
    """
    from cli.console import FINDINGS, INVALID, Output
    from cli.specs import given_folder, read_specs
    from operations.errors import Refusal
    from operations.examine import examine
    from rules.rulebook import compile_rulebook

    out = Output(json)
    place = given_folder(folder)
    if not place.is_dir():
        raise Refusal(f"{place} is not a folder", "give the folder of a community, such as specs/auto")
    loaded = read_specs(place)
    if loaded.community is None:
        out.data({"ok": False, "diagnostics": [d.as_json() for d in loaded.diagnostics]})
        for d in loaded.diagnostics:
            out.say(f"{d.file}:{d.line}:{d.column}: {d.message}  [{d.code}]")
        out.warn(f"the specs in {place} have mistakes; `trellis check {place}` shows them")
        raise typer.Exit(INVALID)
    if not loaded.community.cases:
        raise Refusal(f"{place} has no cases", "write some in cases/*.yaml; docs/spec-guide.md shows how")
    with out.progress("cases", len(loaded.community.cases)) as step:
        examined = examine(loaded.community, compile_rulebook(loaded.community), told=step.advance)
    covered = examined.coverage.whole.percent >= min_coverage
    out.data({"ok": not examined.failing and covered, **_data(examined, place)})
    _show(out, examined, place)
    if not covered:
        out.say(f"{examined.coverage.whole.percent} percent is less than the {min_coverage} asked for.")
    if examined.failing or not covered:
        raise typer.Exit(FINDINGS)


def _data(examined: "Examination", folder: Path) -> dict[str, Any]:
    whole = examined.coverage.whole
    return {
        "cases": {"total": len(examined.cases), "failed": len(examined.failing)},
        "failing": [_failing(one, folder) for one in examined.failing],
        "coverage": {
            "conditions": whole.conditions,
            "both_ways": whole.both_ways,
            "percent": whole.percent,
            "documents": [
                {
                    "file": (folder / one.file).as_posix(),
                    "conditions": one.conditions,
                    "both_ways": one.both_ways,
                    "percent": one.percent,
                }
                for one in examined.coverage.files
            ],
            "uncovered": [
                {
                    **_at(one.spot.place, folder),
                    "owner": one.spot.owner,
                    "condition": one.spot.text,
                    "missing": ["true" if truth else "false" for truth in one.missing],
                }
                for one in examined.coverage.uncovered
            ],
        },
    }


def _failing(one: "Examined", folder: Path) -> dict[str, Any]:
    verdict = one.verdict
    return {
        **_at(one.place, folder),
        "name": verdict.case.name,
        "kind": verdict.case.kind,
        "expected": one.expected,
        "came": verdict.came,
        "wrong": list(verdict.wrong),
        "trace": [reason.data() for reason in verdict.reasons],
    }


def _at(place: "Place", folder: Path) -> dict[str, Any]:
    return {"file": (folder / place.file).as_posix(), "line": place.line, "column": place.column}


def _show(out: "Output", examined: "Examination", folder: Path) -> None:
    for one in examined.failing:
        verdict = one.verdict
        out.say(f"{(folder / one.place.file).as_posix()}:{one.place.line}:{one.place.column}: {verdict.case.name}")
        out.say(f"    expected: {one.expected}")
        for wrong in verdict.wrong:
            out.say(f"    but {wrong}")
        for reason in verdict.reasons:
            out.say(f"      {_sentence(reason)}")
        out.say()
    rows = [(one.file, one.conditions, one.both_ways, f"{one.percent} %") for one in examined.coverage.files]
    whole = examined.coverage.whole
    if len(rows) > 1:
        rows.append(("together", whole.conditions, whole.both_ways, f"{whole.percent} %"))
    columns = ("document", "conditions", "seen both ways", "covered")
    out.table("Coverage", columns, rows, right=columns[1:])
    for gap in examined.coverage.uncovered[:MOST_UNCOVERED]:
        never = " and never ".join("true" if truth else "false" for truth in gap.missing)
        where = f"{(folder / gap.spot.file).as_posix()}:{gap.spot.place.line}:{gap.spot.place.column}"
        out.say(f"{where}: {gap.spot.owner}: {gap.spot.text} is never {never}")
    if len(examined.coverage.uncovered) > MOST_UNCOVERED:
        out.say(f"… and {len(examined.coverage.uncovered) - MOST_UNCOVERED} more; `--json` has all.")
    held = len(examined.cases) - len(examined.failing)
    seen = f"{whole.both_ways} of {whole.conditions} conditions were seen both ways"
    out.say(f"{held} of {len(examined.cases)} cases hold; {seen}.")


def _sentence(reason: "Reason") -> str:
    from rules.decision import TRUTHS

    over = "" if reason.over == "all" else f" over {reason.over}"
    value = "unknown" if reason.value is None else reason.value
    return f"{reason.metric}{over} = {value}, {reason.comparison} {reason.threshold}: {TRUTHS[reason.truth]}"
