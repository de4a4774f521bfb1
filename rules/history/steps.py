"""Steps: what one reading of every member is from review to review, kept only where it changes.

A fact is inside a window from one review on and outside it from another on; between the two nothing happens. So a
reading over years of daily reviews is a few steps for each member, found in one pass over the facts.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from rules.history.reviews import Reviews
from rules.metric import MetricFromFacts, period_of, places_of, rescaled, streak
from rules.reading import Reading
from rules.time.window import Window

OCCURRENCES = {
    "subject": pl.String,
    "by": pl.String,
    "day": pl.Int32,
    "t": pl.Int64,
    "tie": pl.Int64,
    "x": pl.Int64,
    "w": pl.String,
    "n": pl.Int32,
}
"""What a metric counts, one row for each fact (`n` of the same at the same instant): `x` a number, scaled to
`cell_places` (of distinct texts something that tells them apart), `w` a text, `t` microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Steps:
    """One reading as it changes.

    Args:
        frame: `m` (number of the member), `i` (number of the review), `value` from there on; sorted.
        since: the value is a moment (microseconds since 1970), and the reading the seconds that have passed since.
    """

    frame: pl.DataFrame
    since: bool = False


def steps(cells: pl.DataFrame, metric: MetricFromFacts, reading: Reading, reviews: Reviews) -> Steps:
    """The steps of a reading.

    Args:
        cells: as `OCCURRENCES`, limits applied, with the number of the member as `m` instead of the subject.
        reading: not over `in_tier` or `in_stage`, which depend on where somebody stood.
    """
    if reading.of is not None:
        cells = cells.filter(pl.col("by") == reading.of)
    window = Window.parse(reading.over, reading.until)
    spans = reviews.spans(window, cells, dated=metric.dated_by is not None)
    last = len(reviews)
    match metric.take:
        case "count" | "sum" | "mean":
            found = _running(spans, metric, last)
        case "distinct":
            found = _present(spans, "x", last)
        case "days_with":
            found = _present(spans, "day", last)
        case _:
            return _swept(spans, metric, window, reviews)
    if metric.type.kind == "boolean":
        found = found.with_columns(pl.col("value") > 0)
    return Steps(_changes(found))


def cell_places(metric: MetricFromFacts) -> int:
    """The places at which numbers of a metric's occurrences are scaled: the most that any kind of fact has."""
    return max((places_of(type_) for type_ in (metric.value or {}).values()), default=0)


# -------------------------------------------------------------------------------------------------- what can be added
def _turns(spans: pl.DataFrame, columns: list[str], amounts: list[pl.Expr], last: int) -> pl.DataFrame:
    """What comes in with each fact, and goes out again, by review."""
    comes = spans.select("m", pl.col("enter").alias("i"), *columns, *amounts)
    goes = spans.filter(pl.col("leave") < last).select(
        "m", pl.col("leave").alias("i"), *columns, *(-amount for amount in amounts)
    )
    return pl.concat([comes, goes])


def _running(spans: pl.DataFrame, metric: MetricFromFacts, last: int) -> pl.DataFrame:
    number = pl.col("n").cast(pl.Int64)
    amounts = [number.alias("n"), *([] if metric.take == "count" else [(pl.col("x") * number).alias("x")])]
    names = [amount.meta.output_name() for amount in amounts]
    turns = _turns(spans, [], amounts, last).group_by("m", "i").agg(pl.col(*names).sum()).sort("m", "i")
    sums = turns.with_columns(pl.col(*names).cum_sum().over("m"))
    if metric.take == "count":
        return sums.select("m", "i", pl.col("n").alias("value"))
    grow = places_of(metric.type) - cell_places(metric)
    above = pl.col("x").cast(pl.Int128) * 10 ** max(grow, 0)
    below = pl.lit(10 ** max(-grow, 0), dtype=pl.Int128)
    if metric.take == "mean":
        below = below * pl.col("n")
    if metric.blank:
        below = pl.when(pl.col("n") == 0).then(0).otherwise(below)
    value = pl.when(below == 0).then(None).otherwise(_half_even(above, below)).cast(pl.Int64)
    return sums.select("m", "i", value.alias("value"))


