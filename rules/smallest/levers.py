"""Levers: in which direction a value can move at all, and by whose doing: the member's, time's, or somebody else's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rules.reading import Reading
from rules.spec.documents.metrics import Counted
from rules.values import LARGEST, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.spec import Community

How = Literal["do", "wait", "others"]
"""`do`: by facts of the member's own; `wait`: by itself, as days pass; `others`: only if somebody sets it."""


@dataclass(frozen=True, slots=True)
class Lever:
    """How one value can move.

    Args:
        up: by whose doing it rises (or, where there is no order, becomes another); None: it never does.
        down: by whose doing it falls; None: it never does.
        unit: so much of the scaled value is one step; a part of a unit counts as a whole one.
        low: the lowest value there is, scaled.
    """

    up: How | None = None
    down: How | None = None
    unit: int = 1
    low: int = -LARGEST

    @property
    def fixed(self) -> bool:
        """Whether it does not move."""
        return self.up is None and self.down is None


FIXED = Lever()
ANYHOW = Lever("do", "do")

_COUNTS = Lever("do", "wait", low=0)
_TAKES = {
    "count": _COUNTS,
    "distinct": _COUNTS,
    "days_with": _COUNTS,
    "streak": _COUNTS,
    "sum": Lever("do", "wait"),
    "max": Lever("do", "wait"),
    "min": Lever("wait", "do"),
    "mean": ANYHOW,
    "latest": ANYHOW,
    "since_first": Lever("wait", None, low=0),
    "since_last": Lever("wait", "do", low=0),
}
_TENURE = frozenset({"age", "days_member"})


def unit_of(type_: ValueType) -> int:
    """How much of a scaled value is one step: 1 of what is counted, a last place, a whole coin, a day."""
    return {"money": 100, "duration": 86_400}.get(type_.kind, 1)


def levers_of(community: Community) -> Callable[[Reading | str, ValueType], Lever]:
    """How the values of one community's members move.

    Counts, sums and highest values rise by what a member does and fall when facts run out of their window, never
    over `all`; means and latest values move either way by what is done; days since something grow by themselves.
    What is read of everybody together, or of whom a member is, stands still. Attributes are set by others.
    """

    def lever(key: Reading | str, type_: ValueType) -> Lever:
        unit = unit_of(type_)
        if isinstance(key, str):
            return replace(_attribute(key), unit=unit)
        if key.scope != "subject":
            return FIXED
        metric = community.metrics.get(key.metric)
        found = _TAKES[metric.take] if isinstance(metric, Counted) else ANYHOW
        if key.over in ("all", "in_tier", "in_stage") and key.until is None:
            found = replace(
                found,
                up=None if found.up == "wait" and not _since(metric) else found.up,
                down=None if found.down == "wait" else found.down,
            )
        if key.until is not None:  # the window lies in the past: what is done today does not reach it yet
            found = replace(found, up=found.up and "wait", down=found.down and "wait")
        return replace(found, unit=unit)

    return lever


def _since(metric: object) -> bool:
    return isinstance(metric, Counted) and metric.take in ("since_first", "since_last")


def _attribute(name: str) -> Lever:
    if name == "subject":
        return FIXED
    if name in _TENURE or name.startswith("days_in_"):
        return Lever("wait", None, low=0)
    return Lever("others", "others")
