"""resources/v1: budgets, stock, fleets, benefits, and who is served first when claims compete."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rules.spec.conditions import Condition
from rules.spec.labels import Label
from rules.spec.moves import Rhythm
from rules.spec.node import Chosen, Context, Node, by_kind, mistake
from rules.spec.people import Order
from rules.spec.scalars import Count, Duration, Id, Money, Positive, Ref, Sla, words


class Queue(Node):
    """Claims that compete: settled together at a rhythm, best first. Absent: first come, first served."""

    settle: Rhythm | None = None
    order: Order | None = None


class BudgetLine(Node):
    """What is planned for a tier."""

    for_: Ref = Field(alias="for")
    amount: Money


class Budget(Queue):
    """Money per period; spending more is refused."""

    kind: Literal["budget"]
    id: Id
    title: Label
    amount: Money
    per: Annotated[str, words("month", "quarter", "year", "once")]
    holder: Ref
    lines: tuple[BudgetLine, ...] = ()
    rollover: Annotated[str, words("never", "once")] = "never"


class Stock(Queue):
    """Pieces that are given away."""

    kind: Literal["stock"]
    id: Id
    title: Label
    unit: Id
    cost: Money | None = None
    reorder_at: Count | None = None
    keeper: Ref
    post: Sla | None = None


class Fleet(Queue):
    """Single cars that are booked."""

    kind: Literal["fleet"]
    id: Id
    title: Label
    units: Annotated[tuple[Id, ...], Field(min_length=1)]
    cost: Money | None = None  # what a day of one is worth, for reports; charged to nothing
    turnaround: Duration
    book_ahead: Duration
    keeper: Ref


class Benefit(Queue):
    """A right that is held."""

    kind: Literal["benefit"]
    id: Id
    title: Label
    limit: Count | None = None
    cost: Money | None = None  # what a use is worth, without `uses` a month of holding it; for reports
    uses: Positive | None = None
    per: Annotated[str, words("month", "quarter", "year")] | None = None
    term: Duration | None = None
    while_: Condition | None = Field(None, alias="while")  # rests while not surely true
    needs: Id | None = None  # a form to be filled first

    @model_validator(mode="after")
    def _uses(self) -> Benefit:
        if (self.uses is None) != (self.per is None):
            key = "uses" if self.per is None else "per"
            raise mistake("TRL213", "uses and per stand together: so many uses per period", key=key)
        return self


_NAMES = {"budget": "Budget", "stock": "Stock", "fleet": "Fleet", "benefit": "Benefit"}
_MODELS = {"budget": Budget, "stock": Stock, "fleet": Fleet, "benefit": Benefit}


def pick(value: Any, context: Context | None) -> str:
    """Which kind of resource was written."""
    return by_kind(value, context, _MODELS, "resource")


Resource = Annotated[Budget | Stock | Fleet | Benefit, Chosen(pick, _NAMES)]


class Resources(Node):
    """Scarce goods."""

    schema_: Literal["resources/v1"] = Field(alias="schema")
    resources: Annotated[tuple[Resource, ...], Field(min_length=1)]
