"""Held back: publications that wait for the end of an embargo, and are let go once, whoever comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Connection, Row, Text, bindparam, text, update

from operations.embargo import EMBARGO
from operations.ports.effects import Deed
from store.tables.effects import deed

_HELD_BACK = text("""
    SELECT d.* FROM deed d LEFT JOIN run r ON r.id = d.origin ->> 'run'
     WHERE d.community = :community AND d.waiting AND d.kind = 'publish'
       AND CASE WHEN CAST(:run AS text) IS NULL THEN r.scale IS NULL OR r.status <> 'running'
                ELSE d.origin ->> 'run' = CAST(:run AS text) END
     ORDER BY d.seq
""")
_LET_GO = text("""
    UPDATE deed SET waiting = false, refused = NULL, at = :at,
                    details = (details - 'embargo') || jsonb_build_object('held_back', details -> 'embargo')
     WHERE community = :community AND key = ANY (:keys) AND kind = 'publish' AND waiting RETURNING *
""").bindparams(bindparam("keys", type_=ARRAY(Text)))


def hold_back(connection: Connection, community: str, refused: Sequence[Deed]) -> list[Deed]:
    """Let those of the refused deeds wait that only came too early; returns them."""
    early = [one for one in refused if one.details.get(EMBARGO)]
    if early:
        waits = deed.c.key.in_([one.key for one in early])
        connection.execute(update(deed).where(deed.c.community == community, waits).values(waiting=True))
    return early


def held_back(connection: Connection, community: str, run: str | None) -> Sequence[Row[Any]]:
    """What waits, oldest first: of one run, or of all except those under way on a clock of their own."""
    return connection.execute(_HELD_BACK, {"community": community, "run": run}).all()


def let_go(connection: Connection, community: str, keys: Sequence[str], at: datetime) -> Sequence[Row[Any]]:
    """Those of these deeds that waited still, oldest first: from now on they count as done at this moment."""
    found = connection.execute(_LET_GO, {"community": community, "keys": list(keys), "at": at}).all()
    return sorted(found, key=lambda row: int(row.seq))
