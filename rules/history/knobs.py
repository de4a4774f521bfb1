"""Knobs: the thresholds of a ladder that may be turned, and the ladder with them turned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Condition,
    ExactlyOne,
    Held,
    Leaf,
    Named,
    Not,
    Titles,
    leaves,
)
from rules.evaluate import bound_shown
from rules.ladder import Ladder
from rules.spec.conditions import leaves as written_leaves
from rules.spec.documents.tiers import Tiers
from rules.values import ValueType

TURNED = ("at_least", "at_most", "more_than", "less_than")
"""Comparisons whose threshold can be turned."""

_COUNTS = (
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 600, 800,
    1000, 1500, 2000, 3000, 5000, 10_000,
)  # fmt: skip
_DAYS = (7, 14, 30, 45, 60, 90, 120, 150, 180, 240, 270, 365, 545, 730, 1095, 1460, 1825)
_TWENTIETHS = tuple(Fraction(n, 20) for n in range(1, 41))
_SPREAD = 8
"""How many times smaller and larger than the present one a threshold may become."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One threshold.

    Args:
        tier: whose.
        about: `earn` or `keep`.
        place: which comparison of that condition, counted in the order written.
        path: of the threshold in the document of the ladder: `tiers`, 1, `earn`, `all`, 0, `changes`, `at_least`.
        leaf: the comparison as it is.
        values: what the threshold may be, in natural units, ascending; the present one is among them.
    """

    tier: str
    about: str
    place: int
    path: tuple[str | int, ...]
    leaf: Leaf
    values: tuple[Fraction, ...]

    @property
    def present(self) -> Fraction:
        """What the threshold is."""
        bound = self.leaf.bounds[0]
        assert isinstance(bound, Fraction)
        return bound

    @property
    def label(self) -> str:
        """`reviewer: reviews over 365d at_least`."""
        over = "" if self.leaf.over == "all" else f" over {self.leaf.over}"
        about = "" if self.about == "earn" else f" {self.about}"
        return f"{self.tier}{about}: {self.leaf.name}{over} {self.leaf.comparison}"

    def shown(self, value: Fraction) -> int | str:
        """A value as the spec writes it: whole numbers plain, decimals and durations as text."""
        found = bound_shown(value, self.leaf.source.type)
        assert isinstance(found, int | str)
        return found


def knobs_of(ladder: Ladder, written: Tiers, tiers: Sequence[str], *, about: Sequence[str] = ("earn",)) -> list[Knob]:
    """The thresholds of these tiers that may be turned, in the order written.

    Args:
        ladder: compiled from `written`.
        about: `earn`, `keep` or both.
    """
    found = []
    for rank, tier in enumerate(written.tiers):
        for what in about if tier.id in tiers else ():
            compiled, spoken = getattr(ladder.rungs[rank], what), getattr(tier, what)
            if compiled is None or spoken is None:
                continue
            for place, (leaf, path) in enumerate(zip(leaves(compiled), _paths(spoken), strict=True)):
                if isinstance(leaf, Leaf) and leaf.comparison in TURNED and isinstance(leaf.bounds[0], Fraction):
                    values = _values(leaf)
                    if len(values) > 1:
                        found.append(Knob(tier.id, what, place, ("tiers", rank, what, *path), leaf, values))
    return found


def turned(ladder: Ladder, settings: Mapping[Knob, Fraction]) -> Ladder:
    """The ladder with these thresholds."""
    rungs = []
    for rung in ladder.rungs:
        changed: dict[str, Any] = {}
        for what in ("earn", "keep"):
            mine = {k.place: v for k, v in settings.items() if (k.tier, k.about) == (rung.id, what) and v != k.present}
            condition = getattr(rung, what)
            if mine and condition is not None:
                changed[what] = _turned(condition, iter(range(1_000_000)), mine)
        rungs.append(replace(rung, **changed) if changed else rung)
    return replace(ladder, rungs=tuple(rungs))


def all_bounds(knobs: Sequence[Knob]) -> Iterator[Leaf]:
    """Every comparison that any setting of the knobs can make."""
    for knob in knobs:
        for value in knob.values:
            yield replace(knob.leaf, bounds=(value,))


def _paths(written: Any) -> Iterator[tuple[str | int, ...]]:
    """The path of each comparison inside a condition, in the order in which it is compiled."""
    for path, leaf in written_leaves(written):
        for word in leaf.test.comparisons():
            yield (*path, word)


def _turned(condition: Condition, count: Iterator[int], bounds: Mapping[int, Fraction]) -> Condition:
    match condition:
        case Leaf():
            value = bounds.get(next(count))
            return condition if value is None else replace(condition, bounds=(value,))
        case Titles():
            next(count)
        case AllOf(nodes):
            return AllOf(tuple(_turned(node, count, bounds) for node in nodes))
        case AnyOf(nodes):
            return AnyOf(tuple(_turned(node, count, bounds) for node in nodes))
        case ExactlyOne(nodes):
            return ExactlyOne(tuple(_turned(node, count, bounds) for node in nodes))
        case AtLeastOf(number, nodes):
            return AtLeastOf(number, tuple(_turned(node, count, bounds) for node in nodes))
        case Not(node):
            return Not(_turned(node, count, bounds))
        case Held():
            return condition
    return condition


def _values(leaf: Leaf) -> tuple[Fraction, ...]:
    present = leaf.bounds[0]
    assert isinstance(present, Fraction)
    type_ = leaf.source.type
    if isinstance(leaf.source, Named) or not type_.numeric or type_.kind == "date" or present <= 0:
        return (present,)
    round_ones = _round_ones(leaf, type_)
    near = {value for value in round_ones if present / _SPREAD <= value <= present * _SPREAD}
    return tuple(sorted(near | {present}))


def _round_ones(leaf: Leaf, type_: ValueType) -> set[Fraction]:
    match type_.kind:
        case "duration":
            return {Fraction(days * 86_400) for days in (1, 2, 3, 5, *_DAYS)}
        case "integer" if isinstance(leaf.source, Attribute) and leaf.name.startswith("days_"):
            return {Fraction(days) for days in _DAYS}
        case "decimal" if type_.places >= 2:
            return {*_TWENTIETHS, *map(Fraction, _COUNTS[1:])}
        case _:
            return set(map(Fraction, _COUNTS))
