"""`trellis new practice`: something to learn with; `new pack`, `new phase`: an extension that passes every check."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Json

if TYPE_CHECKING:
    from operations.scaffold import Kind

Name = Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and _, such as fair_play.")]
Top = Annotated[Path, typer.Option("--in", metavar="DIR", help="The top of the checkout.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Begin to practise, or begin a rule pack or a phase kind.", no_args_is_help=True)
    group.command("practice")(practice)
    group.command("pack")(pack)
    group.command("phase")(phase)
    app.add_typer(group, name="new")


def practice(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to; made if it is not there.")] = Path(
        "practice"
    ),
    json: Json = False,
) -> None:
    """Write members and facts of a small made-up community of owners, dated back from today, to learn with.

    They fit specs/auto: import members.csv and facts.csv. Files that are there already are written anew.
    """
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from cli.console import Output
    from operations.errors import Refusal
    from operations.practice import practice as made

    files = made(datetime.now(ZoneInfo("Asia/Shanghai")).date())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{folder} cannot be written: {error.strerror or error}") from None
    out = Output(json)
    rows = {file: text.count("\n") - 1 for file, text in files.items()}
    out.data({"ok": True, "files": {(folder / file).as_posix(): count for file, count in rows.items()}})
    for file, count in rows.items():
        out.say(f"{folder / file}: {count:,} rows")


def pack(name: Name, top: Top = Path(), json: Json = False) -> None:
    """Begin a rule pack: rules/packs/NAME with what it reads, a chain of conclusions, cases and a page."""
    _new("pack", name, top, json)


def phase(name: Name, top: Top = Path(), json: Json = False) -> None:
    """Begin a phase kind: workflows/phases/NAME with its spec, its play, cases and a page."""
    _new("phase", name, top, json)


def _new(kind: "Kind", name: str, top: Path, json: bool) -> None:
    from cli.console import Output
    from operations.errors import Refusal
    from operations.scaffold import HOMES, scaffold

    home = top / HOMES[kind]
    if not (home / "__init__.py").is_file():
        raise Refusal(f"{home} is not there", "run this at the top of the checkout, or name it with --in")
    files = scaffold(kind, name, [path.name for path in home.iterdir()])
    folder = home / name
    try:
        folder.mkdir()
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{folder} cannot be written: {error.strerror or error}") from None
    tests = {"pack": "tests/rules/packs", "phase": "tests/workflows/phases"}[kind]
    out = Output(json)
    out.data({"ok": True, "kind": kind, "name": name, "files": sorted((folder / file).as_posix() for file in files)})
    out.say(f"{folder} is there: {', '.join(sorted(files))}.")
    out.say(f"It is found by its folder, and its cases are tested already: pytest {tests}")
