"""lifecycle/v1: stages of the relation and the only ways between them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rules.spec.conditions import Condition
from rules.spec.effects import Effects
from rules.spec.labels import Label
from rules.spec.moves import Move, Rhythm
from rules.spec.node import Node
from rules.spec.scalars import Id


class Stage(Node):
    """A stage of the relation."""

    id: Id
    title: Label
    then: Effects | None = None  # on entering
    after: Effects | None = None  # on leaving


class Transition(Move):
    """A way from some stages to one."""

    id: Id
    title: Label | None = None
    from_: Annotated[tuple[Id, ...], Field(min_length=1)] = Field(alias="from")  # `none`: somebody without a stage
    to: Id
    when: Condition
    then: Effects | None = None


class Lifecycle(Node):
    """Stages and transitions; the first true transition wins."""

    schema_: Literal["lifecycle/v1"] = Field(alias="schema")
    title: Label
    review: Rhythm
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    transitions: Annotated[tuple[Transition, ...], Field(min_length=1)]
