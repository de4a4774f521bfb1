"""Do, played: effects take no time and are over at once."""

from __future__ import annotations

from collections.abc import Sequence

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.phases.do.spec import Do
from workflows.play import Closing, Opening, Progress, Scene, Wants


def wants(phase: Do) -> Wants:
    return Wants()


def opening(phase: Do, scene: Scene) -> Opening:
    return Opening(outcome="done", awaits=f"{len(phase.effects)} effects")


def refusal(phase: Do, scene: Scene, act: Act | Entry) -> str | None:
    return "in this phase nobody is waited for"


def progress(phase: Do, scene: Scene) -> Progress:
    return Progress(over=True)


def closing(phase: Do, scene: Scene) -> Closing:
    return Closing(outcome="done")


def improvise(phase: Do, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    return ()
