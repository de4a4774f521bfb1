"""`trellis apply`: publish the specs of a folder."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("apply")(apply)


def apply(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a community, such as specs/auto.")],
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="Why, in a sentence.")] = "",
    author: Annotated[str, typer.Option("--author", metavar="NAME", help="Who publishes; you, if not given.")] = "",
    json: Json = False,
) -> None:
    """Check the specs in DIR and make them the community's current ones; metrics that are new are computed.

    What already runs goes on under the specs it began with. Publishing the same documents twice changes nothing.
    """
    import getpass
    from dataclasses import asdict
    from datetime import UTC, datetime

    from cli.console import INVALID, Output
    from cli.specs import read_specs
    from cli.wiring import memory
    from operations.publish import publish
    from store.folder import read_folder
    from workflows.phases import discover

    out = Output(json)
    loaded = read_specs(folder)
    if loaded.community is None:
        out.data({"ok": False, "diagnostics": [d.as_json() for d in loaded.diagnostics]})
        for d in loaded.diagnostics:
            out.warn(f"{d.file}:{d.line}:{d.column}: {d.message}  [{d.code}]" + (f"\n    {d.hint}" if d.hint else ""))
        out.warn("Nothing was published.")
        raise typer.Exit(INVALID)
    who = author or getpass.getuser()
    with memory() as remembered, out.progress(f"Publishing {loaded.community.id}"):
        done = publish(
            remembered.specs, read_folder(folder), discover(), message=message, author=who, at=datetime.now(UTC)
        )
    version = done.version
    out.data({"ok": True, "new": done.new, "version": asdict(version)})
    if done.new:
        out.say(f"{version.community} version {version.number} is current: {version.digest}")
    else:
        out.say(f"{version.community} has these very specs already, as version {version.number}: {version.digest}")
