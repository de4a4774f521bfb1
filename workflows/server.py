"""Server: the embedded Temporal server, one process with a SQLite file, for a laptop, a demo or a test.

Production points `TEMPORAL_ADDRESS` at a Temporal cluster or Temporal Cloud and never comes here. What was
measured decides the flags: write-ahead logging makes it three times as fast, one matching partition cuts the
worst waits to a third, and with a shift of a millisecond timers fire when they are due instead of up to a
second later (ten timers of 20 ms in a row: 0.7 s instead of 10.1 s), which is what a scaled clock lives on. With so
short a shift many timers due within one second look to the server as a reader that is stuck, and it would put
them with a second reader, which nobody wakes: 700 of 38,000 timers came up to ten minutes late. So it never does.
Nothing acknowledged is lost when the process is killed; a lost machine is another matter (`synchronous=NORMAL`).

A lock file of our own keeps a second server away from the same database (the server itself would not
notice). The running process holds the lock, not the one that started it, so it is free as soon as the
server is dead and not a moment before.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

import psutil
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from operations.errors import Refusal

OUR_PORTS = range(20_000, 32_000)  # below what systems give to outgoing connections
LOOPBACK = "127.0.0.1"
RETENTION = timedelta(days=30)  # how long a finished workflow can still be looked at
SEARCH_ATTRIBUTES = ("TrellisCommunity", "TrellisMode", "TrellisPhase", "TrellisTier")  # all keywords
HEALTHY_WITHIN = 30.0  # seconds from the start of the process to its first healthy answer
FLAGS = (
    *("--sqlite-pragma", "journal_mode=WAL"),
    *("--sqlite-pragma", "synchronous=NORMAL"),
    *("--dynamic-config-value", "matching.numTaskqueueReadPartitions=1"),
    *("--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"),
    *("--dynamic-config-value", "history.maxInFlightUpdates=1000"),
    *("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="1ms"'),
    *("--dynamic-config-value", "history.queueReaderStuckCriticalAttempts=1000000"),
)


class ServerUnavailable(Exception):
    """The embedded Temporal server did not start or does not answer; the message says where its log is."""


@dataclass(slots=True)
class TemporalServer:
    """One embedded server; start it, use `address`, stop it.

    A server that still runs over the same folder (its starter was killed) is taken over, not started again.
    After its process was killed, `start` brings it back on the same port over the same database.
    """

    home: Path  # holds the database, the lock and the note of pid and ports
    log: Path | None = None  # where its output goes, `home/server.log` if not said
    ui: bool = True  # with Temporal's own console
    in_memory: bool = False  # nothing is kept; for tests
    port: int = 0
    ui_port: int = 0
    _process: psutil.Process | None = field(default=None, init=False)
    _own: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """Host and port that clients connect to."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_address(self) -> str | None:
        """The address of Temporal's own console for a browser; `None` without one."""
        return f"http://{LOOPBACK}:{self.ui_port}" if self.ui and self.ui_port else None

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        return self._process.pid if self._process and self.alive() else None

    def alive(self) -> bool:
        """Whether the server's process runs."""
        if self._own is not None and self._own.poll() is not None:
            return False
        if self._process is None:
            return False
        try:
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def start(self) -> None:
        """Start it, or take over the one that runs, and wait until it is healthy and set up.

        Raises:
            ServerUnavailable: when it does not become healthy; its log says why.
            Refusal: when another process holds the database and cannot be found.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        for attempt in (1, 2, 3):
            if not self.attach():
                self._spawn()
            try:
                asyncio.run(_until_healthy(self))
            except ServerUnavailable:
                # a free port may have been taken by somebody else in between: once more, with others
                self.stop()
                if attempt == 3:
                    raise
                self.port = self.ui_port = 0
                self._note_path.unlink(missing_ok=True)
                continue
            return

    def stop(self, patience: float = 10.0) -> None:
        """End it in order; after `patience` seconds without it. Does nothing when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
            try:
                process.wait(patience)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(patience)
        if self._own is not None:
            self._own.wait(patience)
            self._own = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def attach(self) -> bool:
        """Take over the server that runs over this folder; False when none does. Whether it is healthy is not asked."""
        note = _read_note(self._note_path)
        self.home.mkdir(parents=True, exist_ok=True)
        lock = self._lock()
        if lock is None and (process := _server_process(note)) is not None:
            self._process, self.port, self.ui_port = process, int(note["port"]), int(note["ui_port"])
            return True
        if lock is not None:
            os.close(lock)
        return False

    @property
    def _note_path(self) -> Path:
        return self.home / "server.json"

    def _spawn(self) -> None:
        lock = self._lock(patience=5.0)  # a killed server lets go of it a moment after its death
        if lock is None:
            raise Refusal(
                f"Another process uses the Temporal database in {self.home}.",
                "Stop it, or name another state folder with TRELLIS_HOME.",
            )
        try:
            note = _read_note(self._note_path)
            self.port = _usable(self.port or int(note.get("port", 0)))
            self.ui_port = _usable(self.ui_port or int(note.get("ui_port", 0))) if self.ui else 0
            with (self.log or self.home / "server.log").open("ab") as log:
                self._own = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(lock,),
                    start_new_session=True,  # Ctrl-C is for us; we stop it in order
                )
        finally:
            os.close(lock)
        self._process = psutil.Process(self._own.pid)
        note = {"pid": self._own.pid, "port": self.port, "ui_port": self.ui_port}
        beside = self._note_path.with_suffix(".new")
        beside.write_text(json.dumps(note) + "\n")
        beside.replace(self._note_path)

    def _command(self) -> list[str]:
        command = [str(binary()), "server", "start-dev", "--ip", LOOPBACK, "--port", str(self.port)]
        command += ["--ui-port", str(self.ui_port), "--ui-ip", LOOPBACK] if self.ui else ["--headless"]
        command += ["--log-level", "error"]
        if not self.in_memory:
            command += ["--db-filename", str(self.home / "temporal.db")]
        return command + list(FLAGS)

    def _lock(self, patience: float = 0.0) -> int | None:
        """An open, inheritable file that holds the lock; `None` when a running server holds it."""
        held = os.open(self.home / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return held
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(held)
                    return None
                time.sleep(0.05)


def binary() -> Path:
    """Where the `temporal` program of the wheel is.

    Raises:
        Refusal: when it is not installed.
    """
    beside = Path(sys.executable).parent / "temporal"
    if beside.exists():
        return beside
    found = shutil.which("temporal")
    if found is None:
        raise Refusal("The program `temporal` is not installed.", "Run `make install`, or set TEMPORAL_ADDRESS.")
    return Path(found)


async def prepare(client: Client) -> None:
    """Make a namespace fit for us: retention and search attributes. Doing it again changes nothing.

    Raises:
        RPCError: when the server refuses; Temporal Cloud does, there both are set in its own console.
    """
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = [name for name in SEARCH_ATTRIBUTES if name not in listed.custom_attributes]
    if missing:
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        request = AddSearchAttributesRequest(namespace=client.namespace)
        for name in missing:
            request.search_attributes[name] = keyword
        await client.operator_service.add_search_attributes(request)
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    kept = found.config.workflow_execution_retention_ttl.ToTimedelta()
    if kept < RETENTION:
        ttl = Duration()
        ttl.FromTimedelta(RETENTION)
        config = NamespaceConfig(workflow_execution_retention_ttl=ttl)
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, config=config)
        )


