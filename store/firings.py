"""Firings in PostgreSQL: when rules acted last, and whether their spells last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine, func, select, text

from store.bulk import insert_many
from store.tables.decisions import firing
from store.transaction import transaction


class SqlFirings:
    """The port `Firings`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def fired(self, community: str, rules: Sequence[str]) -> Mapping[tuple[str, str], tuple[datetime, bool]]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(firing).where(firing.c.community == community, firing.c.rule == func.any(list(rules)))
            )
            return {(row.rule, row.subject): (row.at, row.held) for row in rows}

    def fire(self, community: str, fired: Sequence[tuple[str, str]], *, at: datetime) -> None:
        if not fired:
            return
        rows = [{"community": community, "rule": r, "subject": s, "at": at, "held": True} for r, s in fired]
        with transaction(self._engine) as connection:
            insert_many(
                connection,
                firing,
                rows,
                on_conflict="(community, rule, subject) DO UPDATE SET at = excluded.at, held = true",
            )

    def untrue(self, community: str, ended: Sequence[tuple[str, str]]) -> None:
        if not ended:
            return
        with transaction(self._engine) as connection:
            connection.execute(
                text(
                    "UPDATE firing f SET held = false"
                    " FROM unnest(CAST(:rules AS text[]), CAST(:subjects AS text[])) AS u (rule, subject)"
                    " WHERE f.community = :community AND f.rule = u.rule AND f.subject = u.subject"
                ),
                {"community": community, "rules": [r for r, _ in ended], "subjects": [s for _, s in ended]},
            )
