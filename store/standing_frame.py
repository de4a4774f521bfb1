"""Standing frame: what conditions read of standings and titles, for everybody at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from operations.ports.standings import LIFECYCLE, main_ladder
from store.standing_reader import HELD, Reader
from store.standings_then import Then

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rules.spec import Community

Block = tuple[object, ...]
"""Columns of a frame: of what they are, the ladder, its value, and what else they depend on."""
Spot = tuple[str, str]
"""A ladder, and the value for which it is kept; the stages are kept under LIFECYCLE."""
_LONG = 1_000_000  # days; longer than any grace
_MOMENT = pl.Datetime("us", "UTC")
_TEXTS = pl.List(pl.String)


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
    members = reader.members()
    if past is None:
        spots = reader.standings(at)
    else:
        now = reader.whole(at)
        now = now.with_columns(_listed(now["held"]).alias("held"))
        whole = past.standings(now, members).partition_by("ladder", "value", as_dict=True)
        spots = {(str(one[0]), str(one[1])): rows for one, rows in whole.items()}

    def watched(ladder: str, value: str) -> pl.DataFrame:
        found = reader.watched(ladder, value)
        found = found if past is None else past.watched(ladder, value, found)
        return with_rows(found, members["subject"])

    placed = {spot: with_rows(rows, members["subject"]) for spot, rows in spots.items()}
    titles = with_rows(reader.titles(at, later_than(without) if then else ()), members["subject"])
    return frame_of(community, at, members, placed, watched, titles, ladder, value)


def later_than(without: Collection[str]) -> list[str]:
    """The keys of deeds that were not done when something was decided: those of rules, and of later ladders."""
    ladders = {name.partition("@")[0] for name in without}
    stages = ["%/then:%", "%/way:%", "%/after:%"] if LIFECYCLE in ladders else []
    return ["%/rule:%", *stages, *(f"%/{name}:{when}:%" for name in sorted(ladders) for when in ("then", "after"))]


def with_rows(frame: pl.DataFrame, subjects: pl.Series) -> pl.DataFrame:
    """With `row`, the place of each subject in a list of them, instead of `subject`; null for whoever is not there."""
    if frame.height == len(subjects) and frame["subject"].equals(subjects):
        return frame.with_row_index("row").drop("subject")
    places = pl.DataFrame([subjects.alias("subject")]).with_row_index("row")
    inside = frame.join(places, on="subject", how="inner", maintain_order="left")
    if inside.height < frame.height:
        inside = frame.join(places, on="subject", how="left", maintain_order="left")
    return inside.drop("subject")


def spread(rows: pl.DataFrame, height: int, *names: str) -> pl.DataFrame:
    """Columns of some rows as columns of all rows; null where there is none.

    Args:
        rows: with `row`, where each belongs; null belongs nowhere.
        height: how many rows there are in all.
    """
    if rows["row"].null_count():
        rows = rows.drop_nulls("row")
    if rows.height == height and bool((rows["row"] == pl.int_range(height, eager=True, dtype=pl.UInt32)).all()):
        return rows.select(names)
    if not rows.height:
        return pl.DataFrame(
            [pl.repeat(None, height, dtype=rows.schema[name], eager=True).alias(name) for name in names]
        )
    places = pl.repeat(None, height, dtype=pl.UInt32, eager=True)
    places = places.scatter(rows["row"], pl.int_range(rows.height, eager=True, dtype=pl.UInt32))
    return rows.select(pl.col(name).gather(places) for name in names)


def frame_of(
    community: Community,
    at: datetime,
    members: pl.DataFrame,
    spots: Mapping[Spot, pl.DataFrame],
    watched: Callable[[str, str], pl.DataFrame],
    titles: pl.DataFrame,
    ladder: str | None,
    value: str,
    blocks: dict[Block, pl.DataFrame] | None = None,
    wanted: Collection[str] | None = None,
) -> pl.DataFrame:
    """What conditions read of standings, from their rows. Rows have `row`, the place of their member in `members`.

    Args:
        members: `subject` and `joined` of the members wanted.
        spots: their standings on each ladder and in the lifecycle.
        watched: for a ladder and a value since when who meets what, as `row`, `target`, `met_since`.
        titles: `row`, `title` and whether it holds `now`.
        blocks: columns that were put together before from the same rows, by what they are of; new ones are added.
        wanted: which of the columns that only conditions read are needed; all if not given.
    """
    making = _Making(members["joined"], _Days(at, str(community.zone)), wanted)
    kept = {} if blocks is None else blocks
    parts = [members.select("subject")]

    def block(key: Block, make: Callable[[], pl.DataFrame]) -> None:
        if key not in kept:
            kept[key] = make()
        parts.append(kept[key])

    for spec in community.ladders.values():
        values = [""] if spec.per is None else [item.id for item in community.lists[spec.per].items]
        for one in values:
            name, lowest = f"{spec.id}@{one}" if one else spec.id, spec.tiers[0].id
            block(
                ("ladder", spec.id, one, lowest, str(community.zone), making.also(name, spec.id)),
                partial(making.ladder, spots.get((spec.id, one)), name, spec.id, lowest),
            )
        if spec.per is not None and ladder == spec.id:
            here = pl.concat(parts, how="horizontal")
            named = {f"{before}{spec.id}{after}": f"{before}{spec.id}@{value}{after}" for before, after in _NAMED}
            parts.append(here.select(pl.col(old).alias(new) for new, old in named.items() if old in here.columns))
    stage = spots.get((LIFECYCLE, ""))
    block(("stage", LIFECYCLE, "", str(community.zone), making.also("stage", "stage")), partial(making.stage, stage))
    if ladder is None:
        ladder = main_ladder(community) or LIFECYCLE
    parts.append(making.state(spots, community, ladder, value))
    whole = pl.concat(parts, how="horizontal")
    parts = [whole, *making.watched(whole, watched(ladder, value), community, ladder, value)]
    block(("titles", "", "", making.also("titles", "titles")), partial(making.titles, titles))
    return pl.concat(parts, how="horizontal")


_NAMED = (("", ""), ("days_in_", ""), ("", "_held"), ("entered_", ""))
"""What stands before and after the name of a ladder in the columns about it."""


class _Days:
    """Local days between a column of moments and now."""

    def __init__(self, at: datetime, zone: str) -> None:
        self.at = at
        self.zone = zone
        self.today = pl.lit(at.astimezone(UTC)).cast(_MOMENT).dt.convert_time_zone(zone).dt.date()

    def since(self, column: str) -> pl.Expr:
        return (self.today - pl.col(column).dt.convert_time_zone(self.zone).dt.date()).dt.total_days()


class _Making:
    """Puts the columns of a frame together, block by block."""

    def __init__(self, joined: pl.Series, day: _Days, wanted: Collection[str] | None) -> None:
        self._joined = joined
        self._height = len(joined)
        self._day = day
        self._wanted = wanted

    def also(self, name: str, of: str) -> tuple[bool, bool]:
        """Whether the days since an entry are wanted, and what was ever held; those of one value have two names."""
        days = any(self._asked(f"days_in_{one}") for one in (name, of))
        return days, any(self._asked(f"{one}_held") for one in (name, of))

    def _asked(self, name: str) -> bool:
        return self._wanted is None or name in self._wanted

    def ladder(self, rows: pl.DataFrame | None, name: str, of: str, lowest: str) -> pl.DataFrame:
        days, held = self.also(name, of)
        if rows is None:
            none = pl.DataFrame(schema={"row": pl.UInt32, "at": pl.String, "since": _MOMENT, "held": _TEXTS})
            rows = none
        told = spread(rows, self._height, "at", "since", *(["held"] if held else []))
        found = told.with_columns(self._joined.alias("joined")).select(
            pl.col("at").fill_null(lowest).alias(name),
            pl.when(pl.col("at").is_null()).then(pl.col("joined")).otherwise(pl.col("since")).alias(f"entered_{name}"),
        )
        if days:
            found = found.with_columns(self._day.since(f"entered_{name}").alias(f"days_in_{name}"))
        if held:
            found = found.with_columns(_listed(told["held"]).fill_null([lowest]).alias(f"{name}_held"))
        return found

    def stage(self, rows: pl.DataFrame | None) -> pl.DataFrame:
        if rows is None:
            rows = pl.DataFrame(schema={"row": pl.UInt32, "at": pl.String, "since": _MOMENT})
        told = spread(rows, self._height, "at", "since")
        found = told.select(pl.col("at").alias("stage"), pl.col("since").alias("entered_stage"))
        if self._asked("days_in_stage"):
            found = found.with_columns(self._day.since("entered_stage").alias("days_in_stage"))
        return found

    def state(self, spots: Mapping[Spot, pl.DataFrame], community: Community, ladder: str, value: str) -> pl.DataFrame:
        """Grace, pins and questions of one standing; `in_grace` is about any."""
        begun = [rows.filter(pl.col("below_since").is_not_null())["row"].drop_nulls() for rows in spots.values()]
        graced = pl.concat([pl.Series("row", [], dtype=pl.UInt32), *begun])
        in_grace = pl.repeat(value=False, n=self._height, eager=True)
        if len(graced):
            in_grace = in_grace.scatter(graced, values=True)
        rows = spots.get((ladder, value))
        told = spread(rows if rows is not None else pl.DataFrame(schema=_STATE), self._height, *list(_STATE)[1:])
        # a grace promised under an earlier spec lasts as long as was promised, whatever the spec says now
        promised = pl.col("below_digest").is_not_null() & (pl.col("below_digest") != community.digest)
        over = pl.lit(self._day.at.astimezone(UTC)).cast(_MOMENT) >= pl.col("below_until")
        known = bool(told["below_since"].is_not_null().any() or told["below_digest"].is_not_null().any())
        below = pl.when(promised).then(pl.when(over).then(pl.lit(_LONG)).otherwise(pl.lit(0))).otherwise(
            self._day.since("below_since")
        ) if known else pl.lit(None)  # fmt: skip
        return told.select(
            in_grace.alias("in_grace"),
            "last_move",
            pl.col("pinned").fill_null(value=False),
            "below_digest",
            "waiting_for",
            pl.col("exempt").fill_null(value=False).alias("exempt_before"),
            below.cast(pl.Int64).alias("below_for"),
        )

    def watched(
        self, frame: pl.DataFrame, watched: pl.DataFrame, community: Community, ladder: str, value: str
    ) -> list[pl.DataFrame]:
        """Who is observed on the way to what, and for how many days."""
        days = watched.drop_nulls("row").with_columns(self._day.since("met_since").alias("days"))
        lists = days.group_by("row").agg(pl.col("target").sort().alias("watched"))
        found = [self._lists(lists, "watched")]
        if ladder == LIFECYCLE:
            ways = [way.id for way in community.lifecycle.transitions] if community.lifecycle else []
            for way in ways:
                mine = days.filter(pl.col("target") == way)
                found.append(self._lasted(mine, f"met_for@{way}"))
            return found
        tiers = [tier.id for tier in community.ladders[ladder].tiers]
        here = frame[f"{ladder}@{value}" if value else ladder].gather(days["row"])
        above = here.replace_strict(tiers, [*tiers[1:], None], default=None, return_dtype=pl.String)
        return [*found, self._lasted(days.filter(pl.col("target") == above), "met_for")]

    def titles(self, titles: pl.DataFrame) -> pl.DataFrame:
        found = []
        for name, rows in (("titles", titles.filter(pl.col("now"))), ("titles_held", titles)):
            sets = rows.drop_nulls("row").group_by("row").agg(pl.col("title").unique().sort().alias(name))
            found.append(self._lists(sets, name))
        return pl.concat(found, how="horizontal")

    def _lists(self, rows: pl.DataFrame, name: str) -> pl.DataFrame:
        """A column of lists, empty for whoever has no row."""
        empty = pl.Series(name, [[]], dtype=_TEXTS)
        if not rows.height:
            return empty.new_from_index(0, self._height).to_frame()
        return spread(rows, self._height, name).with_columns(pl.col(name).fill_null([]))

    def _lasted(self, rows: pl.DataFrame, name: str) -> pl.DataFrame:
        """Days, 0 for whoever has no row."""
        days = pl.repeat(0, self._height, dtype=pl.Int64, eager=True)
        if rows.height:
            days = days.scatter(rows["row"], rows["days"])
        return days.alias(name).to_frame()


_STATE: dict[str, Any] = {
    "row": pl.UInt32,
    "last_move": pl.String,
    "pinned": pl.Boolean,
    "below_since": _MOMENT,
    "below_until": _MOMENT,
    "below_digest": pl.String,
    "waiting_for": pl.String,
    "exempt": pl.Boolean,
}


def _listed(held: pl.Series) -> pl.Series:
    """What was ever held, as lists, from whichever form it is kept in."""
    if held.dtype != pl.String:
        return held
    return held.to_frame("held").select(
        pl.when(pl.col("held") == "")
        .then(pl.lit([], dtype=_TEXTS))
        .otherwise(pl.col("held").str.split(HELD))
        .alias("held")
    )["held"]
