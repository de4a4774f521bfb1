"""`trellis decide`: what the specs decide about members of whom a file tells; nothing is remembered."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("decide")(decide)


def decide(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a community.")],
    facts: Annotated[
        Path,
        typer.Option("--facts", metavar="FILE", help='JSON: {"at", "members": [{"id", "attributes", "metrics"}]}.'),
    ],
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Decide for this time; else the file's.")
    ] = None,
    json: Json = False,
) -> None:
    """Decide about each member in FILE, with every reason.

    Exit 2 if the specs or the file have mistakes. A reading that is not given is unknown.
    """
    import gc

    from cli.console import INVALID, Output
    from cli.options import moment
    from cli.specs import read_specs
    from operations.decide import decide as decide_all
    from operations.errors import Refusal
    from operations.facts_file import BadFacts, read_facts
    from rules.chaining import Chains
    from rules.gate import Gate
    from rules.rulebook import compile_rulebook

    gc.disable()  # everything made here is shown and then the process ends; looking for garbage doubles the time
    out = Output(json)
    loaded = read_specs(folder)
    if loaded.community is None:
        out.data({"ok": False, "diagnostics": [d.as_json() for d in loaded.diagnostics]})
        for d in loaded.diagnostics:
            out.say(f"{d.file}:{d.line}:{d.column}: {d.message}  [{d.code}]")
        out.warn(f"the specs in {folder} have mistakes; `trellis check {folder}` shows them")
        raise typer.Exit(INVALID)
    community = loaded.community
    rulebook = compile_rulebook(community)
    gate = Gate(community, rulebook)
    try:
        content = facts.read_bytes()
    except OSError as error:
        raise Refusal(f"{facts} cannot be read: {error.strerror or error}", "give a JSON file") from None
    try:
        given = read_facts(content, gate, community.zone, str(facts))
    except BadFacts as bad:
        out.data({"ok": False, "diagnostics": [problem.data() for problem in bad.problems]})
        for problem in bad.problems:
            out.warn(str(problem))
        raise typer.Exit(INVALID) from None
    for name in gate.ignored:
        out.warn(f"{facts}: nothing in {folder} is called {name}; it is not looked at")
    moment_ = moment(at, community.zone) if at is not None else given.at
    if moment_ is None:
        raise Refusal(f'{facts} does not say "at"', 'add "at": "2026-11-21T06:00:00+08:00", or give --at')
    chains = Chains(community)
    decided = decide_all(rulebook, given, moment_, infer=chains.infer if chains else None)
    if json:
        out.data(decided.data())
        return
    counts: dict[tuple[str, str, str], int] = {}
    for decision in decided.decisions:
        key = (decision.rule, decision.outcome, decision.to or "")
        counts[key] = counts.get(key, 0) + 1
    if len(given.members) <= 25:
        rows = [
            (d.member, d.rule, d.outcome, d.from_, d.to, "; ".join(map(_sentence, d.reasons)))
            for d in decided.decisions
        ]
        out.table("Decisions", ("member", "rule", "outcome", "from", "to", "reasons"), rows)
        if decided.titles:
            held = [(member, ", ".join(titles)) for member, titles in sorted(decided.titles.items())]
            out.table("Titles", ("member", "holds"), held)
    out.say(f"Members decided about: {len(given.members):,}, under {decided.digest[:19]}…")
    totals = [(*key, f"{number:,}") for key, number in sorted(counts.items())]
    out.table("", ("rule", "outcome", "to", "members"), totals, right=["members"])


def _sentence(reason: "object") -> str:
    from rules.decision import TRUTHS, Reason
    from rules.values import legible

    assert isinstance(reason, Reason)
    over = "" if reason.over == "all" else f" over {reason.over}"
    value = "unknown" if reason.value is None else legible(reason.value)
    return f"{reason.metric}{over} = {value}, {reason.comparison} {reason.threshold}: {TRUTHS[reason.truth]}"
