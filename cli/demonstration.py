"""Demonstration: servers of its own, a season played on them, and a summary of what came out."""

import shutil
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cli.console import Output
from cli.home import Home
from cli.memory import Memory
from cli.outcome import Outcome
from cli.season import Script, Season
from cli.summary import show
from cli.supervisor import Supervisor
from cli.wiring import Room, tenancy
from operations.errors import Refusal
from store.embedded import Postgres, embedded_folder
from store.engine import open_engine
from workflows.gateway import Gateway
from workflows.server import TemporalServer

if TYPE_CHECKING:
    from cli.supervisor import Addresses


@dataclass(slots=True)
class Demonstration:
    """The whole of `trellis demo`."""

    script: Script
    home: Home
    out: Output
    keep: bool = False

    def run(self) -> dict[str, Any]:
        """Play it and return the summary as data.

        Raises:
            Unfinished: something did not come to its end or does not balance.
            Refusal: another demo runs, or the specs cannot be published.
        """
        began = time.monotonic()
        with tenancy(self.home, "command", wait=0) as running:
            if running is not None:
                raise Refusal("Another demo runs in this folder.", "Wait for it, or name another with TRELLIS_HOME.")
            if not self.keep:
                self._clean()
            supervisor = Supervisor(self.home, say=self.out.warn, alone=True)
            with supervisor:
                where = supervisor.addresses
                self._introduce(supervisor, where, time.monotonic() - began)
                engine = open_engine(where.database)
                try:
                    with Gateway(where.temporal) as gateway:
                        season = Season(self.script, Room(Memory(engine), gateway, where.ui), self.out)
                        outcome = season.play()
                finally:
                    engine.dispose()
                summary = self._summary(season, outcome, supervisor, time.monotonic() - began)
                show(self.out, summary)
                self.out.say(f"Temporal's console was {where.ui}; `trellis up` keeps one open.")
        return summary

    def _clean(self) -> None:
        """Stop what a killed demo left running, and remove what it left behind."""
        Postgres(embedded_folder(self.home.root)).stop()
        server = TemporalServer(self.home.temporal)
        if server.attach():
            server.stop()
        for name in ("postgres", "temporal", "data", "log"):
            shutil.rmtree(self.home.root / name, ignore_errors=True)

    def _introduce(self, supervisor: Supervisor, where: "Addresses", seconds: float) -> None:
        pids = ", ".join(f"{name} {pid}" for name, pid in supervisor.pids.items())
        self.out.say(f"{seconds:6.1f} s  servers: {pids}")
        self.out.say(f"          look at the workflows while they run: {where.ui}")

    def _summary(self, season: Season, outcome: Outcome, supervisor: Supervisor, seconds: float) -> dict[str, Any]:
        return {
            "ok": True,
            "seed": self.script.seed,
            "members": self.script.members,
            "seconds": round(seconds, 1),
            "steps": [asdict(step) for step in season.steps],
            "restarts": supervisor.restarts,
            "ui": supervisor.addresses.ui,
            "books": {
                place: [{**asdict(line), "balances": line.balances} for line in books.lines]
                for place, books in season.books.items()
            },
            "outcome": outcome.as_data(),
            "digest": outcome.digest,
        }
