"""`trellis claim ID`: takes an item out of a role's inbox."""

from typing import Annotated

import typer

from cli.options import As, Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("claim")(claim)


def claim(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The item, as `trellis inbox` shows it.")],
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Take an item; nobody else can complete it then."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.given import item_called, item_named
    from cli.wiring import memory
    from operations.errors import Refusal
    from workflows.desk import Desk

    out = Output(json)
    if by is None:
        raise Refusal("Nobody is named who takes it.", "Give a name with --as, or set TRELLIS_AS.")
    with memory() as remembered:
        spec = remembered.specs.current(community)
        id_ = item_named(remembered.inbox, spec.id, id_)
        item = Desk(remembered.house).claim(spec.id, id_, by=by)
    out.data({"item": asdict(item)})
    out.say(f"{item_called(item.id)} is with {by}.")
