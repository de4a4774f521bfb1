"""Sums: from the cells of one metric to one reading of every subject."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from rules.ahead import Cell
from rules.metric import MetricFromFacts, places_of
from rules.reading import Reading
from rules.time.local import local_day, to_date
from rules.time.window import Window
from store.cells import cell_places, day_of
from store.tally import days, summed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PERIODS = 10_000_000
"""More than there are days between the years 1 and 9999."""


def read_cells(
    frame: pl.DataFrame,
    cells: pl.DataFrame,
    metric: MetricFromFacts,
    reading: Reading,
    at: datetime,
    zone: ZoneInfo,
    entered: pl.DataFrame | None,
    *,
    whole: bool = False,
    places: Places | None = None,
) -> pl.DataFrame:
    """Add the column of one reading.

    Args:
        frame: `subject` and `key`.
        cells: of this metric, limits settled; facts after `at` are not among them.
        entered: `subject`, `key` and `entered`, for windows that begin at an entry; whoever is not there is unknown.
        whole: read all subjects together; `frame` has one row with the key 0.
        places: where each subject stands in the frame, if it is a large one.
    """
    window = Window.parse(reading.over, reading.until)
    if window.since_entry and entered is None:
        return frame.with_columns(pl.lit(None, dtype=nothing_column(metric).dtype).alias(reading.key))
    if whole:
        cells = cells.with_columns(pl.lit(0, dtype=pl.Int32).alias("subject"))
    if reading.of is not None:
        cells = cells.filter(pl.col("by") == reading.of)
    cells = _inside(cells, window, at, zone, entered)
    if metric.take not in _ADDING:
        cells = _net(cells, metric)
    last = local_day(at, zone) if window.is_elapsed else _last_day(window, at, zone)
    values = _taken(cells, metric, at, last).rename({"value": reading.key})
    nothing = nothing_column(metric)
    column = pl.col(reading.key)
    if places is not None and nothing.dtype != pl.String:
        joined = frame.with_columns(places.filled(values, nothing.dtype, metric.nothing))
    else:
        joined = frame.join(values, left_on="key", right_on="subject", how="left", maintain_order="left")
        column = column.cast(nothing.dtype)
        if metric.nothing is not None:
            column = column.fill_null(pl.lit(metric.nothing, dtype=nothing.dtype))
    if entered is not None:
        column = pl.when(_among(entered)).then(column)
    return joined.with_columns(column.alias(reading.key))


def _among(entered: pl.DataFrame) -> pl.Expr:
    """Who is in a frame of entries; whoever has no number is looked up by name."""
    unnumbered = entered.filter(pl.col("key").is_null())["subject"]
    known = pl.col("key").is_in(entered["key"].drop_nulls().implode()).fill_null(value=False)
    if unnumbered.is_empty():
        return known
    return known | (pl.col("key").is_null() & pl.col("subject").is_in(unnumbered.implode()))


class Places:
    """Where each subject stands in a large frame, so that values are put there without looking anybody up.

    Args:
        keys: numbers of the subjects, row by row; null for whoever has none.
        narrow: give whole numbers in as few bytes as hold them.
    """

    def __init__(self, keys: pl.Series, *, narrow: bool = False) -> None:
        self._height = len(keys)
        self._narrow = narrow
        known = pl.DataFrame({"key": keys}).with_row_index("row").drop_nulls()
        size: Any = known["key"].max() if known.height else 0
        rows = pl.repeat(None, size + 1, dtype=pl.UInt32, eager=True)
        self._rows = rows.scatter(known["key"].cast(pl.UInt32), known["row"])

    def filled(self, values: pl.DataFrame, type_: Any, nothing: Any) -> pl.Series:
        """The second column of `values`, whose first are numbers of subjects, at every row; `nothing` elsewhere."""
        subjects, column = values.get_columns()
        inside = values.filter(subjects < len(self._rows)) if values.height else values
        subjects, column = inside.get_columns()
        rows = self._rows.gather(subjects.cast(pl.UInt32))
        column = column.cast(type_)
        if self._narrow and type_ == pl.Int64:
            column = column.shrink_dtype()
            type_ = column.dtype
        both = pl.DataFrame([rows.alias("row"), column.alias("value")]).drop_nulls("row")
        filled = pl.repeat(nothing, self._height, dtype=type_, eager=True)
        if both.height:
            filled = filled.scatter(both["row"], both["value"])
        return filled.alias(column.name)


def cells_that_count(cells: pl.DataFrame, metric: MetricFromFacts, reading: Reading) -> list[Cell]:
    """The cells of one subject that a reading is computed from, on whatever day; limits and corrections are settled."""
    if reading.of is not None:
        cells = cells.filter(pl.col("by") == reading.of)
    if metric.take not in _ADDING:
        cells = _net(cells, metric)
    names = ("day", "n", "x", "w", "t", "tie")
    asked = [pl.col(name) if name in cells.columns else pl.lit(None).alias(name) for name in names]
    return [Cell(*row) for row in cells.select(asked).iter_rows()]


_ADDING = ("count", "sum", "mean")


def nothing_column(metric: MetricFromFacts) -> pl.Series:
    """An empty column of the type that the metric reads as."""
    kind = metric.type.kind
    type_: Any = pl.Boolean if kind == "boolean" else pl.String if kind in ("text", "tier", "member") else pl.Int64
    return pl.Series("value", [], dtype=type_)


def _last_day(window: Window, at: datetime, zone: ZoneInfo) -> int:
    between = window.days(at, zone, at)
    assert between is not None
    return between[1]


def _inside(
    cells: pl.DataFrame, window: Window, at: datetime, zone: ZoneInfo, entered: pl.DataFrame | None
) -> pl.DataFrame:
    """The cells of the window. Elapsed windows need cells with times."""
    if window.is_elapsed:
        start, end = window.span(at, zone)
        micros = [(moment - _EPOCH) // _MICROSECOND for moment in (start, end)]
        return cells.filter((pl.col("t") >= micros[0]) & (pl.col("t") < micros[1]))
    if window.since_entry:
        assert entered is not None
        last = _last_day(window, at, zone)
        first = entered.select(pl.col("key").alias("subject"), day_of(pl.col("entered"), zone).alias("_first"))
        inside = cells.join(first, on="subject", how="inner")
        return inside.filter((pl.col("day") >= pl.col("_first")) & (pl.col("day") <= last)).drop("_first")
    between = window.days(at, zone)
    assert between is not None
    return cells.filter((pl.col("day") >= between[0]) & (pl.col("day") <= between[1]))


def _net(cells: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    """Only what is still there after corrections."""
    if not (cells["n"] < 0).any():
        return cells
    keys = [name for name in ("subject", "by", "day", "t", "tie", "x", "w") if name in cells.columns]
    return cells.group_by(keys).agg(pl.col("n").sum()).filter(pl.col("n") > 0)


def _taken(cells: pl.DataFrame, metric: MetricFromFacts, at: datetime, last: int) -> pl.DataFrame:
    groups = cells.group_by("subject")
    number = pl.col("n").cast(pl.Int64)
    match metric.take:
        case "count":
            return _counted(metric, summed(cells, value=number))
        case "distinct":
            return _counted(metric, groups.agg(pl.col("x").n_unique().cast(pl.Int64).alias("value")))
        case "days_with":
            return _counted(metric, days(cells))
        case "streak":
            return _counted(metric, _streaks(cells, metric, last))
        case "sum":
            total = pl.col("x") * (number if metric.limits else 1)
            sums = groups.agg(total.sum().alias("value"), number.sum().alias("n"))
            there = sums.filter(pl.col("n") > 0) if metric.blank else sums
            return _counted(metric, _scaled(there.drop("n"), metric))
        case "mean":
            total = pl.col("x") * (number if metric.limits else 1)
            return _means(summed(cells, total=total, n=number), metric)
        case "since_first" | "since_last":
            moment = pl.col("t").min() if metric.take == "since_first" else pl.col("t").max()
            now = (at - _EPOCH) // _MICROSECOND
            return groups.agg(((now - moment) // 1_000_000).alias("value"))
        case "latest":
            newest = cells.sort("t", "tie").group_by("subject").agg(pl.col("x", "w").last())
            return _shown(newest, metric)
        case "max":
            return _shown(groups.agg(pl.col("x").max(), pl.col("w").max()), metric)
        case _:
            return _shown(groups.agg(pl.col("x").min(), pl.col("w").min()), metric)


def _counted(metric: MetricFromFacts, values: pl.DataFrame) -> pl.DataFrame:
    if metric.type.kind == "boolean":
        return values.with_columns(pl.col("value") > 0)
    return values


def _shown(values: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    if metric.type.kind == "boolean":
        return values.select("subject", (pl.col("x") != 0).alias("value"))
    if not metric.type.numeric:
        return values.select("subject", pl.col("w").alias("value"))
    return _scaled(values.select("subject", pl.col("x").alias("value")), metric)


def _scaled(values: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    """Values at the places of the metric, rounded half to even."""
    grow = places_of(metric.type) - cell_places(metric)
    if grow >= 0:
        return values.with_columns(pl.col("value") * 10**grow)
    return values.with_columns(_half_even(pl.col("value"), pl.lit(10**-grow, dtype=pl.Int64)).alias("value"))


def _means(values: pl.DataFrame, metric: MetricFromFacts) -> pl.DataFrame:
    grow = places_of(metric.type) - cell_places(metric)
    total, count = pl.col("total").cast(pl.Int128), pl.col("n").cast(pl.Int128)
    above, below = total * 10 ** max(grow, 0), count * 10 ** max(-grow, 0)
    mean = _half_even(above, below).cast(pl.Int64).alias("value")
    return values.filter(pl.col("n") > 0).select("subject", mean)


def _half_even(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    """above / below rounded half to even; `below` is positive."""
    whole, rest = above // below, above % below
    up = (2 * rest > below) | ((2 * rest == below) & (whole % 2 == 1))
    return whole + up.cast(pl.Int64)


def _streaks(cells: pl.DataFrame, metric: MetricFromFacts, last: int) -> pl.DataFrame:
    """How many periods in a row, up to the one of `last`, which may still be without a fact."""
    day = pl.col("day").cast(pl.Int64)
    date = to_date(last)
    match metric.period:
        case "week":
            period, now = (day + 3) // 7, (last + 3) // 7
        case "month":
            calendar = pl.col("day").cast(pl.Date)
            period, now = calendar.dt.year().cast(pl.Int64) * 12 + calendar.dt.month(), date.year * 12 + date.month
        case _:
            period, now = day, last
    back = now - period  # whole periods ago; packed behind the subject, so that one number is sorted
    packed = pl.col("subject").cast(pl.Int64) * _PERIODS + back
    told = cells.filter(back >= 0).select(packed.alias("packed")).to_series().unique().sort()
    periods = pl.DataFrame({"subject": told // _PERIODS, "back": told % _PERIODS}).with_row_index("row")
    begins = pl.col("subject") != pl.col("subject").shift(fill_value=-1)
    first = [pl.when(begins).then(pl.col(name)).forward_fill().alias(f"first_{name}") for name in ("row", "back")]
    placed = periods.with_columns(first)
    unbroken = placed.filter(
        (pl.col("first_back") <= 1) & (pl.col("back") - pl.col("first_back") == pl.col("row") - pl.col("first_row"))
    )
    counts = unbroken.group_by("subject").agg(pl.len().cast(pl.Int64).alias("value"))
    return counts.with_columns(pl.col("subject").cast(cells.schema["subject"]))
