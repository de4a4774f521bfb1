"""Cells: what metrics keep of facts, small enough to read years of a whole community at once.

A cell says how often (`n`) something of the same value (`x`, `w`) was found for a metric, a subject, a value of its
`by` and a local day. Cells add up in any order: a fact that is corrected or taken back brings the same cells with
negative `n`. How fine they are depends on what the metric takes: a day's count, sum or mean is one cell; values that
must be told apart (highest, lowest, distinct) have one each; the latest, the time since, and whatever has limits, one
for each fact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from rules.fact import FactKind
from rules.metric import MetricFromFacts, places_of
from rules.reading import Reading
from rules.time.local import day_start
from rules.time.window import Window
from store.fact_columns import BETWEEN
from store.fact_conditions import holds

SCHEMA: Mapping[str, Any] = {
    "metric": pl.Int32,
    "subject": pl.Int32,
    "by": pl.String,
    "day": pl.Int32,
    "t": pl.Int64,
    "tie": pl.Int64,
    "x": pl.Int64,
    "w": pl.String,
    "apart": pl.String,
    "n": pl.Int32,
}
"""`t` microseconds since 1970, `tie` the order within one, `x` a number (of distinct texts: their hash), `w` a text,
`apart` the values for which limits count, or `TOTAL`."""

TOTAL = "\x1d"
"""Stands in `apart` where `x` is a total: such cells add up in `x` too."""
UNTOLD = "\x1e"
"""Stands in `apart` for a value that is unknown."""

Past = Callable[[pl.DataFrame, str, str], pl.Series]
"""What members' attributes were: (typed frame, column that names them, attribute) to a column of values."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS = tuple(name for name in SCHEMA if name not in ("n", "x"))


@dataclass(frozen=True, slots=True)
class Found:
    """Cells whose subjects are still named: `subject` holds ids of things of one kind."""

    subject: str
    cells: pl.DataFrame


def cells_of(
    metrics: Mapping[int, MetricFromFacts],
    facts: Mapping[str, pl.DataFrame],
    zone: ZoneInfo,
    past: Past,
    sign: int = 1,
    *,
    fine: bool = False,
) -> list[Found]:
    """The cells that facts bring, metric by metric.

    Args:
        metrics: by the number under which their cells are kept.
        facts: typed frames by kind.
        zone: whose days are meant.
        past: what members' attributes were at the time of a fact.
        sign: -1 for facts that are no more.
        fine: one cell for each fact, with its time, whatever the metric takes.
    """
    found = []
    for key, metric in metrics.items():
        frames = [
            _counting(metric, kind, facts[id_], zone, past)
            for id_, kind in metric.kinds.items()
            if id_ in facts and facts[id_].height
        ]
        frames = [frame for frame in frames if frame.height]
        if frames:
            cells = _gathered(metric, pl.concat(frames), fine).with_columns(
                pl.lit(key, dtype=pl.Int32).alias("metric"), (pl.col("n") * sign).cast(pl.Int32)
            )
            if metric.take in ("sum", "mean") and not metric.limits:
                cells = cells.with_columns(pl.col("x") * sign)
            found.append(Found(metric.subject, cells.select("metric", *(c for c in SCHEMA if c != "metric"))))
    return found


def empty() -> pl.DataFrame:
    """No cells."""
    return pl.DataFrame(schema=dict(SCHEMA))


def cell_places(metric: MetricFromFacts) -> int:
    """The places at which `x` is scaled: the most that any kind of the metric has."""
    return max((places_of(type_) for type_ in (metric.value or {}).values()), default=0)


