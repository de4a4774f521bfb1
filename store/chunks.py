"""Chunks: cells in PostgreSQL, appended in the transaction of their facts, read by column, merged when many."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson
import polars as pl
from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER

from store.cells import SCHEMA, TOTAL, empty
from store.numbers import number_of
from store.tables.facts import chunk

FEW = 200
"""Up to so many cells are kept as JSON: a fact of a workflow brings three or four."""
MANY = 48
"""So many unmerged chunks are worth merging."""
LARGEST = 2_000_000
"""Cells of one merged chunk."""
CROWD = 4
"""So many merged chunks of one metric that would have room in one are put together."""

_COLUMNS = tuple(SCHEMA)


def append(connection: Connection, community: int, cells: pl.DataFrame, *, merged: bool = False) -> None:
    """Write cells down; nothing is written for none."""
    if not cells.height:
        return
    cells = cells.select(*_COLUMNS)
    values = {
        "community": community,
        "metrics": sorted(cells["metric"].unique().to_list()),
        "first_day": cells["day"].min(),
        "last_day": cells["day"].max(),
        "cells": cells.height,
        "merged": merged,
        "data": packed(cells),
    }
    connection.execute(insert(chunk).values(**values))


def read(
    connection: Connection, community: int, metrics: Collection[int], first_day: int | None = None
) -> pl.DataFrame:
    """All cells of some metrics, as they stand; chunks that end before `first_day` are left out."""
    if not metrics:
        return empty()
    query = select(chunk.c.data).where(chunk.c.community == community, chunk.c.metrics.overlap(_numbers(metrics)))
    if first_day is not None:
        query = query.where(chunk.c.last_day >= first_day)
    return unpacked([bytes(data) for data in connection.execute(query).scalars()], metrics)


class Chunks:
    """The chunks of some metrics, fetched once and unpacked metric by metric, so that few cells are held at once.

    Args:
        first_days: metrics, and the first day of each that is looked at; None: all days.
    """

    def __init__(self, connection: Connection, community: int, first_days: Mapping[int, int | None]) -> None:
        self._first_days = first_days
        self._alone: dict[int, list[bytes]] = {}
        mixed: list[bytes] = []
        days = [day for day in first_days.values() if day is not None]
        since = min(days) if days and len(days) == len(first_days) else None
        driver: Any = connection.connection.driver_connection
        with driver.cursor(binary=True) as cursor:
            query = "SELECT metrics, last_day, data FROM chunk WHERE community = %s AND metrics && %s::int[]"
            if since is not None:
                query += f" AND last_day >= {since:d}"
            for metrics, last, data in cursor.stream(f"{query} ORDER BY key", (community, sorted(first_days))):
                if len(metrics) > 1 or data[:1] == b"[":
                    mixed.append(data)
                elif (first := first_days[metrics[0]]) is None or last >= first:
                    self._alone.setdefault(metrics[0], []).append(data)
        self._mixed = unpacked(mixed, first_days) if mixed else empty()

    def cells(self, metric: int, columns: Collection[str]) -> pl.DataFrame:
        """The cells of one metric, some columns of them."""
        wanted = [name for name in _COLUMNS if name in columns and name != "metric"]
        frames = [pl.read_ipc(io.BytesIO(data), columns=wanted) for data in self._alone.get(metric, [])]
        frames.append(self._mixed.filter(pl.col("metric") == metric).select(wanted))
        return pl.concat(frames)


def forget(connection: Connection, community: int, metrics: Collection[int]) -> None:
    """Remove every cell of some metrics. The caller holds the community exclusively."""
    query = (
        select(chunk.c.key, chunk.c.metrics, chunk.c.data)
        .where(chunk.c.community == community, chunk.c.metrics.overlap(_numbers(metrics)))
        .with_for_update()
    )
    gone = set(metrics)
    for row in connection.execute(query).all():
        kept = set(row.metrics) - gone
        if kept:
            append(connection, community, unpacked([bytes(row.data)], kept))
        connection.execute(delete(chunk).where(chunk.c.key == row.key))


def size(connection: Connection, community: int) -> int:
    """How many cells there are."""
    query = select(func.coalesce(func.sum(chunk.c.cells), 0)).where(chunk.c.community == community)
    return int(connection.execute(query).scalar_one())


def waiting(connection: Connection, community: int) -> int:
    """How many chunks wait to be merged."""
    query = select(func.count()).select_from(chunk).where(chunk.c.community == community, ~chunk.c.merged)
    return int(connection.execute(query).scalar_one())


def merge(engine: Engine, community: str, *, at_least: int = MANY) -> int:
    """Turn the small chunks of a community into one large chunk for each metric; returns how many there were.

    Merged ones that stayed small, as a long rebuild leaves them, are put together too. Facts may be recorded
    meanwhile; whoever else is merging is left alone.
    """
    with engine.begin() as connection:
        number = number_of(connection, community)
        free = text("SELECT pg_try_advisory_xact_lock(:space, :key)")
        if not connection.execute(free, {"space": 0x7474, "key": number}).scalar():
            return 0
        _gather(connection, number)
        if waiting(connection, number) < at_least:
            return 0
        query = select(chunk.c.key, chunk.c.metrics, chunk.c.data).where(chunk.c.community == number, ~chunk.c.merged)
        rows = connection.execute(query.with_for_update(skip_locked=True)).all()
        metrics = {metric for row in rows for metric in row.metrics}
        keys = [row.key for row in rows]
        cells = unpacked([bytes(row.data) for row in rows], metrics)
        for metric in sorted(metrics):
            _melt(connection, number, metric, cells.filter(pl.col("metric") == metric))
        connection.execute(delete(chunk).where(chunk.c.key.in_(keys)))
        return len(keys)


def _gather(connection: Connection, community: int) -> None:
    """Put merged chunks of one metric together where all that are not full have room in one."""
    small = (chunk.c.community == community, chunk.c.merged, chunk.c.cells < LARGEST)
    crowded = select(chunk.c.metrics).where(*small).group_by(chunk.c.metrics)
    crowded = crowded.having(func.count() >= CROWD, func.sum(chunk.c.cells) < LARGEST)
    for (metrics,) in connection.execute(crowded).all():
        query = select(chunk.c.key, chunk.c.data).where(*small, chunk.c.metrics == _numbers(metrics))
        rows = connection.execute(query.with_for_update(skip_locked=True)).all()
        append(connection, community, added_up(unpacked([bytes(row.data) for row in rows], metrics)), merged=True)
        connection.execute(delete(chunk).where(chunk.c.key.in_([row.key for row in rows])))


def _melt(connection: Connection, community: int, metric: int, cells: pl.DataFrame) -> None:
    """Put new cells of one metric together with its last merged chunk, as long as that is not full."""
    query = (
        select(chunk.c.key, chunk.c.data)
        .where(chunk.c.community == community, chunk.c.merged, chunk.c.metrics == _numbers([metric]))
        .where(chunk.c.cells < LARGEST)
        .order_by(chunk.c.key.desc())
        .limit(1)
        .with_for_update()
    )
    row = connection.execute(query).first()
    if row is not None:
        cells = pl.concat([unpacked([bytes(row.data)], [metric]), cells])
        connection.execute(delete(chunk).where(chunk.c.key == row.key))
    append(connection, community, added_up(cells), merged=True)


def added_up(cells: pl.DataFrame) -> pl.DataFrame:
    """Cells of the same value as one, totals added; what was taken back is gone. Sorted, so that it packs well."""
    keys = [name for name in _COLUMNS if name != "n"]
    total = (pl.col("apart") == TOTAL).fill_null(value=False)
    values = cells.filter(~total).group_by(keys).agg(pl.col("n").sum()).filter(pl.col("n") != 0)
    keys.remove("x")
    totals = cells.filter(total).group_by(keys).agg(pl.col("x").sum(), pl.col("n").sum())
    totals = totals.filter((pl.col("n") != 0) | (pl.col("x") != 0))
    together = pl.concat([part.select(*_COLUMNS) for part in (values, totals)])
    return together.sort("metric", "day", "subject", "t")


def packed(cells: pl.DataFrame) -> bytes:
    """Cells as bytes: a JSON list of rows for a few, Arrow IPC with zstd for more."""
    if cells.height <= FEW:
        return orjson.dumps(cells.rows())
    buffer = io.BytesIO()
    cells.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


def unpacked(chunks: Iterable[bytes], metrics: Collection[int]) -> pl.DataFrame:
    """The cells of some metrics out of chunks."""
    wanted = pl.col("metric").is_in(sorted(metrics))
    rows: list[list[object]] = []
    frames = []
    for data in chunks:
        if data[:1] == b"[":
            rows.extend(orjson.loads(data))
        else:
            frames.append(pl.read_ipc(io.BytesIO(data)).filter(wanted))
    if rows:
        frames.append(pl.DataFrame(rows, schema=dict(SCHEMA), orient="row").filter(wanted))
    return pl.concat(frames) if frames else empty()


def _numbers(metrics: Collection[int]) -> object:
    return bindparam(None, sorted(metrics), type_=ARRAY(INTEGER))
