"""Members in PostgreSQL, with the history of what was known of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import ARRAY, Connection, Engine, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from operations.errors import Refusal
from operations.ports.members import JOINED_AT, Enlisted, Member
from operations.ports.specs import Specs
from rules.names import attribute_type
from rules.spec import Community
from rules.spec.vocabulary import ENGINE_ATTRIBUTES
from rules.values import Value, ValueType
from store.cells import day_of
from store.fact_columns import MOMENT
from store.joined import joined
from store.member_columns import as_before, member_columns
from store.metric_register import doubt
from store.numbers import number_subjects, shared
from store.tables.members import member, member_change
from store.transaction import transaction

GIVEN = frozenset(
    {
        "consent", "registered", "email_confirmed", "invited", "suspended", "silenced", "bot", "staff", "origin",
        "tags", "circle", "space", "address",
    }
)  # fmt: skip
"""The engine's own attributes that are told from outside; all others follow from standings and facts."""


def told(community: Community) -> dict[str, ValueType]:
    """The attributes that an import may tell, with their types: the declared ones and some of the engine's."""
    names = [*community.attributes, *(name for name in ENGINE_ATTRIBUTES if name in GIVEN)]
    found = {name: attribute_type(community, name) for name in names}
    return {name: type_ for name, type_ in found.items() if type_ is not None}


_EVERYBODY = (
    select(member.c.id, member.c.joined, member.c.attributes)
    .where(member.c.community == bindparam("of"))
    .order_by(member.c.id)
)
_SOMEBODY = _EVERYBODY.where(member.c.id == bindparam("who"))


