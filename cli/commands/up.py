"""`trellis up`: run everything on this machine until Ctrl-C."""

from typing import Annotated

import typer

from cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up")(up)


def up(
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="How many worker processes.")] = 1,
    json: Json = False,
) -> None:
    """Run PostgreSQL, Temporal and the workers on this machine until Ctrl-C; state is kept in .trellis/.

    A part that dies is started again. The next `up` continues where this one was. Other commands use these
    servers meanwhile.
    """
    import signal
    import threading

    from cli.console import Output
    from cli.home import Home
    from cli.supervisor import Supervisor
    from cli.wiring import tenancy
    from operations.errors import Refusal

    out = Output(json)
    home = Home.here()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with tenancy(home, "command") as running:
        if running is not None:
            raise Refusal("`trellis up` runs already in this folder.", "Name another one with TRELLIS_HOME.")
        out.say(f"State in {home.root}")
        with Supervisor(home, workers=workers, say=out.warn) as supervisor:
            where = supervisor.addresses
            pids = {name: str(pid) for name, pid in supervisor.pids.items()}
            out.table(
                "",
                ["part", "address", "process"],
                [
                    ["PostgreSQL", where.database, pids.get("postgres")],
                    ["Temporal", where.temporal, pids.get("temporal")],
                    ["Temporal's console", where.ui, None],
                    *([name, "", pid] for name, pid in pids.items() if name.startswith("worker")),
                ],
            )
            if not supervisor.attended(ended) and not ended.is_set():
                out.warn(f"No worker asks for work yet; {home.log('worker')} says why.")
            out.say("Running. Ctrl-C stops everything in order.")
            out.data({"database": where.database, "pids": supervisor.pids, "temporal": where.temporal, "ui": where.ui})
            ended.wait()
            out.say("Stopping …")
    out.say("Stopped.")
