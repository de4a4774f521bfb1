"""`trellis fmt`: lay out the spec files of a community; comments and meaning stay."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("fmt")(fmt)


def fmt(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A community's folder, or one file; the only one in specs/ otherwise."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 3 if something would change.")] = False,
    json: Json = False,
) -> None:
    """Lay out spec files: indentation, blanks, empty lines, quotes around decimals and dates.

    Comments, the order of keys and the places where lines are broken stay, and so does the meaning.
    """
    from dataclasses import replace

    from cli.console import FINDINGS, INVALID, Output
    from cli.specs import given_folder, show_diagnostics
    from operations.errors import Refusal
    from operations.format import format_files
    from store.folder import read_file, read_folder, write_file

    out = Output(json)
    place = given_folder(folder)
    if place.is_file():
        if place.suffix != ".yaml":
            raise Refusal(f"{place} is not a spec file", "give a folder, or a .yaml file")
        home, files = place.parent, {place.name: read_file(place)}
    else:
        home, files = place, read_folder(place)
    with out.progress("Laying out", total=len(files)) as step:
        found = format_files(files, step.advance)
    if found.diagnostics:
        named = [replace(d, file=(home / d.file).as_posix()) for d in found.diagnostics]
        out.data({"ok": False, "diagnostics": [d.as_json() for d in named]})
        show_diagnostics(named, out.warn)
        out.warn("Nothing was changed.")
        raise typer.Exit(INVALID)
    if not check:
        for name, content in found.changed.items():
            write_file(home / name, content, before=files[name])
    names = [(home / name).as_posix() for name in sorted(found.changed)]
    out.data({"ok": not (check and names), "changed": names, "unchanged": found.unchanged, "written": not check})
    for name in names:
        out.say(f"{name} {'would change' if check else 'is laid out anew'}")
    if not names:
        out.say(f"{place} is laid out as it should be: {found.unchanged} {'file' if len(files) == 1 else 'files'}.")
    if check and names:
        raise typer.Exit(FINDINGS)
