"""Bulk: many rows into a table by one statement with one array per column, however many rows there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ARRAY, Connection, Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


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
    names = tuple(rows[0])
    statement = _statement(table, names, on_conflict, returning)
    arrays = {f"c{number}": _array(table, name, rows) for number, name in enumerate(names)}
    found = connection.execute(statement, arrays)
    return list(found.scalars()) if returning else []


@cache
def _statement(table: Table, names: tuple[str, ...], on_conflict: str, returning: str | None) -> TextClause:
    types = [_type(table, name) for name in names]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(
        f"u.c{number}::jsonb" if types[number] == "jsonb" else f"u.c{number}" for number in range(len(names))
    )
    arrays = ", ".join(
        f"CAST(:c{number} AS {'text' if type_ == 'jsonb' else type_}[])" for number, type_ in enumerate(types)
    )
    aliases = ", ".join(f"c{number}" for number in range(len(names)))
    tail = f' RETURNING "{returning}"' if returning else ""
    return text(
        f'INSERT INTO "{table.name}" ({columns}) SELECT {values} FROM unnest({arrays}) AS u ({aliases})'.replace(
            "::jsonb", "\\:\\:jsonb"
        )
        + f" ON CONFLICT {on_conflict}{tail}"
    )


def _type(table: Table, name: str) -> str:
    column = table.c[name].type
    if isinstance(column, ARRAY):
        raise TypeError(f"{table.name}.{name} is an array; arrays of arrays cannot be unnested")
    return "jsonb" if isinstance(column, JSONB) else str(column.compile(dialect=_DIALECT)).lower()


def _array(table: Table, name: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    if isinstance(table.c[name].type, JSONB):
        return [None if row[name] is None else orjson.dumps(row[name]).decode() for row in rows]
    return [row[name] for row in rows]
