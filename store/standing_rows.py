"""Standing rows: every standing of a community read once, and what would stand there after changes nobody made yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from operations.ports.standings import LIFECYCLE, Renames
from store.member_columns import member_columns
from store.standing_frame import Block, Reader, frame_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rules.spec import Community

_MOMENT = pl.Datetime("us", "UTC")
_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StandingRows:
    """Rows of standings, observations and titles; changes give new ones and touch nothing.

    Args:
        members: `subject` and `joined`.
        standings: one row for each standing that is remembered.
        watched: `subject`, `ladder`, `value`, `target`, `met_since`.
        titles: `subject`, `title` and whether it holds `now`.
    """

    members: pl.DataFrame
    standings: pl.DataFrame
    watched: pl.DataFrame
    titles: pl.DataFrame
    _frames: dict[tuple[str, str | None, str], pl.DataFrame] = field(default_factory=dict, repr=False, compare=False)
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
    ) -> pl.DataFrame:
        """See `operations.ports.standings.Standings.frame`."""
        key = (self._as_read_by(community), ladder, value)
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = frame_of(
                community,
                at,
                self.members,
                self.standings,
                self._watched_on,
                self.titles,
                ladder,
                value,
                self._blocks,
            )
        if subjects is None:
            return found
        return found.filter(pl.col("subject").is_in(pl.Series(list(subjects), dtype=pl.String).implode()))

    def _as_read_by(self, community: Community) -> str:
        """What of a spec its frames depend on, so that two specs that only judge otherwise share them."""
        promised = self.standings["below_digest"].is_not_null().any()
        ladders = [
            (spec.id, spec.per and [item.id for item in community.lists[spec.per].items], [t.id for t in spec.tiers])
            for spec in community.ladders.values()
        ]
        ways = [way.id for way in community.lifecycle.transitions] if community.lifecycle is not None else []
        return repr((str(community.zone), ladders, ways, community.digest if promised else ""))

    def _watched_on(self, ladder: str, value: str) -> pl.DataFrame:
        here = (pl.col("ladder") == ladder) & (pl.col("value") == value)
        return self.watched.filter(here).select("subject", "target", "met_since")

    def counts(self, ladder: str, value: str = "") -> Mapping[str, int]:
        """See `operations.ports.standings.Standings.counts`."""
        here = self.standings.filter((pl.col("ladder") == ladder) & (pl.col("value") == value))
        seats = pl.concat(
            [
                here.filter(~pl.col("exempt")).select(pl.col("at").alias("tier")),
                here.select(pl.col("waiting_for").alias("tier")),
            ]
        )
        return dict(seats.drop_nulls().group_by("tier").len().iter_rows())

    def pending(self) -> dict[str, int]:
        """Standings with something begun that goes on whatever the spec says now."""
        return {
            "grace": int(self.standings["below_since"].is_not_null().sum()),
            "observation": self.watched.height,
            "waiting": int(self.standings["waiting_for"].is_not_null().sum()),
        }

    def after(
        self, changes: pl.DataFrame, *, ladder: str, value: str, lowest: str | None, at: datetime, digest: str
    ) -> StandingRows:
        """What would stand there after a review had carried these changes out."""
        told = changes.filter(pl.col("kind").is_in(["move", "below", "above"])).select("subject", "kind", "to", "ask")
        key = (ladder, value, lowest, at, digest if (told["kind"] == "below").any() else "")
        for known, same, result in self._after:
            if known == key and same.equals(told):
                return result
        result = self._changed(changes, ladder=ladder, value=value, lowest=lowest, at=at, digest=digest)
        self._after.append((key, told, result))
        return result

    def _changed(
        self, changes: pl.DataFrame, *, ladder: str, value: str, lowest: str | None, at: datetime, digest: str
    ) -> StandingRows:
        moved = changes.filter((pl.col("kind") == "move") & ~pl.col("ask")).select(
            "subject", pl.col("to").alias("goes")
        )
        below = changes.filter(pl.col("kind") == "below").select("subject")
        above = changes.filter(pl.col("kind") == "above").select("subject")
        if not (moved.height or below.height or above.height):
            return self
        mine = (pl.col("ladder") == ladder) & (pl.col("value") == value)
        here, others = self.standings.filter(mine), self.standings.filter(~mine)
        here = _ensured(here, pl.concat([moved.select("subject"), below]), self.members, ladder, value, lowest)
        now = pl.lit(at.astimezone(UTC)).cast(_MOMENT)
        gone = pl.col("goes").is_not_null()
        ends = gone | pl.col("subject").is_in(above["subject"].implode())
        begins = pl.col("subject").is_in(below["subject"].implode()) & pl.col("below_since").is_null()
        here = here.join(moved, on="subject", how="left", maintain_order="left").with_columns(
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
            pl.when(gone).then(pl.col("held").list.set_union(pl.concat_list("goes"))).otherwise(pl.col("held"))
            .alias("held"),
        ).drop("goes")  # fmt: skip
        left = pl.col("subject").is_in(moved["subject"].implode())
        watched = self.watched.filter(~(mine & left))
        blocks = {key: block for key, block in self._blocks.items() if key[1:3] != (ladder, value)}
        standings = pl.concat([others, here.select(others.columns)])
        return replace(self, standings=standings, watched=watched, _frames={}, _blocks=blocks, _after=[])

    def renamed(self, renames: Renames) -> StandingRows:
        """The same with tiers, stages and titles under their new names."""
        if not renames:
            return self
        standings, watched, titles = self.standings, self.watched, self.titles
        for ladder, names in renames.places.items():
            here = pl.col("ladder") == ladder
            standings = standings.with_columns(
                *(
                    pl.when(here).then(pl.col(name).replace(names)).otherwise(pl.col(name)).alias(name)
                    for name in ("at", "waiting_for")
                ),
                pl.when(here).then(pl.col("held").list.eval(pl.element().replace(names))).otherwise(pl.col("held"))
                .alias("held"),
            )  # fmt: skip
            if ladder != LIFECYCLE:
                target = pl.when(here).then(pl.col("target").replace(names)).otherwise(pl.col("target"))
                watched = watched.with_columns(target.alias("target"))
        if renames.titles:
            title, at, value = pl.col("title").str.split_exact("@", 1).struct.unnest(), "field_0", "field_1"
            parts = titles.select(title).select(pl.col(at).replace(dict(renames.titles)), pl.col(value))
            whole = pl.concat_str([at, value], separator="@", ignore_nulls=True)
            titles = titles.with_columns(parts.select(whole.alias("title"))["title"])
        return replace(self, standings=standings, watched=watched, titles=titles, _frames={}, _blocks={}, _after=[])


def _ensured(
    here: pl.DataFrame, wanted: pl.DataFrame, members: pl.DataFrame, ladder: str, value: str, lowest: str | None
) -> pl.DataFrame:
    """A row for everybody who is to have one: in the lowest tier since joining, or in no stage."""
    new = wanted.unique().join(here.select("subject"), on="subject", how="anti").join(members, on="subject", how="left")
    if not new.height:
        return here
    rows = new.select(
        "subject",
        pl.lit(ladder).alias("ladder"),
        pl.lit(value).alias("value"),
        pl.lit(lowest, dtype=pl.String).alias("at"),
        (pl.col("joined") if lowest is not None else pl.lit(None, dtype=_MOMENT)).alias("since"),
        pl.lit(value=False).alias("pinned"),
        pl.lit(value=False).alias("exempt"),
        pl.lit([] if lowest is None else [lowest], dtype=pl.List(pl.String)).alias("held"),
    )
    return pl.concat([here, rows], how="diagonal")


def read_rows(connection: Connection, community: str, at: datetime) -> StandingRows:
    """Everything that standings of a community say now."""
    reader = Reader(connection, community, None)
    members = member_columns(connection, community, {}, _EVER, None)
    return StandingRows(members, reader.standings(at), reader.all_watched(), reader.titles(at))
