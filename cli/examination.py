"""Examination: what `trellis doctor` looks at; nothing is started and nothing is changed."""

import importlib
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.home import Home
from operations.errors import Refusal

if TYPE_CHECKING:
    from sqlalchemy import Engine

FINE = "fine"
NOTE = "note"  # worth knowing, not broken
BROKEN = "broken"
DISK_LOW = 2_000_000_000  # bytes
OLDEST_POSTGRES = 15


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    state: str  # fine, note, broken
    found: str
    hint: str = ""


def examine(home: Home | None = None) -> list[Finding]:
    """Everything this installation needs, in the order in which one thing needs the other."""
    home = home or Home.here()
    with ExitStack() as stack:
        engine, database = _database(home, stack)
        looks: list[Callable[[], Finding]] = [_python, _inference, lambda: _disk(home)]
        findings = [_safely(look) for look in looks]
        findings += [database, *([_safely(lambda: _published(engine))] if engine is not None else [])]
        findings += _temporal(home)
    return findings


def _safely(look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:
        name = getattr(look, "__name__", "look").strip("_<>")
        return Finding(name, BROKEN, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= (3, 13):
        return Finding("Python", NOTE, version, "3.11 and 3.12 are fully supported.")
    return Finding("Python", FINE, version)


def _inference() -> Finding:
    inference = importlib.import_module("rules.inference")
    if getattr(inference, "AVAILABLE", False):
        return Finding("online rules", FINE, "durable-rules")
    return Finding("online rules", NOTE, "compiled Python takes the place of durable-rules", "Nothing to do.")


def _disk(home: Home) -> Finding:
    folder = home.root if home.root.exists() else home.root.parent
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK):
        return Finding("disk", BROKEN, f"{folder} cannot be written", "Name another folder with TRELLIS_HOME.")
    if free < DISK_LOW:
        return Finding("disk", BROKEN, f"{free / 1e9:.1f} GB free", "PostgreSQL needs room: free at least 2 GB.")
    return Finding("disk", FINE, f"{free / 1e9:.0f} GB free in {folder}")


def _database(home: Home, stack: ExitStack) -> tuple["Engine | None", Finding]:
    from sqlalchemy import text

    from store.embedded import Postgres, embedded_folder
    from store.engine import open_engine

    url = os.environ.get("DATABASE_URL")
    if not url:
        data = home.root / "postgres"
        server = Postgres(embedded_folder(home.root)) if data.exists() else None
        if server is None or server.pid is None:
            return None, Finding("PostgreSQL", NOTE, "embedded, not running", "`trellis up` starts it.")
        url = server.url
    try:
        engine = open_engine(url)
        stack.callback(engine.dispose)
        with engine.connect() as connection:
            version = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    except Refusal as refusal:
        return None, Finding("PostgreSQL", BROKEN, refusal.message, refusal.hint)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        return None, Finding("PostgreSQL", BROKEN, f"cannot be reached: {reason}", "Check DATABASE_URL.")
    if version < OLDEST_POSTGRES:
        return None, Finding("PostgreSQL", BROKEN, f"version {version}", f"Version {OLDEST_POSTGRES} or newer.")
    whose = "DATABASE_URL" if os.environ.get("DATABASE_URL") else "embedded"
    return engine, Finding("PostgreSQL", FINE, f"version {version}, {whose}")


def _published(engine: "Engine | None") -> Finding:
    from sqlalchemy import inspect, text

    assert engine is not None
    if "spec_version" not in inspect(engine).get_table_names():
        return Finding("spec", NOTE, "nothing published", "`trellis apply specs/auto -m …` publishes one.")
    with engine.connect() as connection:
        names = (
            connection.execute(text("SELECT DISTINCT community FROM spec_version ORDER BY community")).scalars().all()
        )
    if not names:
        return Finding("spec", NOTE, "nothing published", "`trellis apply specs/auto -m …` publishes one.")
    return Finding("spec", FINE, f"published: {', '.join(names)}")


def _temporal(home: Home) -> list[Finding]:
    from workflows.gateway import Gateway
    from workflows.runtime import external_address

    external = external_address()
    address = external or home.note("servers").get("temporal")
    if not address:
        return [Finding("Temporal", NOTE, "embedded, not running", "`trellis up` starts it.")]
    try:
        with Gateway(None if external else str(address), within=3.0) as gateway:
            found = Finding("Temporal", FINE, f"{address}, {'environment' if external else 'embedded'}")
            pollers = gateway.pollers()
    except Exception as error:
        reason = str(error).partition("\n")[0]
        return [Finding("Temporal", BROKEN, f"{address}: {reason}", "Check TEMPORAL_ADDRESS, or run `trellis up`.")]
    if pollers == 0:
        return [found, Finding("workers", BROKEN, "nobody works", "Start one with `trellis worker`.")]
    return [found, Finding("workers", FINE, f"{pollers} asking for work")]
