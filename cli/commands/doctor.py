"""`trellis doctor`: look at everything this installation needs, and say what is missing."""

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(json: Json = False) -> None:
    """Look at Python, the servers, the workers, the spec and the disk; exit 1 if something is broken.

    Nothing is started and nothing is changed.
    """
    from dataclasses import asdict

    from cli.console import FAILED, Output
    from cli.examination import BROKEN, examine

    out = Output(json)
    findings = examine()
    healthy = all(finding.state != BROKEN for finding in findings)
    out.table("", ["looked at", "state", "found", "way out"], [list(asdict(one).values()) for one in findings])
    out.say("All is well." if healthy else "Something is broken: see above.")
    out.data({"ok": healthy, "findings": [asdict(one) for one in findings]})
    if not healthy:
        raise typer.Exit(FAILED)
