"""Children: runs that a run starts and waits for; they end with it, and tell it when they have ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from operations.arguments import read_arguments
from operations.errors import Refusal
from operations.people import EffectPeople
from operations.ports.runs import RUNNING, Run, Visit
from operations.rehearsal import lot
from workflows.launch import Launcher
from workflows.setting import Setting, children_of


class Engine(Protocol):
    """What children need of Temporal besides being started; `workflows.gateway.Gateway` does it."""

    def poke(self, id: str, what: str = "") -> bool: ...

    def cancel(self, id: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Children:
    """Starts, cancels and announces the children of runs.

    Args:
        launcher: starts runs.
        engine: Temporal.
    """

    launcher: Launcher
    engine: Engine

    def begin(self, setting: Setting, visit: Visit) -> list[str]:
        """Note the children of a phase as runs; returns why some could not be begun. Their workflows start later."""
        wanted, run = setting.wants.children, setting.run
        assert wanted is not None
        refused = []
        for task in wanted.tasks:
            for subject in self._subjects(setting, task):
                key = f"{run.id}/{visit.phase}/{visit.visit}/{task}/{subject or ''}"
                try:
                    self.launcher.begin(
                        task,
                        community=run.community,
                        subject=subject,
                        args=self._arguments(setting, wanted.with_, task, subject),
                        at=visit.opened_at,
                        key=key,
                        scale=run.scale,
                        rehearsed=run.rehearsed,
                        crowd=run.crowd,
                        seed=lot(run.seed, key.removeprefix(run.id)) % 2**31,
                        digest=run.digest,
                        parent=run.id,
                    )
                except Refusal as refusal:
                    refused.append(f"{task}{f' for {subject}' if subject else ''}: {refusal.message}")
        return refused

    def launch(self, visit: Visit) -> None:
        """Start the workflows of the children of a phase, those that have none yet."""
        for child in self._of(visit):
            if child.status == RUNNING:
                self.launcher.launch(child)

    def cancel(self, run: str, visit: Visit | None = None) -> None:
        """Cancel the children of a run, or of one phase of it, that have not ended; the last begun first."""
        children = self.launcher.house.runs.children(run) if visit is None else self._of(visit)
        for child in reversed(children):
            if child.status == RUNNING:
                self.engine.cancel(child.id)

    def ended(self, run: Run) -> None:
        """Tell the run that waits for this one."""
        if run.parent is not None:
            self.engine.poke(run.parent)

    def _of(self, visit: Visit) -> Sequence[Run]:
        return children_of(self.launcher.house.runs.children(visit.run), visit)

    def _subjects(self, setting: Setting, task: str) -> list[str | None]:
        spec, wanted = setting.community, setting.wants.children
        assert wanted is not None
        for_ = spec.modes[spec.tasks[task].mode].for_ if task in spec.tasks else "community"
        if wanted.for_ is not None:
            found = setting.people.people(wanted.for_) if for_ == "member" else setting.people.things(wanted.for_)
            return list(found)
        return [None if for_ == "community" else setting.run.subject]

    def _arguments(self, setting: Setting, with_: Mapping[str, Any], task: str, subject: str | None) -> dict[str, Any]:
        return read_arguments(with_, task, setting.community, EffectPeople(setting.people), subject)
