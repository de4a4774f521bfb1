"""tiers/v1: a ladder. Where a member stands, and what it takes to rise, to stay, and to step down."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rules.spec.conditions import Condition
from rules.spec.effects import Effects
from rules.spec.labels import Label
from rules.spec.moves import Move, Rhythm
from rules.spec.node import Node, mistake
from rules.spec.people import Order
from rules.spec.scalars import Count, Duration, Id, Positive, words


class Touch(Node):
    """How operations accompany a tier."""

    kind: Annotated[str, words("broadcast", "grouped", "dedicated", "networked")]
    task: Id | None = None
    cohorts: Id | None = None  # the partition, for grouped


class Tier(Move):
    """A rung of the ladder."""

    id: Id
    title: Label
    touch: Touch | None = None
    may_enter: tuple[Id, ...] = ()  # modes; empty: all
    perks: tuple[Id, ...] = ()  # benefits
    review: Rhythm | None = None
    earn: Condition | None = None  # absent: by hand or floor only
    keep: Condition | None = None  # absent: never lost
    grace: Duration | None = None
    falls_to: Id | None = None  # default: one below
    seats: Count | None = None
    order: Order | None = None
    then: Effects | None = None  # on entering
    after: Effects | None = None  # on leaving

    @model_validator(mode="after")
    def _sense(self) -> Tier:
        if self.grace is not None and self.keep is None:
            raise mistake("TRL213", "grace is for who falls below keep, and there is no keep", "add keep", key="grace")
        if self.seats is not None and self.order is None:
            raise mistake("TRL213", "seats need an order: who comes first", "add order: [{ highest: … }]", key="seats")
        return self


class Floor(Node):
    """The lowest standing while a condition holds."""

    when: Condition
    tier: Id


class Tiers(Node):
    """A ladder of tiers, lowest first."""

    schema_: Literal["tiers/v1"] = Field(alias="schema")
    id: Id = "tier"  # the name under which conditions read the standing
    title: Label
    per: Id | None = None  # one standing for each value of this list
    review: Rhythm
    cooldown: Duration | None = None
    max_step: Positive = 1
    exempt: Condition | None = None
    floors: tuple[Floor, ...] = ()
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
