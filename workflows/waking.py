"""Waking: facts came in, so whatever is reviewed `every: fact` is looked at, once for all that come close together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from operations.ports.facts import Arrivals

QUIET = 1.5
"""Seconds without a further fact after which a look begins."""
LONGEST = 15.0
"""Seconds after which one begins although facts keep coming, as in a long import."""
REST = 5.0
"""Seconds between two looks: what a look itself records may be looked at again, but not without end at full speed."""


@dataclass(slots=True)
class _Waiting:
    first: float
    last: float


class Waking:
    """Takes notice of facts and begins looks; any number of workers may.

    Args:
        arrivals: which communities facts came in for.
        look: begins a look at one community.
        now: seconds that only grow.
    """

    def __init__(
        self, arrivals: Arrivals, look: Callable[[str], object], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._arrivals, self._look, self._now = arrivals, look, now
        self._waiting: dict[str, _Waiting] = {}
        self._looked: dict[str, float] = {}

    def turn(self) -> list[str]:
        """See what came, and begin what is due; returns the communities. To be called some times a second."""
        now = self._now()
        for community in self._arrivals.take():
            self._waiting.setdefault(community, _Waiting(now, now)).last = now
        due = [
            community
            for community, since in self._waiting.items()
            if (now - since.last >= QUIET or now - since.first >= LONGEST)
            and now - self._looked.get(community, -REST) >= REST
        ]
        for community in due:
            self._look(community)
            self._looked[community] = now
            del self._waiting[community]
        return due
