"""The demo, disturbed: whatever is killed in the middle of it, the season comes out exactly the same."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli.home import Home, is_alive
from tests.waiting import eventually

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.servers]

MEMBERS = 300


@dataclass
class Played:
    """A demo while it is played: its lines as they come, and the processes that it keeps."""

    process: subprocess.Popen[str]
    home: Home
    lines: list[str] = field(default_factory=list)

    def until(self, pattern: str) -> str:
        """Read on until a line matches."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if re.search(pattern, line):
                return line.rstrip()
        pytest.fail(f"no line like {pattern!r} in:\n" + "\n".join(self.lines))

    def kill(self, name: str) -> None:
        """SIGKILL one of its processes, and wait until it was started again."""

        def running() -> int | None:
            assert self.process.poll() is None, "the demo ended meanwhile"
            return self.home.pid(name)

        victim = eventually(running)  # it may just be coming back, because of what was killed before
        assert victim is not None
        os.kill(victim, signal.SIGKILL)
        now = eventually(lambda: None if (found := running()) == victim else found)
        assert now is not None
        assert is_alive(now)

    def play_on(self, seconds: float) -> None:
        """Let it go on before the next kill: that may strike anywhere, so nothing is expected to have happened."""
        time.sleep(seconds)

    def outcome(self) -> str:
        """Read to the end; the digest of what came out."""
        line = self.until(r"^Outcome sha256:")
        assert self.process.stdout is not None
        self.lines += [rest.rstrip() for rest in self.process.stdout]
        assert self.process.wait(60) == 0, "\n".join(self.lines)
        return line.split()[1]


@contextmanager
def demo(seed: int = 11, *, whole: bool = False) -> Iterator[Played]:
    """A demo of a small community in a folder of its own: its reviews and the contest, or the whole season."""
    with tempfile.TemporaryDirectory(prefix="tr-", ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "TRELLIS_HOME": folder, "PYTHONUNBUFFERED": "1"}
        command = [
            sys.executable,
            "-m",
            "cli.main",
            "demo",
            *([] if whole else ["--contest-only"]),
            "--members",
            str(MEMBERS),
            "--seed",
            str(seed),
            "--scale",
            "1d=150ms",  # so that there is time to kill something while the contest is played
        ]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield Played(process, Home(Path(folder) / "demo"))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(60)


@pytest.fixture(scope="module")
def undisturbed() -> str:
    """The outcome of a season in which nothing was killed."""
    with demo() as played:
        return played.outcome()


def test_the_same_seed_gives_the_same_season(undisturbed: str) -> None:
    with demo() as again:
        assert again.outcome() == undisturbed


def test_another_seed_gives_another_season(undisturbed: str) -> None:
    with demo(seed=12) as other:
        assert other.outcome() != undisturbed


def test_the_whole_season_comes_out_the_same_again() -> None:
    outcomes = []
    for _ in range(2):
        with demo(whole=True) as played:
            outcomes.append(played.outcome())
            steps = [found.group(1) for line in played.lines if (found := re.match(r" *[\d.]+ s  (\S+):", line))]
            assert steps[-7:] == ["loop", "group", "mentorship", "co-creation", "council", "journey", "books"]
    assert outcomes[0] == outcomes[1]


def test_killing_each_server_in_turn_changes_nothing(undisturbed: str) -> None:
    with demo() as played:
        played.until(r"s  people: ")
        for name in ("worker", "temporal", "postgres"):  # while the first review reads, moves and asks
            played.play_on(0.7)
            played.kill(name)
        played.until(r"s  review 2027-03-04: ")
        for name in ("worker", "temporal", "postgres"):  # while the contest is played
            played.play_on(1.5)
            played.kill(name)
        played.until(r"s  contest: ")
        played.kill("postgres")  # while the last review asks
        played.kill("worker")

        assert played.outcome() == undisturbed
        assert sum("is back after" in line for line in played.lines) >= 8


def test_a_demo_that_is_told_to_stop_leaves_nothing_running() -> None:
    with demo() as played:
        played.until(r"s  publish: ")
        pids = [played.home.pid(name) for name in ("postgres", "temporal", "worker")]
        played.process.terminate()
        assert played.process.wait(60) == 143

    assert all(pid is not None and not is_alive(pid) for pid in pids)


def test_killing_the_worker_again_and_again_changes_nothing(undisturbed: str) -> None:
    with demo() as played:
        for step in (r"s  people: ", r"s  review 2026-12-01: ", r"s  review 2027-01-16: ", r"s  review 2027-03-04: "):
            played.until(step)
            for _ in range(3):
                played.play_on(1.0)
                if played.process.poll() is None:
                    played.kill("worker")

        assert played.outcome() == undisturbed
