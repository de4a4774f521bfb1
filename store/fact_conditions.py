"""Fact conditions: the `where` of a metric as an expression over typed columns of facts, three-valued as ever."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import reduce
from math import ceil, floor

import polars as pl

from rules.condition import AllOf, AnyOf, AtLeastOf, Attribute, Bound, Condition, ExactlyOne, Fixed, Leaf, Not, Same
from rules.errors import NotDecidable

Columns = Mapping[str, pl.Expr]
"""The columns that there are, by the name that a condition reads; any other name is unknown."""

_BIGGEST = 2**62


def holds(condition: Condition, columns: Columns) -> pl.Expr:
    """Where a condition over the fields of a fact is true; null is unknown.

    Raises:
        NotDecidable: it reads something that is no field of a fact.
    """
    match condition:
        case AllOf(nodes):
            return reduce(lambda a, b: a & b, [holds(node, columns) for node in nodes])
        case AnyOf(nodes):
            return reduce(lambda a, b: a | b, [holds(node, columns) for node in nodes])
        case Not(node):
            return ~holds(node, columns)
        case ExactlyOne(nodes):
            trues, unknowns = _tally([holds(node, columns) for node in nodes])
            return pl.when(trues > 1).then(False).when(unknowns == 0).then(trues == 1)
        case AtLeastOf(count=count, nodes=nodes):
            trues, unknowns = _tally([holds(node, columns) for node in nodes])
            return pl.when(trues >= count).then(True).when(trues + unknowns < count).then(False)
        case Fixed(truth):
            return pl.lit(truth, dtype=pl.Boolean)
        case Leaf():
            return _leaf(condition, columns)
        case _:
            raise NotDecidable("the where of a metric reads fields of a fact only", "not titles")


def _tally(truths: list[pl.Expr]) -> tuple[pl.Expr, pl.Expr]:
    return (
        pl.sum_horizontal(*(truth.fill_null(False).cast(pl.Int32) for truth in truths)),
        pl.sum_horizontal(*(truth.is_null().cast(pl.Int32) for truth in truths)),
    )


def _leaf(leaf: Leaf, columns: Columns) -> pl.Expr:
    if not isinstance(leaf.source, Attribute):
        raise NotDecidable(f"{leaf.name} is no field of the fact", "the where of a metric reads fields of a fact only")
    value = _column(leaf.source, columns)
    known = value is not None
    if leaf.comparison == "is_known":
        asked = bool(leaf.bounds[0])
        return (value.is_not_null() if asked else value.is_null()) if value is not None else pl.lit(asked == known)
    if value is None:
        return pl.lit(None, dtype=pl.Boolean)
    if leaf.source.type.numeric:
        return _number(leaf, value)
    if leaf.source.type.kind == "set":
        return _set(leaf, value)
    if leaf.source.type.kind == "tier" and leaf.comparison in ("at_least", "at_most"):
        return _rank(leaf, value)
    return _plain(leaf, value, columns)


def _column(source: Attribute, columns: Columns) -> pl.Expr | None:
    found = [columns[name] for name in source.names if name in columns]
    return pl.coalesce(found) if len(found) > 1 else found[0] if found else None


def _number(leaf: Leaf, value: pl.Expr) -> pl.Expr:
    bounds = [_scaled(bound, leaf.source.type.scale) for bound in leaf.bounds]
    match leaf.comparison:
        case "is" | "one_of":
            return _is_in(value, bounds)
        case "is_not" | "none_of":
            return ~_is_in(value, bounds)
        case "at_least":
            return value >= _whole(ceil(bounds[0]))
        case "at_most":
            return value <= _whole(floor(bounds[0]))
        case "more_than":
            return value > _whole(floor(bounds[0]))
        case "less_than":
            return value < _whole(ceil(bounds[0]))
        case _:
            return (value >= _whole(ceil(bounds[0]))) & (value <= _whole(floor(bounds[1])))


def _scaled(bound: Bound, scale: int) -> Fraction:
    if not isinstance(bound, Fraction):
        raise NotDecidable("a field of a fact is compared with a literal only", "write the number itself")
    return bound * scale


def _whole(number: int) -> int:
    return max(-_BIGGEST, min(_BIGGEST, number))


def _is_in(value: pl.Expr, bounds: list[Fraction]) -> pl.Expr:
    wanted = [_whole(bound.numerator) for bound in bounds if bound.denominator == 1]
    return reduce(lambda a, b: a | b, [value == one for one in wanted], _never(value))


def _never(value: pl.Expr) -> pl.Expr:
    """False where there is a value, unknown where there is none."""
    return pl.when(value.is_not_null()).then(False)


def _set(leaf: Leaf, value: pl.Expr) -> pl.Expr:
    hits = [value.list.contains(str(bound)) for bound in leaf.bounds]
    hit = reduce(lambda a, b: a | b, hits, _never(value))
    return ~hit if leaf.comparison == "none_of" else hit


def _rank(leaf: Leaf, value: pl.Expr) -> pl.Expr:
    ladder = leaf.source.type.listed
    wanted = ladder.index(str(leaf.bounds[0]))
    right = ladder[wanted:] if leaf.comparison == "at_least" else ladder[: wanted + 1]
    return value.is_in(list(right))


def _plain(leaf: Leaf, value: pl.Expr, columns: Columns) -> pl.Expr:
    bound = leaf.bounds[0]
    match leaf.comparison:
        case "contains":
            return value.str.contains(str(bound), literal=True)
        case "starts_with":
            return value.str.starts_with(str(bound))
        case "one_of" | "none_of":
            hit = reduce(lambda a, b: a | b, [value == pl.lit(one) for one in leaf.bounds], _never(value))
            return ~hit if leaf.comparison == "none_of" else hit
    if isinstance(bound, Same):
        other = _column(bound.source, columns)
        equal = value == other if other is not None else pl.lit(None, dtype=pl.Boolean)
    else:
        equal = value == pl.lit(bound)
    return ~equal if leaf.comparison == "is_not" else equal
