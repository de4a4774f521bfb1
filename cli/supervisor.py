"""Supervisor: keeps PostgreSQL, Temporal and the workers running while `trellis up` or `trellis demo` does.

Each part has a keeper of its own that looks several times a second. A part that died (a crash, `kill -9`)
is started again over the same data and port, at once the first time, then with growing pauses, and it is
said. Where `DATABASE_URL` or `TEMPORAL_ADDRESS` name a server, that part is somebody else's care.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol, Self

from cli.home import Home
from store.embedded import Postgres, embedded_folder
from workflows.gateway import Gateway
from workflows.runtime import external_address
from workflows.server import TemporalServer

log = logging.getLogger(__name__)

LOOK_EVERY = 0.15  # seconds
PAUSES = (0.0, 0.2, 1.0, 2.0, 5.0, 10.0)  # before the first, second, … restart in a row
STEADY_AFTER = 30.0  # seconds of life after which a part counts as well again
STOP_WITHIN = 30.0  # seconds a worker may take to finish what it does
IDLE_LIMIT = 60.0  # seconds without any worker asking for work, after which the workers are started anew
LOG_LIMIT = 20_000_000  # bytes of a log file before it is moved aside


class Part(Protocol):
    """Something that runs as a process of its own."""

    name: str

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""

    def start(self) -> None:
        """Start it and wait until it can be used; also after it was killed."""

    def stop(self) -> None:
        """End it in order."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is."""

    database: str
    temporal: str
    ui: str | None


class Database:
    """The embedded PostgreSQL as a part."""

    name = "postgres"

    def __init__(self, home: Home) -> None:
        self.server = Postgres(embedded_folder(home.root))
        self._held = False

    @property
    def pid(self) -> int | None:
        """The postmaster's process id."""
        return self.server.pid

    def start(self) -> None:
        """Start it, hold it against being stopped by a command, and bring the schema up to date."""
        if self._held:
            self.server.start()
            return
        from store.engine import open_engine
        from store.schema import prepare

        self.server.__enter__()
        self._held = True
        engine = open_engine(self.server.url)
        prepare(engine)
        engine.dispose()

    def stop(self) -> None:
        """Stop it for everybody."""
        if self._held:
            self._held = False
            self.server.__exit__(None, None, None)
        self.server.stop()


class Clockwork:
    """The embedded Temporal server as a part."""

    name = "temporal"

    def __init__(self, home: Home) -> None:
        rotate(home, self.name)
        self.server = TemporalServer(home.temporal, home.log(self.name))

    @property
    def pid(self) -> int | None:
        """The server's process id."""
        return self.server.pid

    def start(self) -> None:
        """Start it on the port of last time."""
        self.server.start()

    def stop(self) -> None:
        """End it in order."""
        self.server.stop()


def measures_of(number: int, listen: str) -> str:
    """Where the worker of a number (from 1) answers Prometheus: the first at `host:port`, each other a port further."""
    host, _, port = listen.rpartition(":")
    return f"{host}:{int(port) + number - 1}" if port.isdigit() else listen


