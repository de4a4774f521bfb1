"""The spec of repeat: what a mode may say."""

from __future__ import annotations

from typing import Annotated, Literal

from rules.spec.phase import Body, Phases, PhaseSpec
from rules.spec.scalars import DurationArg, Id, Plain


class Repeat(PhaseSpec):
    """Rounds of phases."""

    kind: Literal["repeat"]
    every: DurationArg  # start to start; a round that takes longer delays the next
    times: Annotated[int | str, Plain("positive", "arg")] | None = None  # absent: as long as the mode's `while` holds
    reset_by: Id | None = None  # such a fact about the subject starts the interval anew
    phases: Phases  # the round

    def outcomes(self) -> tuple[str, ...]:
        return ("done",)

    def bodies(self) -> tuple[Body, ...]:
        return (Body(("phases",), "", self.phases),)
