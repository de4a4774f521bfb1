"""A worker never outlives the process that keeps it."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from cli.home import Home
from store.embedded import Postgres, embedded_folder
from workflows.server import TemporalServer

pytestmark = [pytest.mark.servers]

KEEPER = """
import sys, threading
from pathlib import Path
from cli.home import Home
from cli.supervisor import Supervisor
with Supervisor(Home(Path(sys.argv[1])), workers=1, alone=True) as supervisor:
    print(supervisor.pids["worker"], flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("working", [False, True], ids=["while it starts", "while it works"])
def test_a_worker_ends_when_its_supervisor_was_killed(short_folder, eventually, working):
    home = Home(short_folder / f"o{working:d}")
    keeper = subprocess.Popen([sys.executable, "-c", KEEPER, str(home.root)], stdout=subprocess.PIPE, text=True)
    try:
        assert keeper.stdout is not None
        worker = psutil.Process(int(keeper.stdout.readline()))
        if working:
            eventually(lambda: "working on queue" in home.log("worker").read_text())
        os.kill(keeper.pid, signal.SIGKILL)
        keeper.wait()

        eventually(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)

        assert "the supervisor is gone" in home.log("worker").read_text()
    finally:
        keeper.kill()
        Postgres(embedded_folder(home.root)).stop()
        server = TemporalServer(home.temporal)
        if server.attach():
            server.stop()
