"""Standing frame: what conditions read of standings and titles, for everybody at once."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from operations.ports.standings import LIFECYCLE, main_ladder
from store.standings_then import Then

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rules.spec import Community

Block = tuple[str, ...]
"""Columns of a frame: of what they are, the ladder, its value, and what else they depend on."""
_SEPARATOR = "\x1f"
_LONG = 1_000_000  # days; longer than any grace
_MOMENT = pl.Datetime("us", "UTC")
_STANDING = {
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


def standing_frame(
    connection: Connection,
    community: Community,
    at: datetime,
    *,
    ladder: str | None,
    value: str,
    subjects: Collection[str] | None,
    then: bool = False,
    without: Collection[str] = (),
) -> pl.DataFrame:
    """See `operations.ports.standings.Standings.frame`."""
    reader = Reader(connection, community.id, subjects)
    past = Then(connection, community, at, subjects, without) if then else None
    frame = reader.members()
    rows = reader.standings(at)
    if past is not None:
        rows = past.standings(rows)

    def watched(ladder: str, value: str) -> pl.DataFrame:
        found = reader.watched(ladder, value)
        return found if past is None else past.watched(ladder, value, found)

    return frame_of(community, at, frame, rows, watched, reader.titles(at), ladder, value)


def frame_of(
    community: Community,
    at: datetime,
    frame: pl.DataFrame,
    rows: pl.DataFrame,
    watched: Callable[[str, str], pl.DataFrame],
    titles: pl.DataFrame,
    ladder: str | None,
    value: str,
    blocks: dict[Block, pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """What conditions read of standings, from their rows.

    Args:
        frame: `subject` and `joined` of the members wanted.
        rows: their standings.
        watched: for a ladder and a value since when who meets what, as `subject`, `target`, `met_since`.
        titles: `subject`, `title` and whether it holds `now`.
        blocks: columns that were put together before from the same rows, by what they are of; new ones are added.
    """
    day = _Days(at, str(community.zone))
    kept = {} if blocks is None else blocks
    parts = [frame]

    def block(key: Block, make: Callable[[], pl.DataFrame]) -> None:
        if key not in kept:
            kept[key] = make().drop(frame.columns)
        parts.append(kept[key])

    for spec in community.ladders.values():
        values = [""] if spec.per is None else [item.id for item in community.lists[spec.per].items]
        for one in values:
            name, lowest = f"{spec.id}@{one}" if one else spec.id, spec.tiers[0].id
            block(
                ("ladder", spec.id, one, lowest, str(community.zone)),
                partial(_with_ladder, frame, _of(rows, spec.id, one), name, lowest, day),
            )
        if spec.per is not None and ladder == spec.id:
            here = pl.concat(parts, how="horizontal")
            parts.append(
                here.select(
                    pl.col(f"{spec.id}@{value}").alias(spec.id),
                    pl.col(f"days_in_{spec.id}@{value}").alias(f"days_in_{spec.id}"),
                    pl.col(f"{spec.id}@{value}_held").alias(f"{spec.id}_held"),
                    pl.col(f"entered_{spec.id}@{value}").alias(f"entered_{spec.id}"),
                )
            )
    block(("stage", LIFECYCLE, "", str(community.zone)), partial(_with_stage, frame, _of(rows, LIFECYCLE, ""), day))
    if ladder is None:
        ladder = main_ladder(community) or LIFECYCLE
    parts.append(_with_state(frame, rows, community, ladder, value, day).drop(frame.columns))
    whole = pl.concat(parts, how="horizontal")
    whole = _with_watched(whole, watched(ladder, value), community, ladder, value, day)
    parts = [whole]
    block(("titles", "", ""), partial(_with_titles, frame, titles))
    return pl.concat(parts, how="horizontal").drop("joined")


class _Days:
    """Local days between a column of moments and now."""

    def __init__(self, at: datetime, zone: str) -> None:
        self.at = at
        self.zone = zone
        self.today = pl.lit(at.astimezone(UTC)).cast(_MOMENT).dt.convert_time_zone(zone).dt.date()

    def since(self, column: str) -> pl.Expr:
        return (self.today - pl.col(column).dt.convert_time_zone(self.zone).dt.date()).dt.total_days()


class Reader:
    """Reads the rows of a community, of all members or some."""

    def __init__(self, connection: Connection, community: str, subjects: Collection[str] | None) -> None:
        self.connection = connection
        self.community = community
        self.subjects = None if subjects is None else list(subjects)

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

    def members(self) -> pl.DataFrame:
        frame = self._copy(
            f"SELECT id, {_micros('joined')} FROM member WHERE community = %s /*which*/ ORDER BY id",
            {"subject": pl.String, "joined": pl.Int64},
            "id",
        )
        return frame.with_columns(pl.col("joined").cast(_MOMENT))

    def standings(self, at: datetime) -> pl.DataFrame:
        """Rows of standings; who was pinned only until `at` or before is not."""
        pinned = f"pinned AND coalesce(pinned_until > '{at.astimezone(UTC).isoformat()}', true)"
        moments = ("since", "moved_at", "below_since", "below_until")
        columns = ", ".join(
            "member"
            if name == "subject"
            else f"array_to_string(held, '{_SEPARATOR}')"
            if name == "held"
            else f"({pinned})"
            if name == "pinned"
            else _micros(name)
            if name in moments
            else name
            for name in _STANDING
        )
        frame = self._copy(f"SELECT {columns} FROM standing WHERE community = %s /*which*/", dict(_STANDING), "member")
        return frame.with_columns(
            *(pl.col(name).cast(_MOMENT) for name in moments),
            pl.col("pinned") == "t",
            pl.col("exempt") == "t",
            pl.col("value").fill_null(""),
            pl.col("held").str.split(_SEPARATOR).fill_null([]),
        )

    def watched(self, ladder: str, value: str) -> pl.DataFrame:
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
        frame = self._copy(
            f"SELECT member, ladder, value, target, {_micros('since')} FROM observation WHERE community = %s /*which*/",
            {"subject": pl.String, "ladder": pl.String, "value": pl.String, "target": pl.String, "met_since": pl.Int64},
            "member",
        )
        return frame.with_columns(pl.col("value").fill_null(""), pl.col("met_since").cast(_MOMENT))

    def titles(self, at: datetime) -> pl.DataFrame:
        frame = self._copy(
            "SELECT member, CASE WHEN value = '' THEN item ELSE item || '@' || value END,"
            " (ended_at IS NULL OR ended_at > t) AND (until IS NULL OR until > t) AND since <= t"
            " FROM holding, (SELECT CAST(%s AS text) AS c, CAST(%s AS timestamptz) AS t) now"
            " WHERE kind = 'title' AND community = c /*which*/",
            {"subject": pl.String, "title": pl.String, "now": pl.String},
            "member",
            at,
        )
        return frame.with_columns(pl.col("now") == "t")


def _micros(column: str) -> str:
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


def _of(rows: pl.DataFrame, ladder: str, value: str) -> pl.DataFrame:
    return rows.filter((pl.col("ladder") == ladder) & (pl.col("value") == value)).drop("ladder", "value")


def _with_ladder(frame: pl.DataFrame, rows: pl.DataFrame, name: str, lowest: str, day: _Days) -> pl.DataFrame:
    joined = frame.join(rows.select("subject", "at", "since", "held"), on="subject", how="left", maintain_order="left")
    since = pl.when(pl.col("at").is_null()).then(pl.col("joined")).otherwise(pl.col("since"))
    return (
        joined.with_columns(since.alias("since"))
        .with_columns(
            pl.col("at").fill_null(lowest).alias(name),
            day.since("since").alias(f"days_in_{name}"),
            pl.col("held").fill_null([lowest]).alias(f"{name}_held"),
            pl.col("since").alias(f"entered_{name}"),
        )
        .drop("at", "since", "held")
    )


def _with_stage(frame: pl.DataFrame, rows: pl.DataFrame, day: _Days) -> pl.DataFrame:
    joined = frame.join(rows.select("subject", "at", "since"), on="subject", how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("at").alias("stage"), day.since("since").alias("days_in_stage"), pl.col("since").alias("entered_stage")
    ).drop("at", "since")


def _with_state(
    frame: pl.DataFrame, rows: pl.DataFrame, community: Community, ladder: str, value: str, day: _Days
) -> pl.DataFrame:
    grace = (
        rows.filter(pl.col("below_since").is_not_null()).select("subject").unique().with_columns(in_grace=pl.lit(True))
    )
    frame = frame.join(grace, on="subject", how="left", maintain_order="left").with_columns(
        pl.col("in_grace").fill_null(False)
    )
    here = _of(rows, ladder, value).select(
        "subject", "last_move", "pinned", "below_since", "below_until", "below_digest", "waiting_for", "exempt"
    )  # fmt: skip
    joined = frame.join(here, on="subject", how="left", maintain_order="left").with_columns(
        pl.col("pinned").fill_null(False), pl.col("exempt").fill_null(False).alias("exempt_before")
    )
    # a grace promised under an earlier spec lasts as long as was promised, whatever the spec says now
    promised = pl.col("below_digest").is_not_null() & (pl.col("below_digest") != community.digest)
    over = pl.lit(day.at.astimezone(UTC)).cast(_MOMENT) >= pl.col("below_until")
    days_below = day.since("below_since")
    return joined.with_columns(
        pl.when(promised).then(pl.when(over).then(pl.lit(_LONG)).otherwise(pl.lit(0))).otherwise(days_below)
        .cast(pl.Int64).alias("below_for")
    ).drop("below_since", "below_until", "exempt")  # fmt: skip


def _with_watched(
    frame: pl.DataFrame, watched: pl.DataFrame, community: Community, ladder: str, value: str, day: _Days
) -> pl.DataFrame:
    days = watched.with_columns(day.since("met_since").alias("days"))
    lists = watched.group_by("subject").agg(pl.col("target").sort().alias("watched"))
    frame = frame.join(lists, on="subject", how="left", maintain_order="left").with_columns(
        pl.col("watched").fill_null([])
    )
    if ladder == LIFECYCLE:
        transitions = community.lifecycle.transitions if community.lifecycle else ()
        met = set(days["target"])
        for transition in transitions:
            if transition.id not in met:
                frame = frame.with_columns(pl.lit(0, dtype=pl.Int64).alias(f"met_for@{transition.id}"))
                continue
            mine = days.filter(pl.col("target") == transition.id).select(
                "subject", pl.col("days").alias(f"met_for@{transition.id}")
            )
            frame = frame.join(mine, on="subject", how="left", maintain_order="left").with_columns(
                pl.col(f"met_for@{transition.id}").fill_null(0)
            )
        return frame
    tiers = [tier.id for tier in community.ladders[ladder].tiers]
    name = f"{ladder}@{value}" if value else ladder
    above = pl.col(name).replace_strict(tiers, [*tiers[1:], None], default=None, return_dtype=pl.String)
    return (
        frame.with_columns(above.alias("target"))
        .join(days.select("subject", "target", "days"), on=["subject", "target"], how="left", maintain_order="left")
        .with_columns(pl.col("days").fill_null(0).alias("met_for"))
        .drop("target", "days")
    )


def _with_titles(frame: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    for name, rows in (("titles", titles.filter(pl.col("now"))), ("titles_held", titles)):
        sets = rows.group_by("subject").agg(pl.col("title").unique().sort().alias(name))
        frame = frame.join(sets, on="subject", how="left", maintain_order="left").with_columns(
            pl.col(name).fill_null([])
        )
    return frame
