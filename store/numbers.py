"""Numbers: the short numbers that stand for communities, subjects and kinds of facts, and the locks of a community."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert

from rules.values import ValueType
from store.by_column import Column, Unreadable, by_column
from store.tables.facts import fact_kind
from store.tables.members import community as community_table
from store.tables.members import subject
from store.transaction import anew, once

_SPACE = 0x7472  # first half of our advisory locks
_SHARED = text("SELECT pg_advisory_xact_lock_shared(:space, :key)")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a field stands in the `fields` of a stored fact, and what it held when it was written."""

    name: str
    kind: str
    places: int

    @classmethod
    def of(cls, name: str, type_: ValueType) -> Slot:
        """The slot of a field; money is kept in cents like a decimal of two places."""
        if type_.kind == "money":
            return cls(name, "money", 2)
        if type_.kind in ("tier", "member"):
            return cls(name, "text", 0)
        return cls(name, type_.kind, type_.places)


@dataclass(frozen=True, slots=True)
class KindNumber:
    """The number of a kind of fact, and its slots in order."""

    key: int
    slots: tuple[Slot, ...]


def number_of(connection: Connection, community: str) -> int:
    """The number of a community, given when it is first asked for."""
    return once(connection, ("number", community), lambda: _number_of(connection, community))


def _number_of(connection: Connection, community: str) -> int:
    query = select(community_table.c.key).where(community_table.c.id == community)
    found = connection.execute(query).scalar()
    if found is None:
        connection.execute(insert(community_table).values(id=community).on_conflict_do_nothing())
        found = connection.execute(query).scalar_one()
    return int(found)


def current_of(community: str) -> tuple[str, str]:
    """Under which name a transaction keeps what is the current spec of a community; see `store.transaction.once`."""
    return ("current", community)


def exclusive(connection: Connection, community: str) -> int:
    """Keep all others from recording facts and publishing specs until this transaction ends; gives the number."""
    number = number_of(connection, community)
    connection.execute(text("SELECT pg_advisory_xact_lock(:space, :key)"), {"space": _SPACE, "key": number})
    anew(connection, current_of(community))
    return number


def shared(connection: Connection, community: str) -> int:
    """Keep definitions of metrics as they are until this transaction ends; gives the number.

    Another spec may have become the current one while it was waited for.
    """
    number = number_of(connection, community)
    connection.execute(_SHARED, {"space": _SPACE, "key": number})
    anew(connection, current_of(community))
    return number


def try_exclusive(connection: Connection, community: str) -> bool:
    """`exclusive` if nobody has to be waited for."""
    values = {"space": _SPACE, "key": number_of(connection, community)}
    anew(connection, current_of(community))
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(:space, :key)"), values).scalar())


def subjects_of(connection: Connection, number: int, kind: str, ids: Collection[str] | None = None) -> pl.DataFrame:
    """The numbers of subjects that have one: columns `id` and `key`."""
    if ids is None:
        return _all_subjects(connection, number, kind)
    query = select(subject.c.id, subject.c.key).where(subject.c.community == number, subject.c.kind == kind)
    query = query.where(subject.c.id == bindparam("ids", type_=ARRAY(TEXT)).any_())
    rows = connection.execute(query, {"ids": list(ids)}).all()
    return pl.DataFrame([tuple(row) for row in rows], schema={"id": pl.String, "key": pl.Int32}, orient="row")


def _all_subjects(connection: Connection, number: int, kind: str) -> pl.DataFrame:
    """Everybody with their numbers."""
    columns = {"id": Column("id"), "key": Column("key", "small")}
    source = "subject WHERE community = %s AND kind = %s"
    with suppress(Unreadable):
        return by_column(connection, columns, source, [number, kind])[()]
    query = select(subject.c.id, subject.c.key).where(subject.c.community == number, subject.c.kind == kind)
    rows = connection.execute(query).all()
    return pl.DataFrame([tuple(row) for row in rows], schema={"id": pl.String, "key": pl.Int32}, orient="row")


def number_subjects(connection: Connection, number: int, kind: str, ids: Collection[str]) -> pl.DataFrame:
    """The numbers of these subjects, new ones for those that have none: columns `id` and `key`."""
    known = subjects_of(connection, number, kind, ids)
    missing = sorted(set(ids) - set(known["id"]))
    if not missing:
        return known
    connection.execute(
        text(
            "INSERT INTO subject (community, kind, id) SELECT :number, :kind, x FROM unnest(:ids) AS x "
            "ORDER BY x ON CONFLICT DO NOTHING"
        ).bindparams(bindparam("ids", type_=ARRAY(TEXT))),
        {"number": number, "kind": kind, "ids": missing},
    )
    return subjects_of(connection, number, kind, ids)


def kinds_of(connection: Connection, number: int) -> dict[str, KindNumber]:
    """All kinds of facts that were ever recorded in a community."""
    rows = connection.execute(select(fact_kind).where(fact_kind.c.community == number)).all()
    return {row.id: KindNumber(row.key, tuple(Slot(*slot) for slot in row.slots)) for row in rows}


def number_kinds(connection: Connection, number: int, wanted: Mapping[str, Sequence[Slot]]) -> dict[str, KindNumber]:
    """All kinds, with room for what is wanted: a field of another type than before gets a new slot at the end."""
    known = kinds_of(connection, number)
    if all(id_ in known and set(slots) <= set(known[id_].slots) for id_, slots in wanted.items()):
        return known
    connection.execute(text("SELECT pg_advisory_xact_lock(:space, :key)"), {"space": _SPACE + 1, "key": number})
    known = kinds_of(connection, number)
    for id_, slots in sorted(wanted.items()):
        present = known.get(id_)
        have = list(present.slots) if present else []
        grown = have + [slot for slot in slots if slot not in have]
        if present is not None and grown == have:
            continue
        key = present.key if present else 1 + max((kind.key for kind in known.values()), default=0)
        values = [[slot.name, slot.kind, slot.places] for slot in grown]
        connection.execute(
            insert(fact_kind)
            .values(community=number, key=key, id=id_, slots=values)
            .on_conflict_do_update(index_elements=["community", "key"], set_={"slots": values})
        )
        known[id_] = KindNumber(key, tuple(grown))
    return known
