"""`trellis tasks`: the runs of tasks, under way and over."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Community, Json, refuse_other

if TYPE_CHECKING:
    from cli.console import Output

STATUSES = ("running", "ended", "cancelled", "failed")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tasks")(tasks)


def tasks(
    task: Annotated[str | None, typer.Option("--task", help="Only runs of this task.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="running, ended, cancelled or failed.")] = None,
    stuck: Annotated[
        bool, typer.Option("--stuck", help="Only what fails and is tried again: which step, since when, and why.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 200,
    community: Community = None,
    json: Json = False,
) -> None:
    """List runs, latest first: where they are, until when, and how they ended."""
    from cli.console import Output
    from cli.wiring import memory

    out = Output(json)
    refuse_other(status, STATUSES, "--status")
    if stuck:
        show_stuck(out, community)
        return
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = remembered.runs.runs(spec.id, task=task, status=status, limit=limit)
        rows: list[dict[str, Any]] = []
        for run in found:
            visits = remembered.runs.visits(run.id) if run.status == "running" else []
            here = visits[-1] if visits else None
            rows.append(
                {
                    "run": run.id,
                    "task": run.task,
                    "mode": run.mode,
                    "subject": run.subject,
                    "status": run.status,
                    "phase": here.phase if here else None,
                    "deadline": here.deadline if here else None,
                    "opened_at": run.opened_at,
                    "ended_at": run.ended_at,
                    "end": run.end,
                }
            )
    out.data({"runs": rows})
    if not rows:
        out.say("No run yet. Begin with: trellis start TASK")
        return
    out.table(
        "",
        ["run", "about", "status", "phase", "until", "end"],
        [
            [
                row["run"],
                row["subject"],
                row["status"],
                row["phase"],
                f"{row['deadline'].astimezone(spec.zone):%Y-%m-%d %H:%M}" if row["deadline"] else None,
                row["end"],
            ]
            for row in rows
        ],
    )


def show_stuck(out: "Output", community: str | None) -> None:
    """What fails in the workflows of a community: of tasks, moves, reviews and the outbox."""
    from dataclasses import asdict

    from cli.wiring import servers

    with servers("command") as (here, _):
        spec = here.memory.specs.current(community)
        troubles = here.gateway.stuck(spec.id)
        idle = here.gateway.pollers() == 0
    out.data({"stuck": [asdict(one) for one in troubles], "workers": not idle})
    if idle:
        out.warn("trellis: nobody works on anything: no worker asks for work. Start `trellis up` or a worker.")
    if not troubles:
        out.say("Nothing is stuck.")
        return
    out.table(
        "",
        ["workflow", "step", "failed", "since", "why"],
        [
            [
                one.workflow,
                one.activity,
                one.attempt,
                f"{one.since.astimezone(spec.zone):%Y-%m-%d %H:%M:%S}" if one.since else None,
                one.why.strip().splitlines()[0] if one.why.strip() else None,
            ]
            for one in troubles
        ],
        right=["failed"],
    )
