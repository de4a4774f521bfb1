"""`trellis submit RUN PHASE --member M`: a member hands in a work."""

from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("submit")(submit)


def submit(
    run: Annotated[str, typer.Argument(help="The run, as `trellis tasks` shows it.")],
    phase: Annotated[str, typer.Argument(help="The phase that takes works; or that returned one.")],
    member: Annotated[str, typer.Option("--member", help="Whose work it is.")],
    form: Annotated[list[str] | None, typer.Option("--form", help="A field, name=value; may be repeated.")] = None,
    into: Annotated[str | None, typer.Option("--into", help="The slot it goes into, where there are slots.")] = None,
    work: Annotated[str | None, typer.Option("--work", help="A returned work of which this is a new version.")] = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Hand a work in; it is accepted if and only if the phase is open."""
    from cli.console import Output
    from cli.given import pairs, run_named, typed
    from cli.wiring import room
    from workflows.desk import Desk

    out = Output(json)
    with room() as here:
        spec = here.memory.specs.current(community)
        found = run_named(here.memory.runs, spec.id, run)
        desk = Desk(here.memory.house, poke=here.gateway.poke)
        fields = typed(pairs(form or [], "--form"), desk.fields(desk.form_of(found.id, phase, work), spec))
        if work is not None:
            said = desk.revise(found.id, phase, work=work, member=member, fields=fields)
        else:
            said = desk.submit(found.id, phase, member=member, fields=fields, into=into)
    out.data({"run": found.id, "phase": phase, "work": said.id or work, "late": said.late})
    out.say(f"Accepted: {said.id or work}{' (late)' if said.late else ''}")
