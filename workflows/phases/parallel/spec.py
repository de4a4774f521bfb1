"""The spec of parallel: what a mode may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rules.spec.diagnostics import did_you_mean
from rules.spec.node import Node, mistake
from rules.spec.phase import Body, Phases, PhaseSpec
from rules.spec.scalars import Id


class Branch(Node):
    """Phases that go on beside others."""

    id: Id
    phases: Phases


class Parallel(PhaseSpec):
    """Branches at the same time."""

    kind: Literal["parallel"]
    branches: Annotated[tuple[Branch, ...], Field(min_length=2)]
    ends_with: Id = "all"  # all, first, or the branch whose end stops the others

    @model_validator(mode="after")
    def _names(self) -> Parallel:
        ids = [b.id for b in self.branches]
        if self.ends_with not in ("all", "first", *ids):
            hint = did_you_mean(self.ends_with, ["all", "first", *ids])
            raise mistake("TRL205", f"no branch '{self.ends_with}'", hint, key="ends_with")
        return self

    def outcomes(self) -> tuple[str, ...]:
        return ("done",)

    def bodies(self) -> tuple[Body, ...]:
        return tuple(Body(("branches", n, "phases"), b.id, b.phases) for n, b in enumerate(self.branches))
