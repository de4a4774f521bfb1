"""The spec of measure: what a mode may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rules.spec.node import SHAPE
from rules.spec.people import Things
from rules.spec.phase import PhaseSpec, Surroundings
from rules.spec.scalars import Arg, Name, Share, WithinArg


class Measure(PhaseSpec):
    """Figures, frozen at the end."""

    kind: Literal["measure"]
    of: Things | None = None  # absent: everything of the run
    metrics: Annotated[Annotated[tuple[Name, ...], Field(min_length=1)] | Arg, SHAPE]
    split_by: tuple[Name, ...] = ()
    needs: Share = "100%"  # share of what is measured that must be known
    within: WithinArg

    def results(self, around: Surroundings) -> dict[str, str]:
        if isinstance(self.metrics, str):
            return {"*": "decimal"}
        return {m.rpartition(".")[2]: "decimal" for m in self.metrics}
