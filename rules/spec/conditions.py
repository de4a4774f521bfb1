"""Conditions: words over readings. Lists under all, any, none; leaves that compare one name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, RootModel, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from rules.spec.diagnostics import listed, nearest
from rules.spec.node import SHAPE, SYNONYMS, Chosen, Context, Node, keys_of, mistake, said, shown, wrong_shape
from rules.spec.scalars import (
    Ago,
    Flag,
    IdArg,
    Key,
    Name,
    Number,
    Plain,
    Positive,
    Text,
    Window,
    WindowArg,
    less,
    words,
)
from rules.spec.source import Written, as_written


class Reading(Node):
    """Another metric as a right-hand side: a share of it, over its own window, bounded, rounded."""

    of: Annotated[Name | Reading, SHAPE]
    percent: Number = 100
    over: Window | None = None
    until: Ago | None = None
    cap: Number | None = None
    floor: Number | None = None
    round: Annotated[str, words("exact", "half_up", "half_even", "up", "down")] = "exact"

    @model_validator(mode="after")
    def _bounds(self) -> Reading:
        if self.cap is not None and self.floor is not None and less(self.cap, self.floor):
            raise mistake("TRL215", f"cap {self.cap} is below floor {self.floor}", key="cap")
        return self


Bound = Annotated[Annotated[int | str, Plain("whole", "decimal", "duration", "day", "money", "arg")] | Reading, SHAPE]
OrderedBound = Annotated[
    Annotated[int | str, Plain("whole", "decimal", "duration", "day", "money", "arg", "id")] | Reading, SHAPE
]
Literal_ = Annotated[bool | int | str, Plain("flag", "whole", "text")]
Few = Annotated[
    Annotated[tuple[Annotated[int | str, Plain("whole", "text")], ...], Field(min_length=1)]
    | Annotated[str, Plain("arg")],
    SHAPE,
]

# The comparisons of a leaf; the other keys of a leaf say of when and of what.
COMPARISONS = (
    "is", "is_not", "at_least", "at_most", "more_than", "less_than", "between", "one_of", "none_of", "contains",
    "starts_with", "is_known",
)  # fmt: skip


class Test(Node):
    """One or more comparisons, all of which must hold, over one window."""

    __test__: ClassVar[bool] = False  # pytest: this is no test class

    is_: Literal_ | None = Field(None, alias="is")
    is_not: Literal_ | None = None
    at_least: OrderedBound | None = None  # an id where the metric is a ladder
    at_most: OrderedBound | None = None
    more_than: Bound | None = None
    less_than: Bound | None = None
    between: tuple[Bound, Bound] | None = None  # both included
    one_of: Few | None = None
    none_of: Few | None = None
    contains: Text | None = None
    starts_with: Text | None = None
    is_known: Flag | None = None
    over: WindowArg | None = None
    until: Ago | None = None
    of: IdArg | None = None  # the value at which something kept per value is read

    @classmethod
    def misshapen(cls, value: Any) -> PydanticCustomError:
        """A value where a comparison is expected, such as `points: 400`."""
        if isinstance(value, tuple | list):
            return wrong_shape(value, "a comparison", f"write {{ one_of: [{', '.join(map(str, value))}] }}")
        if isinstance(value, str) and (found := re.fullmatch(r"(>=|<=|==?|>|<|!=)\s*(.+)", value)):
            return wrong_shape(value, "a comparison", f"write {{ {SYNONYMS[found[1]]}: {found[2]} }}")
        word = "at_least" if isinstance(value, int) and not isinstance(value, bool) else "is"
        plain = str(value).lower() if isinstance(value, bool) else value
        return wrong_shape(value, "a comparison", f"write {{ {word}: {plain} }}")

    @model_validator(mode="after")
    def _compares(self) -> Test:
        if not self.model_fields_set - {"over", "until", "of"}:
            raise mistake("TRL209", "a leaf compares nothing", f"add one of {listed(COMPARISONS)}")
        if self.between is not None:
            a, b = self.between
            if all(isinstance(x, int) or (isinstance(x, str) and Plain("decimal")._fits[0](x)) for x in (a, b)):
                assert not isinstance(a, Reading)
                assert not isinstance(b, Reading)
                if less(b, a):
                    raise mistake(
                        "TRL215", f"between [{a}, {b}] holds nothing", f"did you mean [{b}, {a}]?", key="between"
                    )
        return self

    def comparisons(self) -> dict[str, Any]:
        """The comparisons that were written: YAML word → right-hand side."""
        return {
            c: getattr(self, "is_" if c == "is" else c)
            for c in COMPARISONS
            if ("is_" if c == "is" else c) in self.model_fields_set
        }


class All(Node):
    """True when all are."""

    all: Annotated[tuple[Condition, ...], Field(min_length=1)]


class Any_(Node):
    """True when one is."""

    any: Annotated[tuple[Condition, ...], Field(min_length=1)]


class None_(Node):
    """True when all are false."""

    none: Annotated[tuple[Condition, ...], Field(min_length=1)]


class Not(Node):
    """True when it is false."""

    not_: Condition = Field(alias="not")


class ExactlyOne(Node):
    """True when one is true and the rest is false."""

    exactly_one: Annotated[tuple[Condition, ...], Field(min_length=2)]


class Several(Node):
    count: Positive
    of: Annotated[tuple[Condition, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _enough(self) -> Several:
        if self.count > len(self.of):
            raise mistake("TRL208", f"asks for {self.count} of {len(self.of)}", "there are not so many", key="count")
        return self


class AtLeastOf(Node):
    """True when so many are."""

    at_least_of: Several


class Leaf(RootModel[dict[Key, Test]]):
    """One name and what is asked of it."""

    model_config = ConfigDict(frozen=True, strict=True, defer_build=True)

    @property
    def name(self) -> str:
        return next(iter(self.root))

    @property
    def test(self) -> Test:
        return next(iter(self.root.values()))


_WORDS = {
    "all": "All",
    "any": "Any_",
    "none": "None_",
    "not": "Not",
    "exactly_one": "ExactlyOne",
    "at_least_of": "AtLeastOf",
}
WORDS = tuple(_WORDS)
_LISTS = ("all", "any", "none", "exactly_one")


def pick(value: Any, context: Context | None) -> str:
    """Which form of condition was written; misspelt words are put right."""
    if isinstance(value, str):
        if value.startswith("$"):
            return "arg"
        raise mistake(
            "TRL209", f"{shown(value)} is not a condition", "write { name: { at_least: 3, over: 90d } }, or $parameter"
        )
    if isinstance(value, tuple | list):
        raise mistake("TRL209", "a list is not a condition by itself", "put all:, any: or none: before it")
    if not isinstance(value, dict):
        raise mistake("TRL209", f"{shown(value)} is not a condition", "write { name: { at_least: 3, over: 90d } }")
    if isinstance(value, Written) and value.excused and (not value or set(value) <= set(keys_of(Test))):
        raise said()  # a name without comparisons, or with comparisons beside it: that was said
    if not value:
        raise mistake("TRL209", "an empty condition", "write { name: { at_least: 3, over: 90d } }")
    if len(value) > 1:
        return _several_keys(value, context)
    key: str = next(iter(value))
    inside = value[key]
    if key in _WORDS and isinstance(inside, dict) and inside and set(inside) <= set(keys_of(Test)):
        return "leaf"  # a name that is misspelt so as to be a word: the checks across documents know which
    if key in _WORDS:
        return key
    meant = _meant_word(key, value[key])
    if meant is None:
        return "leaf"
    if isinstance(value, Written) and context is not None:
        place = value.key_places[key]
        if meant:
            context.problems.at("TRL209", place, f"unknown word '{key}'", f"did you mean '{meant}'?")
        else:
            hint = f"a list of conditions stands under {listed(_LISTS)}"
            context.problems.at("TRL209", place, f"'{key}' holds a list", hint)
        value.rename(key, meant or "all")
    return meant or "all"


def _meant_word(key: str, inside: Any) -> str | None:
    """The condition word that a key is a misspelling of; "" if it is surely a word, but which?; None for a leaf."""
    if isinstance(inside, tuple | list):
        return nearest(key, _LISTS) or SYNONYMS.get(key.lower(), "")
    if isinstance(inside, dict):
        comparisons = keys_of(Test)
        if not inside.keys().isdisjoint(("count", "of")) and nearest(key, ["at_least_of"]) == "at_least_of":
            return "at_least_of"
        inner = next(iter(inside), None)
        deeper = len(inside) == 1 and isinstance(inside[inner], dict | tuple) and inner not in comparisons
        if deeper and inner is not None and nearest(key, ["not"]) and nearest(inner, comparisons) is None:
            return "not"
    return None


def _several_keys(value: dict[str, Any], context: Context | None) -> str:
    keys = list(value)
    known = [k for k in keys if k in _WORDS]
    comparing = [k for k in keys if k in keys_of(Test)]
    if comparing and not known:
        hint = "comparisons are indented under the name they are asked of: { name: { " + comparing[0] + ": … } }"
    elif comparing:
        hint = "one condition has one key; comparisons stand under a name"
    else:
        hint = "one condition has one key; put several in a list under all: or any:"
    raise mistake("TRL209", f"several conditions in one: {listed(keys, 5)}", hint, key=keys[1])


Condition = Annotated[
    All | Any_ | None_ | Not | ExactlyOne | AtLeastOf | Leaf | Annotated[str, Plain("arg")],
    Chosen(pick, {**_WORDS, "leaf": "Leaf", "arg": "str"}),
]

for _model in (Reading, Test, All, Any_, None_, Not, ExactlyOne, Several, AtLeastOf, Leaf):
    _model.model_rebuild()

_ADAPTER: TypeAdapter[Any] = TypeAdapter(Condition, config=ConfigDict(defer_build=True))


def condition(value: Any) -> Any:
    """A condition from plain Python values, such as {"points": {"at_least": 3}}; for tests and tools.

    Raises:
        pydantic.ValidationError: if it is none.
    """
    return _ADAPTER.validate_python(as_written(value))


def parts(value: Any) -> tuple[tuple[str | int, ...], tuple[Any, ...]]:
    """The path and the conditions directly inside a condition; nothing for a leaf or a parameter."""
    if isinstance(value, All):
        return ("all",), value.all
    if isinstance(value, Any_):
        return ("any",), value.any
    if isinstance(value, None_):
        return ("none",), value.none
    if isinstance(value, ExactlyOne):
        return ("exactly_one",), value.exactly_one
    if isinstance(value, AtLeastOf):
        return ("at_least_of", "of"), value.at_least_of.of
    return (), ()


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Leaf]]:
    """Every leaf of a condition, with the path of its name."""
    if isinstance(value, Leaf):
        yield (*path, value.name), value
    elif isinstance(value, Not):
        yield from leaves(value.not_, (*path, "not"))
    else:
        inside, conditions = parts(value)
        for n, c in enumerate(conditions):
            yield from leaves(c, (*path, *inside, n))
