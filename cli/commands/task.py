"""`trellis task ID`: how one run goes: phases, counts, deadline, results, ranking."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import As, Community, Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.console import Output
    from cli.memory import Memory
    from operations.ports.runs import Run
    from rules.spec import Community as Spec

SHOWN = 20
"""Places of a ranking that people see; data has all."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("task")(task)


def task(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The run: auto/task/1, task/1, or task for its latest.")],
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Show one run: every phase with its outcome, how much came in, until when, and what came out.

    With --as, what that person may see of it now, with works and answers: rivals nothing before the close, judges no
    authors while they judge.
    """
    from cli.console import Output
    from cli.given import run_named
    from cli.wiring import memory
    from workflows.desk import Desk
    from workflows.seeing import seen

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        run = run_named(remembered.runs, spec.id, id_)
        if by is not None:
            show_seen(out, seen(Desk(remembered.house), run.id, by))
            return
        told = describe(remembered, run)
        show(out, told, spec, run)


def show_seen(out: "Output", told: dict[str, Any]) -> None:
    """What somebody may see of a run, for people, and as data with `--json`."""
    out.data({"seen": told})
    out.say(f"{told['run']} as {told['as']}" + (", who leads it" if told["leads"] else ""))
    rows = []
    for visit in told["phases"]:
        rows += [
            [visit["phase"], work["id"], ", ".join(work.get("authors", ["hidden"])), work["state"], said(work)]
            for work in visit["works"]
        ]
        rows += [
            [visit["phase"], one["about"] or None, one["by"], one["choice"] or one["did"], said(one)]
            for one in visit["answers"]
        ]
        hidden = visit["works_hidden"] + visit["answers_hidden"]
        if hidden:
            rows.append([visit["phase"], None, None, f"{hidden} hidden until it closes", None])
    out.table("", ["phase", "what", "by", "how", "said"], rows)


def said(told: "Mapping[str, Any]") -> str:
    """What was written into the form, field by field."""
    return "; ".join(f"{name}: {value}" for name, value in told.get("fields", {}).items() if value not in (None, ""))


def describe(remembered: "Memory", run: "Run") -> dict[str, Any]:
    """Everything about a run as data."""
    visits = []
    for visit in remembered.runs.visits(run.id):
        tally = remembered.runs.tally(run.id, visit.phase, visit.visit)
        visits.append(
            {
                "phase": visit.phase,
                "visit": visit.visit,
                "scope": visit.scope,
                "kind": visit.kind,
                "state": visit.state,
                "opened_at": visit.opened_at,
                "deadline": visit.deadline,
                "closed_at": visit.closed_at,
                "outcome": visit.outcome,
                "works": tally.works,
                "acts": tally.acts,
                "results": visit.results,
            }
        )
    return {
        "run": run.id,
        "task": run.task,
        "mode": run.mode,
        "subject": run.subject,
        "digest": run.digest,
        "status": run.status,
        "end": run.end,
        "opened_at": run.opened_at,
        "ended_at": run.ended_at,
        "scale": run.scale,
        "seed": run.seed,
        "parts": dict(remembered.runs.parts(run.id)),
        "phases": visits,
    }


def show(out: "Output", told: dict[str, Any], spec: "Spec", run: "Run") -> None:
    """The same for people, and as data with `--json`."""
    out.data({"task": told})
    about = f" about {run.subject}" if run.subject else ""
    end = f", {run.end}" if run.end else ""
    title = spec.tasks[run.task].title.en if run.task in spec.tasks else "a task that is gone"
    out.say(f"{run.id} ({title}){about}: {run.status}{end}; {len(told['parts'])} take part")
    rows = [
        [
            visit["scope"] + visit["phase"],
            visit["kind"],
            visit["outcome"] or visit["state"],
            visit["works"] or None,
            visit["acts"] or None,
            _when(visit["opened_at"], spec),
            _when(visit["closed_at"] or _deadline(visit), spec),
            _short(visit),
        ]
        for visit in told["phases"]
    ]
    out.table(
        "", ["phase", "kind", "outcome", "works", "acts", "from", "until", "results"], rows, right=["works", "acts"]
    )
    for visit in told["phases"]:
        ranking = visit["results"].get("ranking")
        if ranking:
            scores = visit["results"].get("scores", {})
            places = [[place, work, scores.get(work)] for place, work in enumerate(ranking[:SHOWN], start=1)]
            out.table(f"Ranking of {visit['phase']}", ["place", "work", "score"], places, right=["place", "score"])


def _when(at: Any, spec: "Spec") -> str | None:
    return f"{at.astimezone(spec.zone):%Y-%m-%d %H:%M}" if at is not None else None


def _deadline(visit: dict[str, Any]) -> Any:
    """Until when a phase is open; one that waits for other runs has no end of its own."""
    return None if visit["kind"] == "run" else visit["deadline"]


def _short(visit: dict[str, Any]) -> str:
    """The results, as counts and means. Choices that nobody is listed for say nothing: a role is not listed."""
    results = visit["results"]
    counts = [
        f"{name} {len(value)}"
        for name, value in sorted(results.items())
        if isinstance(value, list) and (value or visit["kind"] not in ("ask", "run"))
    ]
    figures = [
        f"{name} {value['mean']}"
        for name, value in sorted(results.items())
        if isinstance(value, dict) and "mean" in value
    ]
    return ", ".join(counts + figures)
