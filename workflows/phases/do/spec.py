"""The spec of do: what a mode may say."""

from __future__ import annotations

from typing import Literal

from rules.spec.effects import Effects
from rules.spec.phase import PhaseSpec


class Do(PhaseSpec):
    """Effects, at once."""

    kind: Literal["do"]
    effects: Effects

    def outcomes(self) -> tuple[str, ...]:
        return ("done",)
