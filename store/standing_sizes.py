"""Standing sizes: how many members stand where, now or at an earlier moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import Connection, func, select

from operations.ports.standings import LIFECYCLE
from store.tables.members import member
from store.tables.standings import standing

if TYPE_CHECKING:
    from rules.spec import Community

Sizes = dict[str, dict[str, int]]
"""By ladder (`tier`, `craft@song`, LIFECYCLE), by tier or stage."""


def sizes_now(connection: Connection, community: Community) -> Sizes:
    """As they are now."""
    everybody = connection.execute(
        select(func.count()).select_from(member).where(member.c.community == community.id)
    ).scalar_one()
    found = connection.execute(
        select(standing.c.ladder, standing.c.value, standing.c.at, func.count())
        .where(standing.c.community == community.id, standing.c.at.is_not(None))
        .group_by(standing.c.ladder, standing.c.value, standing.c.at)
    ).all()
    named: Sizes = {}
    for name, value, at, count in found:
        named.setdefault(f"{name}@{value}" if value else name, {})[at] = count
    return _whole(community, everybody, named)


def anybody_came_since(connection: Connection, community: str, at: datetime) -> bool:
    """Whether somebody joined after a moment."""
    later = select(member.c.id).where(member.c.community == community, member.c.joined > at)
    return connection.execute(later.limit(1)).first() is not None


def sizes_of(community: Community, frame: pl.DataFrame, joined: pl.DataFrame, at: datetime) -> Sizes:
    """As a frame of standings says, of those who had joined by then.

    Args:
        frame: as `operations.ports.standings.Standings.as_of` gives it.
        joined: `subject` and `joined` of everybody.
    """
    by_then = joined.filter(pl.col("joined") <= at.astimezone(UTC)).select("subject")
    frame = frame.join(by_then, on="subject", how="semi")
    named: Sizes = {}
    for ladder in community.ladders.values():
        values = [] if ladder.per is None else community.lists[ladder.per].items
        lowest = ladder.tiers[0].id
        for name in [ladder.id] if ladder.per is None else [f"{ladder.id}@{one.id}" for one in values]:
            above = frame[name].drop_nulls()
            counts = dict(above.filter(above != lowest).value_counts().iter_rows())
            if counts:
                named[name] = counts
    named[LIFECYCLE] = dict(frame["stage"].drop_nulls().value_counts().iter_rows())
    return _whole(community, frame.height, named)


def _whole(community: Community, everybody: int, named: Mapping[str, Mapping[str, int]]) -> Sizes:
    """With whoever has no row: they are in the lowest tier and in no stage."""
    sizes: Sizes = {}
    for ladder in community.ladders.values():
        for name in [n for n in named if n.partition("@")[0] == ladder.id] or [ladder.id]:
            rest = {tier.id: named.get(name, {}).get(tier.id, 0) for tier in ladder.tiers[1:]}
            sizes[name] = {ladder.tiers[0].id: everybody - sum(rest.values()), **rest}
    if community.lifecycle is not None:
        stages = named.get(LIFECYCLE, {})
        sizes[LIFECYCLE] = {stage.id: stages.get(stage.id, 0) for stage in community.lifecycle.stages}
        sizes[LIFECYCLE]["none"] = everybody - sum(sizes[LIFECYCLE].values())
    return sizes
