"""The spec of meet: what a mode may say."""

from __future__ import annotations

from typing import Literal

from rules.spec.people import Who
from rules.spec.phase import PhaseSpec, Surroundings
from rules.spec.scalars import CountShareArg, IdArg, Ref, WithinArg


class Meet(PhaseSpec):
    """A gathering."""

    kind: Literal["meet"]
    who: Who
    host: Who
    must: tuple[Ref, ...] = ()  # of each, at least one must be there
    needs: CountShareArg = 1
    agenda: Ref | None = None
    form: IdArg  # the minutes
    within: WithinArg

    def results(self, around: Surroundings) -> dict[str, str]:
        return {"attended": "people", "absent": "people"}
