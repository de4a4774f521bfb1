"""Worker: one process that carries workflows out; run `python worker.py`, and more of them to do more at once.

It takes `DATABASE_URL` and Temporal's own environment (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
`TEMPORAL_API_KEY`, TLS, profiles) when they are set, the servers that `trellis up` runs otherwise, and
starts embedded ones where nobody does. SIGTERM and Ctrl-C end it in order: what runs may finish.
"""

import logging
import os
import signal
import sys
import threading

from cli import wiring
from operations.errors import Refusal

log = logging.getLogger("trellis.worker")


def main() -> int:
    """Work until told to stop; the exit code is 0 after a stop in order, 1 when the worker died, 2 when refused."""
    logging.basicConfig(
        level=os.environ.get("TRELLIS_LOG", "INFO"), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("apprise").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with wiring.servers("up") as (room, _):
            crew = wiring.crew(room.memory, room.gateway)
            with room.gateway.working(crew) as works:
                log.info("working on queue %s of %s", room.gateway.queue, room.gateway.client.namespace)
                parent = os.getppid() if os.environ.get("TRELLIS_SUPERVISED") else None
                while works() and not stop.wait(0.5):
                    if parent is not None and os.getppid() != parent:
                        log.warning("the supervisor is gone, stopping")
                        break
            log.info("stopped")
    except Refusal as refusal:
        log.error("%s", refusal)
        return 2
    except Exception:
        log.exception("the worker died")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
