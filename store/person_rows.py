"""Person rows: every row, of whatever table, that names a member; found by reflection, so that no table is forgotten.

A column that is called as in `NAMED` holds ids of members. Rows change hands with a journal, by which every change can
be taken back exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, Text, text
from sqlalchemy.exc import IntegrityError

from store.schema import load_tables
from store.tables import metadata

NAMED = ("member", "author", "by_", "subject")
"""Columns that hold the id of a member."""
APART = frozenset(
    {
        "decision", "decision_form", "decision_head", "review", "review_shard", "verdict", "by_hand", "privacy",
        "joining", "audit_entry", "staff", "spec_document", "spec_version", "trial", "comparison", "fact", "fact_kind",
        "fact_arrival", "withdrawn", "metric", "chunk", "community", "subject", "member", "standing", "ledger",
        "balance",
    }
)  # fmt: skip
"""Tables that stay as they are when two members become one, or are seen to one by one."""

Journal = list[dict[str, Any]]


def tables() -> Iterator[Table]:
    """All tables of the memory, by name."""
    load_tables()
    yield from (metadata.tables[name] for name in sorted(metadata.tables))


def of_community(table: Table) -> str | None:
    """The condition under which rows of a table are of a community, given as `:community`; None: it cannot be told."""
    if "community" in table.c and isinstance(table.c.community.type, Text):
        return "community = :community"
    for column in ("run", "team"):
        if column in table.c:
            return f"starts_with({column}, :community || '/')"
    return None


def hand_over(connection: Connection, community: str, old: str, new: str) -> Journal:
    """Let rows that name one member name another one; what two cannot both have is kept in the journal only."""
    journal: Journal = []
    for table in tables():
        mine = of_community(table)
        if table.name in APART or mine is None:
            continue
        for column in NAMED:
            if column in table.c and isinstance(table.c[column].type, Text):
                journal.extend(_handed(connection, table, column, mine, community, old, new))
    return journal


def give_back(connection: Connection, community: str, old: str, new: str, journal: Sequence[Mapping[str, Any]]) -> None:
    """Undo what `hand_over` did; rows that are gone meanwhile stay gone."""
    for entry in reversed(journal):
        table = metadata.tables[entry["table"]]
        if "row" in entry:
            restore(connection, table, entry["row"])
            continue
        column = entry["column"]
        for key in entry["keys"]:
            where = " AND ".join(f't."{name}" = k."{name}"' for name in key)
            connection.execute(
                text(
                    f'UPDATE "{table.name}" t SET "{column}" = :old'
                    f' FROM jsonb_populate_record(NULL::"{table.name}", CAST(:key AS jsonb)) k'
                    f' WHERE {where} AND t."{column}" = :new'
                ),
                {"old": old, "new": new, "key": orjson.dumps(key).decode()},
            )


def restore(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Put a row back as it was; one that is there already stays."""
    names = ", ".join(f'"{column.name}"' for column in table.c if column.computed is None)
    connection.execute(
        text(
            f'INSERT INTO "{table.name}" ({names}) SELECT {names}'
            f' FROM jsonb_populate_record(NULL::"{table.name}", CAST(:row AS jsonb)) ON CONFLICT DO NOTHING'
        ),
        {"row": orjson.dumps(row).decode()},
    )


def rows_of(connection: Connection, table: Table, where: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows as plain data."""
    query = text(f'SELECT to_jsonb(t) FROM "{table.name}" t WHERE {where}')
    return list(connection.execute(query, values).scalars())


def _handed(
    connection: Connection, table: Table, column: str, mine: str, community: str, old: str, new: str
) -> Iterator[dict[str, Any]]:
    keys = [one.name for one in table.primary_key.columns]
    values = {"community": community, "old": old, "new": new}
    found = rows_of(connection, table, f'{mine} AND "{column}" = :old', values)
    if not found:
        return
    if not _is_unique(table, column):
        connection.execute(
            text(f'UPDATE "{table.name}" SET "{column}" = :new WHERE {mine} AND "{column}" = :old'), values
        )
        yield {"table": table.name, "column": column, "keys": [{name: row[name] for name in keys} for row in found]}
        return
    changed = []
    for row in found:
        where = " AND ".join(f't."{name}" = k."{name}"' for name in keys)
        record = f'jsonb_populate_record(NULL::"{table.name}", CAST(:row AS jsonb)) k WHERE {where}'
        given = {"new": new, "row": orjson.dumps(row).decode()}
        try:
            with connection.begin_nested():
                connection.execute(text(f'UPDATE "{table.name}" t SET "{column}" = :new FROM {record}'), given)
        except IntegrityError:
            connection.execute(text(f'DELETE FROM "{table.name}" t USING {record}'), given)
            yield {"table": table.name, "row": row}
        else:
            changed.append({**{name: row[name] for name in keys}, **({column: new} if column in keys else {})})
    if changed:
        yield {"table": table.name, "column": column, "keys": changed}


def _is_unique(table: Table, column: str) -> bool:
    """Whether a row may be in the way of another with the same value here."""
    unique = [index for index in table.indexes if index.unique]
    constraints = [one for one in table.constraints if column in getattr(one, "columns", ())]
    return column in table.primary_key.columns or bool(constraints) or any(column in i.columns for i in unique)
