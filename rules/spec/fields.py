"""Fields: the typed fields of facts (which are the forms), attributes of members, parameters of modes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from rules.spec.labels import Label
from rules.spec.node import SHAPE, Node, mistake
from rules.spec.scalars import Bounded, Flag, Id, Number, Within, less, words

DATA_TYPES = (
    "text", "integer", "decimal", "boolean", "date", "duration", "money", "link", "member", "work", "team", "run",
    "space", "cohort", "role", "follow_ups", "spec_edits",
)  # fmt: skip
REFERENCE_TYPES = (
    "task", "tier", "title", "channel", "message", "budget", "stock", "fleet", "benefit", "metric", "fact", "goal",
    "item",
)  # fmt: skip
PART_TYPES = (
    "who", "places", "share", "condition", "rubric", "slots", "prizes", "choices", "order", "within", "traits",
    "label",
)  # fmt: skip

OneOf = Annotated[Id | Annotated[tuple[Id, ...], Field(min_length=1)], SHAPE]
Places = Annotated[int, Bounded(0, 6)]


class Item(Node):
    """A value of a vocabulary."""

    id: Id
    title: Label


class FieldSpec(Node):
    """A typed field."""

    id: Id
    title: Label | None = None
    type: Annotated[str, words(*DATA_TYPES)]
    one_of: OneOf | None = None  # a list of the community, or the values themselves
    many: Flag = False
    optional: Flag = False
    unit: Id | None = None
    places: Places | None = None
    min: Number | None = None
    max: Number | None = None
    within: Within | None = None  # of follow_ups: each must be answered within

    @model_validator(mode="after")
    def _sense(self) -> FieldSpec:
        range_of_numbers(self.min, self.max)
        if self.within is not None and self.type != "follow_ups":
            raise mistake("TRL213", f"within is for follow_ups, not for {self.type}", key="within")
        if self.places is not None and self.type != "decimal":
            raise mistake("TRL213", f"places are for decimals, not for {self.type}", key="places")
        if (self.min is not None or self.max is not None) and self.type not in ("integer", "decimal"):
            key = "min" if self.min is not None else "max"
            raise mistake("TRL213", f"{key} is for numbers, not for {self.type}", key=key)
        return self


class Parameter(Node):
    """What a task must or may say; used as `$id` in the mode."""

    id: Id
    title: Label | None = None
    type: Annotated[str, words(*DATA_TYPES, *REFERENCE_TYPES, *PART_TYPES)]
    one_of: OneOf | None = None
    many: Flag = False
    default: Any = None  # checked against the type when arguments are put in

    @property
    def has_default(self) -> bool:
        return "default" in self.model_fields_set


def range_of_numbers(low: int | str | None, high: int | str | None) -> None:
    """Refuse a lowest value above the highest.

    Raises:
        PydanticCustomError: if they are the wrong way round.
    """
    if low is not None and high is not None and less(high, low):
        raise mistake("TRL215", f"max {high} is below min {low}", key="max")
