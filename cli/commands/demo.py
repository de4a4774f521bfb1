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
    members: Annotated[int, typer.Option("--members", min=200, max=1_000_000, help="How many members.")] = 2000,
    scale: Annotated[str, typer.Option("--scale", help="The contest's clock.")] = "1d=150ms",
    keep: Annotated[
        bool, typer.Option("--keep/--fresh", help="Go on with what an earlier demo left, or begin anew.")
    ] = False,
    programme: Annotated[
        bool, typer.Option("--programme/--contest-only", help="Also one task of each other mode, or the contest alone.")
    ] = True,
    whole: Annotated[
        bool, typer.Option("--whole", help="Also a council's year, and one member's journey: minutes more.")
    ] = False,
    specs: Annotated[Path, typer.Option("--specs", help="The community's folder.")] = Path("specs/auto"),
    json: Json = False,
) -> None:
    """Run the main job by itself: publish, import, review, play a season in all modes, close the books.

    Everything runs on embedded servers of its own under .trellis/demo. A server or worker that is killed meanwhile
    is started again, and the outcome is the same. Exit 0 only if every workflow finished and the books balance.
    """
    from cli.console import FAILED, Output
    from cli.demonstration import Demonstration, Script
    from cli.home import Home
    from cli.season import Unfinished

    out = Output(json)
    home = Home(Home.here().root / "demo")
    script = Script(
        specs=specs, data=home.root / "data", seed=seed, members=members, scale=scale, programme=programme, whole=whole
    )
    try:
        shown = Demonstration(script, home, out, keep=keep).run()
    except Unfinished as unfinished:
        out.data({"ok": False, "error": str(unfinished)})
        out.warn(f"trellis: the demo did not finish: {unfinished}.")
        raise typer.Exit(FAILED) from None
    out.data(shown)
