import subprocess
import sys
import threading

import pytest
from sqlalchemy.exc import OperationalError

from cli.examination import BROKEN, FINE, NOTE, examine
from cli.home import Home
from cli.patience import is_outage, patiently
from cli.wiring import memory, tenancy
from operations.errors import Refusal
from tests.waiting import PATIENCE
from workflows.server import free_port


@pytest.fixture
def alone(monkeypatch, short_folder):
    for name in ("DATABASE_URL", "TEMPORAL_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRELLIS_HOME", str(short_folder / "alone"))
    return Home.here()


@pytest.mark.servers
def test_a_command_starts_the_database_it_needs_and_leaves_nothing_running(alone):
    from store.embedded import Postgres, embedded_folder

    with memory() as remembered:
        assert remembered.specs.communities() == []
        with memory() as again:
            assert again.specs.communities() == []
        assert Postgres(embedded_folder(alone.root)).pid is not None

    assert Postgres(embedded_folder(alone.root)).pid is None


def test_a_database_that_is_not_postgresql_is_refused(alone, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///somewhere.db")

    with pytest.raises(Refusal, match="PostgreSQL only"), memory():
        pass


def test_one_process_runs_the_servers_and_others_find_them(alone):
    with tenancy(alone, "command") as running:
        assert running is None
        alone.keep_note("servers", {"kind": "up", "temporal": "127.0.0.1:1", "ui": None})
        with tenancy(alone, "command") as found:
            assert found == {"kind": "up", "temporal": "127.0.0.1:1", "ui": None}

    assert alone.note("servers") == {}


def test_a_command_waits_for_another_and_gives_up_in_words(alone):
    refused = pytest.raises(Refusal, match="Another trellis command")
    with tenancy(alone, "command"), refused, tenancy(alone, "command", wait=0.2):
        pass


def test_a_command_goes_on_as_soon_as_the_other_is_done(alone):
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with tenancy(alone, "command"):
            entered.set()
            leave.wait(PATIENCE)

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait(PATIENCE)
    threading.Timer(0.2, leave.set).start()
    with tenancy(alone, "command", wait=PATIENCE) as running:
        assert running is None
    thread.join()


def test_the_lock_of_a_killed_process_is_free(alone):
    program = "import os, signal; from cli.home import Home; from cli.wiring import tenancy\n"
    program += "with tenancy(Home.here(), 'up'): os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", program], check=False)

    with tenancy(alone, "command", wait=PATIENCE) as running:
        assert running is None


def test_the_doctor_finds_an_idle_installation_healthy(alone):
    states = {finding.name: finding.state for finding in examine(alone)}

    assert states["Python"] in (FINE, NOTE)
    assert states["PostgreSQL"] == NOTE
    assert states["Temporal"] == NOTE
    assert BROKEN not in states.values()


def test_the_doctor_finds_servers_that_are_named_and_not_there(alone, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")

    findings = {finding.name: finding for finding in examine(alone)}

    assert findings["PostgreSQL"].state == BROKEN
    assert findings["Temporal"].state == BROKEN
    assert "TEMPORAL_ADDRESS" in findings["Temporal"].hint


def test_the_doctor_exits_1_when_something_is_broken(alone, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")

    done = subprocess.run([sys.executable, "-m", "cli.main", "doctor", "--json"], capture_output=True, check=False)

    assert done.returncode == 1
    assert b'"ok": false' in done.stdout


def test_an_outage_is_waited_out_and_a_mistake_is_not():
    import psycopg

    away = OperationalError("SELECT 1", {}, psycopg.OperationalError("the server closed the connection"))
    tried = []

    def work() -> str:
        tried.append(1)
        if len(tried) < 3:
            raise away
        return "done"

    assert patiently(work) == "done"
    assert not is_outage(ValueError("a mistake"))
    with pytest.raises(ValueError):
        patiently(lambda: int("x"))