def day_of(moment: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """The local day of a moment, in days since 1970-01-01."""
    return moment.dt.convert_time_zone(str(zone)).dt.date().cast(pl.Int32)


def text_hash(text: str) -> int:
    """Eight bytes of BLAKE2b as a signed number: stands for a text that is only told apart from others."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _counting(metric: MetricFromFacts, kind: FactKind, frame: pl.DataFrame, zone: ZoneInfo, past: Past) -> pl.DataFrame:
    """The facts of one kind that count, one row each, with named subjects."""
    for name, (through, attribute) in (metric.steps or {}).items():
        column = "member" if through == "member" else f".{through}"
        if column in frame.columns and name not in kind.fields:
            frame = frame.with_columns(past(frame, column, attribute).alias(f"/{name}"))
    columns = _columns(frame)
    subject = pl.lit("") if metric.key == "community" else columns.get(metric.key)
    if subject is None or (metric.field is not None and metric.field not in columns):
        return pl.DataFrame(schema=_ROWS)
    frame = frame.with_columns(subject.alias("_subject")).filter(pl.col("_subject").is_not_null())
    columns["subject"] = pl.col("_subject")
    frame = _unignored(metric, frame, columns, past)
    condition = (metric.where or {}).get(kind.id)
    if condition is not None:
        frame = frame.filter(holds(condition, columns))
    if metric.field is not None:
        frame = frame.filter(columns[metric.field].is_not_null())
    day = day_of(pl.col("at"), zone)
    t: pl.Expr | pl.Series = pl.col("at").dt.epoch("us")
    if metric.dated_by is not None:
        if metric.dated_by not in columns:
            return pl.DataFrame(schema=_ROWS)
        frame = frame.filter(columns[metric.dated_by].is_not_null())
        day = columns[metric.dated_by].cast(pl.Int32)
        t = _starts(frame.select(day.alias("day"))["day"], zone)
    return frame.select(
        pl.col("_subject").alias("subject"),
        _text(metric.by, columns).alias("by"),
        day.alias("day"),
        t.alias("t"),
        pl.col("id").str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64).reinterpret(signed=True).alias("tie"),
        *_value(metric, kind, frame, columns),
        _apart(metric, columns).alias("apart"),
    )


_ROWS: Mapping[str, Any] = {
    "subject": pl.String,
    "by": pl.String,
    "day": pl.Int32,
    "t": pl.Int64,
    "tie": pl.Int64,
    "x": pl.Int64,
    "w": pl.String,
    "apart": pl.String,
}


def _columns(frame: pl.DataFrame) -> dict[str, pl.Expr]:
    named = {name[1:]: pl.col(name) for name in frame.columns if name[0] in "./"}
    return {**named, "member": pl.col("member")}


def _unignored(
    metric: MetricFromFacts, frame: pl.DataFrame, columns: Mapping[str, pl.Expr], past: Past
) -> pl.DataFrame:
    if "suspect" in metric.ignore and "suspect" in columns:
        frame = frame.filter(~columns["suspect"].fill_null(False))
    if "by" not in columns:
        return frame
    by = columns["by"]
    if "self" in metric.ignore:
        frame = frame.filter(~((by == pl.col("_subject")) | (by == pl.col("member"))).fill_null(False))
    if "staff" in metric.ignore:
        frame = frame.with_columns(past(frame, ".by", "staff").alias("_staff"))
        frame = frame.filter(~(by.str.starts_with("role:").fill_null(False) | pl.col("_staff").fill_null(False)))
    return frame


def _text(name: str | None, columns: Mapping[str, pl.Expr]) -> pl.Expr:
    """A value as `by` and limits group by it."""
    if name is None or name not in columns:
        return pl.lit(None, dtype=pl.String)
    return columns[name].map_batches(_as_text, return_dtype=pl.String)


def _as_text(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.List):
        return values.list.sort().list.join(", ")
    return values.cast(pl.String)


def _value(
    metric: MetricFromFacts, kind: FactKind, frame: pl.DataFrame, columns: Mapping[str, pl.Expr]
) -> tuple[pl.Expr, pl.Expr | pl.Series]:
    """`x` and `w` of each fact."""
    nothing, no_text = pl.lit(None, dtype=pl.Int64).alias("x"), pl.lit(None, dtype=pl.String).alias("w")
    if metric.field is None:
        return nothing, no_text
    value = columns[metric.field]
    held = frame.select(value.alias("x"))["x"]
    if held.dtype in (pl.Int64, pl.Int32, pl.Boolean):
        number = value.cast(pl.Int64)
        if metric.take != "distinct":
            number = number * 10 ** (cell_places(metric) - metric.places(kind.id))
        return number.alias("x"), no_text
    if metric.take == "distinct":
        texts = _as_text(held)
        known = texts.unique()
        hashes = pl.Series([None if text is None else text_hash(text) for text in known], dtype=pl.Int64)
        return pl.lit(texts.replace_strict(known, hashes, return_dtype=pl.Int64)).alias("x"), no_text
    return nothing, value.map_batches(_as_text, return_dtype=pl.String).alias("w")


def _apart(metric: MetricFromFacts, columns: Mapping[str, pl.Expr]) -> pl.Expr:
    if not metric.limits:
        return pl.lit(None, dtype=pl.String)
    return pl.concat_str([_text(limit.of, columns).fill_null(UNTOLD) for limit in metric.limits], separator=BETWEEN)


def _starts(days: pl.Series, zone: ZoneInfo) -> pl.Series:
    """When local days begin, in microseconds."""
    known = days.unique()
    starts = [(day_start(day, zone) - _EPOCH).total_seconds() * 1e6 for day in known]
    return days.replace_strict(known, pl.Series(starts).cast(pl.Int64), return_dtype=pl.Int64)


def _gathered(metric: MetricFromFacts, rows: pl.DataFrame, fine: bool) -> pl.DataFrame:
    """Rows as cells, as coarse as the metric allows."""
    for name in () if fine else unneeded(metric):
        rows = rows.with_columns(pl.lit(None, dtype=_ROWS[name]).alias(name))
    total = metric.take in ("sum", "mean") and not metric.limits
    if total:
        rows = rows.with_columns(pl.lit(TOTAL).alias("apart"))
    keys = [name for name in _ROWS if not (total and name == "x")]
    sums = [pl.len().cast(pl.Int64).alias("n"), *([pl.col("x").sum()] if total else [])]
    return rows.group_by(keys, maintain_order=True).agg(sums)


def needed(metric: MetricFromFacts, readings: Collection[Reading]) -> set[str]:
    """The columns of a metric's cells that some readings are computed from."""
    if metric.limits:
        return set(SCHEMA)
    columns = {"metric", "subject", "day", "n"}
    match metric.take:
        case "count" | "days_with" | "streak":
            pass
        case "sum" | "mean" | "distinct":
            columns.add("x")
        case "since_first" | "since_last":
            columns.add("t")
        case "latest":
            columns |= {"t", "tie", "x", "w"}
        case _:
            columns |= {"x", "w"}
    if any(reading.of is not None for reading in readings):
        columns.add("by")
    if any(Window.parse(reading.over, reading.until).is_elapsed for reading in readings):
        columns.add("t")
    return columns


def unneeded(metric: MetricFromFacts) -> tuple[str, ...]:
    """The columns of a cell that say nothing for this metric."""
    if metric.limits:
        return ()
    match metric.take:
        case "latest":
            return ()
        case "since_first" | "since_last":
            return ("tie",)
        case _:
            return ("t", "tie")
