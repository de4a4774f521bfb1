"""By column: the answer of a query read by column, all its rows in one row of what comes over the wire.

PostgreSQL puts the values of a column together (up to 1 GB, which is some 30 million ids), so that nothing is done
for each row here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import polars as pl
from sqlalchemy import Connection

from store.engine import SPENT

LARGE = 4_000_000
"""Bytes of a row of an answer after which a connection is not kept."""
_ALONE = "SET LOCAL max_parallel_workers_per_gather = 0"
"""What several processes put together would have to be put together once more."""
_SEPARATOR, _NOTHING = "\x1f", "\x1e"
_NO_NUMBER = -(2**63)
_NO_SMALL_NUMBER = -(2**31)
_MOMENT = pl.Datetime("us", "UTC")
_AGE = (datetime(2000, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
"""Microseconds from where Polars counts moments to where PostgreSQL does."""


class Unreadable(ValueError):
    """A text holds a control character by which columns are told apart; imports refuse them."""


Kind = Literal["text", "whole", "small", "moment", "truth"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer.

    Args:
        sql: what it is, as an expression; `%s` in it are filled from the parameters, in order.
        kind: `text`, `whole` (64 bits), `small` (32 bits), `moment`, or `truth`.
        rare: most rows say nothing here (unknown, or false). Rows that say nothing in any rare column are read apart,
            without these columns; that is quicker.
    """

    sql: str
    kind: Kind = "text"
    rare: bool = False


_TYPES: Mapping[Kind, Any] = {
    "text": pl.String, "whole": pl.Int64, "small": pl.Int32, "moment": _MOMENT, "truth": pl.Boolean,
}  # fmt: skip


def by_column(
    connection: Connection,
    columns: Mapping[str, Column],
    source: str,
    parameters: Sequence[Any],
    *,
    per: Sequence[str] = (),
) -> dict[tuple[str, ...], pl.DataFrame]:
    """Read columns of `FROM source`, in no order that could be relied on.

    Args:
        columns: by the name they get.
        source: what stands after FROM, with its WHERE.
        parameters: of the expressions, then of the source.
        per: columns of text by whose values the answer is taken apart.

    Returns:
        A frame for each combination of values; without `per` one under `()`, even when there are no rows.

    Raises:
        Unreadable: read these rows in another way.
    """
    queries = _queries(list(columns.values()), source, per)
    raw: Any = connection.connection.driver_connection
    raw.execute(_ALONE)
    found = dict[tuple[str, ...], pl.DataFrame]()
    with raw.cursor(binary=True) as cursor:
        for row in cursor.stream(" UNION ALL ".join(queries), list(parameters) * len(queries)):
            if sum(len(value) for value in row if isinstance(value, str | bytes)) > LARGE:
                connection.info[SPENT] = True  # what has held so long a row never shrinks again
            key, frame = tuple(row[: len(per)]), _frame(columns, list(row[len(per) :]))
            found[key] = pl.concat([found[key], frame]) if key in found else frame
    return found


def _queries(columns: Sequence[Column], source: str, per: Sequence[str]) -> list[str]:
    """One query, or two where columns are rare: of the rows that say nothing there, and of the others."""
    inner = ", ".join([*per, *(f"{column.sql} AS c{n}" for n, column in enumerate(columns))])
    group = f" GROUP BY {', '.join(per)}" if per else ""

    def query(told: Sequence[str], where: str) -> str:
        return f"SELECT {', '.join([*per, 'count(*)', *told])} FROM (SELECT {inner} FROM {source}) lines{where}{group}"

    everything = [_packed(n, column.kind) for n, column in enumerate(columns)]
    rare = [n for n, column in enumerate(columns) if column.rare]
    if not rare:
        return [query(everything, "")]
    silent = " AND ".join(f"c{n} IS {'NOT TRUE' if columns[n].kind == 'truth' else 'NULL'}" for n in rare)
    common = [_silent(column.kind) if column.rare else told for column, told in zip(columns, everything, strict=True)]
    return [query(common, f" WHERE {silent}"), query(everything, f" WHERE NOT ({silent})")]


def _silent(kind: Kind) -> str:
    """In place of a column in which nothing is said."""
    return f"0::bigint, NULL::{'text' if kind == 'text' else 'bytea'}"


def _packed(n: int, kind: Kind) -> str:
    """How many values are known, and all of them in one."""
    name = f"c{n}"
    match kind:
        case "text":
            return f"count({name}), string_agg(coalesce({name}, E'\\x1e'), E'\\x1f')"
        case "whole":
            return f"count({name}), string_agg(int8send(coalesce({name}, {_NO_NUMBER})), ''::bytea)"
        case "small":
            return f"count({name}), string_agg(int4send(coalesce({name}, {_NO_SMALL_NUMBER})), ''::bytea)"
        case "moment":
            return f"count({name}), string_agg(timestamptz_send(coalesce({name}, '-infinity')), ''::bytea)"
        case "truth":
            return f"count(nullif({name}, false)), string_agg(boolsend(coalesce({name}, false)), ''::bytea)"


def _frame(columns: Mapping[str, Column], told: list[Any]) -> pl.DataFrame:
    height, series = told[0], []
    for place, (name, column) in enumerate(columns.items()):
        known, data = told[1 + 2 * place], told[2 + 2 * place]
        told[2 + 2 * place] = None
        if not known:  # unknown of everybody, or false
            nothing = False if column.kind == "truth" else None
            series.append(pl.repeat(nothing, height, dtype=_TYPES[column.kind], eager=True).alias(name))
            continue
        read = _texts(data, height) if column.kind == "text" else _numbers(column.kind, data, height)
        if known < height and column.kind != "truth":
            read = _without_nothing(read, column.kind)
            if read.null_count() != height - known:
                raise Unreadable(f"{name}: a text is the mark of what is unknown")
        series.append(read.cast(_TYPES[column.kind]).alias(name))
    return pl.DataFrame(series)


def _texts(data: str, height: int) -> pl.Series:
    read = pl.Series("", [data], dtype=pl.String).str.split(_SEPARATOR).explode()
    if len(read) != height:
        raise Unreadable("a text holds the character that separates texts")
    return read


def _numbers(kind: Kind, data: bytes, height: int) -> pl.Series:
    """Numbers as PostgreSQL sends them: the highest byte first."""
    if kind == "truth":
        return _reinterpreted(data, pl.UInt8, height) != 0
    read = _reinterpreted(data, pl.Int32 if kind == "small" else pl.Int64, height)
    return read + _AGE if kind == "moment" else read


def _reinterpreted(data: bytes, type_: Any, height: int) -> pl.Series:
    whole = pl.Series("", [data], dtype=pl.Binary)
    return whole.bin.reinterpret(dtype=pl.Array(type_, height), endianness="big").explode()


def _without_nothing(read: pl.Series, kind: Kind) -> pl.Series:
    if kind == "text":
        known = read != _NOTHING
    elif kind == "small":
        known = read != _NO_SMALL_NUMBER
    else:
        known = read != _NO_NUMBER + (_AGE if kind == "moment" else 0)
    return read.to_frame("v").select(pl.when(known).then(pl.col("v")))["v"]
