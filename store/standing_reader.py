"""Standing reader: the rows of standings, observations and titles of a community, of all members or some."""

from __future__ import annotations

import io
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from store.by_column import Column, Kind, Unreadable, by_column
from store.member_columns import member_columns

if TYPE_CHECKING:
    from sqlalchemy import Connection

HELD = "\x1d"
"""Stands between the tiers that somebody ever held."""
_EVER = datetime(9999, 1, 1, tzinfo=UTC)
_MOMENT = pl.Datetime("us", "UTC")
_MOMENTS = ("since", "moved_at", "below_since", "below_until")
_STANDING: dict[str, Any] = {
    "subject": pl.String,
    "at": pl.String,
    "since": pl.Int64,
    "moved_at": pl.Int64,
    "last_move": pl.String,
    "pinned": pl.String,
    "below_since": pl.Int64,
    "below_until": pl.Int64,
    "below_digest": pl.String,
    "waiting_for": pl.String,
    "exempt": pl.String,
    "held": pl.String,
    "ladder": pl.String,
    "value": pl.String,
}


class Reader:
    """Reads the rows of a community, of all members or some."""

    def __init__(self, connection: Connection, community: str, subjects: Collection[str] | None) -> None:
        self.connection = connection
        self.community = community
        self.subjects = None if subjects is None else list(subjects)

    def members(self) -> pl.DataFrame:
        """`subject` and `joined`, in the order of their ids."""
        return member_columns(self.connection, self.community, {}, _EVER, self.subjects)

    def standings(self, at: datetime) -> dict[tuple[str, str], pl.DataFrame]:
        """Rows of standings by ladder and value; who was pinned only until `at` or before is not."""
        columns = {
            name: Column(self._sql(name, at), _kind(name), rare=name in _RARE)
            for name in _STANDING
            if name not in _WHERE
        }
        which = "" if self.subjects is None else " AND member = ANY (%s)"
        given = [self.community, *([] if self.subjects is None else [self.subjects])]
        try:
            found = by_column(self.connection, columns, f"standing WHERE community = %s{which}", given, per=_WHERE)
        except Unreadable:
            whole = self._lines(at).partition_by(*_WHERE, as_dict=True, include_key=False)
            return {(str(ladder), str(value)): rows for (ladder, value), rows in whole.items()}
        return {(ladder, value): rows for (ladder, value), rows in found.items()}

    def whole(self, at: datetime) -> pl.DataFrame:
        """The same in one frame, what was held as lists."""
        parts = [
            rows.with_columns(pl.lit(ladder).alias("ladder"), pl.lit(value).alias("value"))
            for (ladder, value), rows in self.standings(at).items()
        ]
        none = {name: _MOMENT if name in _MOMENTS else _STANDING[name] for name in _STANDING}
        empty = pl.DataFrame(schema=none | {"pinned": pl.Boolean, "exempt": pl.Boolean})
        return pl.concat([empty, *(part.select(empty.columns) for part in parts)]).with_columns(
            pl.when(pl.col("held") == "").then(None).otherwise(pl.col("held").str.split(HELD)).fill_null([])
        )

    def watched(self, ladder: str, value: str) -> pl.DataFrame:
        """Since when who meets what, on one ladder: `subject`, `target`, `met_since`."""
        frame = self._copy(
            f"SELECT member, target, {_micros('since')} FROM observation"
            " WHERE community = %s AND ladder = %s AND value = %s /*which*/",
            {"subject": pl.String, "target": pl.String, "met_since": pl.Int64},
            "member",
            ladder,
            value,
        )
        return frame.with_columns(pl.col("met_since").cast(_MOMENT))

    def all_watched(self) -> pl.DataFrame:
        """The same on all ladders, with `ladder` and `value`."""
        frame = self._copy(
            f"SELECT member, ladder, value, target, {_micros('since')} FROM observation WHERE community = %s /*which*/",
            {"subject": pl.String, "ladder": pl.String, "value": pl.String, "target": pl.String, "met_since": pl.Int64},
            "member",
        )
        return frame.with_columns(pl.col("value").fill_null(""), pl.col("met_since").cast(_MOMENT))

    def titles(self, at: datetime, later: Collection[str] = ()) -> pl.DataFrame:
        """Titles ever held: `subject`, `title`, and whether it holds `now`.

        Args:
            later: what had done nothing yet of what it did at that very moment, as keys of deeds have it (`%/rule:%`).
        """
        frame = self._copy(
            "SELECT member, CASE WHEN value = '' THEN item ELSE item || '@' || value END,"
            " (ended_at IS NULL OR ended_at > t OR (ended_at = t AND coalesce(ended_by LIKE ANY (p), false)))"
            " AND (until IS NULL OR until > t) AND since <= t AND NOT (since = t AND key LIKE ANY (p))"
            " FROM holding, (SELECT CAST(%s AS text) AS c, CAST(%s AS timestamptz) AS t, CAST(%s AS text[]) AS p) now"
            " WHERE kind = 'title' AND community = c /*which*/",
            {"subject": pl.String, "title": pl.String, "now": pl.String},
            "member",
            at,
            list(later),
        )
        return frame.with_columns(pl.col("now") == "t")

    def _sql(self, name: str, at: datetime) -> str:
        match name:
            case "subject":
                return "member"
            case "held":
                return f"array_to_string(held, '{HELD}')"
            case "pinned":
                return f"(pinned AND coalesce(pinned_until > '{at.astimezone(UTC).isoformat()}', true))"
        return name

    def _lines(self, at: datetime) -> pl.DataFrame:
        """Standings whatever characters a text holds."""
        columns = ", ".join(_micros(name) if name in _MOMENTS else self._sql(name, at) for name in _STANDING)
        frame = self._copy(f"SELECT {columns} FROM standing WHERE community = %s /*which*/", _STANDING, "member")
        return frame.with_columns(
            *(pl.col(name).cast(_MOMENT) for name in _MOMENTS),
            pl.col("pinned") == "t",
            pl.col("exempt") == "t",
            pl.col("value").fill_null(""),
            pl.col("held").fill_null(""),
        )

    def _copy(self, query: str, schema: dict[str, Any], column: str, *more: Any) -> pl.DataFrame:
        which = "" if self.subjects is None else f" AND {column} = ANY (%s)"
        parameters = [self.community, *more, *([] if self.subjects is None else [self.subjects])]
        raw: Any = self.connection.connection.driver_connection
        buffer = io.BytesIO()
        with (
            raw.cursor() as cursor,
            cursor.copy(f"COPY ({query.replace('/*which*/', which)}) TO STDOUT (FORMAT CSV)", parameters) as copy,
        ):
            for block in copy:
                buffer.write(block)
        buffer.seek(0)
        if not buffer.getbuffer().nbytes:
            return pl.DataFrame(schema=schema)
        return pl.read_csv(buffer, has_header=False, schema=schema)


_WHERE = ("ladder", "value")
_RARE = (
    "moved_at", "last_move", "pinned", "below_since", "below_until", "below_digest", "waiting_for", "exempt",
)  # fmt: skip
"""What nothing is said in of whoever has not moved yet, and is in no grace, held fast or asked."""


def _kind(name: str) -> Kind:
    return "moment" if name in _MOMENTS else "truth" if name in ("pinned", "exempt") else "text"


def _micros(column: str) -> str:
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"
