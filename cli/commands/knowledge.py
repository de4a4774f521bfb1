"""`trellis knowledge search`: what members published, found again by its words, with whoever wrote it."""

from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="What members published, to be found again.", no_args_is_help=True)
    group.command("search")(search)
    app.add_typer(group, name="knowledge")


def search(
    words: Annotated[list[str], typer.Argument(metavar="TEXT...", help="Words to look for, Chinese or English.")],
    space: Annotated[str | None, typer.Option("--space", metavar="ID", help="Only in this space.")] = None,
    author: Annotated[str | None, typer.Option("--author", metavar="ID", help="Only by this member.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")] = 20,
    community: Community = None,
    json: Json = False,
) -> None:
    """Find published pieces that have all the words, or most of them where none has all; best first."""
    from cli.console import Output
    from cli.wiring import memory

    out = Output(json)
    text = " ".join(words)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        place = f"space:{space}" if space else None
        found = remembered.knowledge.search(spec.id, text, place=place, author=author, limit=limit)
    out.data(
        {
            "query": text,
            "pieces": [
                {
                    "work": one.work,
                    "place": one.place,
                    "author": one.author,
                    "run": one.run,
                    "at": one.at,
                    "text": one.text,
                }
                for one in found
            ],
        }
    )
    rows = [[one.author, f"{one.at.astimezone(spec.zone):%Y-%m-%d}", one.text[:80], one.work] for one in found]
    out.table(f"{len(found)} pieces", ["author", "published", "text", "work"], rows)
