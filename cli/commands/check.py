"""`trellis check`: everything that is wrong with a community's specs, all at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json

if TYPE_CHECKING:
    from cli.console import Output
    from rules.spec import Diagnostic, Loaded


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIR]...", help="The folder of a community; the only one in specs/ otherwise."),
    ] = None,
    json: Json = False,
) -> None:
    """Read and check the specs of a community; exit 2 if anything is wrong.

    Every problem is shown with its place, what was expected and the way out; docs/codes/ explains each code. What can
    be counted at once (seats, prizes, tasks without end) is warned of, and a tier that nobody can earn is refused;
    `trellis prove` looks deeper.
    Of several names, files that are no specs are passed over, so that specs/examples/* may be said.
    """
    from cli.console import INVALID, Output

    out = Output(json)
    named: list[Path | None] = list(folders) if folders else [None]
    if len(named) > 1:
        named = [one for one in named if one is not None and (not one.is_file() or one.suffix == ".yaml")]
    found = [_checked(one, out) for one in named]
    ok = all(fine for fine, _ in found)
    out.data({"ok": ok, "diagnostics": [said for _, diagnostics in found for said in diagnostics]})
    if not ok:
        raise typer.Exit(INVALID)


def _checked(folder: Path | None, out: "Output") -> tuple[bool, list[dict[str, str | int]]]:
    """Check one folder or file and say what was found; whether it is fine, and the diagnostics."""
    from cli.specs import given_folder, out_of_reach, read_one, read_specs, show_diagnostics
    from operations.errors import Refusal

    try:
        place = given_folder(folder)
        loaded = read_one(place) if place.is_file() else read_specs(place)
    except Refusal as refusal:
        out.warn(f"{refusal.message}" + (f"\n  {refusal.hint}" if refusal.hint else ""))
        return False, [_of_folder(folder, refusal)]
    never = [] if loaded.community is None or place.is_file() else out_of_reach(place, loaded.community)
    said = (*loaded.diagnostics, *never, *_promised(place, loaded))
    diagnostics = [d.as_json() for d in said]
    for d in said:
        show_diagnostics([d], out.say)
        out.say()
    if loaded.community is None or never:
        errors = sum(d.severity == "error" for d in said)
        out.say(f"{errors} {'problem' if errors == 1 else 'problems'} in {place}.")
        return False, diagnostics
    c = loaded.community
    sizes = f"{len(c.documents)} documents, {len(c.metrics)} metrics, {len(c.modes)} modes, {len(c.tasks)} tasks"
    out.say(f"{place} is fine: {sizes}.")
    return loaded.ok, diagnostics


def _promised(place: Path, loaded: "Loaded") -> "list[Diagnostic]":
    """What is promised and cannot be kept, as warnings: the part of `trellis prove` that needs no solver."""
    from rules.proof.finding import as_diagnostic
    from rules.proof.promises import promises

    if loaded.community is None:
        return []
    folder = place if place.is_dir() else next(p for p in place.parents if (p / "community.yaml").is_file())
    texts = {document.source.file: document.source.lines for document in loaded.community.documents}
    found = [as_diagnostic(finding, folder, texts) for finding in promises(loaded.community)]
    return sorted(found, key=lambda d: (d.file, d.line, d.column, d.code))


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
