"""Ranges: between what a value may lie in a box, and how a comparison over several values may come out there."""

from __future__ import annotations

from fractions import Fraction

from rules.condition import Truth
from rules.smallest.boxes import Box, Side, ways
from rules.smallest.nodes import Comparing, Const, Expr, Portion, Quotient, Total, Var, portion
from rules.smallest.places import Place
from rules.smallest.spans import HUGE, Span, compare_spans, compared, quotient, rounded
from rules.values import Value

FEW = 4096
"""Up to so many values are looked at one by one; more come only as whole numbers in their order."""


class Ranges:
    """Ranges of the values of some places."""

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        self._spans: dict[tuple[int, Side], Span] = {}
        self._truths: dict[tuple[int, tuple[Side, ...]], frozenset[Truth]] = {}

    def truths(self, leaf: Comparing, box: Box) -> frozenset[Truth]:
        """How a leaf over several places may come out in a box; perhaps more than it really can."""
        key = (id(leaf), tuple([box[number] for number in sorted(leaf.places)]))
        found = self._truths.get(key)
        if found is None:
            found = self._truths[key] = self._come_out(leaf, box)
        return found

    def _come_out(self, leaf: Comparing, box: Box) -> frozenset[Truth]:
        type_ = leaf.leaf.source.type
        if not type_.numeric:
            found: set[Truth] = set()
            bounds = [fixed(bound) for bound in leaf.bounds]
            values = self._values(leaf.value, box)
            if values is None or any(bound is OPEN for bound in bounds):
                return frozenset({True, False, None})
            for value in values:
                found.add(compared(leaf, [value], type_, bounds))
            return frozenset(found)
        span = self.span(leaf.value, box)
        spans = [self.span(bound, box) for bound in leaf.bounds] if leaf.leaf.comparison != "is_known" else []
        return compare_spans(leaf, span, spans)

    def _values(self, expr: Expr, box: Box) -> list[Value | None] | None:
        if isinstance(expr, Const):
            return [expr.value]  # type: ignore[list-item]
        if not isinstance(expr, Var):
            return None
        place = self.places[expr.place]
        found: list[Value | None] = []
        for track, low, high in ways(place, box[expr.place]):
            values = place.tracks[track].values if place.tracks else (place.now,)
            if len(values) > FEW:
                return None
            found.extend(values[low : high + 1])
        return found

    def span(self, expr: Expr, box: Box) -> Span:
        """Between what a number lies in a box."""
        match expr:
            case Const(value):
                return Span(value, value) if isinstance(value, Fraction) else Span(None, None, True)
            case Var(number):
                key = (number, box[number])
                known = self._spans.get(key)
                if known is None:
                    known = self._spans[key] = self._place_span(self.places[number], box[number])
                return known
            case Portion(share, of):
                base = self.span(of, box)
                if base.low is None or base.high is None:
                    return base
                ends = [portion(share, base.low), portion(share, base.high)]
                return Span(min(ends), max(ends), base.unknown)
            case Quotient(type_, above, below):
                return quotient(type_, self.span(above, box), self.span(below, box), self._finest(below))
            case Total(type_, parts, low, high):
                least, most, unknown = Fraction(0), Fraction(0), False
                for part, weight, cap in parts:
                    span = self.span(part, box)
                    if span.low is None or span.high is None:
                        return Span(None, None, True)
                    unknown = unknown or span.unknown
                    ends = [weight * (end if cap is None else min(end, cap)) for end in (span.low, span.high)]
                    least, most = least + min(ends), most + max(ends)
                ends = [least, most] if low is None else [max(least, low), max(most, low)]
                ends = ends if high is None else [min(end, high) for end in ends]
                return Span(rounded(ends[0], type_), rounded(ends[1], type_), unknown)

    def _finest(self, expr: Expr) -> Fraction:
        """The last place of a number."""
        match expr:
            case Var(number):
                return Fraction(1, self.places[number].type.scale)
            case Quotient() | Total():
                return Fraction(1, expr.type.scale)
            case Const(value):
                return abs(value) if isinstance(value, Fraction) and value else Fraction(1)
            case Portion():
                return 1 / HUGE

    def _place_span(self, place: Place, side: Side) -> Span:
        scale = place.type.scale
        low: int | None = None
        high: int | None = None
        unknown = False
        for track, first, last in ways(place, side):
            values = place.tracks[track].values if place.tracks else (place.now,)
            if first == 0 and values[0] is None:
                unknown = True
                first = 1
            if first > last:
                continue
            ends = (int(values[first]), int(values[last]))  # type: ignore[arg-type]
            low = min(ends) if low is None else min(low, *ends)
            high = max(ends) if high is None else max(high, *ends)
        if low is None or high is None:
            return Span(None, None, True)
        return Span(Fraction(low, scale), Fraction(high, scale), unknown)


OPEN = object()


def fixed(bound: Expr) -> object:
    """The value of a bound that does not move, else `OPEN`."""
    return bound.value if isinstance(bound, Const) else OPEN
