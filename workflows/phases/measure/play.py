"""Measure, played: figures are collected until the time is over and then frozen, whole and in tables."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from operations.ports.runs import Act, Entry, Planned
from operations.rehearsal import Crowd
from workflows.phases.measure.spec import Measure
from workflows.play import Asked, Closing, Figure, Figures, Opening, Progress, Scene, Wants, enough
from workflows.summary import figure_text, summary


def wants(phase: Measure) -> Wants:
    names = (*phase.metrics, *phase.split_by)
    return Wants(
        things=phase.of,
        within=phase.within,
        figures=tuple(Asked(name) for name in dict.fromkeys(names)),
        everything=phase.of is None,
    )


def opening(phase: Measure, scene: Scene) -> Opening:
    return Opening(awaits=f"figures: {', '.join(phase.metrics)}")


def refusal(phase: Measure, scene: Scene, act: Act | Entry) -> str | None:
    return "in this phase figures are collected; there is nothing to hand in"


def progress(phase: Measure, scene: Scene) -> Progress:
    return Progress(over=False)


def closing(phase: Measure, scene: Scene) -> Closing:
    measured = known = 0
    results: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    belongs: dict[str, dict[str, str]] = {}
    for name in phase.metrics:
        figures = scene.figures.get(Asked(name)) or Figures(of="", values={})
        values = {thing: scene.figure(Asked(name), thing) for thing in _about(figures, scene)}
        measured += len(values)
        known += sum(1 for value in values.values() if value is not None)
        results[name] = {**summary(values, figures.places), "values": _shown(values, figures.places)}
        for by in phase.split_by:
            groups: dict[str, dict[str, Figure]] = {}
            for thing, value in values.items():
                group = _group(scene.figure(Asked(by), thing))
                groups.setdefault(group, {})[thing] = value
                belongs.setdefault(by, {})[thing] = group
            table = tables.setdefault(by, {})
            for group in sorted(groups):
                table.setdefault(group, {})[name] = summary(groups[group], figures.places)
    needed = 0 if phase.needs == "0%" else enough(phase.needs, measured)
    if tables:
        results["tables"], results["groups"] = tables, belongs
    results["made_from"] = {"at": scene.at.isoformat(), "of": measured, "known": known}
    return Closing(outcome="done" if known >= needed else "short", results=results)


def improvise(phase: Measure, scene: Scene, crowd: Crowd) -> Sequence[Planned]:
    return ()


def _about(figures: Figures, scene: Scene) -> Sequence[str]:
    """The things a figure is about: works, or for figures of people the authors, the run, the community."""
    if figures.of == "community":
        return tuple(figures.values)
    mine = [thing for thing in scene.things if scene.kinds.get(thing, figures.of) == figures.of]
    if mine or figures.of != "member":
        return mine
    return list(dict.fromkeys(author for thing in scene.things if (author := scene.author_of(thing))))


def _shown(values: dict[str, Figure], places: int) -> dict[str, Any]:
    shown = cache(figure_text)  # few different figures, however many things
    return {thing: shown(value, places) if isinstance(value, Fraction) else value for thing, value in values.items()}


def _group(value: Figure) -> str:
    """The row of a table: unknown is a row of its own."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
