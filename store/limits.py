"""Limits: which facts still count when only so many may in a day, week or month."""

from __future__ import annotations

import polars as pl

from rules.metric import MetricFromFacts, period_of
from store.cells import UNTOLD
from store.fact_columns import BETWEEN


def limited(cells: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    """The cells (one for each fact) that find room under every limit, the earlier first.

    A fact takes room under each limit only when it has room under all. What meets nothing but rooms that are never
    full is in; only the rest is gone through in order of time.
    """
    if not metric.limits or not cells.height:
        return cells
    once = cells
    if not (cells["n"] == 1).all():
        keys = [name for name in cells.columns if name != "n"]
        once = cells.group_by(keys).agg(pl.col("n").sum()).filter(pl.col("n") > 0)
    rooms = _rooms(once, metric).with_row_index("_row")
    crowded = []
    for index, limit in enumerate(metric.limits):
        room = ["subject", f"_period{index}", f"_apart{index}"]
        full = rooms.group_by(room).len().filter(pl.col("len") > limit.count)
        crowded.append(rooms.join(full, on=room, how="semi")["_row"])
    which = pl.concat(crowded).unique()
    if which.is_empty():
        return once.select(cells.columns)
    contested = rooms.filter(pl.col("_row").is_in(which.implode())).sort("t", "tie")
    if len(metric.limits) == 1:
        place = pl.int_range(pl.len()).over("subject", "_period0", "_apart0")
        kept = contested.filter(place < metric.limits[0].count)
    else:
        kept = contested.filter(_one_by_one(contested, metric))
    out = contested["_row"].filter(~contested["_row"].is_in(kept["_row"].implode()))
    return rooms.filter(~pl.col("_row").is_in(out.implode())).select(cells.columns)


def _rooms(cells: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    several = len(metric.limits) > 1
    parts = pl.col("apart").str.split(BETWEEN) if several else None
    columns = []
    for index, limit in enumerate(metric.limits):
        days = cells["day"].unique()
        periods = pl.Series([period_of(day, limit.every) for day in days], dtype=pl.Int64)
        columns.append(pl.col("day").replace_strict(days, periods, return_dtype=pl.Int64).alias(f"_period{index}"))
        part = pl.col("apart") if parts is None else parts.list.get(index)
        columns.append(part.fill_null(UNTOLD).alias(f"_apart{index}"))
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
