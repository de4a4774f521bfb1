"""sla/v1: named service levels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rules.spec.labels import Label
from rules.spec.node import Node
from rules.spec.scalars import Duration, Id, Ref


class Escalation(Node):
    """Handed on, so long after `finish`."""

    after: Duration
    to: Ref


class SlaSpec(Node):
    """A service level: claimed and finished within, reminders, escalation."""

    id: Id
    title: Label
    calendar: Id | None = None  # default: the community's
    claim: Duration | None = None
    finish: Duration
    remind: tuple[Duration, ...] = ()  # before `finish`
    escalate: tuple[Escalation, ...] = ()


class Slas(Node):
    """Service levels."""

    schema_: Literal["sla/v1"] = Field(alias="schema")
    slas: Annotated[tuple[SlaSpec, ...], Field(min_length=1)]
