"""rules/v1: what follows from what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rules.spec.conditions import Condition
from rules.spec.documents.metrics import SUBJECTS
from rules.spec.effects import Effects
from rules.spec.labels import Label
from rules.spec.moves import Rhythm
from rules.spec.node import Node
from rules.spec.scalars import Bounded, Id, Plain, words


class Rule(Node):
    """A condition and the effects that follow."""

    id: Id
    title: Label | None = None
    of: Annotated[str, words(*SUBJECTS)] = "member"
    per: Id | None = None  # once for each value of this list; $value is the value
    when: Condition
    then: Effects
    once_per: Annotated[str, Plain("duration", words=("ever", "spell"))] = "spell"
    priority: Annotated[int, Bounded(0, 1000)] = 100
    review: Rhythm | None = None


class Rules(Node):
    """Rules, in any order."""

    schema_: Literal["rules/v1"] = Field(alias="schema")
    title: Label
    review: Rhythm
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
