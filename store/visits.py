"""Visits in PostgreSQL: when phases were entered, what about, and how they came out; large ones are read in parts.

A few things that a visit is about stand in its row; many are rows of their own, so that neither an act about one of
them nor a step of the run reads all. Large results are read by name, when somebody looks at them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from sys import intern
from typing import Any, overload

from sqlalchemy import Connection, Engine, Row, Select, bindparam, case, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert

from operations.ports.runs import Visit
from store.participation import Participation
from store.tables.runs import visit, visit_thing
from store.transaction import anew, once, transaction

FEW = 200
"""So many things stand in the row of a visit; more are rows of their own."""

SMALL = 8_000
"""Bytes of results that are read with the visit; larger ones are read when somebody looks at them."""

_SHUT = text("SELECT trellis_shut(:run, :phase, :visit, :at)")
_ADD = text("""
    INSERT INTO visit_thing (run, phase, visit, thing, place)
    SELECT :run, :phase, :visit, u.thing, :base + row_number() OVER (ORDER BY u.place) - 1
      FROM unnest(CAST(:things AS text[])) WITH ORDINALITY AS u (thing, place)
     WHERE NOT EXISTS (SELECT FROM visit_thing t
                        WHERE t.run = :run AND t.phase = :phase AND t.visit = :visit AND t.thing = u.thing)
    ON CONFLICT DO NOTHING
""")
"""Under the lock of the visit, so that nobody else adds meanwhile: places have no gaps."""
_SETTLE = text("""
    UPDATE visit_thing SET settled = true
     WHERE run = :run AND phase = :phase AND visit = :visit AND thing = ANY (:things) AND NOT settled
""")
_UNTAKEN = text("""
    SELECT w.id FROM work w
     WHERE w.run = :run AND w.phase = :source AND w.visit BETWEEN :since AND :until
       AND w.state NOT IN ('withdrawn', 'refused')
       AND NOT EXISTS (SELECT FROM visit_thing t WHERE t.run = :run AND t.phase = :phase AND t.visit = :visit
                          AND t.thing = w.id)
       AND NOT EXISTS (SELECT FROM visit v WHERE v.run = :run AND v.phase = :phase AND v.visit = :visit
                          AND w.id = ANY (v.things))
     ORDER BY w.at, w.seq
