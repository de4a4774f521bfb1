"""Knowledge in PostgreSQL: works that were published in spaces, with their words as a text-search vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ARRAY, Connection, Engine, Text, bindparam, text

from operations.knowledge import Piece, asked, terms
from operations.ports.effects import Deed
from store.transaction import transaction

_SPACE = "space:"
_BATCH = 2_000
_WORKS = text("SELECT id, author, run, fields FROM work WHERE community = :community AND id = ANY (:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Text))
)
_SHELVE = text(
    "INSERT INTO knowledge (community, work, place, author, run, at, text, fields, words) VALUES"
    " (:community, :work, :place, :author, :run, :at, :text, CAST(:fields AS jsonb), array_to_tsvector(:words))"
    " ON CONFLICT DO NOTHING"
).bindparams(bindparam("words", type_=ARRAY(Text)))
_FIND = """
    SELECT k.work, k.place, k.author, k.run, k.at, k.text, k.fields,
           ts_rank(k.words, CAST(:any AS tsquery)) AS rank
      FROM knowledge k
     WHERE k.community = :community AND k.words @@ CAST(:query AS tsquery)
       AND (CAST(:place AS text) IS NULL OR k.place = :place) AND (CAST(:author AS text) IS NULL OR k.author = :author)
       AND EXISTS (SELECT FROM publication p WHERE p.community = k.community AND p.what = k.work AND p.place = k.place
                   AND p.withdrawn_at IS NULL)
     ORDER BY rank DESC, k.at DESC, k.work LIMIT :limit
"""


def shelve(connection: Connection, community: str, deeds: Sequence[Deed]) -> None:
    """Make works that are published in spaces findable."""
    wanted = [one for one in deeds if one.details.get("work") and str(one.details["place"]).startswith(_SPACE)]
    for start in range(0, len(wanted), _BATCH):
        _shelve(connection, community, wanted[start : start + _BATCH])


def _shelve(connection: Connection, community: str, deeds: Sequence[Deed]) -> None:
    ids = sorted({one.details["what"] for one in deeds})
    works = {row.id: row for row in connection.execute(_WORKS, {"community": community, "ids": ids})}
    rows = []
    for one in deeds:
        work = works.get(one.details["what"])
        said = " ".join(_texts(work.fields)) if work is not None else ""
        if work is None or not said:
            continue
        rows.append(
            {
                "community": community, "work": work.id, "place": one.details["place"], "author": work.author,
                "run": work.run, "at": one.at, "text": said, "fields": orjson.dumps(work.fields).decode(),
                "words": terms(said),
            }
        )  # fmt: skip
    if rows:
        connection.execute(_SHELVE, rows)


class SqlKnowledge:
    """The port `Knowledge`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def search(
        self, community: str, words: str, *, place: str | None = None, author: str | None = None, limit: int = 20
    ) -> Sequence[Piece]:
        wanted = asked(words)
        if not wanted:
            return []
        quoted = ["'" + term.replace("\\", "\\\\").replace("'", "''") + "'" for term in wanted]
        given = {"community": community, "any": " | ".join(quoted), "place": place, "author": author, "limit": limit}
        with transaction(self._engine) as connection:
            for query in (" & ".join(quoted), " | ".join(quoted)):
                found = connection.execute(text(_FIND), {**given, "query": query}).all()
                if found:
                    return [_piece(row) for row in found]
        return []


def _texts(fields: dict[str, Any]) -> list[str]:
    """What a form says in words; links and numbers are no words to look for."""
    return [value for value in fields.values() if isinstance(value, str) and "://" not in value]


def _piece(row: Any) -> Piece:
    return Piece(
        work=row.work,
        place=row.place,
        author=row.author,
        run=row.run,
        at=row.at,
        text=row.text,
        fields=dict(row.fields),
    )
