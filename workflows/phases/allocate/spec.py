"""The spec of allocate: what a mode may say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rules.spec.node import SHAPE, mistake
from rules.spec.parts import FromField
from rules.spec.people import Who
from rules.spec.phase import PhaseSpec, Surroundings
from rules.spec.scalars import DurationArg, Flag, IdArg, Plain, WithinArg

WHAT = ("budget", "stock", "fleet", "benefit")


class Allocate(PhaseSpec):
    """Something scarce is reserved or given; exactly one of budget, stock, fleet, benefit."""

    kind: Literal["allocate"]
    budget: IdArg | None = None
    stock: IdArg | None = None
    fleet: IdArg | None = None
    benefit: IdArg | None = None
    for_: Who | None = Field(None, alias="for")  # absent: the run
    each: Annotated[Annotated[int | str, Plain("count", "money", "arg")] | FromField, SHAPE] = 1
    within: WithinArg | None = None  # how long to wait in the queue; absent: now or not
    book: DurationArg | None = None  # of a fleet: how long
    spend: Flag = False  # true: stays given or spent; false: goes back when the run ends

    @model_validator(mode="after")
    def _one(self) -> Allocate:
        said = [k for k in WHAT if k in self.model_fields_set]
        if len(said) != 1:
            raise mistake(
                "TRL213", "allocate names one of budget, stock, fleet, benefit", f"here: {', '.join(said) or 'none'}"
            )
        if (self.fleet is None) != (self.book is None):
            message = "a car is booked for a time" if self.book is None else f"a {said[0]} is not booked"
            hint = "add book: 3d" if self.book is None else "leave out book"
            raise mistake("TRL213", message, hint, key=said[0] if self.book is None else "book")
        return self

    def results(self, around: Surroundings) -> dict[str, str]:
        return {"served": "people", "unserved": "people"}
