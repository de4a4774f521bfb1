"""`trellis migrate-specs`: spec files brought to the present version of the language."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate-specs")(migrate_specs)


def migrate_specs(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="The folder of a community; the only one in specs/ otherwise."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 3 if something would change.")] = False,
    json: Json = False,
) -> None:
    """Bring spec files to the version of the language that this Trellis reads; comments and layout stay.

    What only a person can decide is listed; exit 3 while the specs do not check yet.
    """
    from dataclasses import replace

    from cli.console import FINDINGS, Output
    from cli.specs import given_folder, show_diagnostics
    from operations.errors import Refusal
    from operations.migrate_specs import migrate_specs as migrate
    from store.folder import read_folder, write_file
    from workflows.phases import discover

    out = Output(json)
    place = given_folder(folder)
    if place.is_file():
        raise Refusal(f"{place} is a file", f"give the folder of its community: {place.parent}")
    files = read_folder(place)
    done = migrate(files, discover())
    if not check:
        for name, one in done.files.items():
            write_file(place / name, one.content, before=files[name])
    errors = [replace(d, file=(place / d.file).as_posix()) for d in done.diagnostics if d.severity == "error"]
    notes = [f"{(place / note).as_posix()}" for one in done.files.values() for note in one.notes]
    out.data(
        {
            "ok": not errors and not (check and done.files),
            "written": not check,
            "unchanged": done.unchanged,
            "files": [
                {"file": (place / name).as_posix(), "from": one.version, "changes": list(one.changes)}
                for name, one in done.files.items()
            ],
            "by_hand": notes,
            "diagnostics": [d.as_json() for d in errors],
        }
    )
    for name, one in done.files.items():
        out.say(f"{place / name} {'would be' if check else 'is'} brought from v{one.version}:")
        for line in one.changes:
            out.say(f"    {line}")
    for note in notes:
        out.say(f"By hand: {note}")
    if not json:
        show_diagnostics(errors, out.say)
    if not done.files:
        out.say(f"{place} is written in the present version already: {done.unchanged} files.")
    elif errors:
        out.say(f"{len(errors)} {'problem is' if len(errors) == 1 else 'problems are'} left.")
    if errors or (check and done.files):
        raise typer.Exit(FINDINGS)
