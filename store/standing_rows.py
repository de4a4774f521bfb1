"""Standing rows: every standing of a community read once, and what would stand there after changes nobody made yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from operations.ports.standings import LIFECYCLE, Renames
from store.standing_frame import Block, Spot, frame_of, with_rows
from store.standing_reader import HELD, Reader

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rules.spec import Community

_MOMENT = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class StandingRows:
    """Rows of standings, observations and titles; changes give new ones and touch nothing.

    Rows have `row`, the place of their member among `members`; null for whoever is not looked at.

    Args:
        members: `subject` and `joined`.
        spots: for each ladder and value one row for each standing that is remembered.
        seen: `row`, `ladder`, `value`, `target`, `met_since`: who is watched on the way to what.
        titles: `row`, `title` and whether it holds `now`.
    """

    members: pl.DataFrame
    spots: Mapping[Spot, pl.DataFrame]
    seen: pl.DataFrame
    titles: pl.DataFrame
    _frames: dict[tuple[object, ...], pl.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    _blocks: dict[Block, pl.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    _after: list[tuple[object, pl.DataFrame, StandingRows]] = field(default_factory=list, repr=False, compare=False)

    def frame(
        self,
        community: Community,
        at: datetime,
        *,
        ladder: str | None = None,
        value: str = "",
        subjects: Collection[str] | None = None,
        names: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """See `operations.ports.standings.Snapshot.frame`."""
        wanted = None if names is None else frozenset(names)
        key = (self._as_read_by(community), ladder, value, wanted)
        found = self._frames.get(key)
        if found is None:
            self._frames.clear()  # two specs look at the same part one after the other, and never again
            found = self._frames[key] = frame_of(
                community,
                at,
                self.members,
                self.spots,
                self._watched_on,
                self.titles,
                ladder,
                value,
                self._blocks,
                wanted,
            )
        if subjects is None:
            return found
        return found.filter(pl.col("subject").is_in(pl.Series(list(subjects), dtype=pl.String).implode()))

    def _as_read_by(self, community: Community) -> str:
        """What of a spec its frames depend on, so that two specs that only judge otherwise share them."""
        promised = any(rows["below_digest"].is_not_null().any() for rows in self.spots.values())
        ladders = [
            (spec.id, spec.per and [item.id for item in community.lists[spec.per].items], [t.id for t in spec.tiers])
            for spec in community.ladders.values()
        ]
        ways = [way.id for way in community.lifecycle.transitions] if community.lifecycle is not None else []
        return repr((str(community.zone), ladders, ways, community.digest if promised else ""))

    def _watched_on(self, ladder: str, value: str) -> pl.DataFrame:
        here = (pl.col("ladder") == ladder) & (pl.col("value") == value)
        return self.seen.filter(here).select("row", "target", "met_since")

    def counts(self, ladder: str, value: str = "") -> Mapping[str, int]:
        """See `operations.ports.standings.Standings.counts`."""
        here = self.spots.get((ladder, value))
        if here is None:
            return {}
        seats = pl.concat(
            [
                here.filter(~pl.col("exempt")).select(pl.col("at").alias("tier")),
                here.select(pl.col("waiting_for").alias("tier")),
            ]
        )
        return dict(seats.drop_nulls().group_by("tier").len().iter_rows())

    def pending(self) -> dict[str, int]:
        """Standings with something begun that goes on whatever the spec says now."""

        def known(name: str) -> int:
            return sum(rows.height - rows[name].null_count() for rows in self.spots.values())

        return {"grace": known("below_since"), "observation": self.seen.height, "waiting": known("waiting_for")}

    def after(
        self, changes: pl.DataFrame, *, ladder: str, value: str, lowest: str | None, at: datetime, digest: str
    ) -> StandingRows:
        """What would stand there after a review had carried these changes out."""
        told = changes.filter(pl.col("kind").is_in(["move", "below", "above"])).select("row", "kind", "to", "ask")
        key = (ladder, value, lowest, at, digest if (told["kind"] == "below").any() else "")
        for number, (known, same, result) in enumerate(self._after):
            if known == key and same.equals(told):
                del self._after[number]  # both specs have it now; whatever they leave behind is let go
                return result
        result = self._changed(told, ladder=ladder, value=value, lowest=lowest, at=at, digest=digest)
        self._after.append((key, told, result))
        return result

    def _changed(
        self, told: pl.DataFrame, *, ladder: str, value: str, lowest: str | None, at: datetime, digest: str
    ) -> StandingRows:
        moved = told.filter((pl.col("kind") == "move") & ~pl.col("ask")).select("row", pl.col("to").alias("goes"))
        below = told.filter(pl.col("kind") == "below").select("row", begins=pl.lit(value=True))
        above = told.filter(pl.col("kind") == "above").select("row", ends=pl.lit(value=True))
        if not (moved.height or below.height or above.height):
            return self
        here = self._ensured((ladder, value), pl.concat([moved["row"], below["row"]]), lowest)
        now = pl.lit(at.astimezone(UTC)).cast(_MOMENT)
        gone = pl.col("goes").is_not_null()
        ends = gone | pl.col("ends").fill_null(value=False)
        begins = pl.col("begins").fill_null(value=False) & pl.col("below_since").is_null()
        for more in (moved, below, above):
            here = here.join(more, on="row", how="left", maintain_order="left")
        here = here.with_columns(
            pl.when(gone).then(pl.col("goes")).otherwise(pl.col("at")).alias("at"),
            pl.when(gone).then(now).otherwise(pl.col("since")).alias("since"),
            pl.when(gone).then(now).otherwise(pl.col("moved_at")).alias("moved_at"),
            pl.when(gone).then(pl.lit("automatic")).otherwise(pl.col("last_move")).alias("last_move"),
            *(
                pl.when(ends).then(None).when(begins).then(new).otherwise(pl.col(name)).alias(name)
                for name, new in (
                    ("below_since", now),
                    ("below_until", pl.lit(None, dtype=_MOMENT)),
                    ("below_digest", pl.lit(digest)),
                )
            ),
            pl.when(gone).then(None).otherwise(pl.col("waiting_for")).alias("waiting_for"),
            pl.when(gone).then(_held_too("held", "goes")).otherwise(pl.col("held")).alias("held"),
        ).drop("goes", "begins", "ends")
        mine = (pl.col("ladder") == ladder) & (pl.col("value") == value)
        left = pl.col("row").is_in(moved["row"].implode()).fill_null(value=False)
        blocks = {key: block for key, block in self._blocks.items() if key[1:3] != (ladder, value)}
        return replace(
            self,
            spots={**self.spots, (ladder, value): here},
            seen=self.seen.filter(~(mine & left)),
            _frames={},
            _blocks=blocks,
            _after=[],
        )

    def _ensured(self, spot: Spot, wanted: pl.Series, lowest: str | None) -> pl.DataFrame:
        """A row for everybody who is to have one: in the lowest tier since joining, or in no stage."""
        here = self.spots.get(spot)
        if here is None:
            here = pl.DataFrame(schema=_ROW)
        new = wanted.to_frame("row").unique(maintain_order=True).join(here.select("row"), on="row", how="anti")
        if not new.height:
            return here
        joined = self.members["joined"].gather(new["row"])
        rows = new.select(
            "row",
            pl.lit(lowest, dtype=pl.String).alias("at"),
            (joined if lowest is not None else pl.lit(None, dtype=_MOMENT)).alias("since"),
            pl.lit(value=False).alias("pinned"),
            pl.lit(value=False).alias("exempt"),
            pl.lit(lowest or "").alias("held"),
        )
        return pl.concat([here, rows], how="diagonal")

    def renamed(self, renames: Renames) -> StandingRows:
        """The same with tiers, stages and titles under their new names."""
        if not renames:
            return self
        seen, titles = self.seen, self.titles
        spots = dict(self.spots)
        for ladder, names in renames.places.items():
            for spot, rows in self.spots.items():
                if spot[0] == ladder:
                    held = pl.col("held").str.split(HELD).list.eval(pl.element().replace(names)).list.join(HELD)
                    spots[spot] = rows.with_columns(pl.col("at", "waiting_for").replace(names), held)
            if ladder != LIFECYCLE:
                here = pl.col("ladder") == ladder
                target = pl.when(here).then(pl.col("target").replace(names)).otherwise(pl.col("target"))
                seen = seen.with_columns(target.alias("target"))
        if renames.titles:
            title, at, value = pl.col("title").str.split_exact("@", 1).struct.unnest(), "field_0", "field_1"
            parts = titles.select(title).select(pl.col(at).replace(dict(renames.titles)), pl.col(value))
            whole = pl.concat_str([at, value], separator="@", ignore_nulls=True)
            titles = titles.with_columns(parts.select(whole.alias("title"))["title"])
        return replace(self, spots=spots, seen=seen, titles=titles, _frames={}, _blocks={}, _after=[])


_ROW: dict[str, Any] = {
    "row": pl.UInt32,
    "at": pl.String,
    "since": _MOMENT,
    "moved_at": _MOMENT,
    "last_move": pl.String,
    "pinned": pl.Boolean,
    "below_since": _MOMENT,
    "below_until": _MOMENT,
    "below_digest": pl.String,
    "waiting_for": pl.String,
    "exempt": pl.Boolean,
    "held": pl.String,
}


def _held_too(held: str, goes: str) -> pl.Expr:
    """What was ever held, and what is entered now among it, once."""
    among = pl.format("{}{}{}", pl.lit(HELD), pl.col(held), pl.lit(HELD))
    there = among.str.contains(pl.format("{}{}{}", pl.lit(HELD), pl.col(goes), pl.lit(HELD)), literal=True)
    more = pl.when(pl.col(held) == "").then(pl.col(goes)).otherwise(pl.format("{}{}{}", held, pl.lit(HELD), goes))
    return pl.when(there).then(pl.col(held)).otherwise(more)


def read_rows(
    connection: Connection, community: str, at: datetime, everybody: Callable[[], pl.DataFrame]
) -> StandingRows:
    """Everything that standings of a community say now.

    Args:
        everybody: `subject` and `joined` of those who are looked at; asked for once all is read.
    """
    reader = Reader(connection, community, None)
    spots, seen, titles = reader.standings(at), reader.all_watched(), reader.titles(at)
    members = everybody()
    subjects = members["subject"]
    placed = {spot: with_rows(rows, subjects) for spot, rows in spots.items()}
    return StandingRows(members, placed, with_rows(seen, subjects), with_rows(titles, subjects))
