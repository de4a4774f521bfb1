"""The spec of submit: what a mode may say."""

from __future__ import annotations

from typing import Annotated, Literal

from rules.spec.people import Who
from rules.spec.phase import PhaseSpec, Surroundings
from rules.spec.scalars import CountShareArg, IdArg, PositiveArg, Ref, WithinArg, words


class Submit(PhaseSpec):
    """Works are handed in."""

    kind: Literal["submit"]
    by: Who
    per: Annotated[str, words("member", "team", "slot")] = "member"
    form: IdArg  # fields of the work
    into: Ref | None = None  # each work goes into one of these slots
    needs: CountShareArg = 1  # works in all, or a share of those expected
    limit: PositiveArg = 1  # works per author (or team, slot)
    late: Annotated[str, words("refuse", "mark")] = "refuse"
    seen_by: Annotated[str, words("all", "team", "none")] = "all"  # by others, while it is open
    within: WithinArg

    def results(self, around: Surroundings) -> dict[str, str]:
        return {"works": "works", "authors": "people", "missing": "people"}
