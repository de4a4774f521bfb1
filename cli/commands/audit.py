"""`trellis audit`: who did what by hand."""

from typing import Annotated

import typer

from cli.options import Community, Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit)


def audit(
    actor: Annotated[str | None, typer.Option("--actor", help="Only what this person did.")] = None,
    what: Annotated[
        str | None, typer.Option("--about", help="Only about this run, item, member, file, and what is below it.")
    ] = None,
    verb: Annotated[str | None, typer.Option("--verb", help="Only such acts, e.g. claim, cancel, apply.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only from then on.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    community: Community = None,
    json: Json = False,
) -> None:
    """List acts by hand, latest first: each with its actor. What participants do is with the run: `trellis task ID`."""
    from dataclasses import asdict

    from cli.console import Output
    from cli.options import moment
    from cli.wiring import memory

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        found = remembered.audit.entries(
            spec.id,
            actor=actor,
            what=what,
            verb=verb,
            since=moment(since, spec.zone, "--since") if since else None,
            limit=limit,
        )
    out.data({"entries": [asdict(entry) for entry in found]})
    rows = [
        [
            f"{entry.at.astimezone(spec.zone):%Y-%m-%d %H:%M:%S}",
            entry.actor,
            entry.verb,
            entry.what,
            ", ".join(f"{name} {value}" for name, value in sorted(entry.details.items()) if value is not None),
        ]
        for entry in found
    ]
    out.table("", ["when", "who", "did", "to", "with"], rows)
