"""`trellis check`: everything that is wrong with a community's specs, all at once."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="The folder of a community; the only one in specs/ otherwise."),
    ] = None,
    json: Json = False,
) -> None:
    """Read and check the specs of a community; exit 2 if anything is wrong.

    Every problem is shown with its place, what was expected and the way out; docs/codes/ explains each code.
    """
    from cli.console import INVALID, Output
    from cli.specs import given_folder, read_one, read_specs
    from operations.errors import Refusal

    out = Output(json)
    try:
        place = given_folder(folder)
        loaded = read_one(place) if place.is_file() else read_specs(place)
    except Refusal as refusal:
        out.data({"ok": False, "diagnostics": [_of_folder(folder, refusal)]})
        out.warn(f"{refusal.message}" + (f"\n  {refusal.hint}" if refusal.hint else ""))
        raise typer.Exit(INVALID) from None
    out.data({"ok": loaded.ok, "diagnostics": [d.as_json() for d in loaded.diagnostics]})
    for d in loaded.diagnostics:
        out.say(f"{d.file}:{d.line}:{d.column}: {d.message}  [{d.code}]")
        if d.frame:
            out.say("\n".join("    " + line for line in d.frame.splitlines()))
        if d.hint:
            out.say(f"    {d.hint}")
        out.say()
    if loaded.community is None:
        errors = sum(d.severity == "error" for d in loaded.diagnostics)
        out.say(f"{errors} {'problem' if errors == 1 else 'problems'} in {place}.")
        raise typer.Exit(INVALID)
    c = loaded.community
    sizes = f"{len(c.documents)} documents, {len(c.metrics)} metrics, {len(c.modes)} modes, {len(c.tasks)} tasks"
    out.say(f"{place} is fine: {sizes}.")


def _of_folder(folder: Path | None, refusal: Exception) -> dict[str, str | int]:
    """A folder that cannot be read, in the shape of a diagnostic."""
    return {
        "code": "TRL117" if "will not be read" in str(refusal) or "link" in str(refusal) else "TRL100",
        "severity": "error",
        "file": str(folder or "."),
        "line": 1,
        "column": 1,
        "message": getattr(refusal, "message", str(refusal)),
        "hint": getattr(refusal, "hint", ""),
    }
