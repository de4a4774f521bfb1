"""Condition: what must hold, with every name resolved, every value typed and every threshold exact.

This is the one tree that all readings share: the reference evaluator, durable-rules, the compiled function
and the columns. A spec's condition becomes one through `rules.compile`; nothing here parses or computes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from rules.reading import Reading
from rules.values import BOOLEAN, ValueType

Truth = bool | None  # None: unknown
Comparison = Literal[
    "is",
    "is_not",
    "at_least",
    "at_most",
    "more_than",
    "less_than",
    "between",
    "one_of",
    "none_of",
    "contains",
    "starts_with",
    "is_known",
]
Rounding = Literal["exact", "half_up", "half_even", "up", "down"]


# ------------------------------------------------------------------------------------------ where values come from
@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute, under the first of its names that is known (`maintenance@network`, then `maintenance`)."""

    names: tuple[str, ...]
    type: ValueType


@dataclass(frozen=True, slots=True)
class Best:
    """The highest standing among the values of a ladder that is kept per value."""

    whole: str  # the attribute that gives it directly, if somebody computed it
    names: tuple[str, ...]
    type: ValueType


@dataclass(frozen=True, slots=True)
class Measured:
    """A base metric over a window."""

    reading: Reading
    type: ValueType


@dataclass(frozen=True, slots=True)
class Ratio:
    """Numerator over denominator, rounded half to even at the places of the type; unknown over 0."""

    reading: Reading
    type: ValueType
    numerator: "Source"
    denominator: "Source"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score: a source, at most `cap` of it, times `weight`."""

    source: "Source"
    weight: Fraction
    cap: Fraction | None


@dataclass(frozen=True, slots=True)
class Score:
    """A weighted sum, clamped, then rounded half to even at the places of the type; unknown if a part is."""

    reading: Reading
    type: ValueType
    parts: tuple[Part, ...]
    low: Fraction | None
    high: Fraction | None


@dataclass(frozen=True, slots=True)
class Named:
    """A condition with a name, read as a boolean metric."""

    reading: Reading
    node: "Condition"
    type: ValueType = BOOLEAN


Derived = Ratio | Score | Named
Source = Attribute | Best | Measured | Derived


# ---------------------------------------------------------------------------------------------- what is compared with
@dataclass(frozen=True, slots=True)
class Share:
    """A share of another reading, rounded to a whole number, then kept between bounds; in natural units."""

    of: "Source | Share"
    percent: Fraction
    round: Rounding
    cap: Fraction | None
    floor: Fraction | None


@dataclass(frozen=True, slots=True)
class Same:
    """The text that another attribute holds: the subject, in the `where` of a metric."""

    source: Attribute


Bound = Fraction | str | bool | Share | Same
"""A number in natural units, a text, a truth, or what is read at the moment."""


# --------------------------------------------------------------------------------------------------------------- nodes
@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison of one value.

    Args:
        name: as the spec names it.
        over: the window, as text; `all` for what has none.
        source: where the value comes from.
        comparison: which.
        bounds: one; two for `between`; the values for `one_of` and `none_of`; a truth for `is_known`.
        memo: what the reference evaluator found for values it has met, where the bounds are fixed.
    """

    name: str
    over: str
    source: Source
    comparison: Comparison
    bounds: tuple[Bound, ...]
    memo: dict[object, object] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fixed = not any(isinstance(bound, Share | Same) for bound in self.bounds)
        object.__setattr__(self, "memo", {} if fixed and not isinstance(self.source, Named) else None)


@dataclass(frozen=True, slots=True)
class Held:
    """A title that a member holds and that does not rest.

    Args:
        title: its id.
        names: under which the stored titles may hold it (`circle-leader`, `circle-leader@audio`).
        held_by: the condition that gives it instead, for a title that nobody stores.
        rests_unless: the `while` of the title; the right rests where it is not surely true.
    """

    title: str
    names: tuple[str, ...]
    held_by: "Condition | None"
    rests_unless: "Condition | None"


@dataclass(frozen=True, slots=True)
class Titles:
    """A leaf that asks for titles; `node` says it of the single titles."""

    name: str
    over: str
    comparison: Comparison
    titles: tuple[str, ...]
    node: "Condition"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one holds."""

    nodes: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one holds."""

    nodes: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold; unknown stays unknown."""

    node: "Condition"


@dataclass(frozen=True, slots=True)
class ExactlyOne:
    """One holds and the rest do not."""

    nodes: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AtLeastOf:
    """So many hold."""

    count: int
    nodes: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A truth that does not depend on anybody: `everyone`, or what nothing can tell (None)."""

    truth: Truth


Condition = Leaf | Titles | Held | AllOf | AnyOf | Not | ExactlyOne | AtLeastOf | Fixed


def none_of(nodes: tuple[Condition, ...]) -> Condition:
    """None of them holds."""
    return AllOf(tuple(Not(node) for node in nodes))


def leaves(condition: Condition) -> Iterator[Leaf | Titles]:
    """The leaves of a condition in the order written, without those inside named conditions and titles."""
    match condition:
        case Leaf() | Titles():
            yield condition
        case AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
            for node in nodes:
                yield from leaves(node)
        case Not(node):
            yield from leaves(node)
        case Held() | Fixed():
            return


def sources(condition: Condition) -> Iterator[Source]:
    """Every source a condition may read, through derived metrics, titles and right-hand sides."""
    match condition:
        case Leaf(source=source, bounds=bounds):
            yield from within(source)
            for bound in bounds:
                while isinstance(bound, Share):
                    if not isinstance(bound.of, Share):
                        yield from within(bound.of)
                        break
                    bound = bound.of
                if isinstance(bound, Same):
                    yield bound.source
        case Titles(node=node) | Not(node):
            yield from sources(node)
        case Held(held_by=held_by, rests_unless=rests_unless):
            for part in (held_by, rests_unless):
                if part is not None:
                    yield from sources(part)
        case AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
            for node in nodes:
                yield from sources(node)
        case Fixed():
            return


def within(source: Source) -> Iterator[Source]:
    """A source and what it is computed from."""
    yield source
    match source:
        case Ratio(numerator=numerator, denominator=denominator):
            yield from within(numerator)
            yield from within(denominator)
        case Score(parts=parts):
            for part in parts:
                yield from within(part.source)
        case Named(node=node):
            yield from sources(node)
        case Attribute() | Best() | Measured():
            return


def base_readings(condition: Condition) -> frozenset[Reading]:
    """The base metrics, each over its window, that a condition is decided by."""
    return frozenset(source.reading for source in sources(condition) if isinstance(source, Measured))


def needs_titles(condition: Condition) -> bool:
    """Whether stored titles are asked for anywhere in a condition."""
    match condition:
        case Held(held_by=held_by):
            return held_by is None or needs_titles(held_by)
        case Titles(node=node) | Not(node):
            return needs_titles(node)
        case AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
            return any(needs_titles(node) for node in nodes)
        case Leaf(source=source):
            return any(needs_titles(s.node) for s in within(source) if isinstance(s, Named))
        case Fixed():
            return False
