"""Joined: members who were found to be one person; whatever comes for the one goes to the other."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import polars as pl
from sqlalchemy import Connection, text

from rules.fact import FactKind
from store.fact_names import redirect as put_for

_ACTIVE = text("SELECT number, kept, other FROM joining WHERE community = :community AND separated_at IS NULL")
_LATER = text(
    "UPDATE joining SET journal = jsonb_set(journal, '{later}',"
    " coalesce(journal -> 'later', '{}'::jsonb) || CAST(:places AS jsonb))"
    " WHERE community = :community AND number = :number"
)


def joined(connection: Connection, community: str) -> dict[str, str]:
    """Who was joined to whom, to the last: of a chain the one that goes on."""
    pairs = {row.other: row.kept for row in connection.execute(_ACTIVE, {"community": community})}
    return {other: _last(pairs, other) for other in pairs}


def redirect(
    connection: Connection, community: str, kinds: Mapping[str, FactKind], frames: dict[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Frames of facts that come in, meant for whoever goes on; the join keeps which, to give them back one day."""
    rows = connection.execute(_ACTIVE, {"community": community}).all()
    pairs = {row.other: row.kept for row in rows}
    for row in rows:
        frames, places = put_for(kinds, frames, row.other, _last(pairs, row.other))
        if places:
            values = {"community": community, "number": row.number, "places": orjson.dumps(places).decode()}
            connection.execute(_LATER, values)
    return frames


def _last(pairs: Mapping[str, str], other: str) -> str:
    while other in pairs:
        other = pairs[other]
    return other
