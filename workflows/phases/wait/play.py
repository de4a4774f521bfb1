"""Wait, played: for time, for a condition, or for whichever comes first; without a time it looks once, now."""

from __future__ import annotations

from collections.abc import Sequence

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.phases.wait.spec import Wait
from workflows.play import Closing, Opening, Progress, Scene, Wants


def wants(phase: Wait) -> Wants:
    return Wants(within=phase.within, until=phase.until)


def opening(phase: Wait, scene: Scene) -> Opening:
    if phase.until is not None and scene.holds is True:
        return Opening(outcome="done", awaits="true already")
    if phase.within is None:
        return Opening(outcome="short", awaits="not true now")
    return Opening(awaits="time" if phase.until is None else "a condition")


def refusal(phase: Wait, scene: Scene, act: Act | Entry) -> str | None:
    return "in this phase the run waits; there is nothing to do"


def progress(phase: Wait, scene: Scene) -> Progress:
    return Progress(over=phase.until is not None and scene.holds is True)


def closing(phase: Wait, scene: Scene) -> Closing:
    return Closing(outcome="done" if phase.until is None or scene.holds is True else "short")


def improvise(phase: Wait, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    return ()
