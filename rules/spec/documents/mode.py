"""mode/v1: how something unfolds. Phases with parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rules.spec.conditions import Condition
from rules.spec.fields import Parameter
from rules.spec.labels import Label
from rules.spec.node import Node
from rules.spec.people import Who
from rules.spec.phase import Phases
from rules.spec.scalars import Id, Positive, Ref, Target, words


class Mode(Node):
    """Phases in order, what a task must or may say, who answers for the run."""

    schema_: Literal["mode/v1"] = Field(alias="schema")
    id: Id
    title: Label
    note: Label | None = None
    for_: Annotated[str, words("community", "member", "team", "cohort", "space")] = Field("community", alias="for")
    owner: Ref
    staff_may: Annotated[str, words("run", "support", "see")] = "run"
    may_start: Who | None = None
    at_once: Positive = 1
    while_: Condition | None = Field(None, alias="while")
    if_not: Target = "end:stopped"
    parameters: tuple[Parameter, ...] = ()
    phases: Phases
