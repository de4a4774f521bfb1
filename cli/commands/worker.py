"""`trellis worker`: one worker process, the same as `python worker.py`."""

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker")(work)


def work(json: Json = False) -> None:
    """Run one worker process until Ctrl-C; run more of them, on more machines, to do more at once.

    It uses DATABASE_URL and Temporal's own environment configuration when they are set, the servers of
    `trellis up` otherwise. With --json each line of its log, on standard error, is an object.
    """
    from worker import main

    raise typer.Exit(main(json))
