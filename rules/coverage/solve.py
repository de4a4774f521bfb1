"""Solve: a made-up subject of whom leaves come out as they must, each value as near to its threshold as can be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from rules.condition import Attribute, Best, Leaf, Same, Share, Source
from rules.coverage.needs import Need, Needs, Title
from rules.evaluate import bound_now, evaluate
from rules.reading import Reading
from rules.values import Evidence, Value, ValueType

Name = str | Reading
"""What a value is given to: an attribute by its name, or a reading."""

ROUND = (100, 40, 1000, 20, 10, 8, 4, 2, 1, 0)
"""Values for what another value is a share of: the first for which everything comes out is taken."""
MOST_STEPS = 20_000

Limits = Mapping[str, tuple[Fraction | None, Fraction | None]]
"""Metric to the lowest and highest value it can have, in natural units."""


@dataclass
class Solver:
    """Finds values.

    Args:
        given: attributes that are settled, scaled.
        limits: of metrics.
        listed: the values that a name can have, where they are listed.
    """

    given: Mapping[str, Value]
    limits: Limits
    listed: Callable[[str], Sequence[str]] = lambda name: ()
    _steps: int = field(default=0, repr=False)

    def solve(self, needs: Needs, aim: Leaf | None = None) -> Evidence | None:
        """A subject of whom all these needs are met; None if none was found.

        Args:
            aim: the leaf that the case is about; its value is chosen nearest to the threshold.
        """
        start: dict[Name, Value | None] = {}
        start.update(self.given)
        titles = self._titles(needs)
        if titles is False:
            return None
        if isinstance(titles, frozenset):
            start["titles"] = titles
        leaves = [need for need in needs if isinstance(need, Need)]
        types: dict[Name, ValueType] = {}
        for need in leaves:
            for source in _asked(need.leaf):
                types.setdefault(self.name(source), source.type)
        shares = {self.name(source) for need in leaves for source in _asked(need.leaf)[1:]}
        order = sorted(types, key=lambda name: name not in shares)  # stable: shares first
        free = [name for name in order if name not in start]
        self._steps = 0
        if not all(self._met(need, start) for need in leaves if self._ready(need, start)):
            return None
        return next(self._fill(free, types, leaves, aim, start), None)

    def _fill(
        self,
        free: list[Name],
        types: Mapping[Name, ValueType],
        leaves: list[Need],
        aim: Leaf | None,
        values: dict[Name, Value | None],
    ) -> Iterator[Evidence]:
        if not free:
            yield _evidence(values)
            return
        name, *rest = free
        about = [need for need in leaves if any(self.name(source) == name for source in _asked(need.leaf))]
        for value in self._candidates(name, types[name], about, aim, values):
            self._steps += 1
            if self._steps > MOST_STEPS:
                return
            now = {**values, name: value}
            if all(self._met(need, now) for need in about if self._ready(need, now)):
                yield from self._fill(rest, types, leaves, aim, now)

    def _ready(self, need: Need, values: Mapping[Name, Value | None]) -> bool:
        return all(self.name(source) in values for source in _asked(need.leaf))

    def _met(self, need: Need, values: Mapping[Name, Value | None]) -> bool:
        return evaluate(need.leaf, _evidence(values)).truth is need.truth

    def name(self, source: Source) -> Name:
        """What a source's value is given to."""
        match source:
            case Attribute(names):
                return next((name for name in names if name in self.given), names[-1])
            case Best(whole):
                return whole
        return source.reading

    def _titles(self, needs: Needs) -> frozenset[str] | bool | None:
        """The stored titles; None if nothing is asked of them, False if it cannot be."""
        asked = [need for need in needs if isinstance(need, Title)]
        if not asked:
            return None
        held = frozenset(need.names[0] for need in asked if need.held)
        if any(not held.isdisjoint(need.names) for need in asked if not need.held):
            return False
        settled = self.given.get("titles")
        return held if settled is None or settled == held else False

    # ------------------------------------------------------------------------------------------------------ candidates
    def _candidates(
        self, name: Name, type_: ValueType, about: list[Need], aim: Leaf | None, values: Mapping[Name, Value | None]
    ) -> list[Value | None]:
        own = [need.leaf for need in about if self.name(need.leaf.source) == name]
        unknown: list[Value | None] = [None] if any(leaf.comparison == "is_known" for leaf in own) else []
        return [*self._known(name, type_, own, aim, values), *unknown]

    def _known(
        self, name: Name, type_: ValueType, own: list[Leaf], aim: Leaf | None, values: Mapping[Name, Value | None]
    ) -> list[Value]:
        if type_.kind == "boolean":
            return [True, False]
        if not type_.numeric:
            known = type_.listed or tuple(self.listed(name.name if isinstance(name, Reading) else name))
            return list(_words(own, type_, known))
        evidence = _evidence(values)
        first = [leaf for leaf in own if leaf is aim] or own
        near = [number for leaf in first for number in _bounds(leaf, evidence)]
        numbers = {number for leaf in own for number in _bounds(leaf, evidence)}
        step = _step(type_, numbers)
        tried: dict[int, None] = {}
        for number in numbers:
            for exact in (floor(number), ceil(number)):
                for near_by in (exact, exact - step, exact + step):
                    tried.setdefault(near_by)
        if not numbers:
            tried = dict.fromkeys(number * type_.scale for number in ROUND)
            return [number for number in tried if self._possible(name, number, type_)]
        ordered = sorted(tried, key=lambda value: (min(abs(value - number) for number in near or numbers), value))
        return [value for value in ordered if self._possible(name, value, type_)]

    def _possible(self, name: Name, value: int, type_: ValueType) -> bool:
        low, high = self.limits.get(name.metric, (None, None)) if isinstance(name, Reading) else (Fraction(0), None)
        number = Fraction(value, type_.scale)
        return (low is None or number >= low) and (high is None or number <= high)


