"""Nodes: a condition over places, and what its expressions come to at a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from rules import condition as tree
from rules.values import Value, ValueType


@dataclass(frozen=True, slots=True)
class Const:
    """A value that does not move; None is unknown."""

    value: Value | Fraction | None


@dataclass(frozen=True, slots=True)
class Var:
    """The value of a place."""

    place: int


@dataclass(frozen=True, slots=True)
class Quotient:
    """See `condition.Ratio`; all numbers in natural units."""

    type: ValueType
    above: Expr
    below: Expr


@dataclass(frozen=True, slots=True)
class Total:
    """See `condition.Score`."""

    type: ValueType
    parts: tuple[tuple[Expr, Fraction, Fraction | None], ...]
    low: Fraction | None
    high: Fraction | None


@dataclass(frozen=True, slots=True)
class Portion:
    """See `condition.Share`."""

    share: tree.Share
    of: Expr


Expr = Const | Var | Quotient | Total | Portion


# -------------------------------------------------------------------------------------------------------------- nodes
@dataclass(frozen=True, slots=True)
class Comparing:
    """A leaf: a value compared with others; for titles, whether one of some names is held."""

    leaf: tree.Leaf
    value: Expr
    bounds: tuple[Expr, ...]
    places: frozenset[int]
    alone: bool  # one place, fixed bounds


@dataclass(frozen=True, slots=True)
class Holding:
    """Whether a set holds one of some names."""

    place: int
    names: frozenset[str]
    places: frozenset[int]


@dataclass(frozen=True, slots=True)
class Resting:
    """A title: held, and its `while` surely true."""

    held: Node
    unless: Node
    places: frozenset[int]


@dataclass(frozen=True, slots=True)
class KnownOr:
    """Whether a truth is known (or not)."""

    node: Node
    known: bool
    places: frozenset[int]


@dataclass(frozen=True, slots=True)
class Opposite:
    """Not."""

    node: Node
    places: frozenset[int]


@dataclass(frozen=True, slots=True)
class Joined:
    """`all`, `any`, `one` (exactly one) or `some` (at least `count`) of the nodes."""

    word: str
    nodes: tuple[Node, ...]
    places: frozenset[int]
    apart: bool  # no place is in two of the nodes
    count: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """A truth that nothing moves."""

    truth: tree.Truth
    places: frozenset[int] = frozenset()


Node = Comparing | Holding | Resting | KnownOr | Opposite | Joined | Given


def value_of(expr: Expr, point: Sequence[Value | Fraction | None]) -> Value | Fraction | None:
    """What an expression comes to, numbers in natural units, at a point: the values of all places."""
    match expr:
        case Const(value):
            return value
        case Var(place):
            return point[place]
        case Portion(share, of):
            base = value_of(of, point)
            return portion(share, base) if isinstance(base, Fraction) else None
        case Quotient(type_, above, below):
            over, under = value_of(above, point), value_of(below, point)
            if not isinstance(over, Fraction) or not isinstance(under, Fraction) or not under:
                return None
            return Fraction(round(over / under * type_.scale), type_.scale)
        case Total(type_, parts, low, high):
            total = Fraction(0)
            for part, weight, cap in parts:
                number = value_of(part, point)
                if not isinstance(number, Fraction):
                    return None
                total += weight * (number if cap is None else min(number, cap))
            total = total if low is None else max(total, low)
            total = total if high is None else min(total, high)
            return Fraction(round(total * type_.scale), type_.scale)


def portion(share: tree.Share, of: Fraction) -> Fraction:
    """A share of a number, rounded and kept between its bounds; see `condition.Share`."""
    part = of * share.percent / 100
    match share.round:
        case "down":
            part = Fraction(floor(part))
        case "up":
            part = Fraction(ceil(part))
        case "half_up":
            part = Fraction(floor(part + Fraction(1, 2)))
        case "half_even":
            part = Fraction(round(part))
    part = part if share.cap is None else min(part, share.cap)
    return part if share.floor is None else max(part, share.floor)
