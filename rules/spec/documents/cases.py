"""cases/v1: what must be decided, how a task must go."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rules.spec.node import SHAPE, Chosen, Context, Node, by_kind, mistake
from rules.spec.scalars import Duration, Flag, Id, Key, Moment, Name, Plain, Positive, Sentence, Target, Text, words

Scalar = Annotated[bool | int | str, Plain("flag", "whole", "text")]
Value = Annotated[Scalar | tuple[Text, ...], SHAPE]
Readings = dict[Key, dict[Key, Scalar]]


class Person(Node):
    """A member (or space, work …) of a case: attributes and readings."""

    id: Id = "m1"
    attributes: dict[Key, Value] = Field({})
    metrics: Readings = Field({})


class Expect(Node):
    """What must be decided."""

    outcome: Annotated[str, words("promote", "keep", "grace", "demote", "none", "move")] | None = None
    to: Id | None = None
    because: tuple[Name, ...] = ()
    fires: tuple[Id, ...] = ()
    not_: tuple[Id, ...] = Field((), alias="not")
    titles: tuple[Id, ...] | None = None

    @model_validator(mode="after")
    def _something(self) -> Expect:
        if not self.model_fields_set:
            raise mistake("TRL213", "the case expects nothing", "say outcome, fires, not or titles")
        return self


class Decision(Node):
    """A situation and what must be decided."""

    kind: Literal["decision"]
    name: Sentence
    of: Annotated[str, words("tiers", "lifecycle", "rules", "titles")] = "tiers"
    ladder: Id = "tier"
    subject: Person
    value: Id | None = None
    community: Readings = Field({})
    expect: Expect


class Happening(Node):
    """Something on a timeline: a fact, so many times, or a review and what it must decide."""

    on: Duration | None = None  # since the beginning; absent: at the beginning
    fact: Id | None = None
    with_: dict[Key, Value] = Field({}, alias="with")
    review: Expect | None = None
    times: Positive = 1
    every: Duration | None = None

    @model_validator(mode="after")
    def _one(self) -> Happening:
        if (self.fact is None) == (self.review is None):
            raise mistake("TRL213", "something on a timeline is a fact or a review", "say fact: or review:")
        if self.review is not None and self.with_:
            raise mistake("TRL213", "only facts have fields", "leave out with", key="with")
        if self.times > MOST_TIMES:
            raise mistake("TRL207", f"{self.times} times are more than a case may have ({MOST_TIMES})", key="times")
        return self


MOST_TIMES = 1_000
"""Facts or reviews of one line of a timeline."""


class Timeline(Node):
    """What happens to somebody day by day, and what reviews must decide meanwhile."""

    kind: Literal["timeline"]
    name: Sentence
    of: Annotated[str, words("tiers", "lifecycle", "rules", "titles")] = "tiers"
    ladder: Id = "tier"
    subject: Person
    value: Id | None = None
    community: Readings = Field({})
    happens: Annotated[tuple[Happening, ...], Field(min_length=1)]


class Step(Node):
    """A move of a person in a play."""

    after: Duration | None = None
    who: Annotated[str, Plain("party")]
    in_: Id = Field(alias="in")
    does: Annotated[
        str, words("join", "decline", "claim", "confirm", "submit", "answer", "score", "attend", "leave", "idle")
    ]
    about: Text | None = None
    gives: dict[Key, Value] = Field({})
    refused: Flag = False


class Outcome(Node):
    """What must come out of a play."""

    path: tuple[Id, ...] = ()
    end: Target | None = None
    facts: tuple[dict[Key, Annotated[int | str, Plain("whole", "text")]], ...] = ()


class Play(Node):
    """How a task must go."""

    kind: Literal["play"]
    name: Sentence
    task: Id
    members: tuple[Person, ...] = ()
    comes_out: dict[Key, Annotated[Id | tuple[Id, ...], SHAPE]] = Field({})
    steps: tuple[Step, ...] = ()
    expect: Outcome


_NAMES = {"decision": "Decision", "timeline": "Timeline", "play": "Play"}
_MODELS = {"decision": Decision, "timeline": Timeline, "play": Play}


def pick(value: Any, context: Context | None) -> str:
    """Which kind of case was written."""
    return by_kind(value, context, _MODELS, "case")


Case = Annotated[Decision | Timeline | Play, Chosen(pick, _NAMES)]


class Cases(Node):
    """Cases, all at one moment."""

    schema_: Literal["cases/v1"] = Field(alias="schema")
    at: Moment
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
