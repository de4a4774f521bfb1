"""Endings: what a season waits for: a workflow's result, the calm after a review, the end of everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from cli.patience import patiently
from cli.wiring import Room

if TYPE_CHECKING:
    from rules.spec import Community

T = TypeVar("T")

TOO_LONG = 600.0
"""Seconds for one step that waits for workflows."""

LOOK_EVERY = 3.0
"""Seconds between two looks at what fails in a workflow that is waited for."""

HOPELESS = 12
"""Failures of one activity; an outage is over long before."""

_PAUSE = 0.2


class Unfinished(Exception):
    """Something of the season did not come to its end; the message says what."""


class Endings:
    """Waits for workflows.

    Args:
        room: memory and Temporal.
        alarm: looked at while waiting; raises when something that goes on beside has failed.
    """

    def __init__(self, room: Room, alarm: Callable[[], None] = lambda: None) -> None:
        self._room, self._alarm = room, alarm

    def result(self, workflow: str, kind: type[T]) -> T:
        """A workflow's result.

        Raises:
            Unfinished: it failed, something in it fails for good, or it takes too long.
        """
        from temporalio.client import WorkflowFailureError

        until = time.monotonic() + TOO_LONG
        while time.monotonic() < until:
            self._alarm()
            try:
                result: T = self._room.gateway.result(workflow, LOOK_EVERY, kind)
            except WorkflowFailureError as failure:
                raise Unfinished(f"{workflow} failed: {failure.cause}") from failure
            except TimeoutError:
                for trouble in self._room.gateway.troubles(workflow):
                    if trouble.attempt >= HOPELESS:
                        failing = f"{trouble.activity} of {workflow} failed {trouble.attempt} times"
                        raise Unfinished(f"{failing}: {trouble.why}") from None
            else:
                return result
        raise Unfinished(f"after {TOO_LONG:.0f} s there are still steps to do in {workflow}")

    def calm(self, community: Community) -> None:
        """Wait until nobody is waited for, and nothing that effects asked for is to be started or under way.

        Raises:
            Unfinished: it takes too long.
        """
        self._until(lambda: patiently(lambda: self._is_calm(community.id)), "moves and runs that wait for somebody")

    def over(self, community: str) -> int:
        """Wait until no workflow of a community runs any more; returns how many came to their end.

        Raises:
            Unfinished: one failed, or it takes too long.
        """
        gateway = self._room.gateway
        mine = f"TrellisCommunity = '{community}'"
        self._until(lambda: gateway.count(f"{mine} AND ExecutionStatus = 'Running'") == 0, "workflows that run")
        bad = gateway.list(f"{mine} AND ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')")
        if bad:
            raise Unfinished(f"{len(bad)} workflows did not end well, {bad[0].id} for one")
        return gateway.count(f"{mine} AND ExecutionStatus = 'Completed'")

    def waited_for(self, community: Community) -> Mapping[str, int]:
        """How many moves came out how, and how many are open."""
        return patiently(lambda: self._room.memory.memberships.counts(community.id))

    def _is_calm(self, community: str) -> bool:
        from operations.ports.runs import RUNNING

        memory = self._room.memory
        if memory.effects.to_start(community, limit=1):
            self._send_out(community)  # what the schedule would do within a minute
            return False
        waiting = memory.memberships.counts(community).get("open", 0)
        return not waiting and not memory.runs.runs(community, status=RUNNING, limit=1)

    def _send_out(self, community: str) -> None:
        """Begin the outbox's workflow, unless it runs."""
        from workflows import turns

        given = turns.OutboxInput(community=community)
        attributes = {"TrellisCommunity": community}
        self._room.gateway.start(turns.OUTBOX, given, id=f"{community}/outbox", attributes=attributes, again=True)

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + TOO_LONG
        while not condition():
            self._alarm()
            if time.monotonic() > until:
                raise Unfinished(f"after {TOO_LONG:.0f} s there are still {what}")
            time.sleep(_PAUSE)
