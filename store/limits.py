"""Limits: which facts still count when only so many may in a day, week or month."""

from __future__ import annotations

import polars as pl

from rules.metric import MetricFromFacts, period_of
from store.cells import UNTOLD
from store.fact_columns import BETWEEN

_PERIODS = 10_000_000
"""More than there are days between the years 1 and 9999: a subject and a period are packed into one number."""


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
    rooms = _periods(once, metric).with_row_index("_row")
    crowded = []
    for index, limit in enumerate(metric.limits):
        inside = _parts(rooms.filter(_busy(rooms, f"_period{index}", limit.count)), metric)
        room = ["subject", f"_period{index}", f"_apart{index}"]
        full = inside.group_by(room).len().filter(pl.col("len") > limit.count)
        crowded.append(inside.join(full, on=room, how="semi")["_row"])
    which = pl.concat(crowded).unique()
    if which.is_empty():
        return once.select(cells.columns)
    contested = _parts(rooms[which], metric).sort("t", "tie")
    if len(metric.limits) == 1:
        place = pl.int_range(pl.len()).over("subject", "_period0", "_apart0")
        kept = contested.filter(place < metric.limits[0].count)
    else:
        kept = contested.filter(_one_by_one(contested, metric))
    out = contested["_row"].filter(~contested["_row"].is_in(kept["_row"].implode()))
    return rooms.filter(~pl.col("_row").is_in(out.implode())).select(cells.columns)


def _periods(cells: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    """With the period of each limit that a day lies in."""
    columns = []
    for index, limit in enumerate(metric.limits):
        days = cells["day"].unique()
        periods = pl.Series([period_of(day, limit.every) for day in days], dtype=pl.Int64)
        columns.append(pl.col("day").replace_strict(days, periods, return_dtype=pl.Int64).alias(f"_period{index}"))
    return cells.with_columns(columns)


def _busy(cells: pl.DataFrame, period: str, count: int) -> pl.Series:
    """Who has more cells in a period than a limit allows of any part: the rest fills nothing."""
    numbered = cells["subject"].dtype.is_integer()
    subject = pl.col("subject") if numbered else pl.col("subject").rank("dense")  # histories from files have names
    packed = cells.select((subject.cast(pl.Int64) * _PERIODS + pl.col(period)).alias("packed")).to_series()
    ordered = packed.sort()
    busy = ordered.filter((ordered == ordered.shift(count)).fill_null(value=False)).unique()
    return packed.is_in(busy.implode())


def _parts(cells: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    """With what each limit keeps apart."""
    if len(metric.limits) == 1:
        return cells.with_columns(pl.col("apart").fill_null(UNTOLD).alias("_apart0"))
    parts = pl.col("apart").str.split(BETWEEN)
    told = [parts.list.get(index).fill_null(UNTOLD).alias(f"_apart{index}") for index in range(len(metric.limits))]
    return cells.with_columns(told)


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
