"""`trellis demo`: the main job on embedded servers, from publishing specs to a season that has been played."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    seed: Annotated[int, typer.Option("--seed", help="Everything simulated follows from it.")] = 7,
    members: Annotated[int, typer.Option("--members", min=300, max=1_000_000, help="How many members.")] = 2000,
    scale: Annotated[str | None, typer.Option("--scale", help="Another clock for the contest, such as 1d=1s.")] = None,
    keep: Annotated[
        bool, typer.Option("--keep/--fresh", help="Go on with what an earlier demo left, or begin anew.")
    ] = False,
    contest_only: Annotated[
        bool, typer.Option("--contest-only", help="Leave out the other modes, the council and the journey.")
    ] = False,
    specs: Annotated[Path, typer.Option("--specs", help="The community's folder.")] = Path("specs/auto"),
    json: Json = False,
) -> None:
    """Run the main job by itself: publish, import, review, play a season, follow one member, close the books.

    The season has one task of each mode and a council's year; one member goes from being spotted to being honorary.
    Everything runs on embedded servers of its own under .trellis/demo. A server or worker that is killed meanwhile
    is started again, and the outcome is the same. Exit 0 only if every workflow finished and the books balance.
    """
    from cli.console import FAILED, Output
    from cli.demonstration import Demonstration
    from cli.endings import Unfinished
    from cli.home import Home
    from cli.season import Script

    out = Output(json)
    home = Home(Home.here().root / "demo")
    data, whole = home.root / "data", not contest_only
    script = Script(specs=specs, data=data, seed=seed, members=members, scale=scale, whole=whole)
    try:
        shown = Demonstration(script, home, out, keep=keep).run()
    except Unfinished as unfinished:
        out.data({"ok": False, "error": str(unfinished)})
        out.warn(f"trellis: the demo did not finish: {unfinished}.")
        raise typer.Exit(FAILED) from None
    out.data(shown)
