"""Limits: which facts still count when only so many may in a day, week or month."""

from __future__ import annotations

import polars as pl

from rules.metric import MetricFromFacts, period_of
from store.cells import UNTOLD
from store.fact_columns import BETWEEN


def limited(cells: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    """The cells (one for each fact) that find room under every limit, in order of time.

    With one limit that is the first so many of each period. With several, a fact takes room under each only when it
    has room under all, so they are gone through one by one.
    """
    keys = [name for name in cells.columns if name != "n"]
    once = cells.group_by(keys).agg(pl.col("n").sum()).filter(pl.col("n") > 0).sort("t", "tie")
    if not once.height:
        return once.select(cells.columns)
    rooms = _rooms(once, metric)
    if len(metric.limits) == 1:
        place = pl.int_range(pl.len()).over("subject", "_period0", "_apart0")
        kept = rooms.filter(place < metric.limits[0].count)
    else:
        kept = rooms.filter(_one_by_one(rooms, metric))
    return kept.select(cells.columns)


def _rooms(cells: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    parts = pl.col("apart").str.split(BETWEEN)
    columns = []
    for index, limit in enumerate(metric.limits):
        days = cells["day"].unique()
        periods = pl.Series([period_of(day, limit.every) for day in days], dtype=pl.Int64)
        columns.append(pl.col("day").replace_strict(days, periods, return_dtype=pl.Int64).alias(f"_period{index}"))
        columns.append(parts.list.get(index).fill_null(UNTOLD).alias(f"_apart{index}"))
    return cells.with_columns(columns)


def _one_by_one(rooms: pl.DataFrame, metric: MetricFromFacts) -> pl.Series:
    taken: dict[tuple[object, ...], int] = {}
    counts = [limit.count for limit in metric.limits]
    names = [name for index in range(len(counts)) for name in (f"_period{index}", f"_apart{index}")]
    kept = []
    for subject, *places in rooms.select("subject", *names).iter_rows():
        mine = [(index, subject, places[2 * index], places[2 * index + 1]) for index in range(len(counts))]
        free = all(taken.get(room, 0) < count for room, count in zip(mine, counts, strict=True))
        if free:
            for room in mine:
                taken[room] = taken.get(room, 0) + 1
        kept.append(free)
    return pl.Series(kept, dtype=pl.Boolean)
