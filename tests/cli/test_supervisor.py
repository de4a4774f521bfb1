import os
import signal

import pytest

from cli.home import Home
from cli.supervisor import Supervisor
from store.engine import open_engine
from workflows.gateway import Gateway

pytestmark = [pytest.mark.servers]


@pytest.fixture
def home(short_folder, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    return Home(short_folder / "s")


def test_whatever_is_killed_comes_back_at_its_address(home, eventually):
    said = []
    with Supervisor(home, workers=1, say=said.append) as supervisor:
        before = supervisor.addresses
        for name in ("worker", "temporal", "postgres"):
            victim = supervisor.pids[name]
            assert home.pid(name) == victim
            os.kill(victim, signal.SIGKILL)
            eventually(lambda name=name: supervisor.restarts.get(name) == 1)
            assert supervisor.pids[name] not in (None, victim)
            eventually(lambda name=name: home.pid(name) == supervisor.pids[name])

        assert supervisor.addresses == before
        assert any(sentence.startswith("worker is back after") for sentence in said)
        with open_engine(before.database).connect() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        with Gateway(before.temporal) as gateway:
            assert eventually(gateway.pollers) >= 1
        pids = [pid for pid in supervisor.pids.values() if pid]

    from cli.home import is_alive

    assert not any(is_alive(pid) for pid in pids)
    assert home.note("servers") == {}
