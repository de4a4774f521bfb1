"""`trellis edit`: change one value of a spec file, one line, comments kept."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("edit", context_settings={"ignore_unknown_options": True})(edit)


def edit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A spec file, such as specs/auto/tiers.yaml.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="The value: tiers[core].earn.all.mean_quality.at_least")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The new value; in inner quotes it is a text.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change and leave the file alone.")] = False,
    json: Json = False,
) -> None:
    """Change one value in its place; comments and layout stay.

    The community is checked with the change; what would no longer check is not written (exit 2).
    """
    from dataclasses import replace

    from cli.console import INVALID, Output
    from cli.specs import around, show_diagnostics
    from operations.edit import edit as change
    from store.folder import write_file
    from workflows.phases import discover

    out = Output(json)
    place = around(file)
    done = change(place.files, place.name, path, value, discover())
    if done.diagnostics:
        named = [replace(d, file=place.shown(d.file)) for d in done.diagnostics]
        out.data({"ok": False, "diagnostics": [d.as_json() for d in named]})
        show_diagnostics(named, out.warn)
        out.warn(f"{file} was left as it is: with {done.path} = {_shown(done.after)} the specs would not check.")
        raise typer.Exit(INVALID)
    if done.diff and not dry_run:
        write_file(file, done.content, before=place.files[place.name])
    out.data(
        {
            "ok": True,
            "file": file.as_posix(),
            "path": done.path,
            "line": done.line,
            "before": done.before,
            "after": done.after,
            "changed": bool(done.diff),
            "written": bool(done.diff) and not dry_run,
            "diff": done.diff,
        }
    )
    if not done.diff:
        out.say(f"{done.path} is {_shown(done.after)} already.")
        return
    out.say(done.diff)
    verb = "would be" if dry_run else "is"
    out.say(f"{file}:{done.line}: {done.path} {verb} {_shown(done.after)}, was {_shown(done.before)}.")


def _shown(value: str | int | bool) -> str:
    """A value as YAML has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