""")
_COLUMNS = [one for one in visit.c if one.name != "results"]
_RESULTS = case((func.pg_column_size(visit.c.results) <= SMALL, visit.c.results)).label("results")
_ALL: Select[Any] = select(*_COLUMNS, _RESULTS).where(visit.c.run == bindparam("run")).order_by(visit.c.place)
_OF_PHASE: Select[Any] = select(*_COLUMNS, _RESULTS).where(
    visit.c.run == bindparam("run"), visit.c.phase == bindparam("phase")
)
_ONE = _OF_PHASE.where(visit.c.visit == bindparam("visit"))
_LATEST = _OF_PHASE.order_by(visit.c.visit.desc()).limit(1)
_MAKE = insert(visit).on_conflict_do_nothing().returning(*_COLUMNS, _RESULTS)


class Things(Sequence[str]):
    """What a visit is about, read when somebody looks at it."""

    def __init__(self, engine: Engine, run: str, phase: str, number: int, count: int) -> None:
        self._engine, self._key, self._count = engine, {"run": run, "phase": phase, "visit": number}, count

    @cached_property
    def _all(self) -> tuple[str, ...]:
        t = visit_thing.c
        found = select(t.thing).where(*_mine(self._key)).order_by(t.place)
        with transaction(self._engine) as connection:
            return tuple(map(intern, connection.scalars(found)))

    def __contains__(self, thing: object) -> bool:
        if "_all" in self.__dict__:
            return thing in self._set
        one = select(visit_thing.c.place).where(*_mine(self._key), visit_thing.c.thing == thing)
        with transaction(self._engine) as connection:
            return connection.execute(one).first() is not None

    @cached_property
    def _set(self) -> frozenset[str]:
        return frozenset(self._all)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...

    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        return self._all[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Sequence) and self._all == tuple(other))

    def __hash__(self) -> int:
        return hash(tuple(self._key.values()))


class Results(Mapping[str, Any]):
    """How a visit came out, each result read when somebody looks at it."""

    def __init__(self, engine: Engine, run: str, phase: str, number: int) -> None:
        self._engine, self._key = engine, {"run": run, "phase": phase, "visit": number}
        self._read: dict[str, Any] = {}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        names = select(func.jsonb_object_keys(visit.c.results)).where(*_of(self._key))
        with transaction(self._engine) as connection:
            return tuple(connection.scalars(names))

    def __getitem__(self, name: str) -> Any:
        if name not in self._read:
            value = visit.c.results[literal(name)]
            with transaction(self._engine) as connection:
                found = connection.execute(
                    select(visit.c.results.has_key(name).label("there"), value.label("value")).where(*_of(self._key))
                ).first()
            if found is None or not found.there:
                raise KeyError(name)
            self._read[name] = found.value
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Visits(Participation):
    """The part of the memory of runs that is about visits of their phases."""

    def open(self, new: Visit) -> Visit:
        many = len(new.things) > FEW
        values = {
            "run": new.run,
            "phase": new.phase,
            "visit": new.visit,
            "community": new.community,
            "kind": new.kind,
            "scope": new.scope,
            "since": new.since,
            "state": new.state,
            "opened_at": new.opened_at,
            "began_at": new.began_at,
            "deadline": new.deadline,
            "ends_at": new.ends_at,
            "asked": list(new.asked),
            "never": list(new.never),
            "things": [] if many else list(new.things),
            "many": len(new.things) if many else 0,
            "closed_at": new.closed_at,
            "outcome": new.outcome,
            "results": dict(new.results),
        }
        with transaction(self._engine) as connection:
            anew(connection, ("visits", new.run))
            made = connection.execute(_MAKE, values).first()
            if made is not None and many:
                self._add(connection, new.run, new.phase, new.visit, list(new.things), 0)
            return self._visit(made or connection.execute(_ONE, _key(new)).one())

    def visit(self, run: str, phase: str, number: int | None = None) -> Visit | None:
        asked = {"run": run, "phase": phase, **({"visit": number} if number is not None else {})}
        with transaction(self._engine) as connection:
            row = connection.execute(_LATEST if number is None else _ONE, asked).first()
            return self._visit(row) if row is not None else None

    def open_visits(self, run: str, *, phase: str | None = None, kind: str | None = None) -> Sequence[Visit]:
        found = _select().where(visit.c.run == run, visit.c.state == "open")
        if phase is not None:
            found = found.where(visit.c.phase == phase)
        if kind is not None:
            found = found.where(visit.c.kind == kind)
        with transaction(self._engine) as connection:
            return [self._visit(row) for row in connection.execute(found.order_by(visit.c.place))]

    def latest_open(self, run: str, kind: str) -> Visit | None:
        found = _select().where(visit.c.run == run, visit.c.kind == kind, visit.c.state == "open")
        with transaction(self._engine) as connection:
            row = connection.execute(found.order_by(visit.c.place.desc()).limit(1)).first()
            return self._visit(row) if row is not None else None

    def visits(self, run: str) -> Sequence[Visit]:
        with transaction(self._engine) as connection:

            def look() -> list[Visit]:
                return [self._visit(row) for row in connection.execute(_ALL, {"run": run})]

            return [*once(connection, ("visits", run), look)]

    def shut(self, run: str, phase: str, number: int, *, at: datetime) -> None:
        with transaction(self._engine) as connection:
            anew(connection, ("visits", run))
            connection.execute(_SHUT, {"run": run, "phase": phase, "visit": number, "at": at})

    def extend(self, run: str, phase: str, number: int, *, deadline: datetime) -> None:
        with transaction(self._engine) as connection:
            anew(connection, ("visits", run))
            connection.execute(
                update(visit)
                .where(visit.c.run == run, visit.c.phase == phase, visit.c.visit == number, visit.c.state == "open")
                .values(deadline=deadline)
            )

    # --------------------------------------------------------------------------------------------------------- things
    def take_in(self, run: str, phase: str, number: int, *, things: Sequence[str], deadline: datetime | None) -> None:
        key = {"run": run, "phase": phase, "visit": number}
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(visit.c.things, visit.c.many).where(*_of(key), visit.c.state == "open").with_for_update()
            ).first()
            if row is None:
                return
            here = set(row.things)
            new = [one for one in dict.fromkeys(things) if one not in here]
            values: dict[str, Any] = {}
            if not row.many and len(row.things) + len(new) <= FEW:
                values["things"] = [*row.things, *new]
            else:
                added = self._add(connection, run, phase, number, [*row.things, *new], row.many)
                values |= {"things": [], "many": row.many + added}
            if deadline is not None:
                values["deadline"] = deadline
            anew(connection, ("visits", run))
            connection.execute(update(visit).where(*_of(key)).values(**values))

    def _add(self, connection: Connection, run: str, phase: str, number: int, things: list[str], base: int) -> int:
        asked = {"run": run, "phase": phase, "visit": number, "things": things, "base": base}
        return connection.execute(_ADD, asked).rowcount

    def untaken(self, of: Visit, source: Visit) -> Sequence[str]:
        asked = {
            "run": of.run,
            "phase": of.phase,
            "visit": of.visit,
            "source": source.phase,
            "since": source.since,
            "until": source.visit,
        }
        with transaction(self._engine) as connection:
            return list(connection.scalars(_UNTAKEN, asked))

    def left(self, run: str, phase: str, number: int, *, after: int = -1, limit: int) -> Sequence[tuple[int, str]]:
        t = visit_thing.c
        key = {"run": run, "phase": phase, "visit": number}
        found = select(t.place, t.thing).where(*_mine(key), ~t.settled, t.place > after).order_by(t.place).limit(limit)
        with transaction(self._engine) as connection:
            return [(row.place, row.thing) for row in connection.execute(found)]

    def settle(self, run: str, phase: str, number: int, things: Collection[str]) -> None:
        if things:
            with transaction(self._engine) as connection:
                connection.execute(_SETTLE, {"run": run, "phase": phase, "visit": number, "things": list(things)})

    # ------------------------------------------------------------------------------------------------------- in common
    def _visit(self, row: Row[Any]) -> Visit:
        key = (row.run, row.phase, row.visit)
        return Visit(
            community=row.community,
            run=row.run,
            phase=row.phase,
            visit=row.visit,
            kind=row.kind,
            opened_at=row.opened_at,
            began_at=row.began_at,
            since=row.since,
            scope=row.scope,
            state=row.state,
            deadline=row.deadline,
            ends_at=row.ends_at,
            asked=tuple(row.asked),
            never=tuple(row.never),
            things=Things(self._engine, *key, row.many) if row.many else tuple(row.things),
            many=row.many,
            closed_at=row.closed_at,
            shut_at=row.shut_at,
            outcome=row.outcome,
            results=Results(self._engine, *key) if row.results is None else row.results,
        )


def _select() -> Select[Any]:
    return select(*_COLUMNS, _RESULTS)


def _key(one: Visit) -> dict[str, Any]:
    return {"run": one.run, "phase": one.phase, "visit": one.visit}


def _of(key: Mapping[str, Any]) -> tuple[Any, ...]:
    return visit.c.run == key["run"], visit.c.phase == key["phase"], visit.c.visit == key["visit"]


def _mine(key: Mapping[str, Any]) -> tuple[Any, ...]:
    t = visit_thing.c
    return t.run == key["run"], t.phase == key["phase"], t.visit == key["visit"]
