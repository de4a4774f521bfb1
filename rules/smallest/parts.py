"""Parts: what a condition reads, as places that can move, and the same condition over those places.

A place is one base value: a metric over its window, or an attribute. A leaf that compares one place with something
fixed needs only a few of its values: the nearest on each side of each threshold. A leaf over several places (a ratio,
a score, a share of another metric) needs every step of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import ceil, floor

from rules import condition as tree
from rules.evaluate import read
from rules.reading import Reading
from rules.smallest.levers import How, Lever
from rules.values import Evidence, Value, ValueType

FAR = 2**44
"""Steps beyond which nobody goes."""
_MOST_SUBSETS = 64
_ANOTHER = "…"
"""Stands for any other text where a text must be another."""


@dataclass(frozen=True, slots=True)
class Track:
    """One way on which a place can move: values ever farther from the present one.

    Args:
        values: the first is the present one.
        how: by whose doing.
        unit: so much of the value is one step; 0 where each value is one step, or as many as `steps` says.
    """

    values: Sequence[Value | None]
    how: How
    unit: int
    steps: tuple[int, ...] = ()

    def cost(self, index: int) -> int:
        """How many steps away the value at an index is."""
        if not index:
            return 0
        if self.steps:
            return self.steps[index]
        first, there = self.values[0], self.values[index]
        if not self.unit or not isinstance(first, int):
            return 1
        return -(-abs(int(there) - first) // self.unit)  # type: ignore[arg-type]


@dataclass(slots=True)
class Place:
    """One base value that can move.

    Args:
        key: under which evidence holds it.
        names: as conditions name it, with its window; the first that was met.
        type: what it holds.
        now: its present value; None is unknown.
        lever: how it moves.
        tracks: the ways it can go.
    """

    key: Reading | str
    name: str
    over: str
    type: ValueType
    now: Value | None
    lever: Lever
    tracks: tuple[Track, ...] = ()
    bounds: set[Fraction] = field(default_factory=set)
    texts: dict[str, None] = field(default_factory=dict)
    together: bool = False


# ------------------------------------------------------------------------------------------------------- what is read
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
            place.tracks = _tracks(place)

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


# ------------------------------------------------------------------------------------------------------------- tracks
def _tracks(place: Place) -> tuple[Track, ...]:
    lever, type_ = place.lever, place.type
    if type_.kind == "set":
        return _subsets(place)
    if not type_.numeric:
        how = lever.up or lever.down
        assert how is not None
        others: list[Value] = []
        if type_.kind == "boolean":
            others = [True, False]
            if lever.up is None or lever.down is None:
                others = [lever.up is not None]
        elif type_.kind == "tier" or type_.listed:
            others = list(type_.listed)
        else:
            others = [*place.texts, _ANOTHER]
        found = [value for value in others if value != place.now]
        if type_.kind == "boolean" and len(found) == 1:
            how = (lever.up if found[0] else lever.down) or how
        return (Track((place.now, *found), how, 0),) if found else ()
    if place.now is None:
        return _begun(place)
    assert isinstance(place.now, int)
    tracks = []
    if lever.up is not None:
        ups: Sequence[Value | None] = range(place.now, place.now + FAR * lever.unit)
        if not place.together:
            ups = [place.now, *(n for n in _near(place) if n > place.now)]
        tracks.append(Track(ups, lever.up, lever.unit))
    if lever.down is not None and place.now > lever.low:
        downs: Sequence[Value | None] = range(place.now, max(lever.low, place.now - FAR * lever.unit) - 1, -1)
        if not place.together:
            downs = [place.now, *(n for n in reversed(_near(place)) if lever.low <= n < place.now)]
        tracks.append(Track(downs, lever.down, lever.unit))
    return tuple(track for track in tracks if len(track.values) > 1)


def _near(place: Place) -> list[int]:
    """The whole numbers around each threshold: between any two, all comparisons come out alike."""
    near = {n for bound in place.bounds for n in (floor(bound) - 1, floor(bound), floor(bound) + 1, ceil(bound) + 1)}
    return sorted(near | {ceil(bound) - 1 for bound in place.bounds})


def _begun(place: Place) -> tuple[Track, ...]:
    """A number that is unknown becomes known, at any value, in one step."""
    lever = place.lever
    how = "do" if "do" in (lever.up, lever.down) else lever.up or lever.down
    assert how is not None
    if place.together:
        low = max(lever.low, -FAR)
        return (Track(_Begun(range(low, FAR)), how, 0),)
    near = [n for n in (_near(place) or [0]) if n >= lever.low]
    return (Track([None, *near], how, 0),) if near else ()


class _Begun(Sequence["Value | None"]):
    """Unknown first, then every number of a range."""

    def __init__(self, numbers: range) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers) + 1

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return None if index == 0 else self._numbers[index - 1]


def _subsets(place: Place) -> tuple[Track, ...]:
    """Sets that differ in the names that are asked for, nearest first."""
    lever, names = place.lever, list(place.texts)
    how = lever.up or lever.down
    assert how is not None
    now = place.now if isinstance(place.now, frozenset) else None
    base: frozenset[str] = frozenset() if now is None else now
    values: list[Value | None] = [now]
    steps = [0]
    for size in range(0 if now is None else 1, len(names) + 1):
        for turned in combinations(names, size):
            if len(values) > _MOST_SUBSETS:
                break
            values.append(base ^ frozenset(turned))
            steps.append(1 if now is None else size)
    return (Track(values, how, 0, tuple(steps)),) if len(values) > 1 else ()
