"""`trellis claim ID`: takes an item out of a role's inbox."""

from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("claim")(claim)


def claim(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The item, as `trellis inbox` shows it.")],
    by: Annotated[str, typer.Option("--by", help="Who takes it.")],
    community: Community = None,
    json: Json = False,
) -> None:
    """Take an item; nobody else can complete it then."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.wiring import memory
    from workflows.desk import Desk

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        item = Desk(remembered.house).claim(spec.id, id_, by=by)
    out.data({"item": asdict(item)})
    out.say(f"{item.id} is with {by}.")