def _evidence(values: Mapping[Name, Value | None]) -> Evidence:
    attributes = {name: value for name, value in values.items() if isinstance(name, str)}
    return Evidence(attributes, {name: value for name, value in values.items() if isinstance(name, Reading)})


def _asked(leaf: Leaf) -> tuple[Source, ...]:
    """What a leaf reads: its own source first, then what its bounds are shares of."""
    found: list[Source] = [leaf.source]
    for bound in leaf.bounds:
        if isinstance(bound, Same):
            found.append(bound.source)
        while isinstance(bound, Share):
            if not isinstance(bound.of, Share):
                found.append(bound.of)
                break
            bound = bound.of
    return tuple(found)


def _bounds(leaf: Leaf, evidence: Evidence) -> Iterable[Fraction]:
    """The thresholds of a leaf, scaled by the type of what it reads; those that are not known yet left out."""
    for bound in leaf.bounds:
        now = bound_now(bound, evidence)
        if isinstance(now, Fraction):
            yield now * leaf.source.type.scale


def _step(type_: ValueType, bounds: Iterable[Fraction]) -> int:
    """The smallest step that people would take: a day where thresholds are days."""
    if type_.kind == "duration":
        return next((unit for unit in (86_400, 3600, 60) if all(bound % unit == 0 for bound in bounds)), 1)
    return 1


def _words(leaves: list[Leaf], type_: ValueType, known: Sequence[str]) -> list[Value]:
    """Texts, sets and tiers worth trying: those that are named, and one that is not."""
    named = [str(bound) for leaf in leaves for bound in leaf.bounds if isinstance(bound, str)]
    if type_.kind == "set":
        single = [frozenset({one}) for one in dict.fromkeys(named)]
        others = [frozenset({one}) for one in known if one not in named][:1]
        return [*single, frozenset(), *others, frozenset(named)]
    if type_.kind == "tier":
        ranks = [type_.rank(name) for name in named] or [0]
        return [*sorted(type_.listed, key=lambda tier: min(abs(type_.rank(tier) - rank) for rank in ranks))]
    strange = [one for one in known if one not in named]
    return [*dict.fromkeys(named), *(strange or ["another"])]
