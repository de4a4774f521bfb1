"""Where workers answer Prometheus, and that nobody else tries to."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.supervisor import measures_of
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
COMMAND = """
import sys
from workflows.gateway import Gateway
with Gateway(sys.argv[1]) as gateway:
    print(gateway.pollers())
"""


@pytest.fixture
def taken() -> Iterator[str]:
    """A host and port where somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_each_worker_of_a_machine_has_a_port_of_its_own():
    assert [measures_of(number, "[::1]:9464") for number in (1, 2, 3)] == ["[::1]:9464", "[::1]:9465", "[::1]:9466"]
    assert measures_of(2, "nonsense") == "nonsense"


def test_a_worker_that_cannot_answer_there_says_so_and_leaves(taken):
    environment = {**os.environ, "TRELLIS_METRICS": taken}
    left = subprocess.run(
        [sys.executable, str(ROOT / "worker.py")], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )

    assert left.returncode == 2
    assert f"TRELLIS_METRICS={taken} is no place to answer Prometheus at" in left.stderr
    assert "Traceback" not in left.stderr


def test_a_command_in_the_environment_of_a_worker_does_not_want_its_port(taken, temporal_address):
    environment = {**os.environ, "TRELLIS_METRICS": taken}
    left = subprocess.run(
        [sys.executable, "-c", COMMAND, temporal_address],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert (left.returncode, left.stdout.strip()) == (0, "0"), left.stderr
