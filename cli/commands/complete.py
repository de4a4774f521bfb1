"""`trellis complete ID --outcome O`: says how an item of the inbox came out."""

from typing import Annotated

import typer

from cli.options import As, Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("complete")(complete)


def complete(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The item, as `trellis inbox` shows it.")],
    outcome: Annotated[str, typer.Option("--outcome", help="One of the item's outcomes.")],
    form: Annotated[list[str] | None, typer.Option("--form", help="A field, name=value; may be repeated.")] = None,
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Complete an item: an answer, a verdict, a work, an approval, whatever was asked for."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.given import item_called, item_named, pairs, typed
    from cli.wiring import room
    from operations.errors import Refusal
    from workflows.desk import Desk

    out = Output(json)
    with room() as here:
        spec = here.memory.specs.current(community)
        id_ = item_named(here.memory.inbox, spec.id, id_)
        item = here.memory.inbox.item(spec.id, id_)
        if item is None:
            raise Refusal(f"There is no item {id_!r} in the inbox.", "See `trellis inbox`.")
        desk = Desk(here.memory.house, poke=here.gateway.poke)
        fields = typed(pairs(form or [], "--form"), desk.fields(item.form, spec))
        item = desk.complete(spec.id, id_, outcome=outcome, fields=fields, by=by)
    out.data({"item": asdict(item)})
    out.say(f"{item_called(item.id)}: {outcome}.")
