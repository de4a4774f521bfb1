"""Entered: readings over `in_tier`, counted from the day on which a member entered the tier of that moment."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import polars as pl

from rules.history.reviews import Reviews
from rules.metric import MetricFromFacts, Occurrence, taken
from rules.reading import Reading
from rules.time.window import Window
from rules.values import Value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOVING = ("streak", "since_first", "since_last")


class Entered:
    """What happened to each member, to be counted from any day on.

    Args:
        cells: for each reading what its metric counts, with the number of the member as `m`.
        metrics: what the metrics mean.
        reviews: when it is looked at.
    """

    def __init__(
        self, cells: Mapping[Reading, pl.DataFrame], metrics: Mapping[str, MetricFromFacts], reviews: Reviews
    ) -> None:
        self._reviews = reviews
        self._metrics = {reading: metrics[reading.metric] for reading in cells}
        self._lasts = {r: reviews.last_days(Window.parse(r.over, r.until)) for r in cells}
        self._facts = {r: self._by_member(r, rows) for r, rows in cells.items()}
        self.restless = any(metric.take in _MOVING for metric in self._metrics.values())

    def readings(self, member: int, since: int, review: int) -> dict[Reading, Value | None]:
        """All readings of a member at a review; `since` is the local day of the entry."""
        at = self._reviews.moments[review]
        found: dict[Reading, Value | None] = {}
        for reading, metric in self._metrics.items():
            enters, facts = self._facts[reading].get(member, ([], []))
            inside = [one for one in facts[: bisect_right(enters, review)] if one.day >= since]
            found[reading] = taken(metric, inside, at, self._lasts[reading][review])
        return found

    def after(self, member: int, review: int) -> int:
        """The next review at which there is news of a member; their number when there is none."""
        if self.restless:
            return review + 1
        nexts = [
            enters[place]
            for enters, _ in (facts.get(member, ([], [])) for facts in self._facts.values())
            if (place := bisect_right(enters, review)) < len(enters)
        ]
        return min(nexts, default=len(self._reviews))

    def _by_member(self, reading: Reading, cells: pl.DataFrame) -> dict[int, tuple[list[int], list[Occurrence]]]:
        metric = self._metrics[reading]
        if reading.of is not None:
            cells = cells.filter(pl.col("by") == reading.of)
        ever = Window.parse("all", reading.until)
        spans = self._reviews.spans(ever, cells, dated=metric.dated_by is not None).sort("m", "enter", "t", "tie")
        kind = max(metric.kinds, key=metric.places)  # at its places numbers are scaled
        found: dict[int, tuple[list[int], list[Occurrence]]] = defaultdict(lambda: ([], []))
        for row in spans.iter_rows(named=True):
            enters, facts = found[row["m"]]
            at = _EPOCH + timedelta(microseconds=row["t"])
            value = row["x"] if row["w"] is None else row["w"]
            for _ in range(row["n"]):
                enters.append(row["enter"])
                facts.append(Occurrence("", row["by"], at, row["day"], row["tie"] or 0, at, value, kind, ()))
        return dict(found)
