"""metrics/v1: kinds of facts (each also a form) and what is computed from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rules.spec.conditions import Condition
from rules.spec.diagnostics import listed, nearest
from rules.spec.fields import FieldSpec, Places, range_of_numbers
from rules.spec.labels import Label
from rules.spec.node import Chosen, Context, Node, keys_of, mistake, wrong_shape
from rules.spec.scalars import Duration, Flag, Id, Name, Number, Plain, Positive, Window, words
from rules.spec.source import Written

SUBJECTS = ("community", "member", "work", "team", "run", "cohort", "space")
PERIODS = ("day", "week", "month")
OF_FIELD = ("sum", "mean", "max", "min", "latest", "distinct")  # takes that read a field


def _judge_reach(within: str) -> None:
    if within.endswith(("bd", "bh")):
        raise mistake(
            "TRL206", f"'{within}' is working time", "acts follow on each other at any hour: 10min, 1d", key="within"
        )


class GivenBack(Node):
    """A fact is suspect if members do the same for each other, straight or round a ring of three, so shortly after."""

    within: Duration
    field: Name = "by"  # names the other member
    whole: Flag = False  # and so are those that were answered

    @model_validator(mode="after")
    def _elapses(self) -> GivenBack:
        _judge_reach(self.within)
        return self


class Burst(Node):
    """A fact is suspect if so many about the same member happened shortly before, per value of a field."""

    count: Positive
    within: Duration
    from_: Name | None = Field(None, alias="from")
    whole: Flag = False  # and so are those that happened before

    @model_validator(mode="after")
    def _elapses(self) -> Burst:
        _judge_reach(self.within)
        return self


class Suspect(Node):
    """What makes facts of a kind suspect; metrics with `ignore: [suspect]` leave them out."""

    reciprocal: GivenBack | None = None  # they liked each other
    ring: GivenBack | None = None  # likes that go round three members
    burst: tuple[Burst, ...] = ()


class FactKind(Node):
    """A kind of fact; also the form that people fill in to record one."""

    id: Id
    title: Label
    about: Annotated[str, words(*SUBJECTS)] = "member"
    named: Flag = False  # the form asks whom it is about
    fields: tuple[FieldSpec, ...] = ()
    private: Flag = False
    shelf: Annotated[str, words("learning", "honours")] | None = None  # where it stands on a member's growth page
    suspect: Suspect | None = None


class Limit(Node):
    """At most so many facts count per period, per value of a field."""

    count: Positive
    every: Annotated[str, words(*PERIODS)]
    from_: Id | None = Field(None, alias="from")


class Counted(Node):
    """A metric computed from facts."""

    id: Id
    title: Label
    type: Annotated[str, words("integer", "decimal", "boolean", "duration", "text", "date")]
    unit: Id | None = None
    places: Places | None = None
    min: Number | None = None
    max: Number | None = None
    from_: Annotated[tuple[Id, ...], Field(min_length=1)] = Field(alias="from")
    take: Annotated[
        str,
        words(
            "count", "sum", "mean", "max", "min", "latest", "distinct", "days_with", "streak", "since_first",
            "since_last",
        ),
    ]  # fmt: skip
    field: Name | None = None
    key: Name = "member"
    by: Name | None = None
    where: Condition | None = None
    period: Annotated[str, words(*PERIODS)] | None = None
    dated_by: Id | None = None
    limits: tuple[Limit, ...] = ()
    ignore: tuple[Annotated[str, words("self", "staff", "suspect")], ...] = ()
    if_none: Annotated[str, words("zero", "unknown")] = "zero"  # what a sum over no facts is

    @model_validator(mode="after")
    def _sense(self) -> Counted:
        decimals(self.type, self.places)
        range_of_numbers(self.min, self.max)
        if self.take in OF_FIELD and self.field is None:
            raise mistake("TRL213", f"take: {self.take} needs a field", "add field: the field of the fact", key="take")
        if self.take not in OF_FIELD and self.field is not None:
            raise mistake(
                "TRL213", f"take: {self.take} reads no field", f"fields are for {listed(OF_FIELD)}", key="field"
            )
        if self.if_none == "unknown" and self.take != "sum":
            raise mistake("TRL213", f"if_none is for a sum, not for {self.take}", "leave it out", key="if_none")
        if (self.take == "streak") != (self.period is not None):
            if self.period is None:
                raise mistake("TRL213", "a streak needs a period", "add period: day, week or month", key="take")
            raise mistake("TRL213", f"take: {self.take} has no period", "a period is for a streak", key="period")
        return self


class Ratio(Node):
    """A metric that is one metric divided by another."""

    id: Id
    title: Label
    type: Annotated[str, words("decimal")] = "decimal"
    places: Places = 2
    ratio: tuple[Name, Name]


class Weighted(Node):
    """A part of a score."""

    metric: Name
    weight: Number
    over: Window | None = None
    cap: Number | None = None


class Score(Node):
    """A metric that is a weighted sum of metrics."""

    id: Id
    title: Label
    type: Annotated[str, words("integer", "decimal")]
    places: Places | None = None
    min: Number | None = None
    max: Number | None = None
    unit: Id | None = None
    score: Annotated[tuple[Weighted, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _sense(self) -> Score:
        decimals(self.type, self.places)
        range_of_numbers(self.min, self.max)
        return self


class Named(Node):
    """A metric that is a condition with a name."""

    id: Id
    title: Label
    type: Annotated[str, words("boolean")] = "boolean"
    when: Condition


class Packed(Node):
    """A metric that a rule pack computes."""

    id: Id
    title: Label
    type: Annotated[str, words("integer", "decimal", "boolean", "duration", "text")]
    places: Places | None = None
    min: Number | None = None
    max: Number | None = None
    key: Name = "member"
    pack: Annotated[str, Plain("pack")]

    @model_validator(mode="after")
    def _sense(self) -> Packed:
        decimals(self.type, self.places)
        range_of_numbers(self.min, self.max)
        return self


def decimals(kind: str, places: int | None) -> None:
    """Decimals say their places; nothing else has any.

    Raises:
        PydanticCustomError: if they do not.
    """
    if kind == "decimal" and places is None:
        raise mistake("TRL213", "a decimal says its places", "add places: 2", key="type")
    if kind != "decimal" and places is not None:
        raise mistake("TRL213", f"places are for decimals, not for {kind}", key="places")


_FORMS = {"from": "Counted", "ratio": "Ratio", "score": "Score", "when": "Named", "pack": "Packed"}
_MODELS: dict[str, type[Node]] = {"from": Counted, "ratio": Ratio, "score": Score, "when": Named, "pack": Packed}
_KEYS = {k for m in _MODELS.values() for k in keys_of(m)}


def pick(value: Any, context: Context | None) -> str:
    """Which form of metric was written, by the one key that tells; a misspelt key is put right."""
    if not isinstance(value, dict):
        raise wrong_shape(value, "a metric: a mapping with id, title, type, and from, ratio, score, when or pack")
    found = next((k for k in _FORMS if k in value), None)
    if found is not None:
        return found
    if isinstance(value, Written) and context is not None:
        for key in value:
            meant = None if key in _KEYS else nearest(key, _form_of(value, key))
            if meant is not None:
                context.problems.at("TRL202", value.key_places[key], f"unknown key '{key}'", f"did you mean '{meant}'?")
                value.rename(key, meant)
                return meant
    raise mistake(
        "TRL211",
        "a metric says how it is computed",
        "add from: [facts], ratio: [a, b], score: […], when: … or pack: name",
    )


def _form_of(value: Written, key: str) -> list[str]:
    """The telling keys, those first whose form has the other keys of this metric."""
    others = {k for k in value if k != key}
    return sorted(_FORMS, key=lambda form: -len(others & set(keys_of(_MODELS[form]))))


Metric = Annotated[Counted | Ratio | Score | Named | Packed, Chosen(pick, _FORMS)]


class Metrics(Node):
    """Kinds of facts, and metrics."""

    schema_: Literal["metrics/v1"] = Field(alias="schema")
    title: Label
    facts: tuple[FactKind, ...] = ()
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1)]
