"""Places: the base values that can move, and the ways that lead away from the present value, nearest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import ceil, floor

from rules.reading import Reading
from rules.smallest.levers import How, Lever
from rules.values import Value, ValueType

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


def tracks_of(place: Place) -> tuple[Track, ...]:
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
