"""The spec of wait: what a mode may say."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from rules.spec.conditions import Condition
from rules.spec.node import mistake
from rules.spec.phase import PhaseSpec
from rules.spec.scalars import WithinArg


class Wait(PhaseSpec):
    """Time passes, or a condition comes true."""

    kind: Literal["wait"]
    until: Condition | None = None  # absent: only time
    within: WithinArg | None = None  # at most; absent: looks once, now

    @model_validator(mode="after")
    def _something(self) -> Wait:
        if self.until is None and self.within is None:
            raise mistake("TRL213", "a wait waits for nothing", "say until: a condition, within: a time, or both")
        return self

    def outcomes(self) -> tuple[str, ...]:
        return ("done", "short") if self.until is not None else ("done",)
