"""`trellis cancel ID`: calls a run off and takes back what it did."""

from typing import Annotated

import typer

from cli.options import As, Community, Json

PATIENCE = 30.0
"""Seconds to wait until the run has taken everything back."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cancel")(cancel)


def cancel(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The run, as `trellis tasks` shows it.")],
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Call a run off: what it reserved goes back, what it gave is taken back, in reverse order."""
    import time
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.given import run_named
    from cli.wiring import room
    from operations.errors import Refusal
    from workflows.desk import Desk

    out = Output(json)
    with room() as here:
        spec = here.memory.specs.current(community)
        run = run_named(here.memory.runs, spec.id, id_)
        if run.status != "running":
            raise Refusal(f"{run.id} is over already ({run.end}).")
        desk = Desk(here.memory.house)
        desk.leads(run.id, by, "cancel")
        asked = here.gateway.cancel(run.id)
        if asked:
            here.memory.audit.note(spec.id, actor=by or "operator", verb="cancel", what=run.id, at=datetime.now(UTC))
        until = time.monotonic() + PATIENCE
        while asked and run.status == "running" and time.monotonic() < until:
            time.sleep(0.1)
            run = run_named(here.memory.runs, spec.id, run.id)
    out.data({"run": run.id, "asked": asked, "status": run.status})
    if not asked:
        out.say(f"Nothing runs under {run.id} any more.")
    elif run.status == "running":
        out.say(f"{run.id} was asked to stop; it will as soon as a worker is there.")
    else:
        out.say(f"{run.id} is called off.")
