"""Present: a virtual fact for every member who is there, with tier, stage and origin, to count the community itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from rules.counted import PRESENT
from rules.spec import Community
from store.fact_columns import MOMENT
from store.standing_frame import standing_frame


def present_facts(
    connection: Connection, community: Community, at: datetime, *, then: bool = False
) -> dict[str, pl.DataFrame]:
    """The facts `present` at a moment, as a typed frame: everybody who has joined by then and has not been suspended.

    Whoever has no standing is in the lowest tier of the ladder `tier`, and in no stage. With `then`, tiers and stages
    are those of the moment, otherwise those of now.
    """
    lowest = None
    if "tier" in community.ladders and community.ladders["tier"].per is None:
        lowest = community.ladders["tier"].tiers[0].id
    rows = connection.execute(
        text(
            "SELECT m.id, coalesce(t.at, :lowest) AS tier, s.at AS stage, m.attributes ->> 'origin' AS origin "
            "FROM member m "
            "LEFT JOIN standing t ON (t.community, t.member, t.ladder, t.value) = (m.community, m.id, 'tier', '') "
            "LEFT JOIN standing s ON (s.community, s.member, s.ladder, s.value) = (m.community, m.id, 'lifecycle', '') "
            "WHERE m.community = :community AND m.joined <= :at "
            "AND coalesce((m.attributes ->> 'suspended')::boolean, false) = false"
        ),
        {"community": community.id, "at": at, "lowest": lowest},
    ).all()
    data = [(f"{place:032x}", row.id, at, None, row.tier, row.stage, row.origin) for place, row in enumerate(rows)]
    schema: dict[str, Any] = {
        "id": pl.String, "member": pl.String, "at": MOMENT, "recorded_at": MOMENT, ".tier": pl.String,
        ".stage": pl.String, ".origin": pl.String,
    }  # fmt: skip
    facts = pl.DataFrame(data, schema=schema, orient="row")
    if then:
        stood = standing_frame(connection, community, at, ladder=None, value="", subjects=None, then=True)
        columns = {f".{name}": pl.col(name) for name in ("tier", "stage") if name in stood.columns}
        stood = stood.select(pl.col("subject").alias("member"), **columns)
        facts = facts.drop(*columns).join(stood, on="member", how="left", maintain_order="left")
    return {PRESENT: facts}
