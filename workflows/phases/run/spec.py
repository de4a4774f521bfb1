"""The spec of run: what a mode may say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from rules.spec.node import SHAPE
from rules.spec.people import Who
from rules.spec.phase import PhaseSpec
from rules.spec.scalars import Arg, IdArg, Key


class Run(PhaseSpec):
    """Tasks, started together."""

    kind: Literal["run"]
    tasks: Annotated[Annotated[tuple[IdArg, ...], Field(min_length=1)] | Arg, SHAPE]
    for_: Who | None = Field(None, alias="for")  # one child for each
    with_: dict[Key, Any] = Field({}, alias="with")  # arguments
