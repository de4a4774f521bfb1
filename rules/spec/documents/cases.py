"""cases/v1: what must be decided, how a task must go."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rules.spec.node import SHAPE, Chosen, Context, Node, by_kind, mistake
from rules.spec.scalars import Duration, Flag, Id, Key, Moment, Name, Plain, Sentence, Target, Text, words

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


_NAMES = {"decision": "Decision", "play": "Play"}
_MODELS = {"decision": Decision, "play": Play}


def pick(value: Any, context: Context | None) -> str:
    """Which kind of case was written."""
    return by_kind(value, context, _MODELS, "case")


Case = Annotated[Decision | Play, Chosen(pick, _NAMES)]


class Cases(Node):
    """Cases, all at one moment."""

    schema_: Literal["cases/v1"] = Field(alias="schema")
    at: Moment
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
