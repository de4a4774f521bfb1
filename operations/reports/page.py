"""Page: what a report is made of: tables, charts (drawn elsewhere), remarks, and the same as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from rules.values import decimal_text

UNKNOWN = "unknown"
Number = Fraction | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table; None in a cell is shown as unknown."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    right: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars from the left, one under the other; `planned` is a mark that a bar is held against."""

    title: str
    unit: str
    bars: Sequence[tuple[str, Number, str]]  # label, length, what is said behind it
    planned: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of coloured cells."""

    title: str
    unit: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: Mapping[tuple[str, str], tuple[Number, str]]


@dataclass(frozen=True, slots=True)
class Dots:
    """A dot for each thing, between two axes."""

    title: str
    across: str
    up: str
    dots: Sequence[tuple[str, Fraction, Fraction]]


@dataclass(frozen=True, slots=True)
class Boxes:
    """How numbers are spread: lowest, lower quartile, middle, upper quartile, highest of each."""

    title: str
    unit: str
    boxes: Sequence[tuple[str, Sequence[Fraction]]]


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted; `state` is one word."""

    label: str
    begins: datetime
    ends: datetime
    state: str
    inner: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """What lasted from when to when."""

    title: str
    spans: Sequence[Span]
    today: datetime


Chart = Bars | Grid | Dots | Boxes | Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report."""

    name: str
    title: str
    data: Mapping[str, Any]
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    remarks: Sequence[str] = ()


def text_of(value: Number, places: int = 2) -> str | int | None:
    """A number as it is shown: whole ones as such, others rounded half to even at so many places; None is unknown."""
    if value is None:
        return None
    if value.denominator == 1 and places == 0:
        return int(value)
    return decimal_text(round(value * 10**places), places) if places else round(value)


def quartiles(numbers: Sequence[Fraction]) -> list[Fraction]:
    """Lowest, quartiles (values that do occur) and highest of some numbers."""
    there = sorted(numbers)
    ranks = [max(-(-share * len(there) // 100), 1) for share in (25, 50, 75)]
    return [there[0], *(there[rank - 1] for rank in ranks), there[-1]]
