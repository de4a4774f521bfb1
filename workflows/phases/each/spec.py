"""The spec of each: what a mode may say."""

from __future__ import annotations

from typing import Literal

from rules.spec.phase import Body, Phases, PhaseSpec
from rules.spec.scalars import Ref


class Each(PhaseSpec):
    """One body for each unit, at its own pace."""

    kind: Literal["each"]
    of: Ref  # teams, people or works
    phases: Phases  # the body

    def outcomes(self) -> tuple[str, ...]:
        return ("done",)

    def bodies(self) -> tuple[Body, ...]:
        return (Body(("phases",), "", self.phases),)
