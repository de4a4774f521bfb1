"""`trellis prove`: what can be proved wrong with a community's rules, each finding with somebody made up."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json

if TYPE_CHECKING:
    from cli.console import Output
    from rules.proof import Finding


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("prove")(prove)


def prove(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="The folder of a community; the only one in specs/ otherwise."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="Reckon months and working time for this moment; else a fixed one."),
    ] = None,
    json: Json = False,
) -> None:
    """Prove what is wrong with the rules: tiers nobody can reach, members who would bounce, rules that never fire, …

    Every finding shows somebody made up whom it happens to (or who comes nearest), judged by the same evaluator that
    decides. Exit 3 if something was found, 2 if the specs have mistakes.
    """
    import gc

    from cli.console import FAILED, FINDINGS, INVALID, Output, complain
    from cli.options import moment
    from cli.specs import given_folder, read_specs, show_diagnostics
    from rules.proof import made_up_moment
    from rules.proof import prove as prove_all
    from rules.proof.solver import NoSolver

    gc.disable()  # everything made here is shown and then the process ends
    out = Output(json)
    place = given_folder(folder)
    loaded = read_specs(place)
    if loaded.community is None:
        out.data({"ok": False, "diagnostics": [d.as_json() for d in loaded.diagnostics]})
        show_diagnostics(loaded.diagnostics, out.say)
        out.warn(f"the specs in {place} have mistakes; `trellis check {place}` shows them")
        raise typer.Exit(INVALID)
    community = loaded.community
    when = moment(at, community.zone) if at is not None else made_up_moment(community)
    try:
        with out.progress("Proving"):
            report = prove_all(community, when)
    except NoSolver as missing:
        complain(missing.message, missing.hint, json=json)
        raise typer.Exit(FAILED) from None
    findings = [finding.data() | {"file": (place / finding.place.file).as_posix()} for finding in report.findings]
    undecided = [one.data() | {"file": (place / one.place.file).as_posix()} for one in report.undecided]
    out.data({"ok": not findings, "digest": community.digest, "findings": findings, "undecided": undecided})
    for finding in report.findings:
        _show(out, place, finding)
    for one in report.undecided:
        where = f"{(place / one.place.file).as_posix()}:{one.place.line}:{one.place.column}"
        out.say(f"{where}: undecided: {one.question}; {one.why}")
    if report.undecided:
        out.say()
    found, left = len(report.findings), len(report.undecided)
    what = "nothing is wrong" if not found else "one finding" if found == 1 else f"{found} findings"
    rest = f"; {left} {'question' if left == 1 else 'questions'} undecided" if left else ""
    out.say(f"{place}: {what}, after {report.questions:,} questions{rest}.")
    if found:
        raise typer.Exit(FINDINGS)


def _show(out: "Output", folder: Path, finding: "Finding") -> None:
    file = (folder / finding.place.file).as_posix()
    out.say(f"{file}:{finding.place.line}:{finding.place.column}: {finding.message}  [{finding.code}]")
    for line in finding.frame.splitlines():
        out.say("    " + line)
    if finding.hint:
        out.say(f"    {finding.hint}")
    for one in finding.because:
        where = "" if one.place is None else f"  ({(folder / one.place.file).as_posix()}:{one.place.line})"
        out.say(f"      - {one.text}{where}")
    if finding.witness is not None:
        out.say(f"    {finding.witness.says}:")
        for person in finding.witness.facts["members"]:
            out.say(f"      {person['id']}: {_facts(person['attributes'], person['metrics'])}")
        if finding.witness.facts["community"]:
            out.say(f"      community: {_facts({}, finding.witness.facts['community'])}")
        for decision in finding.witness.decisions:
            to = f" to {decision.to}" if decision.to else ""
            because = f" ({decision.because})" if decision.because else ""
            out.say(f"      → {decision.member}: {decision.rule} {decision.outcome}{to}{because}")
    out.say()


def _facts(attributes: "dict[str, object]", metrics: "dict[str, dict[str, object]]") -> str:
    """What is known of somebody in one line, in the words of the specs."""
    said = [f"{name}: {_value(value)}" for name, value in attributes.items()]
    for name, windows in metrics.items():
        said += [
            f"{name}{'' if over == 'all' else f' over {over}'}: {_value(value)}" for over, value in windows.items()
        ]
    return ", ".join(said) or "nothing is known"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
