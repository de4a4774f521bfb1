"""The spec of judge: what a mode may say."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from rules.spec.parts import Rubric
from rules.spec.people import OrderArg, Things
from rules.spec.phase import GatePhase, Surroundings
from rules.spec.scalars import Plain, PositiveArg, words_or_arg


class Judge(GatePhase):
    """Scores for each work, and a ranking."""

    takes: ClassVar[frozenset[str]] = frozenset({"works"})

    kind: Literal["judge"]
    of: Things
    rubric: Rubric  # weights make 100
    normalise: Annotated[str, words_or_arg("none", "per_judge")] = "none"
    ties: OrderArg
    winners: PositiveArg = 1
    if_silent: Annotated[str, Plain("arg", words=("done", "short"))]

    def results(self, around: Surroundings) -> dict[str, str]:
        return {"ranking": "works", "winning": "works", "winners": "people"}

    def silences(self) -> tuple[str, ...] | None:
        return ("done", "short")
