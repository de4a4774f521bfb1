"""Courses on paper: branches told one after the other, and one round for all of a repeat that never ends."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from workflows.course import Course, Leg


def by_branch(course: Course, phases: Sequence[str], *, beside: bool = True) -> list[str]:
    """Phases in order of entry, told branch by branch where branches went on at the same time.

    Args:
        beside: also the branches that stand after the one that ends their `parallel`: they only go on beside it.
    """
    inside: dict[str, tuple[tuple[str, int], ...]] = {}
    ends = {leg.id: [one.id for one in leg.branches].index(leg.ends_with) for leg in course.legs() if _has_end(leg)}

    def note(body: Sequence[Leg], around: tuple[tuple[str, int], ...]) -> None:
        for leg in body:
            inside[leg.id] = around
            note(leg.body, around)
            for number, branch in enumerate(leg.branches):
                note(branch.body, (*around, (leg.id, number)))

    def parallel(phase: str, depth: int) -> str:
        around = inside[phase]
        return around[depth][0] if len(around) > depth else ""

    def told(some: Sequence[str], depth: int) -> list[str]:
        out: list[str] = []
        for name, group in groupby(some, lambda phase: parallel(phase, depth)):
            together = list(group)
            if not name:
                out += together
                continue
            branches = sorted({inside[phase][depth][1] for phase in together})
            if not beside:
                branches = [number for number in branches if number <= ends.get(name, number)]
            for number in branches:
                out += told([phase for phase in together if inside[phase][depth][1] == number], depth + 1)
        return out

    note(course.phases, ())
    return told(phases, 0)


def _has_end(leg: Leg) -> bool:
    return any(branch.id == leg.ends_with for branch in leg.branches)


def one_round(phases: Sequence[Leg]) -> tuple[Leg, ...]:
    """The same phases, each repeat without `times` gone through once."""
    return tuple(
        leg.model_copy(
            update={
                "body": one_round(leg.body),
                "times": 1 if leg.kind == "repeat" and leg.times is None else leg.times,
                "branches": tuple(
                    branch.model_copy(update={"body": one_round(branch.body)}) for branch in leg.branches
                ),
            }
        )
        for leg in phases
    )
