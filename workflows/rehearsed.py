"""Rehearsed: what goes on for ever is rehearsed for a quarter of a year, and what begins again and again once."""

from __future__ import annotations

from collections.abc import Iterable

from rules.spec.phase import PhaseSpec, every_phase
from rules.time import Duration
from workflows.course import Leg
from workflows.ready import REPEAT

QUARTER = 90
"""Days of the run's own time that endless rounds are rehearsed."""

OFTEN = 5
"""A way back that may be taken more often than so begins another term, as of a council; others mend something."""

_DAY = 86_400


def for_a_quarter(legs: tuple[Leg, ...], phases: Iterable[PhaseSpec]) -> tuple[Leg, ...]:
    """The same course with as many rounds as a quarter has, wherever rounds have no number, at least one; one term."""
    every = {
        phase.id: max(1, QUARTER // _days(str(getattr(phase, "every", "1d"))))
        for _, phase in every_phase(tuple(phases))
        if phase.kind == REPEAT
    }
    return _bounded(legs, every)


def _bounded(legs: tuple[Leg, ...], every: dict[str, int]) -> tuple[Leg, ...]:
    return tuple(
        leg.model_copy(
            update={
                "body": _bounded(leg.body, every),
                "branches": tuple(
                    branch.model_copy(update={"body": _bounded(branch.body, every)}) for branch in leg.branches
                ),
                "times": every[leg.id] if leg.kind == REPEAT and leg.times is None else leg.times,
                "go": {
                    outcome: way.model_copy(update={"at_most": 0}) if (way.at_most or 0) > OFTEN else way
                    for outcome, way in leg.go.items()
                },
            }
        )
        for leg in legs
    )


def _days(span: str) -> int:
    """About how many days a duration has, at least one; working days count as days."""
    return max(1, round(Duration.parse(span).seconds / _DAY))
