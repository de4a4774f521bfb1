"""`trellis rehearse TASK`: plays a task from beginning to end with simulated participants."""

from typing import Annotated

import typer

from cli.options import At, Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rehearse")(rehearse)


def rehearse(
    task: Annotated[str, typer.Argument(help="The task's id, e.g. most-beautiful-lines.")],
    scale: Annotated[str, typer.Option("--scale", help="Clock scale, e.g. 1d=1s.")] = "1d=1s",
    seed: Annotated[int, typer.Option("--seed", help="The same seed plays the same.")] = 1,
    crowd: Annotated[int | None, typer.Option("--crowd", help="How many come where anybody may.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Whom or what the run is about.")] = None,
    with_: Annotated[list[str] | None, typer.Option("--with", help="An argument, name=value; may be repeated.")] = None,
    within: Annotated[int, typer.Option("--within", help="Seconds after which this command stops waiting.")] = 3600,
    here: Annotated[bool, typer.Option("--here", help="Also among members who may be real.")] = False,
    at: At = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Play a task by the very workflow that will run it, on a fast clock; the same seed plays the same again.

    It awards, records and notifies as the real thing does: rehearse in an installation of its own (TRELLIS_HOME), not
    where real members are. Where there are members besides those of `trellis new practice`, or any in a database of
    your own (DATABASE_URL), it is refused without --here.
    """
    import os
    import time

    from cli.awaited import Failures
    from cli.commands.task import describe, show
    from cli.console import FAILED, Output
    from cli.given import guessed, pairs
    from cli.options import moment
    from cli.wiring import room
    from operations.errors import Refusal
    from operations.practice import besides
    from workflows.carriers import leaves
    from workflows.launch import Launcher

    if leaves():
        raise Refusal(
            "Notices of this installation reach people (TRELLIS_NOTIFY_URLS), and those of a rehearsal would too.",
            "Rehearse in one of its own: TRELLIS_HOME=rehearsal TRELLIS_NOTIFY_URLS=log: trellis rehearse …",
        )
    out = Output(json)
    with room() as found:
        spec = found.memory.specs.current(community)
        members, own = found.memory.members(spec), bool(os.environ.get("DATABASE_URL"))
        real = 0 if here else members.count() if own else besides(members)
        if real:
            where = "in a database of your own (DATABASE_URL)" if own else "besides those of `trellis new practice`"
            apart = "TRELLIS_HOME=rehearsal" + (" DATABASE_URL= TEMPORAL_ADDRESS=" if own else "")
            raise Refusal(
                f"{spec.id} has {real:,} {'member' if real == 1 else 'members'} {where}, and what is awarded and"
                " recorded in a rehearsal would stay with them.",
                f"Rehearse apart: {apart} trellis rehearse {task} …; or, if these members are made up, add --here.",
            )
        run = Launcher(found.memory.house, found.gateway).start(
            task,
            community=spec.id,
            subject=subject,
            args=guessed(pairs(with_ or [], "--with")),
            at=moment(at, spec.zone) if at else None,
            scale=scale,
            rehearsed=True,
            crowd=crowd,
            seed=seed,
        )
        until = time.monotonic() + within
        failures = Failures(found, run.id, lambda text: out.warn(f"trellis: {text}"))
        with out.progress(run.id) as step:
            while time.monotonic() < until:
                now = found.memory.runs.run(run.id)
                visits = found.memory.runs.visits(run.id)
                if visits:
                    step.note(visits[-1].phase)
                if now is not None and now.status != "running":
                    run = now
                    break
                failures.look()
                time.sleep(0.1)
        show(out, describe(found.memory, run), spec, run)
    if run.status in ("running", "failed"):
        raise typer.Exit(FAILED)
