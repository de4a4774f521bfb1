"""Fixtures: real servers for tests, one PostgreSQL per pytest process, a fresh database and Temporal per module.

Under xdist every worker process has a pair of its own, so nothing is shared and nothing is locked.
The tests of a module share what it has made so far: they run on one worker, in order (`--dist loadfile`).
A fresh database is a copy of a prepared template (some 50 ms); a fresh Temporal server keeps
nothing on disk and starts in a fifth of a second. Ask for the smallest thing that does:
`engine` or `memory` for what is remembered (`remembered` for one test alone), `room` when Temporal is needed,
`worker` to be a worker.
"""

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests.waiting import eventually

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from cli.wiring import Memory, Room
    from store.embedded import Postgres
    from workflows.gateway import Gateway
    from workflows.runtime import Crew

T = TypeVar("T")

# An example takes as long as it takes while others compute. The gate tries the same ones each time, people new ones.
_GATE = "CI" in os.environ
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=_GATE)
settings.load_profile("any machine")

_databases = itertools.count(1)


@pytest.fixture(autouse=True)
def garbage() -> Iterator[None]:
    """Commands whose process ends with them leave all garbage lying; a process of tests goes on, and clears it away."""
    yield
    if not gc.isenabled():
        gc.enable()
        gc.unfreeze()


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a Unix socket, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tr-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(short_folder: Path) -> Iterator["Postgres"]:
    """The embedded PostgreSQL of this pytest process."""
    from store.embedded import Postgres

    with Postgres(short_folder / "pg") as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: "Postgres") -> str:
    """The name of a database that has the schema and nothing else, to be copied."""
    from store.engine import open_engine
    from store.schema import prepare

    url = _create(postgres.url, "template_trellis")
    engine = open_engine(url)
    prepare(engine)
    engine.dispose()
    return "template_trellis"


@pytest.fixture(scope="module")
def database_url(postgres: "Postgres", template: str) -> Iterator[str]:
    """The address of a fresh, prepared database for this module."""
    name = f"test_{next(_databases)}"
    yield _create(postgres.url, name, template)
    _drop(postgres.url, name)


@pytest.fixture
def fresh_database_url(postgres: "Postgres", template: str) -> Iterator[str]:
    """The address of a fresh, prepared database for this one test."""
    name = f"test_{next(_databases)}"
    yield _create(postgres.url, name, template)
    _drop(postgres.url, name)


@pytest.fixture(scope="module")
def engine(database_url: str) -> Iterator["Engine"]:
    """A pool of connections to this module's database."""
    from store.engine import open_engine

    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def memory(engine: "Engine") -> "Memory":
    """Every port of this module's database, wired as in production."""
    from cli.wiring import Memory

    return Memory(engine)


@pytest.fixture
def remembered(fresh_database_url: str) -> Iterator["Memory"]:
    """Every port of a database that is fresh for this one test."""
    from cli.wiring import Memory
    from store.engine import open_engine

    engine = open_engine(fresh_database_url)
    yield Memory(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a fresh Temporal server for this module; it keeps nothing."""
    from workflows.server import TemporalServer

    with TemporalServer(tmp_path_factory.mktemp("temporal"), ui=False, in_memory=True) as server:
        yield server.address


@pytest.fixture(scope="module")
def gateway(temporal_address: str) -> Iterator["Gateway"]:
    """Temporal by plain methods."""
    from workflows.gateway import Gateway

    with Gateway(temporal_address) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def room(memory: "Memory", gateway: "Gateway") -> "Room":
    """Memory and Temporal together, as a command gets them; no worker yet."""
    from cli.wiring import Room

    return Room(memory, gateway, None)


@pytest.fixture
def worker(room: "Room") -> "Callable[..., AbstractContextManager[None]]":
    """`with worker():` is a worker with everything an installation can do; `worker(crew)` with another crew."""

    def start(crew: "Crew | None" = None) -> AbstractContextManager[None]:
        from cli import wiring

        return room.gateway.working(crew or wiring.crew(room.memory, room.gateway), strict=True)

    return start


@pytest.fixture(scope="session", name="eventually")
def eventually_() -> Callable[..., object]:
    """`eventually(condition, within=60)` waits until the condition gives something true, and returns that."""
    return eventually


def _create(server_url: str, name: str, template: str = "template0") -> str:
    from sqlalchemy import make_url, text

    from store.engine import open_engine

    # a copy needs the template without visitors, so nobody stays connected to it
    locale = " ENCODING 'UTF8' LOCALE 'C'" if template == "template0" else ""
    engine = open_engine(server_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{locale}'))
    engine.dispose()
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _drop(server_url: str, name: str) -> None:
    from sqlalchemy import text

    from store.engine import open_engine

    engine = open_engine(server_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    engine.dispose()
