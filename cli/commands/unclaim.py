"""`trellis unclaim ID`: gives an item back to everybody who is asked."""

from typing import Annotated

import typer

from cli.options import As, Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("unclaim")(unclaim)


def unclaim(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The item, as `trellis inbox` shows it.")],
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Give a claimed item back; anybody who is asked can take it again."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.given import item_called, item_named
    from cli.wiring import memory
    from operations.errors import Refusal
    from workflows.desk import Desk

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        id_ = item_named(remembered.inbox, spec.id, id_)
        known = remembered.inbox.item(spec.id, id_)
        who = by or (known.claimed_by if known is not None else None)
        if who is None:
            raise Refusal(f"{id_} is with nobody.", "See `trellis inbox`.")
        item = Desk(remembered.house).unclaim(spec.id, id_, by=who)
    out.data({"item": asdict(item)})
    out.say(f"{item_called(item.id)} is free again; asked: {', '.join(item.asked)}.")
