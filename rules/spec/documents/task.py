"""task/v1: a mode with a brief and arguments."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from rules.spec.conditions import Condition
from rules.spec.labels import Label
from rules.spec.moves import Rhythm
from rules.spec.node import SHAPE, Node
from rules.spec.scalars import Id, Key, Moment


class Brief(Node):
    """What is asked, what must appear, what is left to the person."""

    aim: Label
    must_say: Annotated[tuple[Label, ...], Field(min_length=1)]
    free: Label
    theme: Id | None = None
    embargo: Moment | None = None


class Task(Node):
    """What members are asked to do."""

    schema_: Literal["task/v1"] = Field(alias="schema")
    id: Id
    title: Label
    mode: Id
    goal: Id | None = None
    brief: Brief | None = None
    starts: Annotated[Moment | Rhythm, SHAPE] | None = None  # absent: by hand, rule or other task
    space: Id | None = None  # of a mode for spaces: in which one it begins by itself; absent: the first declared
    suits: Condition | None = None
    with_: dict[Key, Any] = Field({}, alias="with")  # arguments, as written
