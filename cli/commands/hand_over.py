"""`trellis hand-over ID --to PERSON`: puts an item of the inbox into somebody's hands."""

from typing import Annotated

import typer

from cli.options import As, Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("hand-over")(hand_over)


def hand_over(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The item, as `trellis inbox` shows it.")],
    to: Annotated[str, typer.Option("--to", metavar="PERSON", help="Who has it from now on.")],
    by: As = None,
    community: Community = None,
    json: Json = False,
) -> None:
    """Hand an item over: your own, or as whoever leads the run anybody's. The other one must be among those asked."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.given import item_called, item_named
    from cli.wiring import memory
    from workflows.desk import Desk

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        id_ = item_named(remembered.inbox, spec.id, id_)
        item = Desk(remembered.house).hand_over(spec.id, id_, to=to, by=by)
    out.data({"item": asdict(item)})
    out.say(f"{item_called(item.id)} is with {to}.")
