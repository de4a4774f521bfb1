"""`trellis test`: the community's own cases, and which of its conditions they have seen both ways."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Json

if TYPE_CHECKING:
    from cli.console import Output
    from operations.examine import Examination, Examined
    from rules.coverage.suggest import Suggested
    from rules.decision import Reason
    from rules.spec.diagnostics import Place

MOST_UNCOVERED = 40
"""Conditions that are shown to people; `--json` has all."""
MOST_SUGGESTED = 5
"""Suggested cases that are shown to people."""
A_MOMENT = "2027-01-01 06:00"
"""The moment of suggested cases where no case says one."""


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
    suggest: Annotated[
        Path | None,
        typer.Option("--suggest", metavar="FILE", help="Write cases for what is not covered into a new file."),
    ] = None,
    json: Json = False,
) -> None:
    """Hold the cases of a community against its specs, and count the conditions they have seen hold and fail.

    Nothing is started and nothing remembered. Exit 3 when a case does not hold, or too little is covered.
    """
    from cli.console import FINDINGS, INVALID, Output
    from cli.specs import given_folder, read_specs
    from operations.errors import Refusal
    from operations.examine import examine, suggested
    from rules.rulebook import compile_rulebook
    from rules.spec.documents.cases import Cases
    from workflows.paper.verdict import judge_play

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
    community = loaded.community
    if not community.cases and suggest is None:
        hint = (
            f"docs/spec-guide.md shows how, or let `trellis test {place} --suggest {place}/cases/first.yaml` write some"
        )
        raise Refusal(f"{place} has no cases", hint)
    if suggest is not None and suggest.exists():
        raise Refusal(f"{suggest} is there already", "give the name of a new file, such as cases/boundaries.yaml")
    rulebook = compile_rulebook(community)
    with out.progress("cases", len(community.cases)) as step:
        examined = examine(community, rulebook, judge_play, told=step.advance)
    at = next((d.model.at for d in community.documents if isinstance(d.model, Cases)), A_MOMENT)
    proposed = suggested(community, rulebook, examined, judge_play, at)
    covered = examined.coverage.whole.percent >= min_coverage
    out.data({"ok": not examined.failing and covered, **_data(examined, proposed, place)})
    _show(out, examined, place)
    _propose(out, proposed, suggest, at)
    if not covered:
        out.say(f"{examined.coverage.whole.percent} percent is less than the {min_coverage} asked for.")
    if examined.failing or not covered:
        raise typer.Exit(FINDINGS)


def _propose(out: "Output", proposed: "Suggested", file: Path | None, at: str) -> None:
    """Show suggested cases, or write them into a file."""
    from operations.errors import Refusal
    from rules.coverage.write import document, lines

    if file is not None:
        if not proposed.cases:
            out.say(f"There is nothing to suggest; {file} was not written.")
            return
        try:
            file.write_text(document(at, proposed.cases), encoding="utf-8")
        except OSError as error:
            raise Refusal(f"{file} cannot be written: {error.strerror or error}", "give another file") from None
        out.say(f"{len(proposed.cases)} cases were written to {file}; read whether each is what you want.")
        return
    if proposed.cases:
        out.say()
        out.say("Cases to paste, as the specs decide today:" if len(proposed.cases) > 1 else "A case to paste:")
        for one in proposed.cases[:MOST_SUGGESTED]:
            out.say(lines(one))
        if len(proposed.cases) > MOST_SUGGESTED:
            out.say(f"  # … and {len(proposed.cases) - MOST_SUGGESTED} more; `--suggest FILE` writes all of them")


def _data(examined: "Examination", proposed: "Suggested", folder: Path) -> dict[str, Any]:
    from rules.coverage.write import lines

    whole = examined.coverage.whole
    return {
        "cases": {
            "total": len(examined.cases),
            "failed": len(examined.failing),
            "cannot_be_played_yet": len(examined.not_yet),
        },
        "cannot_be_played_yet": [
            {**_at(one.place, folder), "name": one.verdict.case.name, "phases": list(one.verdict.not_yet)}
            for one in examined.not_yet
        ],
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
        "suggested": [
            {
                "yaml": lines(one),
                "case": one.case,
                "covers": [
                    {**_at(spot.place, folder), "condition": spot.text, "truth": "true" if truth else "false"}
                    for spot, truth in one.covers
                ],
            }
            for one in proposed.cases
        ],
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
        "trace": [reason.data() for reason in verdict.reasons] or list(verdict.trace),
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
        for line in verdict.trace:
            out.say(f"      {line}")
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
    if examined.not_yet:
        kinds = sorted(
            {phase.partition("(")[2].rstrip(")") for one in examined.not_yet for phase in one.verdict.not_yet}
        )
        out.say(
            f"{len(examined.not_yet)} plays have phases that cannot be played yet ({', '.join(kinds)}); "
            "their paths were only walked through."
        )
    held = len(examined.cases) - len(examined.failing)
    seen = f"{whole.both_ways} of {whole.conditions} conditions were seen both ways"
    out.say(f"{held} of {len(examined.cases)} cases hold; {seen}.")


def _sentence(reason: "Reason") -> str:
    from rules.decision import TRUTHS

    over = "" if reason.over == "all" else f" over {reason.over}"
    value = "unknown" if reason.value is None else reason.value
    return f"{reason.metric}{over} = {value}, {reason.comparison} {reason.threshold}: {TRUTHS[reason.truth]}"
