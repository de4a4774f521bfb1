"""Parts: what a condition reads, as places that can move, and the same condition over those places.

A place is one base value: a metric over its window, or an attribute. A leaf that compares one place with something
fixed needs only a few of its values: the nearest on each side of each threshold. A leaf over several places (a ratio,
a score, a share of another metric) needs every step of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from rules import condition as tree
from rules.evaluate import read
from rules.reading import Reading
from rules.smallest.levers import Lever
from rules.smallest.nodes import (
    Comparing,
    Const,
    Expr,
    Given,
    Holding,
    Joined,
    KnownOr,
    Node,
    Opposite,
    Portion,
    Quotient,
    Resting,
    Total,
    Var,
    value_of,
)
from rules.smallest.places import Place, tracks_of
from rules.values import Evidence, Value, ValueType


class Parts:
    """A condition over one member's places.

    Args:
        condition: what is asked.
        evidence: what is known of the member.
        levers: how each base value can move.
    """

    def __init__(
        self, condition: tree.Condition, evidence: Evidence, levers: Callable[[Reading | str, ValueType], Lever]
    ) -> None:
        self.evidence = evidence
        self._levers = levers
        self._numbers: dict[Reading | str, int] = {}
        self.places: list[Place] = []
        self.node = self._node(condition)
        for place in self.places:
            place.tracks = tracks_of(place)

    # ----------------------------------------------------------------------------------------------------- the tree
    def _node(self, condition: tree.Condition) -> Node:
        match condition:
            case tree.Leaf():
                return self._leaf(condition)
            case tree.Titles(node=node):
                return self._node(node)
            case tree.Held():
                return self._held(condition)
            case tree.Fixed(truth):
                return Given(truth)
            case tree.Not(node):
                inner = self._node(node)
                return Opposite(inner, inner.places)
            case tree.AllOf(nodes):
                return self._joined("all", nodes)
            case tree.AnyOf(nodes):
                return self._joined("any", nodes)
            case tree.ExactlyOne(nodes):
                return self._joined("one", nodes)
            case tree.AtLeastOf(count, nodes):
                return self._joined("some", nodes, count)

    def _joined(self, word: str, written: Sequence[tree.Condition], count: int = 0) -> Node:
        nodes = tuple([self._node(node) for node in written])
        places = frozenset[int]().union(*(node.places for node in nodes))
        return Joined(word, nodes, places, sum(len(node.places) for node in nodes) == len(places), count)

    def _held(self, held: tree.Held) -> Node:
        if held.held_by is not None:
            has = self._node(held.held_by)
        else:
            var = self._base("titles", "titles", "all", ValueType("set"))
            now = self.evidence.attributes.get("titles")
            if isinstance(var, Const):
                has = Given(None if not isinstance(now, frozenset) else not now.isdisjoint(held.names))
            else:
                mentioned = [held.names[0], *(n for n in held.names if isinstance(now, frozenset) and n in now)]
                self.places[var.place].texts.update(dict.fromkeys(mentioned))
                has = Holding(var.place, frozenset(held.names), frozenset({var.place}))
        if held.rests_unless is None:
            return has
        unless = self._node(held.rests_unless)
        return Resting(has, unless, has.places | unless.places)

    def _leaf(self, leaf: tree.Leaf) -> Node:
        source = leaf.source
        if isinstance(source, tree.Named) and self.evidence.readings.get(source.reading) is None:
            inner = self._node(source.node)
            if leaf.comparison == "is_known":
                return KnownOr(inner, bool(leaf.bounds[0]), inner.places)
            agrees = leaf.bounds[0] is (leaf.comparison == "is")
            return inner if agrees else Opposite(inner, inner.places)
        value = self._source(source, leaf.name, leaf.over)
        bounds = tuple(self._bound(bound) for bound in leaf.bounds)
        places = frozenset(_places(value)).union(*(_places(bound) for bound in bounds))
        alone = isinstance(value, Var) and len(places) == 1 and not any(set(_places(bound)) for bound in bounds)
        if alone:
            self._thresholds(self.places[value.place], leaf, bounds)  # type: ignore[union-attr]
        else:
            for place in places:
                self.places[place].together = True
        return Comparing(leaf, value, bounds, places, alone)

    def _thresholds(self, place: Place, leaf: tree.Leaf, bounds: Sequence[Expr]) -> None:
        for bound in bounds:
            known = value_of(bound, ())
            if isinstance(known, Fraction) and place.type.numeric:
                place.bounds.add(known * place.type.scale)
            elif isinstance(known, str):
                place.texts[known] = None

    # ------------------------------------------------------------------------------------------------------- sources
    def _source(self, source: tree.Source, name: str, over: str) -> Expr:
        match source:
            case tree.Attribute(names, type_):
                held = next((one for one in names if self.evidence.attributes.get(one) is not None), names[0])
                return self._base(names[0], name, over, type_, held)
            case tree.Best(whole, _, type_):
                return self._base(whole, name, over, type_, source=source)
            case tree.Measured(reading, type_):
                return self._base(reading, reading.name, reading.text, type_)
        if self.evidence.readings.get(source.reading) is not None:
            return self._base(source.reading, source.reading.name, source.reading.text, source.type)
        match source:
            case tree.Ratio(type=type_, numerator=above, denominator=below):
                return Quotient(type_, self._source(above, _name(above), ""), self._source(below, _name(below), ""))
            case tree.Score(type=type_, parts=parts, low=low, high=high):
                found = tuple((self._source(p.source, _name(p.source), ""), p.weight, p.cap) for p in parts)
                return Total(type_, found, low, high)
            case tree.Named():
                return Const(read(source, self.evidence))

    def _base(
        self,
        key: Reading | str,
        name: str,
        over: str,
        type_: ValueType,
        held: str | None = None,
        source: tree.Source | None = None,
    ) -> Var | Const:
        number = self._numbers.get(key)
        if number is not None:
            return Var(number)
        if source is not None:
            now = read(source, self.evidence)
        elif isinstance(key, str):
            now = self.evidence.attributes.get(held or key)
        else:
            now = self.evidence.readings.get(key)
        lever = self._levers(key, type_)
        if lever.fixed:
            return Const(_natural(now, type_))
        self._numbers[key] = len(self.places)
        self.places.append(Place(key, name, over or "all", type_, now, lever))
        return Var(self._numbers[key])

    def _bound(self, bound: tree.Bound) -> Expr:
        match bound:
            case tree.Share():
                base = bound.of
                of = self._bound(base) if isinstance(base, tree.Share) else self._source(base, _name(base), "")
                inner = Portion(bound, of)
                return inner if set(_places(of)) else Const(value_of(inner, ()))
            case tree.Same(source):
                return self._source(source, _name(source), "all")
            case _:
                return Const(bound)


def _name(source: tree.Source) -> str:
    match source:
        case tree.Attribute(names, _):
            return names[0]
        case tree.Best(whole, _, _):
            return whole
        case _:
            return source.reading.name


def _places(expr: Expr) -> Iterator[int]:
    match expr:
        case Var(place):
            yield place
        case Quotient(above=above, below=below):
            yield from _places(above)
            yield from _places(below)
        case Total(parts=parts):
            for part, _, _ in parts:
                yield from _places(part)
        case Portion(of=of):
            yield from _places(of)
        case Const():
            return


def _natural(value: Value | None, type_: ValueType) -> Value | Fraction | None:
    return Fraction(value, type_.scale) if isinstance(value, int) and type_.numeric else value
