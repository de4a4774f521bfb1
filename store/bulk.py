"""Bulk: many rows into a statement as one JSON parameter, which costs a fraction of a parameter for each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Table, TextClause, text
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def as_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as the JSON that `json_to_recordset` reads; moments keep their microseconds."""
    return orjson.dumps(rows, option=orjson.OPT_NON_STR_KEYS).decode()


def insert_many(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    on_conflict: str = "DO NOTHING",
    returning: str | None = None,
) -> list[Any]:
    """Insert rows that all have the same keys; returns the column asked for of those that were inserted or changed.

    Args:
        on_conflict: what follows `ON CONFLICT`.
        returning: the name of a column.
    """
    if not rows:
        return []
    found = connection.execute(_statement(table, tuple(rows[0]), on_conflict, returning), {"rows": as_rows(rows)})
    return list(found.scalars()) if returning else []


@cache
def _statement(table: Table, names: tuple[str, ...], on_conflict: str, returning: str | None) -> TextClause:
    columns = ", ".join(f'"{name}"' for name in names)
    typed = ", ".join(f'"{name}" {table.c[name].type.compile(dialect=_DIALECT)}' for name in names)
    tail = f' RETURNING "{returning}"' if returning else ""
    return text(
        f'INSERT INTO "{table.name}" ({columns})'
        f" SELECT {columns} FROM json_to_recordset(CAST(:rows AS json)) AS u ({typed})"
        f" ON CONFLICT {on_conflict}{tail}"
    )
