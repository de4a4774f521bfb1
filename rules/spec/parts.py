"""Parts of modes that a task may give as arguments: rubrics, slots, prizes, choices."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from rules.spec.conditions import Condition
from rules.spec.labels import Label
from rules.spec.node import SHAPE, Node, mistake
from rules.spec.people import Who
from rules.spec.scalars import (
    Arg,
    Bounded,
    CountArg,
    DurationArg,
    Id,
    IdArg,
    MoneyArg,
    Name,
    Plain,
    Positive,
    Window,
    WithinArg,
    words,
)

Whole = Annotated[int, Plain("whole")]


class Criterion(Node):
    """One line of a rubric: scored by people on a scale, or read from a metric."""

    id: Id
    title: Label | None = None
    weight: Annotated[int, Bounded(1, 100)]  # percent
    scale: tuple[Whole, Whole] | None = None
    metric: Name | None = None
    over: Window | None = None

    @model_validator(mode="after")
    def _one(self) -> Criterion:
        if (self.scale is None) == (self.metric is None):
            raise mistake(
                "TRL213", f"criterion '{self.id}' has either a scale or a metric", "scale: [1, 10], or metric: name"
            )
        if self.scale is not None and self.scale[0] >= self.scale[1]:
            raise mistake("TRL215", f"the scale [{self.scale[0]}, {self.scale[1]}] goes from low to high", key="scale")
        if self.over is not None and self.metric is None:
            raise mistake("TRL213", "over is the window of a metric; people's scores have none", key="over")
        return self


class Slot(Node):
    """A part to fill: a role in a team, a chapter, a seat."""

    id: Id
    title: Label | None = None
    needs: CountArg = 1
    limit: CountArg | None = None  # default: needs
    from_: Who | None = Field(None, alias="from")  # default: the phase's own
    where: Condition | None = None
    keep: Condition | None = None  # vacated when surely untrue
    idle: DurationArg | None = None  # vacated after so long without a sign of work
    term: DurationArg | None = None  # vacated after
    share: Annotated[int, Bounded(0, 100)] | None = None  # percent of the team's credit

    @model_validator(mode="after")
    def _room(self) -> Slot:
        if isinstance(self.limit, int) and isinstance(self.needs, int) and self.limit < self.needs:
            raise mistake("TRL215", f"limit {self.limit} is below needs {self.needs}", key="limit")
        return self


class Cap(Node):
    """At most so many points in a window."""

    points: Positive
    over: Window


class Prize(Node):
    """What is given: points, goods, money, titles, benefits, certificates."""

    places: tuple[Positive, Positive] | None = None  # of a ranking, from and to; absent: everybody
    points: Annotated[int | str, Plain("positive", "arg")] | None = None
    split: Annotated[str, words("each", "equal", "credit")] = "each"
    gift: IdArg | None = None  # a stock item
    money: MoneyArg | None = None
    budget: IdArg | None = None  # what it is charged to
    title: IdArg | None = None
    of: IdArg | None = None  # value of a title held per value
    benefit: IdArg | None = None
    certificate: Label | None = None
    until: Annotated[str, Plain("duration", "moment", "arg")] | None = None
    cap: Cap | None = None

    @model_validator(mode="after")
    def _something(self) -> Prize:
        if not self.model_fields_set & {"points", "gift", "money", "title", "benefit", "certificate"}:
            raise mistake("TRL213", "a prize gives nothing", "say points, gift, money, title, benefit or certificate")
        if self.places is not None and self.places[0] > self.places[1]:
            raise mistake("TRL215", f"places [{self.places[0]}, {self.places[1]}] go from best to worst", key="places")
        return self


class Choice(Node):
    """An answer with a name that people read."""

    id: Id
    title: Label | None = None


class FromField(Node):
    """An amount that stands in a field of the work."""

    field: Id


class Redo(Node):
    """What `return` means in a review: a new version within a time, at most so often."""

    within: WithinArg
    at_most: Annotated[int, Bounded(1, 20)]


Slots = Annotated[Annotated[tuple[Slot, ...], Field(min_length=1)] | Arg, SHAPE]
Rubric = Annotated[Annotated[tuple[Criterion, ...], Field(min_length=1)] | Arg, SHAPE]
Prizes = Annotated[Annotated[tuple[Prize, ...], Field(min_length=1)] | Arg, SHAPE]
IdOrChoice = Annotated[Id | Choice, SHAPE]
Choices = Annotated[Annotated[tuple[IdOrChoice, ...], Field(min_length=1)] | Arg, SHAPE]