def free_port() -> int:
    """A port of the loopback interface that nobody uses at this moment.

    It lies below those that systems give to outgoing connections, one of which could otherwise take it while a killed
    server is being started again on it; where all of a sample are in use, any other.
    """
    for port in random.sample(OUR_PORTS, 50):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _usable(wanted: int) -> int:
    """The wanted port if it can be bound, another free one otherwise."""
    if wanted:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((LOOPBACK, wanted))
                return wanted
    return free_port()


def _read_note(path: Path) -> Mapping[str, int]:
    try:
        note = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _server_process(note: Mapping[str, int]) -> psutil.Process | None:
    """The living server that a note speaks of; a process id alone may belong to something else by now."""
    try:
        process = psutil.Process(int(note["pid"]))
        is_server = "start-dev" in process.cmdline() and str(note["port"]) in process.cmdline()
        return process if is_server and process.status() != psutil.STATUS_ZOMBIE else None
    except (KeyError, ValueError, psutil.Error):
        return None


async def _until_healthy(server: TemporalServer) -> None:
    until = time.monotonic() + HEALTHY_WITHIN
    last: Exception | None = None
    while server.alive() and time.monotonic() < until:
        try:
            client = await Client.connect(server.address)
            await prepare(client)
            return
        except (RuntimeError, RPCError) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.PERMISSION_DENIED:
                raise
            last = error
            await asyncio.sleep(0.05)
    state = "does not answer" if server.alive() else "ended at once"
    raise ServerUnavailable(
        f"the embedded Temporal server {state} ({last}); see {server.log or server.home / 'server.log'}"
    )
