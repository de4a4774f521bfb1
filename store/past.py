"""Past: what was known of members at the time of facts, for metrics that look through a fact at a member.

The first value that was ever known of somebody holds since ever; a later one from when it was taken in.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from sqlalchemy import Connection, select

from rules.names import attribute_type
from rules.spec import Community
from rules.values import BOOLEAN, ValueType
from store.cells import day_of
from store.fact_columns import MOMENT, dtype
from store.tables.members import member, member_change


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
        type_ = BOOLEAN if attribute == "staff" else attribute_type(self._community, attribute)
        if type_ is None:
            return pl.Series(attribute, [None] * frame.height, dtype=pl.String)
        if attribute not in self._known:
            self._known[attribute] = self._values(attribute, type_)
        order = who.with_row_index("_place").sort("at")
        joined = order.join_asof(self._known[attribute], on="at", by="id", strategy="backward", check_sortedness=False)
        return joined.sort("_place")["value"].alias(attribute)

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
        changes = self._connection.execute(
            select(member_change)
            .where(member_change.c.community == self._community.id, member_change.c.name == attribute)
            .order_by(member_change.c.member, member_change.c.at)
        ).all()
        rows: list[tuple[str, Any, Any]] = []
        begun: set[str] = set()
        for change in changes:
            first = change.member not in begun
            if first and change.before is not None:
                rows.append((change.member, None, change.before))
            begins = None if first and change.before is None else change.at
            begun.add(change.member)
            rows.append((change.member, begins, change.after))
        query = select(member.c.id, member.c.attributes[attribute]).where(
            member.c.community == self._community.id, member.c.attributes.has_key(attribute)
        )
        rows.extend((id_, None, value) for id_, value in self._connection.execute(query) if id_ not in begun)
        schema = {"id": pl.String, "at": MOMENT, "value": dtype(type_)}
        frame = pl.DataFrame(rows, schema=schema, orient="row", strict=False)
        return frame.with_columns(pl.col("at").fill_null(pl.lit(0).cast(MOMENT).dt.offset_by("-1000y"))).sort("at")
