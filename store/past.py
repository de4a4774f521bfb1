"""Past: what was known of members at the time of facts, for metrics that look through a fact at a member.

The first value that was ever known of somebody holds since ever; a later one from when it was taken in. So too with
tiers and stages: whoever never moved has always stood where they stand, and whoever never stood anywhere in the lowest
tier. Of a ladder that is kept per value the highest standing is read, or that at one value.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from sqlalchemy import Connection, select

from operations.ports.standings import LIFECYCLE
from rules.metric import AT_FIELD
from rules.names import attribute_type
from rules.spec import Community
from rules.values import BOOLEAN, ValueType
from store.cells import day_of
from store.fact_columns import MOMENT, dtype
from store.tables.members import member, member_change
from store.tables.standings import standing


class Past:
    """Attributes of a community's members over time; what is read is read once.

    Called with a typed frame, the name of the column that names members, and an attribute, it gives a column of the
    values that held at the time of each fact; null is unknown.
    """

    def __init__(self, connection: Connection, community: Community) -> None:
        self._connection = connection
        self._community = community
        self._known: dict[str, pl.DataFrame] = {}

    def __call__(self, frame: pl.DataFrame, column: str, attribute: str) -> pl.Series:
        who = frame.select(pl.col(column).alias("id"), pl.col("at"))
        if attribute in ("days_member", "age"):
            return self._since_joining(who, attribute)
        name, _, value = attribute.partition("@")
        if name in self._community.ladders or name == "stage":
            return self._stood(frame, who, name, value).alias(attribute)
        type_ = BOOLEAN if attribute == "staff" else attribute_type(self._community, attribute)
        if type_ is None:
            return pl.Series(attribute, [None] * frame.height, dtype=pl.String)
        if attribute not in self._known:
            self._known[attribute] = self._values(attribute, type_)
        return _as_of(who, self._known[attribute]).alias(attribute)

    def _stood(self, frame: pl.DataFrame, who: pl.DataFrame, name: str, value: str) -> pl.Series:
        """The tier or stage at the time of each fact: of one value, of the value in a field, or the highest of all."""
        ladder = self._community.ladders.get(name)
        if ladder is None:
            return self._standing(who, LIFECYCLE, "", name, None)
        tiers = [tier.id for tier in ladder.tiers]
        if ladder.per is None:
            return self._standing(who, name, "", name, tiers[0])
        values = [item.id for item in self._community.lists[ladder.per].items]
        nothing = pl.Series([None] * frame.height, dtype=pl.String)
        if value and not value.startswith(AT_FIELD):
            return self._standing(who, name, value, f"{name}@{value}", tiers[0]) if value in values else nothing
        field = f".{value.removeprefix(AT_FIELD)}" if value else ""
        if field and field not in frame.columns:
            return nothing
        stood = pl.DataFrame({one: self._standing(who, name, one, f"{name}@{one}", tiers[0]) for one in values})
        if field:
            at_hand = pl.coalesce(pl.when(pl.col("_value") == one).then(pl.col(one)) for one in values)
            return stood.with_columns(frame[field].alias("_value")).select(at_hand.alias(name))[name]
        ranks = (
            pl.col(one).replace_strict(tiers, range(len(tiers)), default=None, return_dtype=pl.Int32) for one in values
        )
        best = stood.select(pl.max_horizontal(*ranks).alias(name))[name]
        return best.replace_strict(range(len(tiers)), tiers, default=None, return_dtype=pl.String)

    def _standing(self, who: pl.DataFrame, ladder: str, value: str, name: str, lowest: str | None) -> pl.Series:
        if name not in self._known:
            self._known[name] = self._moves(ladder, value, name)
        found = _as_of(who, self._known[name])
        if lowest is None:
            return found
        if "members" not in self._known:
            ids = self._connection.execute(select(member.c.id).where(member.c.community == self._community.id))
            self._known["members"] = pl.DataFrame({"id": [id_ for (id_,) in ids]}, schema={"id": pl.String})
        there = who["id"].is_in(self._known["members"]["id"].implode())
        rest = pl.when(pl.col("there") & pl.col("found").is_null()).then(pl.lit(lowest)).otherwise(pl.col("found"))
        return pl.DataFrame({"found": found, "there": there}).select(rest.alias(name))[name]

    def _moves(self, ladder: str, value: str, name: str) -> pl.DataFrame:
        """Since when members stood where, sorted by time; whoever never moved, since ever."""
        rows, moved = self._changes(name)
        here = standing.c
        stands = select(here.member, here.at, here.since, here.moved_at).where(
            here.community == self._community.id, here.ladder == ladder, here.value == value, here.at.is_not(None)
        )
        for row in self._connection.execute(stands):
            if row.member not in moved:
                rows.append((row.member, row.since if row.moved_at is not None else None, row.at))
        return _sorted(rows, pl.String)

    def _since_joining(self, who: pl.DataFrame, attribute: str) -> pl.Series:
        if "joined" not in self._known:
            query = select(member.c.id, member.c.joined).where(member.c.community == self._community.id)
            rows = [tuple(row) for row in self._connection.execute(query)]
            self._known["joined"] = pl.DataFrame(rows, schema={"id": pl.String, "joined": MOMENT}, orient="row")
        joined = who.join(self._known["joined"], on="id", how="left", maintain_order="left")
        if attribute == "age":
            length = (pl.col("at") - pl.col("joined")).dt.total_seconds()
        else:
            zone = self._community.zone
            length = (day_of(pl.col("at"), zone) - day_of(pl.col("joined"), zone)).cast(pl.Int64)
        return joined.select(pl.max_horizontal(length, pl.when(length.is_not_null()).then(0)).alias(attribute))[
            attribute
        ]

    def _values(self, attribute: str, type_: ValueType) -> pl.DataFrame:
        """Since when which value held, by member, sorted by time."""
        rows, begun = self._changes(attribute)
        query = select(member.c.id, member.c.attributes[attribute]).where(
            member.c.community == self._community.id, member.c.attributes.has_key(attribute)
        )
        rows.extend((id_, None, value) for id_, value in self._connection.execute(query) if id_ not in begun)
        return _sorted(rows, dtype(type_))

    def _changes(self, name: str) -> tuple[list[tuple[str, Any, Any]], set[str]]:
        """(member, since when, value) from what changed under a name, and of whom anything did."""
        changes = self._connection.execute(
            select(member_change)
            .where(member_change.c.community == self._community.id, member_change.c.name == name)
            .order_by(member_change.c.member, member_change.c.at)
        ).all()
        rows: list[tuple[str, Any, Any]] = []
        begun: set[str] = set()
        for change in changes:
            first = change.member not in begun
            if first and change.before is not None:
                rows.append((change.member, None, change.before))
            begins = None if first and change.before is None and name != "stage" else change.at
            begun.add(change.member)
            rows.append((change.member, begins, change.after))
        return rows, begun


def _as_of(who: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """For each `id` and `at` the value that held then."""
    order = who.with_row_index("_place").sort("at")
    joined = order.join_asof(known, on="at", by="id", strategy="backward", check_sortedness=False)
    return joined.sort("_place")["value"]


def _sorted(rows: list[tuple[str, Any, Any]], type_: Any) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"id": pl.String, "at": MOMENT, "value": type_}, orient="row", strict=False)
    return frame.with_columns(pl.col("at").fill_null(pl.lit(0).cast(MOMENT).dt.offset_by("-1000y"))).sort("at")
