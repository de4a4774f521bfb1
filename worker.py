"""Worker: one process that carries workflows out; run `python worker.py`, and more of them to do more at once.

It takes `DATABASE_URL` and Temporal's own environment (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
`TEMPORAL_API_KEY`, TLS, profiles) when they are set, the servers that `trellis up` runs otherwise, and
starts embedded ones where nobody does. SIGTERM and Ctrl-C end it in order: what runs may finish.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime

from cli import wiring
from operations.errors import Refusal
from workflows.runtime import answer_prometheus
from workflows.schedules import keep, look_now
from workflows.waking import Waking

LOOK_EVERY = 60.0  # seconds between two looks at what is published
SUPERVISOR = "TRELLIS_SUPERVISED"  # the process id of the supervisor, in a worker that has one
LINGER = 25.0  # seconds that a worker without its supervisor may take to finish what it does

log = logging.getLogger("trellis.worker")


class Objects(logging.Formatter):
    """Each entry of the log as one JSON object on a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """The entry with its time, level, logger and message; with the traceback as `error` if there is one."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, sort_keys=True)


def main(as_objects: bool = False) -> int:
    """Work until told to stop; the exit code is 0 after a stop in order, 1 when the worker died, 2 when refused.

    Args:
        as_objects: whether the log, on standard error, is written for programs: one JSON object a line.
    """
    to = logging.StreamHandler()
    to.setFormatter(Objects() if as_objects else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=os.environ.get("TRELLIS_LOG", "INFO"), handlers=[to])
    logging.getLogger("apprise").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    supervisor = os.environ.get(SUPERVISOR, "")
    if supervisor.isdigit():
        threading.Thread(target=_leave_with, args=(int(supervisor), stop), name="supervised", daemon=True).start()
    try:
        if listen := os.environ.get("TRELLIS_METRICS"):
            answer_prometheus(listen)
        with wiring.servers("up") as (room, _):
            crew = wiring.crew(room.memory, room.gateway)
            with room.gateway.working(crew) as works:
                log.info("working on queue %s of %s", room.gateway.queue, room.gateway.client.namespace)
                by_the_clock = Rhythm(room) if os.environ.get("TRELLIS_SCHEDULES") != "off" else None
                while works() and not stop.wait(0.5):
                    if by_the_clock is not None:
                        by_the_clock.keep()
                        by_the_clock.wake()
            log.info("stopped")
    except Refusal as refusal:
        log.error("%s", refusal)
        return 2
    except Exception:  # the end of the process: told with its traceback, and to the supervisor by the exit code
        log.exception("the worker died")
        return 1
    return 0


def _leave_with(supervisor: int, stop: threading.Event) -> None:
    """Stop when the supervisor is gone, however far this worker has come; after a while without waiting.

    Nobody would stop it otherwise, and its successor's servers may be others than those it knows.
    """
    while os.getppid() == supervisor:
        time.sleep(0.5)
    log.warning("the supervisor is gone, stopping")
    stop.set()
    time.sleep(LINGER)
    os._exit(1)


class Rhythm:
    """Keeps the server's schedules in step with what is published, and has facts looked at; several workers may."""

    def __init__(self, room: wiring.Room) -> None:
        self._room = room
        self._looked = 0.0
        self._kept: dict[str, str] = {}
        self._waking = Waking(room.memory.arrivals, self._look_at)

    def keep(self) -> None:
        """Look once a minute whether a community was published anew."""
        if self._looked and time.monotonic() - self._looked < LOOK_EVERY:
            return
        self._looked = time.monotonic()
        try:
            for id in self._room.memory.specs.communities():
                community = self._room.memory.specs.current(id)
                if self._kept.get(id) != community.digest:
                    self._room.gateway.run(keep(self._room.gateway.client, community), 30)
                    self._kept[id] = community.digest
        except Exception as error:  # a server that is away is no reason to stop working
            log.warning("schedules could not be looked at: %s", error)

    def wake(self) -> None:
        """Have what is reviewed `every: fact` looked at soon after facts came in."""
        try:
            self._waking.turn()
        except Exception as error:
            log.warning("facts that came in could not be looked at: %s", error)

    def _look_at(self, community: str) -> None:
        if self._kept.get(community) is None:
            self._looked = 0.0  # published just now: its schedules are made first
            self.keep()
        self._room.gateway.run(look_now(self._room.gateway.client, community), 30)


if __name__ == "__main__":
    sys.exit(main("--json" in sys.argv[1:]))
