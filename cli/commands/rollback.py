"""`trellis rollback`: make an earlier version of the specs current again."""

from typing import Annotated

import typer

from cli.options import Community, Json, whoever


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rollback")(rollback)


def rollback(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="Which version; its first digits will do.")],
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="Why, in a sentence.")] = "",
    author: Annotated[str, typer.Option("--author", metavar="NAME", help="Who does it; you, if not given.")] = "",
    community: Community = None,
    json: Json = False,
) -> None:
    """Make a version that was current before current again, and withdraw whatever is on trial, in one step.

    With the digest of the current version only what is on trial is withdrawn. Moves that were made stay made, and a
    grace that was promised lasts as promised; the next review judges by the version that is current then.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from cli.console import Output
    from cli.wiring import memory
    from operations.trial import roll_back

    out = Output(json)
    with memory() as remembered, out.progress("Rolling back"):
        version, new, ended = roll_back(
            remembered.desk,
            digest,
            community=community,
            message=message,
            author=author or whoever(),
            at=datetime.now(UTC),
        )
    out.data({"ok": True, "new": new, "version": asdict(version), "withdrawn": [one.digest for one in ended]})
    for one in ended:
        out.say(f"Withdrawn: the {one.kind} trial of {one.digest}.")
    if new:
        out.say(f"{version.community} version {version.number} is current: {version.digest}")
    elif not ended:
        out.say(f"{version.community} version {version.number} is current already, and nothing is on trial.")
    else:
        out.say(f"{version.community} version {version.number} stays current: {version.digest}")