class Hand:
    """One worker process as a part."""

    def __init__(
        self, home: Home, number: int, addresses: Callable[[], Addresses], environment: Mapping[str, str]
    ) -> None:
        self.name = "worker" if number == 1 else f"worker-{number}"
        self._number = number
        self._home = home
        self._addresses = addresses
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it lives."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the process; it waits for its servers by itself."""
        where = self._addresses()
        environment = {
            **os.environ,
            "DATABASE_URL": where.database,
            "TEMPORAL_ADDRESS": where.temporal,
            "TRELLIS_HOME": str(self._home.root),
            "TRELLIS_SUPERVISED": str(os.getpid()),
            "PYTHONUNBUFFERED": "1",
            **self._environment,
        }
        if listen := os.environ.get("TRELLIS_METRICS"):
            environment["TRELLIS_METRICS"] = measures_of(self._number, listen)
        rotate(self._home, self.name)
        with self._home.log(self.name).open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "worker"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to finish; after a while without asking."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Supervisor:
    """Everything an installation needs on one machine; start it, use `addresses`, stop it."""

    def __init__(
        self,
        home: Home,
        *,
        workers: int = 1,
        say: Callable[[str], None] = lambda _: None,
        alone: bool = False,
    ) -> None:
        """Prepare; nothing is started.

        Args:
            home: the state folder.
            workers: how many worker processes.
            say: takes one sentence for people, whenever a part died and came back.
            alone: embedded servers whatever the environment says, and nothing happens by the wall's clock.
        """
        self._home = home
        self._say = say
        self._ending = threading.Event()
        self._keepers: list[threading.Thread] = []
        self._database = None if os.environ.get("DATABASE_URL") and not alone else Database(home)
        self._clockwork = None if external_address() and not alone else Clockwork(home)
        extra = {"TRELLIS_SCHEDULES": "off"} if alone else {}
        self._hands = [Hand(home, number, lambda: self.addresses, extra) for number in range(1, workers + 1)]
        self.restarts: dict[str, int] = {}

    @property
    def addresses(self) -> Addresses:
        """Where everything is, once started."""
        clockwork = self._clockwork.server if self._clockwork else None
        return Addresses(
            database=self._database.server.url if self._database else os.environ["DATABASE_URL"],
            temporal=clockwork.address if clockwork else external_address() or "",
            ui=clockwork.ui_address if clockwork else None,
        )

    @property
    def pids(self) -> dict[str, int | None]:
        """The process id of each part by name; `None` for one that is just being restarted."""
        return {part.name: part.pid for part in self._parts()}

    def start(self) -> None:
        """Start all parts in order and keep them running.

        Raises:
            Refusal, ServerUnavailable: when one cannot be started at all; the others are stopped again.
        """
        with contextlib.ExitStack() as undo:
            undo.callback(self.stop)
            for part in self._parts():
                part.start()
                self._noted(part)
            undo.pop_all()
        where = self.addresses
        self._home.keep_note("servers", {"kind": "up", "temporal": where.temporal, "ui": where.ui})
        for part in self._parts():
            self._watch(f"keeper of {part.name}", partial(self._keep, part))
        if self._hands:
            self._watch("listener", self._listen)

    def stop(self) -> None:
        """Stop all parts in the opposite order; what was running continues with the next start."""
        self._ending.set()
        for keeper in self._keepers:
            keeper.join(STOP_WITHIN)
        for part in reversed(self._parts()):
            part.stop()
            self._home.forget(part.name)
        self._home.forget("servers")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def attended(self, ended: threading.Event, within: float = IDLE_LIMIT) -> bool:
        """Wait until a worker asks for work, for so many seconds at most or until the event; says whether one does."""
        until = time.monotonic() + within
        with Gateway(self.addresses.temporal, within=within) as gateway:
            while not gateway.pollers(within=within):
                if time.monotonic() > until or ended.wait(LOOK_EVERY):
                    return False
        return True

    def _parts(self) -> list[Part]:
        servers: list[Part] = [part for part in (self._database, self._clockwork) if part is not None]
        return [*servers, *self._hands]

    def _noted(self, part: Part) -> None:
        if part.pid is not None:
            self._home.keep_pid(part.name, part.pid)

    def _watch(self, name: str, work: Callable[[], None]) -> None:
        keeper = threading.Thread(target=work, name=name, daemon=True)
        keeper.start()
        self._keepers.append(keeper)

    def _listen(self) -> None:
        """Workers may live and yet ask for nothing; what counts is that somebody asks."""
        heard = time.monotonic()
        with Gateway(self.addresses.temporal, within=IDLE_LIMIT) as gateway:
            while not self._ending.wait(IDLE_LIMIT / 6):
                try:
                    asking = gateway.pollers(within=2.0)
                except Exception as problem:
                    log.info("nobody can be asked who works: %s", problem)
                    asking = 1  # the server is away; its own keeper cares
                if asking:
                    heard = time.monotonic()
                elif time.monotonic() - heard > IDLE_LIMIT:
                    self._say("no worker asks for work, starting them anew")
                    heard = time.monotonic()
                    for hand in self._hands:
                        if (pid := hand.pid) is not None:
                            os.kill(pid, signal.SIGKILL)

    def _keep(self, part: Part) -> None:
        in_a_row, since = 0, time.monotonic()
        while not self._ending.wait(LOOK_EVERY):
            if part.pid is not None:
                if in_a_row and time.monotonic() - since > STEADY_AFTER:
                    in_a_row = 0
                continue
            self._say(f"{part.name} died, starting it again")
            died = time.monotonic()
            if self._ending.wait(PAUSES[min(in_a_row, len(PAUSES) - 1)]):
                return
            in_a_row += 1
            try:
                part.start()
            except Exception as error:
                self._say(f"{part.name} did not start: {error}")
                continue
            since = time.monotonic()
            self.restarts[part.name] = self.restarts.get(part.name, 0) + 1
            with contextlib.suppress(OSError):
                self._noted(part)
            self._say(f"{part.name} is back after {since - died:.1f} s")


def rotate(home: Home, name: str) -> None:
    """Move a log file that has grown large aside, keeping one old one."""
    path = home.log(name)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".old.log"))
