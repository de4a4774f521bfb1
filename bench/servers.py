"""Servers: embedded ones to measure on, with the sample community, worker processes, and what each of them costs.

What the measurements of this folder have in common. Nothing of it outlives the measurement.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Room:
    """What is measured on: the memory of an empty installation, and its two servers."""

    memory: Any
    gateway: Any
    here: Path
    database: str
    temporal: str
    pids: Mapping[str, int]


def publish(memory: Any, at: datetime) -> Any:
    """The sample community, published."""
    from operations.publish import publish as published
    from store.folder import read_folder
    from workflows.phases import discover

    files = read_folder(ROOT / "specs" / "auto")
    published(memory.specs, files, discover(), message="bench", author="bench", at=at)
    return memory.specs.current("auto")


@contextlib.contextmanager
def servers() -> Iterator[Room]:
    """Embedded PostgreSQL and Temporal in a folder of their own, gone at the end."""
    from cli.memory import Memory
    from store.embedded import Postgres
    from store.engine import open_engine
    from store.schema import prepare
    from workflows.gateway import Gateway
    from workflows.server import TemporalServer

    with tempfile.TemporaryDirectory(prefix="tr-") as folder:
        here = Path(folder)
        with (
            Postgres(here / "pg") as postgres,
            TemporalServer(here / "temporal", here / "temporal.log", ui=False) as temporal,
        ):
            engine = open_engine(postgres.url)
            prepare(engine)
            pids = {"temporal": int(temporal.pid or 0), "postgres": _postmaster(here / "pg")}
            with Gateway(temporal.address) as gateway:
                yield Room(Memory(engine), gateway, here, postgres.url, temporal.address, pids)
            engine.dispose()


@dataclass(slots=True)
class Watched:
    """CPU seconds and the highest memory (MB) of some processes while they are watched."""

    name: str
    cpu: float = 0.0
    peak: float = 0.0
    began: float | None = None
    _last: dict[int, float] = field(default_factory=dict)

    def look(self, pids: set[int]) -> None:
        memory = 0.0
        for pid in pids:
            with contextlib.suppress(OSError, ValueError, IndexError):
                told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                self._last[pid] = (int(told[11]) + int(told[12])) / _TICKS
                memory += _memory(pid)
        self.cpu = sum(self._last.values())
        self.began = self.cpu if self.began is None else self.began
        self.peak = max(self.peak, memory)

    def told(self) -> dict[str, float]:
        return {"cpu_s": round(self.cpu - (self.began or 0.0), 1), "peak_mb": round(self.peak)}


def _memory(pid: int) -> float:
    """What a process has of its own in memory, and its part of what it shares, in MB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20


def _family(root: int) -> set[int]:
    """A process and everything that it started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, before = {root}, 0
    while len(found) != before:
        before = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found


@contextlib.contextmanager
def watching(roots: Mapping[str, Callable[[], int]]) -> Iterator[dict[str, Watched]]:
    """Looks at processes and their children twice a second."""
    watched = {name: Watched(name) for name in roots}
    over = threading.Event()

    def look() -> None:
        for name, root in roots.items():
            watched[name].look(_family(root()))

    def go_on() -> None:
        while not over.wait(0.5):
            look()

    look()
    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        over.set()
        thread.join()
        look()


class Working:
    """One worker process, which may be killed and started again.

    Args:
        log: where what it says goes.
    """

    def __init__(self, room: Room, log: Path) -> None:
        self._room, self._log, self.kills = room, log, 0
        self._process = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DATABASE_URL": self._room.database,
            "TEMPORAL_ADDRESS": self._room.temporal,
            "TRELLIS_SCHEDULES": "off",
            "TRELLIS_LOG": "WARNING",
        }
        with self._log.open("ab") as out:
            return subprocess.Popen([sys.executable, str(ROOT / "worker.py")], env=environment, stdout=out, stderr=out)

    def kill(self) -> None:
        """SIGKILL, and another one in its place."""
        self._process.kill()
        self._process.wait()
        self.kills += 1
        self._process = self._start()

    def end(self) -> None:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        self._process.kill()


@contextlib.contextmanager
def working(room: Room, log: Path) -> Iterator[Working]:
    """One worker process for as long as the block lasts."""
    worker = Working(room, log)
    try:
        yield worker
    finally:
        worker.end()


def awaited(gateway: Any, within: float = 300) -> bool:
    """Wait until the worker asks for work: what its start costs is not what is measured."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if gateway.pollers():
            return True
        time.sleep(0.5)
    return False


def looked_at(room: Room, *workers: Working) -> dict[str, Callable[[], int]]:
    """The processes to look at: the workers and both servers."""
    named = {f"worker {n}" if n > 1 else "worker": worker for n, worker in enumerate(workers, start=1)}
    found: dict[str, Callable[[], int]] = {name: lambda one=one: one.pid for name, one in named.items()}
    return found | {name: lambda pid=pid: pid for name, pid in room.pids.items()}


def _postmaster(folder: Path) -> int:
    return int(next(folder.rglob("postmaster.pid")).read_text().splitlines()[0])