def _half_even(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    below = pl.when(below == 0).then(1).otherwise(below).cast(pl.Int128)
    whole, rest = above // below, above % below
    up = (2 * rest > below) | ((2 * rest == below) & (whole % 2 != 0))
    return whole + up.cast(pl.Int128)


def _present(spans: pl.DataFrame, what: str, last: int) -> pl.DataFrame:
    """How many different values are inside."""
    turns = _turns(spans, [what], [pl.col("n").cast(pl.Int64).alias("n")], last)
    each = turns.group_by("m", what, "i").agg(pl.col("n").sum()).sort("m", what, "i")
    here = (pl.col("n").cum_sum().over("m", what) > 0).cast(pl.Int64)
    changed = each.with_columns(here.alias("here")).select(
        "m", "i", (pl.col("here") - pl.col("here").shift(1, fill_value=0).over("m", what)).alias("change")
    )
    sums = changed.group_by("m", "i").agg(pl.col("change").sum()).sort("m", "i")
    return sums.select("m", "i", pl.col("change").cum_sum().over("m").alias("value"))


def _changes(found: pl.DataFrame) -> pl.DataFrame:
    """Without the rows that repeat the one before."""
    value = pl.col("value")
    same = value.eq_missing(value.shift(1)) & (pl.col("m") == pl.col("m").shift(1)).fill_null(value=False)
    return found.filter(~same)


# ------------------------------------------------------------------------------------------ what has to be gone through
def _swept(spans: pl.DataFrame, metric: MetricFromFacts, window: Window, reviews: Reviews) -> Steps:
    """Highest, lowest, latest, since and streaks: member by member, with what is inside kept in order."""
    since = metric.take in ("since_first", "since_last")
    rows: list[tuple[int, int, Any]] = []
    ordered = spans.sort("m").select("m", "enter", "leave", "day", "t", "tie", "x", "w", "n")
    lasts = reviews.last_days(window) if metric.take == "streak" else []
    for member, group in groupby(ordered.iter_rows(), key=itemgetter(0)):
        inside = _Streak(metric, lasts) if metric.take == "streak" else _Inside(metric)
        rows.extend((member, i, value) for i, value in inside.changes(list(group), len(reviews)))
    kind = metric.type.kind
    numeric = since or metric.type.numeric
    dtype: Any = pl.Int64 if numeric else pl.Boolean if kind == "boolean" else pl.String
    schema: Any = {"m": pl.Int32, "i": pl.Int32, "value": dtype}
    return Steps(_changes(pl.DataFrame(rows, schema=schema, orient="row")), since)


class _Inside:
    """What is inside the window, in order of what is taken."""

    def __init__(self, metric: MetricFromFacts) -> None:
        self._metric = metric
        self._held: list[Any] = []

    def changes(self, facts: list[tuple[Any, ...]], last: int) -> Iterator[tuple[int, Any]]:
        turns = [(enter, 1, self._key(fact)) for fact in facts if (enter := fact[1]) < last]
        turns += [(leave, 0, self._key(fact)) for fact in facts if (leave := fact[2]) < last]
        for i, group in groupby(sorted(turns, key=itemgetter(0)), key=itemgetter(0)):
            for _, comes, key in sorted(group, key=itemgetter(1), reverse=True):
                if comes:
                    insort(self._held, key)
                else:
                    del self._held[bisect_left(self._held, key)]
            yield i, self._value()

    def _key(self, fact: tuple[Any, ...]) -> Any:
        _, _, _, _, t, tie, x, w, _ = fact
        match self._metric.take:
            case "since_first" | "since_last":
                return (t,)
            case "latest":
                return (t, tie, 0 if x is None else x, w or "")
            case _:
                return (0 if x is None else x, w or "")

    def _value(self) -> Any:
        if not self._held:
            return None
        match self._metric.take:
            case "since_first":
                return self._held[0][0]
            case "since_last":
                return self._held[-1][0]
            case "min":
                return self._shown(*self._held[0])
            case "max":
                return self._shown(*self._held[-1])
            case _:
                return self._shown(*self._held[-1][2:])

    def _shown(self, x: int, w: str) -> Any:
        type_ = self._metric.type
        if type_.kind == "boolean":
            return x != 0
        return rescaled(x, cell_places(self._metric), places_of(type_)) if type_.numeric else w


class _Streak:
    """How many periods in a row there were; it ends by itself when a period goes by."""

    def __init__(self, metric: MetricFromFacts, lasts: list[int]) -> None:
        self._metric = metric
        self._lasts = lasts
        self._period = metric.period or "day"

    def changes(self, facts: list[tuple[Any, ...]], last: int) -> Iterator[tuple[int, Any]]:
        turns: dict[int, Counter[int]] = {}
        for _, enter, leave, day, *_, n in facts:
            period = period_of(day, self._period)
            for i, by in ((enter, n), (leave, -n)):
                if i < last:
                    turns.setdefault(i, Counter())[period] += by
            lapses = self._first_after(period + 1)
            if lapses < last:
                turns.setdefault(max(lapses, enter), Counter())
        held: Counter[int] = Counter()
        for i in sorted(turns):
            for period, by in turns[i].items():
                held[period] += by
            number = streak({period for period, n in held.items() if n > 0}, self._metric, self._lasts[i])
            yield i, number > 0 if self._metric.type.kind == "boolean" else number

    def _first_after(self, period: int) -> int:
        """The first review whose own period comes after this one."""
        return bisect_left(self._lasts, True, key=lambda day: period_of(day, self._period) > period)
