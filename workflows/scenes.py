"""Scenes: finds the setting of a phase of a run: the pinned spec, the mode with its arguments, what was visited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from operations.arguments import bindable
from operations.around import Around
from operations.errors import Refusal
from operations.house import House
from operations.known import Known
from operations.people import People
from operations.ports.runs import Run, Visit
from operations.run_conditions import Look
from rules.spec import Community
from rules.spec.documents.mode import Mode
from rules.time import ClockScale
from workflows.play import play_of
from workflows.setting import KEPT, REFUSED, Setting, children_of, definite

__all__ = ["KEPT", "REFUSED", "Setting", "Settings", "children_of", "definite", "run_time"]


class Settings:
    """Finds the setting of a phase: the pinned spec, the mode with its arguments, everything visited so far.

    Args:
        house: the ports.
        known: where evidence comes from.
        look: how conditions of runs are looked at.
    """

    def __init__(self, house: House, *, known: type[Known] = Known, look: Look | None = None) -> None:
        self.house, self._known, self._look = house, known, look
        self._modes: dict[tuple[str, str, str], Mode] = {}

    def run(self, run_id: str) -> Run:
        """A run that must be there.

        Raises:
            Refusal: there is none of this id.
        """
        run = self.house.runs.run(run_id)
        if run is None:
            raise Refusal(f"There is no run {run_id!r}.", "See `trellis tasks`.")
        return run

    def mode(self, run: Run, community: Community) -> Mode:
        """The run's mode with its arguments in it."""
        key = (run.digest, run.task, repr(sorted(run.args.items())))
        if key not in self._modes:
            if len(self._modes) > 256:
                self._modes.clear()
            self._modes[key] = community.bind(run.task, bindable(run.args))
        return self._modes[key]

    def of(
        self, run_id: str, phase: str, *, at: datetime, scope: str | None = None, coming: tuple[str, ...] = ()
    ) -> Setting:
        """The setting of a phase of a run; `scope` is that of the visit that is meant, of the latest without it.

        Raises:
            Refusal: there is no such run or phase.
        """
        run = self.run(run_id)
        community = self.house.specs.at(run.digest, run.community)
        mode = self.mode(run, community)
        visits = self.house.runs.visits(run_id)
        if scope is None:
            scope = next((visit.scope for visit in reversed(visits) if visit.phase == phase), "")

        def authors(work: str) -> tuple[str, ...]:
            known = self.house.runs.works_by_id(run.community, [work]).get(work)
            return () if known is None else known.written_by

        around = Around(community, run, mode, visits, scope, lambda visit: self._so_far(visit, at), authors)
        spec = around.phases.get(phase)
        if spec is None:
            raise Refusal(f"{run.task} has no phase {phase!r}.", f"Its phases: {', '.join(around.phases)}.")
        known, place = self._known(self.house, community, at), f"{run.task}/{phase}"
        people = People(known, around, seed=run.seed, place=place, look=self._look)
        return Setting(self.house, community, run, mode, around, spec, people, at, coming)

    def _so_far(self, visit: Visit, at: datetime) -> Mapping[str, Any]:
        """The results of a phase that is open as they stand, for those that look at it from beside."""
        so_far = getattr(play_of(visit.kind), "so_far", None)
        if so_far is None:
            return {}
        setting = self.of(visit.run, visit.phase, at=at, scope=visit.scope)
        return so_far(setting.phase, setting.scene(visit))  # type: ignore[no-any-return]


def run_time(run: Run, visit: Visit, now: datetime) -> datetime:
    """What time it is in a run while a visit is open: on a scaled clock counted from the visit's opening."""
    if run.scale is None:
        return now
    at = visit.opened_at + ClockScale.parse(run.scale).virtual(max(now - visit.began_at, now - now))
    return min(at, visit.deadline) if visit.deadline is not None else at
