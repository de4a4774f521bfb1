"""`trellis start TASK`: starts a run of a task."""

from typing import Annotated

import typer

from cli.options import As, At, Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("start")(start)


def start(
    task: Annotated[str, typer.Argument(help="The task's id, e.g. most-beautiful-lines.")],
    subject: Annotated[str | None, typer.Option("--subject", help="Whom or what the run is about.")] = None,
    by: As = None,
    with_: Annotated[list[str] | None, typer.Option("--with", help="An argument, name=value; may be repeated.")] = None,
    scale: Annotated[str | None, typer.Option("--scale", help="Clock scale, e.g. 1d=1s.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Decides lots.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="The same key never starts a second run.")] = None,
    at: At = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Start a run of a task; it goes on by itself as long as a worker is there (`trellis up`)."""
    from dataclasses import asdict

    from cli.commands.brief import last, say_last
    from cli.console import Output
    from cli.given import guessed, pairs
    from cli.options import moment
    from cli.wiring import room
    from workflows.launch import Launcher

    out = Output(json)
    with room() as here:
        spec = here.memory.specs.current(community)
        run = Launcher(here.memory.house, here.gateway).start(
            task,
            community=spec.id,
            subject=subject,
            starter=by,
            args=guessed(pairs(with_ or [], "--with")),
            at=moment(at, spec.zone) if at else None,
            key=key,
            scale=scale,
            seed=seed,
        )
        looked_back = last(here.memory, spec, run.task)
    out.data({"run": asdict(run), "last_retrospective": looked_back})
    out.say(f"{run.id} has begun. See: trellis task {run.id}")
    if looked_back is not None:
        say_last(out, looked_back, spec)
