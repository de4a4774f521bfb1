"""Standings then: where members stood at an earlier moment, put together from what was carried out and decided since.

Every move of a tier or stage leaves a fact, every grace a decision, every question to somebody a membership, every
pin an act by hand. What leaves nothing behind is taken as it is now: an observation that led to no move.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
from sqlalchemy import text

from operations.ports.standings import LIFECYCLE
from rules.counted import fact_kinds
from store.fact_rows import scan
from store.numbers import number_of, subjects_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rules.spec import Community

MOVES = ("moved_tier", "moved_stage")
FEW = 200
"""Of so many members moves are looked up member by member; of more, all moves are read."""
_SLICE = 200_000
_MOMENT = pl.Datetime("us", "UTC")
_MOVE: dict[str, Any] = {
    "subject": pl.String, "ladder": pl.String, "value": pl.String, "moved": _MOMENT, "left": pl.String,
    "entered": pl.String,
}  # fmt: skip
_GRACES = """
    SELECT subject, split_part(rule, '@', 1) AS ladder, split_part(rule, '@', 2) AS value, at, digest
    FROM decision WHERE community = :community AND outcome = 'grace' AND at <= :at {which} ORDER BY seq"""
_ASKED = """
    SELECT member AS subject, ladder, value, to_at FROM membership
    WHERE community = :community AND (ended_at IS NULL OR ended_at > :at) {which} AND (opened_at < :at OR (
      opened_at = :at AND NOT concat_ws('@', ladder, nullif(value, '')) = ANY (CAST(:without AS text[]))))"""
_HANDS = """
    SELECT member AS subject, ladder, value, what, at, until, to_at FROM by_hand
    WHERE community = :community AND at <= :at {which} ORDER BY number"""
_OBSERVED = """
    SELECT d.subject, d.rule, d.to_at, d.because, d.at, d.read, f.reasons
    FROM decision d JOIN decision_form f ON f.community = d.community AND f.id = d.form
    WHERE d.community = :community AND d.at >= :at AND d.outcome IN ('promote', 'move')
      AND f.reasons LIKE '%met_for%' {which}
    ORDER BY d.seq"""


class Then:
    """What was so at a moment.

    Args:
        at: the moment.
        subjects: of whom; None: of everybody.
        without: ladders (`tier`, `maintenance@network`, `lifecycle`) on which what was done at the very moment does not
            count yet.
    """

    def __init__(
        self,
        connection: Connection,
        community: Community,
        at: datetime,
        subjects: Collection[str] | None,
        without: Collection[str] = (),
    ) -> None:
        self._connection = connection
        self._community = community
        self._at = at.astimezone(UTC)
        self._subjects = None if subjects is None else list(subjects)
        self._without = list(without)

    def standings(self, now: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
        """The rows of the table as they were.

        Args:
            now: the rows as they are, as `standing_frame` reads them.
            members: `subject` and `joined`: who was somewhere before any move came with that, as they joined.
        """
        keys = ["subject", "ladder", "value"]
        moves = self._moves().sort("moved")
        done = pl.col("moved") < self._at
        rule = pl.when(pl.col("value") == "").then("ladder").otherwise(pl.format("{}@{}", "ladder", "value"))
        at_once = (pl.col("moved") == self._at) & rule.is_in(self._without).not_()
        before = moves.filter(done | at_once)
        last = before.group_by(keys, maintain_order=True).last()
        first_later = moves.filter((done | at_once).not_()).group_by(keys, maintain_order=True).first()
        first_later = first_later.join(last, on=keys, how="anti")
        here = pl.concat([
            last.select(*keys, pl.col("entered").alias("stood"), "moved"),
            first_later.select(*keys, pl.col("left").alias("stood"), pl.lit(None, dtype=_MOMENT).alias("moved")),
        ])  # fmt: skip
        both = now.join(here.with_columns(known=pl.lit(True)), on=keys, how="full", coalesce=True)
        same = pl.col("known").is_null() | (
            pl.col("moved_at").eq_missing(pl.col("moved")) & pl.col("at").eq_missing(pl.col("stood"))
        )
        by_hand = pl.col("known").is_null() & (pl.col("moved_at") > self._at)
        rows = both.with_columns(
            pl.when(by_hand).then(pl.col("held").list.first()).when(same).then("at").otherwise("stood").alias("at"),
            pl.when(by_hand).then(None).when(same).then("since").otherwise("moved").alias("since"),
            pl.when(by_hand).then(None).when(same).then("moved_at").otherwise("moved").alias("moved_at"),
            pl.when(same)
            .then("last_move")
            .when(pl.col("moved").is_not_null())
            .then(pl.lit("automatic"))
            .alias("last_move"),
            *(
                pl.when(same & (pl.col("below_since") < self._at)).then(name).alias(name)
                for name in ("below_until", "below_digest", "below_since")
            ),
            pl.col("exempt").fill_null(value=False),
        )
        rows = self._with_hands(rows, keys)
        rows = self._with_graces(rows, keys)
        rows = self._with_asked(rows, keys)
        rows = self._with_held(rows, before, keys)
        lowest = {name: ladder.tiers[0].id for name, ladder in self._community.ladders.items()}
        foot = pl.col("ladder").replace_strict(lowest, default=None, return_dtype=pl.String)
        silent = pl.col("since").is_null() & pl.col("known").is_not_null() & pl.col("pinned").not_()
        gone = silent & ((pl.col("at") == foot) | ((pl.col("ladder") == LIFECYCLE) & pl.col("at").is_null()))
        rows = rows.filter(gone.fill_null(value=False).not_())
        rows = rows.join(members.select("subject", "joined"), on="subject", how="left", maintain_order="left")
        brought = pl.col("since").is_null() & pl.col("known").is_not_null() & pl.col("at").is_not_null()
        since = pl.when(brought).then("joined").otherwise("since").alias("since")
        return rows.with_columns(since).select(now.columns)

    def watched(self, ladder: str, value: str, now: pl.DataFrame) -> pl.DataFrame:
        """Observations that had begun: those that last, and those that led to a move since."""
        found = now.filter(pl.col("met_since") <= self._at)
        rows = []
        for row in self._rows(_OBSERVED, "d.subject"):
            name, _, of = row.rule.partition("@")
            if (name, of) != (ladder, value):
                continue
            shape = orjson.loads(row.reasons)
            days = next((v[0] for f, v in zip(shape, orjson.loads(row.read), strict=True) if f[0] == "met_for"), None)
            since = None if days is None else row.at.astimezone(UTC) - timedelta(days=days)
            if since is not None and since <= self._at:
                rows.append((row.subject, row.because if ladder == LIFECYCLE else row.to_at, since))
        led = pl.DataFrame(rows, schema=dict(now.schema), orient="row")
        return pl.concat([found, led]).unique(["subject", "target"], keep="first", maintain_order=True)

    def _moves(self) -> pl.DataFrame:
        number = number_of(self._connection, self._community.id)
        keys = None
        if self._subjects is not None and len(self._subjects) <= FEW:
            keys = subjects_of(self._connection, number, "member", self._subjects)["key"].to_list()
        kinds = {id_: kind for id_, kind in fact_kinds(self._community).items() if id_ in MOVES}
        parts = [pl.DataFrame(schema=_MOVE)]
        for frames in scan(self._connection, number, kinds, _SLICE, members=keys):
            for frame in frames.values():
                if not frame.height or ".source" not in frame.columns:
                    continue
                rule = pl.col(".source").str.splitn("@", 2)
                parts.append(
                    frame.select(
                        pl.col("member").alias("subject"),
                        rule.struct.field("field_0").alias("ladder"),
                        rule.struct.field("field_1").fill_null("").alias("value"),
                        pl.col("at").alias("moved"),
                        *(
                            (pl.col(name) if name in frame.columns else pl.lit(None, dtype=pl.String)).alias(alias)
                            for name, alias in ((".from", "left"), (".to", "entered"))
                        ),
                    )
                )
        moves = pl.concat(parts)
        return moves if self._subjects is None else moves.filter(pl.col("subject").is_in(self._subjects))

    def _with_hands(self, rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """Who was pinned, and whose last move was somebody's doing."""
        pins: dict[tuple[str, str, str], bool] = {}
        put: dict[tuple[str, str, str], datetime] = {}
        for row in self._rows(_HANDS, "member"):
            key = (row.subject, row.ladder, row.value)
            if row.what in ("pin", "unpin"):
                pins[key] = row.what == "pin" and (row.until is None or row.until > self._at)
            if row.to_at is not None:
                put[key] = row.at.astimezone(UTC)
        schema: dict[str, Any] = {
            "subject": pl.String, "ladder": pl.String, "value": pl.String, "_pinned": pl.Boolean, "_put": _MOMENT,
        }  # fmt: skip
        found = [(*key, pins.get(key, False), put.get(key)) for key in {**pins, **put}]
        joined = rows.join(pl.DataFrame(found, schema=schema, orient="row"), on=keys, how="left", maintain_order="left")
        return joined.with_columns(
            pl.col("_pinned").fill_null(value=False).alias("pinned"),
            pl.when(pl.col("_put") == pl.col("moved_at"))
            .then(pl.lit("by_hand"))
            .otherwise("last_move")
            .alias("last_move"),
        ).drop("_pinned", "_put")

    def _with_graces(self, rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        found = [(r.subject, r.ladder, r.value, r.at.astimezone(UTC), r.digest) for r in self._rows(_GRACES, "subject")]
        schema: dict[str, Any] = {
            "subject": pl.String,
            "ladder": pl.String,
            "value": pl.String,
            "begun": _MOMENT,
            "under": pl.String,
        }
        graces = pl.DataFrame(found, schema=schema, orient="row").group_by(keys, maintain_order=True).last()
        joined = rows.join(graces, on=keys, how="left", maintain_order="left")
        here = (
            pl.col("begun").is_not_null()
            & (pl.col("since").is_null() | (pl.col("begun") >= pl.col("since")))
            & pl.col("below_since").is_null()
        )
        return joined.with_columns(
            pl.when(here).then("begun").otherwise("below_since").alias("below_since"),
            pl.when(here).then("under").otherwise("below_digest").alias("below_digest"),
        ).drop("begun", "under")

    def _with_asked(self, rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        found = [tuple(row) for row in self._rows(_ASKED, "member")]
        schema: dict[str, Any] = {"subject": pl.String, "ladder": pl.String, "value": pl.String, "asked": pl.String}
        asked = pl.DataFrame(found, schema=schema, orient="row").unique(keys, keep="last")
        joined = rows.join(asked, on=keys, how="left", maintain_order="left")
        return joined.with_columns(pl.col("asked").alias("waiting_for")).drop("asked")

    def _with_held(self, rows: pl.DataFrame, before: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """Every tier held by then: those moved from and to, and the present one."""
        passed = before.group_by(keys, maintain_order=True).agg(
            pl.concat([pl.col("left"), pl.col("entered")]).drop_nulls().unique(maintain_order=True).alias("passed")
        )
        joined = rows.join(passed, on=keys, how="left", maintain_order="left")
        stood = pl.concat_list(pl.col("at")).list.drop_nulls()
        later = pl.col("known").is_not_null()
        held = pl.when(later).then(pl.col("passed").fill_null([])).otherwise(pl.col("held").fill_null([]))
        return joined.with_columns(pl.concat_list(held, stood).list.unique(maintain_order=True).alias("held"))

    def _rows(self, query: str, column: str) -> list[Any]:
        values: dict[str, Any] = {"community": self._community.id, "at": self._at, "without": self._without}
        which = ""
        if self._subjects is not None:
            which = f"AND {column} = ANY (:subjects)"
            values["subjects"] = self._subjects
        return list(self._connection.execute(text(query.format(which=which)), values).all())
