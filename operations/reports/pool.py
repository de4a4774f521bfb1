"""Pool: figures of single works, put together for a group of them; what is unknown of a work is left out and counted.

A sum or count over a group is the sum of what is known. A ratio over a group is a ratio of sums, over the works of
which both are known: in the mean of the works' own ratios a work with one lead would weigh as much as one with many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from operations.reports.page import Number
from rules.spec import Community
from rules.spec.documents.metrics import Counted, Ratio, Score

Figures = Mapping[str, Number]
"""Base figures of one work by metric."""

_ADDS = ("sum", "count", "distinct", "days_with")


@dataclass(frozen=True, slots=True)
class Pooled:
    """A figure of a group: its value, and of how many of its works it is known."""

    value: Number
    known: int
    of: int


def base_of(community: Community, metric: str) -> tuple[str, ...]:
    """The metrics computed from facts that a metric is made of, each once, in order."""
    written = community.metrics[metric]
    if isinstance(written, Ratio):
        parts: Sequence[str] = [part for one in written.ratio for part in base_of(community, one)]
    elif isinstance(written, Score):
        parts = [part for one in written.score for part in base_of(community, one.metric)]
    else:
        parts = [metric]
    return tuple(dict.fromkeys(parts))


def pooled(community: Community, metric: str, works: Sequence[Figures]) -> Pooled:
    """A metric over a group of works."""
    bases = base_of(community, metric)
    known = [work for work in works if all(work.get(base) is not None for base in bases)]
    return Pooled(_value(community, metric, known) if known else None, len(known), len(works))


def _value(community: Community, metric: str, works: Sequence[Figures]) -> Number:
    written: Any = community.metrics[metric]
    if isinstance(written, Ratio):
        above, below = (_value(community, part, works) for part in written.ratio)
        return None if above is None or not below else above / below
    if isinstance(written, Score):
        each = [(_value(community, part.metric, works), Fraction(str(part.weight))) for part in written.score]
        known = [value * weight for value, weight in each if value is not None]
        return sum(known, Fraction(0)) if len(known) == len(each) else None
    numbers = [number for work in works if (number := work.get(metric)) is not None]
    if not numbers:
        return None
    total = sum(numbers, Fraction(0))
    return total if isinstance(written, Counted) and written.take in _ADDS else total / len(numbers)


def adds(community: Community, metric: str) -> bool:
    """Whether a metric of a group is the sum of those of its works."""
    written = community.metrics[metric]
    return isinstance(written, Counted) and written.take in _ADDS


def spends(community: Community, metric: str) -> bool:
    """Whether a metric is computed from money that went out."""
    return any(
        isinstance(written := community.metrics[base], Counted) and "spent" in written.from_
        for base in base_of(community, metric)
    )
