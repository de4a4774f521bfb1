"""Run, played: other tasks are started together and waited for; it is short when one of them did not end well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from operations.ports.runs import ENDED, RUNNING, Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.phases.run.spec import Run
from workflows.play import Closing, Offspring, Opening, Progress, Scene, Wants


def wants(phase: Run) -> Wants:
    return Wants(children=Offspring(tasks=tuple(phase.tasks), for_=phase.for_, with_=phase.with_))


def opening(phase: Run, scene: Scene) -> Opening:
    if not scene.children and not scene.refused:
        return Opening(outcome="done", awaits="nothing was to be started")
    if not scene.children:
        return Opening(outcome="short", awaits="none could be started", kept={"refused": list(scene.refused)})
    return Opening(awaits=f"{len(scene.children)} runs to end")


def refusal(phase: Run, scene: Scene, act: Act | Entry) -> str | None:
    return "in this phase other runs are waited for; there is nothing to do here"


def progress(phase: Run, scene: Scene) -> Progress:
    return Progress(over=all(child.status != RUNNING for child in scene.children))


def moments(phase: Run, scene: Scene) -> list[datetime]:
    """When its children ended."""
    return [child.ended_at for child in scene.children if child.ended_at is not None]


def closing(phase: Run, scene: Scene) -> Closing:
    well = all(child.status == ENDED for child in scene.children) and not scene.refused
    return Closing(
        outcome="done" if well else "short",
        results={"runs": [child.id for child in scene.children], "refused": list(scene.refused)},
    )


def improvise(phase: Run, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    return ()