class SqlMembers:
    """The port `Members`."""

    def __init__(self, engine: Engine, specs: Specs, community: Community) -> None:
        self._engine = engine
        self._specs = specs
        self._community = community

    def attributes(self) -> Mapping[str, ValueType]:
        return told(self._community)

    def enlist(self, members: Sequence[Member], *, at: datetime) -> Enlisted:
        latest = {one.id: one for one in members}
        if not latest:
            return Enlisted()
        id_ = self._community.id
        with transaction(self._engine) as connection:
            number = shared(connection, id_)
            for other in joined(connection, id_):  # what is told of them is told of whoever goes on, under that id
                latest.pop(other, None)
            known = {one.id: one for one in self._read(connection, sorted(latest), lock=True)}
            number_subjects(connection, number, "member", list(latest))
            rows, changes, names = [], [], set()
            new = changed = 0
            for one in latest.values():
                before = known.get(one.id)
                since = one.joined or (before.joined if before else None) or at
                was = before.attributes if before else {}
                one = _widened(one, was)
                told_now = {name: value for name, value in one.attributes.items() if was.get(name) != value}
                if before is not None and not told_now and before.joined == since:
                    continue
                new, changed = new + (before is None), changed + (before is not None)
                names |= set(told_now)
                if before is None or before.joined != since:
                    names |= {"age", "days_member"}
                if before is None:  # facts may be there already that name somebody whose standing was unknown
                    names |= {"stage", *self._community.ladders}
                for name, value in told_now.items():
                    if name in was:
                        first = {"name": name, "at": at, "before": _plain(was[name]), "after": _plain(value)}
                        changes.append({"community": id_, "member": one.id, **first})
                attributes = {name: _plain(value) for name, value in {**was, **one.attributes}.items()}
                rows.append(
                    {"community": id_, "id": one.id, "joined": since, "attributes": attributes, "changed_at": at}
                )
            self._write(connection, rows, changes)
            if names:
                doubt(connection, self._current(), names)
            return Enlisted(new, len(members) - new - changed, changed)

    def find(self, ids: Collection[str] | None = None, *, limit: int | None = None) -> Sequence[Member]:
        with transaction(self._engine) as connection:
            return self._read(connection, None if ids is None else sorted(ids), limit=limit)

    def frame(
        self,
        at: datetime,
        *,
        subjects: Collection[str] | None = None,
        names: Collection[str] | None = None,
        ordered: bool = True,
    ) -> pl.DataFrame:
        types = {name: type_ for name, type_ in told(self._community).items() if names is None or name in names}
        with transaction(self._engine) as connection:
            frame = member_columns(connection, self._community.id, types, at, subjects, ordered=ordered)
            later = self._later(connection, at)
        frame = as_before(frame, types, later)
        joined, zone = pl.col("joined"), self._community.zone
        today = pl.lit(at).cast(MOMENT)
        since = {
            "joined": day_of(joined, zone).cast(pl.Int64),
            "age": (today - joined).dt.total_seconds(),
            "days_member": (day_of(today, zone) - day_of(joined, zone)).cast(pl.Int64),
            JOINED_AT: joined,
        }
        wanted = [name for name in since if (name != JOINED_AT if names is None else name in names)]
        others = [name for name in frame.columns if name != "joined"]
        return frame.select(*others, *(since[name].alias(name) for name in wanted))

    def evidence(self, at: datetime, ids: Collection[str]) -> Mapping[str, Mapping[str, Value]]:
        frame = self.frame(at, subjects=ids)
        return {
            row["subject"]: {
                name: frozenset(value) if isinstance(value, list) else value
                for name, value in row.items()
                if name != "subject" and value is not None
            }
            for row in frame.iter_rows(named=True)
        }

    def count(self) -> int:
        with transaction(self._engine) as connection:
            query = select(func.count()).select_from(member).where(member.c.community == self._community.id)
            return int(connection.execute(query).scalar_one())

    def _read(
        self, connection: Connection, ids: Sequence[str] | None, *, lock: bool = False, limit: int | None = None
    ) -> list[Member]:
        query, asked = _EVERYBODY, {"of": self._community.id}
        if ids is not None and len(ids) == 1:
            query, asked = _SOMEBODY, {**asked, "who": ids[0]}
        elif ids is not None:
            query = query.where(_one_of(ids))
        if limit is not None:
            query = query.limit(limit)
        if lock:
            query = query.with_for_update()
        types = told(self._community)
        return [
            Member(id_, joined, {name: _value(value, types.get(name)) for name, value in attributes.items()})
            for id_, joined, attributes in connection.execute(query, asked)
        ]

    def _write(self, connection: Connection, rows: Sequence[dict[str, Any]], changes: Sequence[dict[str, Any]]) -> None:
        if rows:
            new = insert(member)
            keep = {name: new.excluded[name] for name in ("joined", "attributes", "changed_at")}
            connection.execute(new.on_conflict_do_update(index_elements=["community", "id"], set_=keep), rows)
        if changes:
            change = insert(member_change)
            connection.execute(
                change.on_conflict_do_update(
                    index_elements=["community", "member", "name", "at"], set_={"after": change.excluded.after}
                ),
                changes,
            )

    def _later(self, connection: Connection, at: datetime) -> dict[str, dict[str, Any]]:
        """What was known before changes that came after `at`."""
        query = select(member_change).where(member_change.c.community == self._community.id, member_change.c.at > at)
        before: dict[str, dict[str, Any]] = {}
        for row in connection.execute(query.order_by(member_change.c.at)):
            before.setdefault(row.member, {}).setdefault(row.name, row.before)
        return before

    def _current(self) -> Community:
        try:
            return self._specs.current(self._community.id)
        except Refusal:
            return self._community


def _widened(told_of: Member, was: Mapping[str, Value]) -> Member:
    """Where somebody comes from is set once and only ever widened: from both sides is from both."""
    before, now = was.get("origin"), told_of.attributes.get("origin")
    if before is None or now is None or before == now:
        return told_of
    return replace(told_of, attributes={**told_of.attributes, "origin": "both"})


def _one_of(ids: Sequence[str]) -> Any:
    return member.c.id == func.any(bindparam("ids", list(ids), type_=ARRAY(Text)))


def _plain(value: Value) -> int | bool | str | list[str]:
    return sorted(value) if isinstance(value, frozenset) else value


def _value(value: Any, type_: ValueType | None) -> Value:
    if isinstance(value, list):
        return frozenset(value)
    return bool(value) if type_ is not None and type_.kind == "boolean" else value
