"""Legs: the phases of a mode as a course has them, with which phases beside them they take works from."""

from __future__ import annotations

from collections.abc import Mapping

from rules.spec.people import refs
from rules.spec.phase import Back, PhaseSpec, every_phase
from workflows.course import Branch, Leg, Way
from workflows.play import play_of
from workflows.ready import EACH, PARALLEL, REPEAT


def legs(phases: tuple[PhaseSpec, ...], beside: frozenset[str] = frozenset()) -> tuple[Leg, ...]:
    """Phases as a course has them.

    Args:
        beside: phases in branches beside the one that these lie in.
    """
    found = []
    for phase in phases:
        go = {
            outcome: Way(to=way.to, at_most=way.at_most, otherwise=way.else_) if isinstance(way, Back) else Way(to=way)
            for outcome, way in phase.go.items()
        }
        times = getattr(phase, "times", None)
        found.append(
            Leg(
                id=phase.id,
                kind=phase.kind,
                first=phase.outcomes()[0],
                go=go,
                title=phase.title.en if phase.title is not None else "",
                body=legs(phase.bodies()[0].phases, beside) if phase.kind in (REPEAT, EACH) else (),
                branches=_branches(phase, beside),
                ends_with=getattr(phase, "ends_with", "all"),
                times=int(times) if times is not None else None,
                early=bool(getattr(phase, "reset_by", None)),
                follows=_followed(phase, beside),
            )
        )
    return tuple(found)


def following(phases: tuple[PhaseSpec, ...]) -> Mapping[str, tuple[str, ...]]:
    """Phases that take works as they come, each with the phases beside it that they come from."""
    found: dict[str, tuple[str, ...]] = {}

    def inside(body: tuple[Leg, ...]) -> None:
        for leg in body:
            if leg.follows:
                found[leg.id] = leg.follows
            inside(leg.body)
            for branch in leg.branches:
                inside(branch.body)

    inside(legs(phases))
    return found


def _branches(phase: PhaseSpec, beside: frozenset[str]) -> tuple[Branch, ...]:
    if phase.kind != PARALLEL:
        return ()
    bodies = phase.bodies()
    ids = {body.name: frozenset(inner.id for _, inner in every_phase(body.phases)) for body in bodies}
    return tuple(
        Branch(
            id=body.name,
            body=legs(body.phases, beside.union(*(those for name, those in ids.items() if name != body.name))),
        )
        for body in bodies
    )


def _followed(phase: PhaseSpec, beside: frozenset[str]) -> tuple[str, ...]:
    play = play_of(phase.kind) if beside else None
    if play is None:
        return ()
    wants = play.wants(phase)
    if not wants.follows:
        return ()
    return tuple(dict.fromkeys(ref.partition(".")[0] for ref in refs(wants.things) if ref.partition(".")[0] in beside))
