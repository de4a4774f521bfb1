"""Spans: between what a number may lie, and how a comparison may come out then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.condition import Truth
from rules.smallest.nodes import Comparing
from rules.values import ValueType

HUGE = Fraction(10**40)
"""More than any number."""


@dataclass(frozen=True, slots=True)
class Span:
    """What a number may be: between two bounds, in natural units, and perhaps unknown; no bounds: surely unknown."""

    low: Fraction | None
    high: Fraction | None
    unknown: bool = False


def rounded(number: Fraction, type_: ValueType) -> Fraction:
    return Fraction(round(number * type_.scale), type_.scale)


def quotient(type_: ValueType, above: Span, below: Span, finest: Fraction) -> Span:
    """One span over another; unknown over 0.

    Args:
        finest: the least that the lower one can be apart from 0.
    """
    if above.low is None or above.high is None or below.low is None or below.high is None:
        return Span(None, None, True)
    unders = []
    if below.high > 0:
        unders += [max(below.low, finest), below.high]
    if below.low < 0:
        unders += [below.low, min(below.high, -finest)]
    if not unders:
        return Span(None, None, True)
    ends = [over / under for over in (above.low, above.high) for under in unders]
    unknown = above.unknown or below.unknown or below.low <= 0 <= below.high
    return Span(rounded(min(ends), type_), rounded(max(ends), type_), unknown)


def compare_spans(leaf: Comparing, value: Span, bounds: Sequence[Span]) -> frozenset[Truth]:
    if leaf.leaf.comparison == "is_known":
        wanted = leaf.leaf.bounds[0]
        found: set[Truth] = set()
        if value.unknown or value.low is None:
            found.add(not wanted)
        if value.low is not None:
            found.add(bool(wanted))
        return frozenset(found)
    truths: set[Truth] = set()
    if value.unknown or any(bound.unknown for bound in bounds):
        truths.add(None)
    if value.low is None or value.high is None or any(bound.low is None or bound.high is None for bound in bounds):
        return frozenset({None})
    a, b = value.low, value.high
    ends = [(bound.low, bound.high) for bound in bounds]
    match leaf.leaf.comparison:
        case "at_least":
            may, fails = b >= ends[0][0], a < ends[0][1]  # type: ignore[operator]
        case "more_than":
            may, fails = b > ends[0][0], a <= ends[0][1]  # type: ignore[operator]
        case "at_most":
            may, fails = a <= ends[0][1], b > ends[0][0]  # type: ignore[operator]
        case "less_than":
            may, fails = a < ends[0][1], b >= ends[0][0]  # type: ignore[operator]
        case "between":
            may = b >= ends[0][0] and a <= ends[1][1]  # type: ignore[operator]
            fails = a < ends[0][1] or b > ends[1][0]  # type: ignore[operator]
        case _:
            meets = [a <= high and b >= low for low, high in ends]  # type: ignore[operator]
            sure = [a == b == low == high for low, high in ends]
            may, fails = any(meets), not any(sure)
            if leaf.leaf.comparison in ("is_not", "none_of"):
                may, fails = fails, may
    if may:
        truths.add(True)
    if fails:
        truths.add(False)
    return frozenset(truths)


def compared(leaf: Comparing, values: Sequence[object], type_: ValueType, bounds: Sequence[object]) -> Truth:
    """One comparison of one value as it is kept (a number scaled) with bounds in natural units."""
    (value,) = values
    word = leaf.leaf.comparison
    if word == "is_known":
        return (value is not None) == leaf.leaf.bounds[0]
    if value is None or None in bounds:
        return None
    if type_.numeric and isinstance(value, int):
        value = Fraction(value, type_.scale)
    if word == "contains":
        return bounds[0] in value  # type: ignore[operator]
    if word == "starts_with":
        return str(value).startswith(str(bounds[0]))
    if word in ("one_of", "none_of"):
        hit = not value.isdisjoint(bounds) if isinstance(value, frozenset) else value in bounds
        return hit == (word == "one_of")
    wanted = list(bounds)
    if type_.kind == "tier" and word not in ("is", "is_not"):
        value, wanted = type_.rank(str(value)), [type_.rank(str(bound)) for bound in wanted]
    match word:
        case "is":
            return value == wanted[0]
        case "is_not":
            return value != wanted[0]
        case "at_least":
            return value >= wanted[0]  # type: ignore[operator, no-any-return]
        case "at_most":
            return value <= wanted[0]  # type: ignore[operator, no-any-return]
        case "more_than":
            return value > wanted[0]  # type: ignore[operator, no-any-return]
        case "less_than":
            return value < wanted[0]  # type: ignore[operator, no-any-return]
        case _:
            return wanted[0] <= value <= wanted[1]  # type: ignore[operator, no-any-return]
