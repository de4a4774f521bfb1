"""Member columns: what is known of a community's members, read by column, however many there are."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection

from rules.values import ValueType
from store.by_column import Column, Unreadable, by_column
from store.fact_columns import MOMENT, dtype

_TOGETHER = 4000
"""Members in one row of the answer; a row for each would cost more than all the rest."""
_QUERY = r"""
    SELECT convert_to(string_agg(line, E'\n'), 'UTF8') FROM (
        SELECT {line} AS line, (row_number() OVER ()) / {together} AS packet
        FROM member WHERE community = %s AND joined <= %s {which}
    ) lines GROUP BY packet
"""


def member_columns(
    connection: Connection,
    community: str,
    types: Mapping[str, ValueType],
    at: datetime,
    subjects: Collection[str] | None,
    *,
    ordered: bool = True,
) -> pl.DataFrame:
    """Members who had joined by `at`: `subject`, `joined` (UTC), and these attributes as they are now.

    Args:
        ordered: by id; of many that takes longer than reading them.
    """
    try:
        frame = _by_column(connection, community, types, at, subjects)
    except Unreadable:
        frame = _by_line(connection, community, types, at, subjects)
    sets = [name for name, type_ in types.items() if type_.kind == "set"]
    frame = frame.with_columns(pl.col(name).str.json_decode(pl.List(pl.String)) for name in sets)
    return frame.sort("subject") if ordered else frame


def _by_column(
    connection: Connection,
    community: str,
    types: Mapping[str, ValueType],
    at: datetime,
    subjects: Collection[str] | None,
) -> pl.DataFrame:
    columns = {"subject": Column("id"), "joined": Column("joined", "moment")}
    columns |= {name: Column("attributes ->> %s") for name in types}
    which = "" if subjects is None else "AND id = ANY (%s)"
    given = [*types, community, at, *([] if subjects is None else [sorted(subjects)])]
    frame = by_column(connection, columns, f"member WHERE community = %s AND joined <= %s {which}", given)[()]
    return frame.with_columns(
        pl.col(name) == "true" if dtype(type_) == pl.Boolean else pl.col(name).cast(dtype(type_))
        for name, type_ in types.items()
        if not _is_text(type_)
    )


def _by_line(
    connection: Connection,
    community: str,
    types: Mapping[str, ValueType],
    at: datetime,
    subjects: Collection[str] | None,
) -> pl.DataFrame:
    """The same for whoever has control characters in a text."""
    line = [_quoted("id"), "(extract(epoch FROM joined) * 1000000)::bigint::text"]
    line.extend(_quoted("attributes ->> %s") if _is_text(type_) else "attributes ->> %s" for type_ in types.values())
    parts = " || ',' || ".join(f"coalesce({part}, '')" for part in line)
    which = "" if subjects is None else "AND id = ANY (%s)"
    query = _QUERY.format(line=parts, together=_TOGETHER, which=which)
    given = [*types, community, at, *([] if subjects is None else [sorted(subjects)])]
    raw: Any = connection.connection.driver_connection
    with raw.cursor(binary=True) as cursor:
        lines = b"\n".join(row[0] for row in cursor.execute(query, given))
    read: dict[str, Any] = {"subject": pl.String, "joined": pl.Int64}
    read |= {name: pl.String if type_.kind == "set" else dtype(type_) for name, type_ in types.items()}
    if lines:
        frame = pl.read_csv(io.BytesIO(lines), has_header=False, schema=read)
    else:
        frame = pl.DataFrame(schema=read)
    return frame.with_columns(pl.col("joined").cast(MOMENT))


def as_before(
    frame: pl.DataFrame, types: Mapping[str, ValueType], before: Mapping[str, Mapping[str, Any]]
) -> pl.DataFrame:
    """The same with some attributes of some members as they were before: member to attribute to value."""
    for name, type_ in types.items():
        rows = [(member, known[name]) for member, known in before.items() if name in known]
        if rows:
            schema = {"subject": pl.String, "·before": dtype(type_)}
            then = pl.DataFrame(rows, schema=schema, orient="row", strict=False).with_columns(
                pl.lit(True).alias("·was")
            )
            frame = frame.join(then, on="subject", how="left", maintain_order="left")
            value = pl.when(pl.col("·was")).then(pl.col("·before")).otherwise(pl.col(name)).alias(name)
            frame = frame.with_columns(value).drop("·before", "·was")
    return frame


def _quoted(column: str) -> str:
    return f"""'"' || replace({column}, '"', '""') || '"'"""


def _is_text(type_: ValueType) -> bool:
    return type_.kind == "set" or dtype(type_) == pl.String
