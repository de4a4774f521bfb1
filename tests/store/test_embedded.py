"""The embedded PostgreSQL is shared, is left running for others, and comes back after it was killed."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from operations.errors import Refusal
from store.embedded import Postgres
from store.engine import open_engine
from tests.waiting import PATIENCE

HOLD = """
import sys
from pathlib import Path
from store.embedded import Postgres
with Postgres(Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    sys.stdin.readline()
"""

Other = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture
def other() -> Iterator[Other]:
    """Another process that holds the server until it is told to let go."""
    begun: list[subprocess.Popen[str]] = []

    def begin(folder: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.wait()


def test_the_last_one_out_stops_the_server(short_folder: Path, other: Other) -> None:
    folder = short_folder / "shared"
    with Postgres(folder) as server:
        first = server.pid
        process = other(folder)
        assert process.stdout is not None
        assert int(process.stdout.readline()) == first
    assert server.pid == first
    process.communicate("done\n", timeout=PATIENCE)
    assert server.pid is None


def test_a_killed_server_comes_back_with_everything_committed(
    short_folder: Path, eventually: Callable[..., object]
) -> None:
    with Postgres(short_folder / "killed") as server:
        engine = open_engine(server.url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE kept AS SELECT 1 AS number"))
        first = server.pid
        assert first is not None
        os.kill(first, 9)
        eventually(lambda: server.pid is None)
        server.start()
        assert server.pid != first
        # whoever used a connection a moment ago is not asked first, and fails once
        with contextlib.suppress(OperationalError), engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        with engine.connect() as connection:
            assert connection.execute(text("SELECT number FROM kept")).scalar_one() == 1
        engine.dispose()


def test_a_long_path_is_no_obstacle(short_folder: Path) -> None:
    with Postgres(short_folder / ("long-" * 20) / "er" / ("still-" * 8)) as server:
        engine = open_engine(server.url)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
        engine.dispose()


def test_a_server_that_does_not_run_has_no_address(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not running"):
        _ = Postgres(tmp_path).url


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(Refusal, match="PostgreSQL only"):
        open_engine("sqlite:///x.db")
    with pytest.raises(Refusal, match="cannot be read"):
        open_engine("no address")
