"""`trellis enrol RUN --member M`: a member comes in, declines, or leaves."""

from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("enrol")(enrol)
    app.command("withdraw")(withdraw)


def enrol(
    run: Annotated[str, typer.Argument(help="The run, as `trellis tasks` shows it.")],
    member: Annotated[str, typer.Option("--member", help="Who comes in.")],
    form: Annotated[list[str] | None, typer.Option("--form", help="A field, name=value; may be repeated.")] = None,
    decline: Annotated[bool, typer.Option("--decline", help="Say no to an invitation instead.")] = False,
    community: Community = None,
    json: Json = False,
) -> None:
    """Bring a member into a run that enrols, if they may come in now."""
    from cli.console import Output
    from cli.given import pairs, run_named, typed
    from cli.wiring import room
    from workflows.desk import Desk

    out = Output(json)
    with room() as here:
        spec = here.memory.specs.current(community)
        found = run_named(here.memory.runs, spec.id, run)
        desk = Desk(here.memory.house, poke=here.gateway.poke)
        if decline:
            desk.decline(found.id, member=member)
        else:
            visit = here.memory.runs.latest_open(found.id, "enrol")
            types = desk.fields(desk.form_of(found.id, visit.phase), spec) if visit is not None else {}
            desk.enrol(found.id, member=member, fields=typed(pairs(form or [], "--form"), types))
    out.data({"run": found.id, "member": member, "declined": decline})
    out.say(f"{member} {'said no to' if decline else 'is in'} {found.id}.")


def withdraw(
    run: Annotated[str, typer.Argument(help="The run, as `trellis tasks` shows it.")],
    member: Annotated[str, typer.Option("--member", help="Who leaves.")],
    community: Community = None,
    json: Json = False,
) -> None:
    """Let a member leave a run; works that are not accepted yet are taken back."""
    from cli.console import Output
    from cli.given import run_named
    from cli.wiring import memory
    from workflows.desk import Desk

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = run_named(remembered.runs, spec.id, run)
        Desk(remembered.house).withdraw(found.id, member=member)
    out.data({"run": found.id, "member": member})
    out.say(f"{member} has left {found.id}.")
