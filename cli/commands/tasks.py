"""`trellis tasks`: the runs of tasks, under way and over."""

from typing import Annotated, Any

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tasks")(tasks)


def tasks(
    task: Annotated[str | None, typer.Option("--task", help="Only runs of this task.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="running, ended, cancelled or failed.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 200,
    community: Community = None,
    json: Json = False,
) -> None:
    """List runs, latest first: where they are, until when, and how they ended."""
    from cli.console import Output
    from cli.wiring import memory

    out = Output(json)
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
