"""Fact rows: facts as the table holds them, read and written by the thousand."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from rules.fact import FactKind
from store.fact_columns import MOMENT, unstored
from store.numbers import kinds_of

_HELD = 256 * 2**20
"""Bytes of rows that wait in memory; more than that wait in a file."""

ROWS: Mapping[str, Any] = {
    "id": pl.String,
    "at": MOMENT,
    "recorded_at": MOMENT,
    "member": pl.Int32,
    "kind": pl.Int16,
    "fields": pl.String,
}
"""A row of the table `fact` without its community; `id` as 32 hexadecimal digits, `member` and `kind` as numbers.

Rows that are read have `suspect` besides: 1 where the filters found them to be."""

_READ = (
    "SELECT replace(id::text, '-', '') AS id, (extract(epoch FROM at) * 1000000)::bigint AS at, "
    "(extract(epoch FROM recorded_at) * 1000000)::bigint AS recorded_at, member, kind, fields, "
    "suspect::int AS suspect FROM fact"
)
FEW = 5_000
"""Of so many members the ids are looked up one by one; of more, all are read."""
_AS_READ = {**ROWS, "at": pl.Int64, "recorded_at": pl.Int64, "suspect": pl.Int8}


def write(connection: Connection, community: int, rows: pl.DataFrame) -> None:
    """Append rows by COPY.

    Raises:
        psycopg.errors.UniqueViolation: somebody else has just recorded one of them.
    """
    table = rows.select(
        "id",
        pl.col("at", "recorded_at").dt.strftime("%Y-%m-%d %H:%M:%S%.6f+00"),
        "member",
        "kind",
        pl.lit(community).alias("community"),
        "fields",
    )
    driver: Any = connection.connection.driver_connection
    columns = "id, at, recorded_at, member, kind, community, fields"
    with driver.cursor() as cursor, cursor.copy(f"COPY fact ({columns}) FROM STDIN (FORMAT csv)") as copy:
        for part in table.iter_slices(50_000):
            copy.write(part.write_csv(include_header=False, quote_style="necessary").encode())


def replace(connection: Connection, community: int, rows: pl.DataFrame) -> None:
    """Put other content under ids that are there."""
    if rows.height:
        connection.execute(
            text(
                "UPDATE fact SET at = :at, recorded_at = :recorded_at, member = :member, kind = :kind, "
                "fields = :fields, suspect = false WHERE community = :community AND id = CAST(:id AS uuid)"
            ),
            [{**row, "community": community} for row in rows.select(*ROWS).to_dicts()],
        )


def mark(connection: Connection, community: int, ids: Collection[str], suspect: bool) -> None:
    """Mark rows as suspect, or no longer so."""
    if ids:
        query = "UPDATE fact SET suspect = :suspect WHERE community = :community AND id = ANY(CAST(:ids AS uuid[]))"
        connection.execute(text(query), {"suspect": suspect, "community": community, "ids": _array(ids)})


def where(connection: Connection, condition: str) -> pl.DataFrame:
    """All rows for which a condition in SQL holds, at once."""
    found = _copied(connection, f"{_READ} WHERE {condition}", 2**62)
    return next(found, _as_rows(pl.DataFrame(schema=_AS_READ)))


def remove(connection: Connection, community: int, ids: Collection[str]) -> None:
    """Remove rows."""
    query = text("DELETE FROM fact WHERE community = :community AND id = ANY(CAST(:ids AS uuid[]))")
    connection.execute(query, {"community": community, "ids": _array(ids)})


def known(connection: Connection, community: int, ids: Collection[str]) -> pl.DataFrame:
    """The rows that there are under these ids."""
    query = f"{_READ} WHERE community = {community} AND id = ANY(CAST('{_array(ids)}' AS uuid[]))"
    return next(_copied(connection, query, len(ids) + 1), _as_rows(pl.DataFrame(schema=_AS_READ)))


def held(connection: Connection, community: int, ids: Collection[str]) -> pl.DataFrame:
    """The same; they stay as they are until the transaction ends."""
    query = text(f"{_READ} WHERE community = :community AND id = ANY(CAST(:ids AS uuid[])) FOR UPDATE")
    found = connection.execute(query, {"community": community, "ids": _array(ids)}).all()
    return _as_rows(pl.DataFrame([tuple(row) for row in found], schema=_AS_READ, orient="row"))


def withdrawn(connection: Connection, community: int, ids: Collection[str]) -> set[str]:
    """Which of these ids were withdrawn."""
    values = {"community": community}
    if not connection.execute(
        text("SELECT EXISTS (SELECT FROM withdrawn WHERE community = :community)"), values
    ).scalar():
        return set()
    query = (
        "SELECT replace(id::text, '-', '') FROM withdrawn WHERE community = :community "
        "AND id = ANY(CAST(:ids AS uuid[]))"
    )
    return set(connection.execute(text(query), {**values, "ids": _array(ids)}).scalars())


def _array(ids: Collection[str]) -> str:
    """Ids, which are hexadecimal digits, as PostgreSQL writes an array; one text is sent much faster than many."""
    assert all(len(id_) == 32 for id_ in ids)
    return "{" + ",".join(ids) + "}"


def scan(
    connection: Connection,
    community: int,
    kinds: Mapping[str, FactKind],
    size: int,
    where: str = "",
    members: Collection[int] | None = None,
) -> Iterator[dict[str, pl.DataFrame]]:
    """All facts of some kinds as typed frames by kind, some `size` facts at a time.

    Args:
        where: a further condition in SQL.
        members: only facts of these, by their numbers; they are looked up.
    """
    numbers = {id_: number for id_, number in kinds_of(connection, community).items() if id_ in kinds}
    if not numbers or (members is not None and not members):
        return
    wanted = ", ".join(str(number.key) for number in numbers.values())
    names = None if members is None else _names_of(connection, members)
    condition = f"community = {community} AND kind IN ({wanted}){f' AND ({where})' if where else ''}"
    if members is not None:
        condition += f" AND member IN ({', '.join(str(int(key)) for key in members)})"
    for rows in _copied(connection, f"{_READ} WHERE {condition}", size):
        if names is None:  # a slice that is not full is all there is
            names = names_in(connection, community, rows) if rows.height < size else member_names(connection, community)
        yield {
            id_: unstored(named(rows.filter(pl.col("kind") == number.key), names), number, kinds[id_])
            for id_, number in numbers.items()
        }


def member_names(connection: Connection, community: int) -> pl.DataFrame:
    """All members that facts name: columns `id` and `key`."""
    from store.numbers import subjects_of

    return subjects_of(connection, community, "member")


def names_in(connection: Connection, community: int, rows: pl.DataFrame) -> pl.DataFrame:
    """The members that rows name, or all where they are many: columns `id` and `key`."""
    keys = rows["member"].drop_nulls().unique()
    return _names_of(connection, keys.to_list()) if len(keys) <= FEW else member_names(connection, community)


def _names_of(connection: Connection, keys: Collection[int]) -> pl.DataFrame:
    """The ids of a few members: columns `id` and `key`."""
    query = text("SELECT id, key FROM subject WHERE key = ANY (:keys)")
    found = connection.execute(query, {"keys": [int(key) for key in keys]}).all()
    return pl.DataFrame([tuple(row) for row in found], schema={"id": pl.String, "key": pl.Int32}, orient="row")


def named(rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Rows with the ids of members instead of their numbers."""
    ids = names.rename({"id": "_name", "key": "member"})
    joined = rows.join(ids, on="member", how="left", maintain_order="left")
    return joined.with_columns(pl.col("_name").alias("member")).drop("_name")


def _copied(connection: Connection, query: str, size: int) -> Iterator[pl.DataFrame]:
    """The rows of a query, some at a time; the connection is free for other statements when the first ones come."""
    driver: Any = connection.connection.driver_connection
    with SpooledTemporaryFile(max_size=_HELD) as gathered:
        lines, begun, slices = 0, 0, list[int]()
        with driver.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
            for block in copy:
                gathered.write(block)
                lines += 1  # the server sends one row a block
                if lines == size:
                    slices.append(gathered.tell() - begun)
                    lines, begun = 0, gathered.tell()
        if lines:
            slices.append(gathered.tell() - begun)
        gathered.seek(0)
        for length in slices:
            yield _parsed(gathered.read(length))


def _parsed(lines: bytes) -> pl.DataFrame:
    rows = pl.read_csv(io.BytesIO(lines), has_header=False, schema=_AS_READ)
    return _as_rows(rows.with_columns(pl.col("fields").fill_null("")))


def _as_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.from_epoch(pl.col("at", "recorded_at"), time_unit="us").dt.replace_time_zone("UTC").cast(MOMENT)
    )
