"""`trellis schema`: JSON Schemas of every kind of document, for editors to complete from."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema")(schema)


def schema(
    out: Annotated[Path | None, typer.Option(help="Write one file for each kind of document here.")] = None,
    json: Json = False,
) -> None:
    """Write the JSON Schemas of the spec language; without --out list them.

    Editors complete and check spec files by `spec.schema.json`, which is written beside them: docs/spec-guide.md.
    """
    from cli.console import Output, encode
    from operations.errors import Refusal
    from rules.spec.schema import ANY, any_document, json_schemas
    from workflows.phases import discover

    schemas = json_schemas(discover())
    show = Output(json)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            schemas[ANY] = any_document()
            for name, document in schemas.items():
                (out / name).write_bytes(encode(document) + b"\n")
        except OSError as error:
            raise Refusal(f"{out} cannot be written: {error.strerror or error}") from None
        show.say(f"{len(schemas)} schemas written to {out}")
    else:
        rows = [(d["title"], name, d["description"]) for name, d in schemas.items()]
        show.table("", ["document", "file", "holds"], rows)
    show.data(schemas if out is None else {"written": [(out / name).as_posix() for name in schemas]})
