"""Report: how much of a community's conditions its cases have seen both ways, file by file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rules.condition import Truth
from rules.coverage.spots import Spot


@dataclass(frozen=True, slots=True)
class Share:
    """How many conditions there are in a file (or in all), and how many were seen to hold and to fail."""

    file: str
    conditions: int
    both_ways: int

    @property
    def percent(self) -> int:
        """In whole percent, rounded down, so that 100 means all; of nothing everything is covered."""
        return 100 if not self.conditions else self.both_ways * 100 // self.conditions


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A condition that no case has seen in one or both of its truths."""

    spot: Spot
    missing: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the cases of a community have seen."""

    files: tuple[Share, ...]
    uncovered: tuple[Uncovered, ...]

    @property
    def whole(self) -> Share:
        """All files together."""
        return Share("", sum(one.conditions for one in self.files), sum(one.both_ways for one in self.files))


def coverage(spots: Iterable[Spot], seen: Mapping[Spot, frozenset[Truth]]) -> Coverage:
    """Count conditions, in the order in which they are written."""
    count: dict[str, list[int]] = {}
    uncovered = []
    for spot in spots:
        missing = tuple(truth for truth in (True, False) if truth not in seen.get(spot, frozenset()))
        numbers = count.setdefault(spot.file, [0, 0])
        numbers[0] += 1
        numbers[1] += not missing
        if missing:
            uncovered.append(Uncovered(spot, missing))
    return Coverage(tuple(Share(file, *numbers) for file, numbers in count.items()), tuple(uncovered))
