"""Activities of the outbox: hand notices to their carriers, and start the runs that effects asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from temporalio import activity

from operations.embargo import publish_held_back
from operations.errors import Refusal
from operations.notify import deliver
from operations.ports.effects import Deed, Effects, Starter
from operations.ports.notices import Carrier, Outbox
from operations.ports.specs import Specs
from operations.releasing import release
from workflows import turns
from workflows.activities.doorway import alive


class Notices:
    """What the outbox does in the world.

    Args:
        starter: without one, runs wait until there is one.
        planner: attaches their plans to the proposals of a community that wait for one.
        reminder: writes the reminders and escalations of a community that are due.
        launcher: starts the workflows of runs of a community that were noted and have none.
    """

    def __init__(
        self,
        specs: Specs,
        outbox: Outbox,
        effects: Effects,
        carriers: Callable[[], Sequence[Carrier]],
        starter: Starter | None = None,
        planner: Callable[[str], int] | None = None,
        reminder: Callable[[str], int] | None = None,
        launcher: Callable[[str], int] | None = None,
    ) -> None:
        self._specs = specs
        self._outbox = outbox
        self._effects = effects
        self._carriers = carriers
        self._starter = starter
        self._planner = planner
        self._reminder = reminder
        self._launcher = launcher

    def activities(self) -> list[Callable[..., Any]]:
        """All of them, for a worker."""
        return [self.deliver]

    @activity.defn(name=turns.DELIVER)
    def deliver(self, asked: turns.Deliver) -> turns.Delivered:
        """One round. What fails in it stops nothing else of the round, and is raised at its end.

        Raises:
            Exception: the first thing that failed; the round is tried again.
        """
        id_, community, broken = asked.community, self._specs.current(asked.community), list[Exception]()

        def attempt(step: Callable[[], int]) -> int:
            try:
                return step()
            except Exception as error:  # whatever it is, others wait for their letters
                broken.append(error)
                return 0

        with alive():
            if asked.release:
                attempt(lambda: release(self._specs, self._effects, id_, at=datetime.now(UTC)))
                attempt(lambda: publish_held_back(self._effects, community, at=datetime.now(UTC)))
            started = attempt(lambda: self._start(id_))
            for step in (self._launcher, self._planner, self._reminder):
                if step is not None:
                    attempt(partial(step, id_))
            done = deliver(
                self._outbox, self._carriers(), community, at=datetime.now(UTC), alive=lambda n: activity.heartbeat(n)
            )
        if broken:
            raise broken[0]
        return turns.Delivered(
            sent=done.sent,
            failed=done.failed,
            started=started,
            starting=len(self._effects.to_start(asked.community, limit=1)),
            waiting=self._outbox.pending(asked.community),
        )

    def _start(self, community: str) -> int:
        if self._starter is None:
            return 0
        waiting = self._effects.to_start(community, limit=100)
        for deed in waiting:
            activity.heartbeat(deed.key)
            self._start_one(self._starter, community, deed)
        return len(waiting)

    def _start_one(self, starter: Starter, community: str, deed: Deed) -> None:
        try:
            run = starter.start(
                community,
                str(deed.details["task"]),
                key=deed.key,
                subject=deed.details.get("subject"),
                arguments=deed.details.get("arguments", {}),
                at=deed.at,
                scale=deed.details.get("scale"),
                seed=deed.details.get("seed"),
            )
        except Refusal as refusal:
            self._effects.started(community, deed.key, run=None, reason=str(refusal))
        else:
            self._effects.started(community, deed.key, run=run)
