"""The spec of form_teams: what a mode may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rules.spec.node import SHAPE
from rules.spec.parts import Slots
from rules.spec.people import Who
from rules.spec.phase import PhaseSpec, Surroundings
from rules.spec.scalars import Arg, Bounded, CountArg, DurationArg, IdArg, Key, Plain, WithinArg, words_or_arg

Trait = Annotated[int | str, Plain("positive", words=("same", "mixed"))]


class FormTeams(PhaseSpec):
    """Parts are filled."""

    kind: Literal["form_teams"]
    from_: Who = Field(alias="from")
    slots: Slots
    needs: CountArg = 1  # complete teams
    limit: CountArg | None = None  # teams at most
    traits: Annotated[dict[Key, Trait] | Arg, SHAPE] = Field({})
    never_together: IdArg | None = None  # a kind of fact that names two people who are never in one team
    fill: Annotated[str, words_or_arg("solve", "claim", "invite", "by_hand")] = "solve"
    confirm: DurationArg | None = None  # each member says yes within; a no is refilled
    refills: Annotated[int, Bounded(0, 20)] = 0
    within: WithinArg

    def results(self, around: Surroundings) -> dict[str, str]:
        fixed = {"teams": "teams", "members": "people", "waiting": "people", "slots": "slots", "holder": "people"}
        if isinstance(self.slots, str):
            return fixed | {"*": "people"}
        return fixed | {s.id: "people" for s in self.slots}
