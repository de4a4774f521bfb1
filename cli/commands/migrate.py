"""`trellis migrate ID`: lets a run that is under way go on under another version of the specs."""

from typing import Annotated

import typer

from cli.options import As, Community, Json

PATIENCE = 5.0
"""Seconds to wait, in case the run stands at a boundary already."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate")(migrate)


def migrate(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The run, as `trellis tasks` shows it.")],
    to: Annotated[str | None, typer.Option("--to", help="The version; the current one without it.")] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="OLD=NEW: a phase that is called otherwise; OLD= if it is gone.")
    ] = None,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Move a run to another version at its next boundary between two phases, or say why it cannot move."""
    import time
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.given import pairs, run_named
    from cli.wiring import room
    from operations.errors import Refusal
    from workflows import steps
    from workflows.conduct import Conduct
    from workflows.desk import Desk

    out = Output(json)
    phases = pairs(map_ or [], "--map")
    with room() as here:
        current = here.memory.specs.current(community)
        spec = here.memory.specs.at(to, current.id) if to is not None else current
        run = run_named(here.memory.runs, spec.id, id_)
        if run.status != "running":
            raise Refusal(f"{run.id} is over already ({run.end}).")
        if run.digest == spec.digest:
            raise Refusal(f"{run.id} runs under {spec.digest[:19]} already.", "Name another version with --to.")
        Desk(here.memory.house).leads(run.id, by, "migrate")
        Conduct(here.memory.house).can_move(run, spec.digest, phases)
        before = run.digest
        asked = here.gateway.signal(run.id, steps.MIGRATE, steps.MoveTo(digest=spec.digest, phases=phases))
        if not asked:
            raise Refusal(f"Nothing runs under {run.id} any more.")
        here.memory.audit.note(spec.id, actor=by or "operator", verb="migrate", what=run.id, at=datetime.now(UTC))
        until = time.monotonic() + PATIENCE
        while run.digest == before and run.status == "running" and time.monotonic() < until:
            time.sleep(0.1)
            run = run_named(here.memory.runs, spec.id, run.id)
        open_now = [one.phase for one in here.memory.runs.open_visits(run.id)]
    moved = run.digest == spec.digest
    out.data({"run": run.id, "from": before, "to": spec.digest, "moved": moved, "open": open_now})
    if moved:
        out.say(f"{run.id} goes on under {spec.digest[:19]}.")
    else:
        out.say(f"{run.id} goes on under {spec.digest[:19]} when {', '.join(open_now) or 'its phase'} is over.")
