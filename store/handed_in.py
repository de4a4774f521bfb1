"""Handed in: works and acts as their rows tell them; of very many the works' forms are read only when looked at.

Whoever closes a phase of a hundred thousand works needs to know of each whose it is and when it came, and what is in
it once, one after the other. So names that come again and again are held once, and forms a page at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from sys import intern
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, select

from operations.ports.runs import Act, Work
from store.tables.runs import work
from store.transaction import transaction

MANY = 2_000
"""So many works are held whole; of more the forms are read when somebody looks at them, so many at a time."""

_LIGHT = [one for one in work.c if one.name != "fields"]
_IN_PAGES = {"stream_results": True, "yield_per": MANY}


class _Forms:
    """The forms of many works, by their places; a page of them is held."""

    def __init__(self, engine: Engine, community: str) -> None:
        self._engine, self._community = engine, community
        self.ids: list[str] = []
        self._page, self._held = -1, dict[str, Mapping[str, Any]]()

    def at(self, place: int) -> Mapping[str, Any]:
        page = place // MANY
        if page != self._page:
            ids = self.ids[page * MANY : (page + 1) * MANY]
            found = select(work.c.id, work.c.fields).where(
                work.c.community == self._community, work.c.id == func.any(ids)
            )
            with transaction(self._engine) as connection:
                self._held = {row.id: row.fields for row in connection.execute(found)}
            self._page = page
        return self._held.get(self.ids[place], {})


class Form(Mapping[str, Any]):
    """What is in one of many works, read when somebody looks at it."""

    __slots__ = ("_forms", "_place")

    def __init__(self, forms: _Forms, place: int) -> None:
        self._forms, self._place = forms, place

    def __getitem__(self, name: str) -> Any:
        return self._forms.at(self._place)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._forms.at(self._place))

    def __len__(self) -> int:
        return len(self._forms.at(self._place))

    def __repr__(self) -> str:
        return repr(dict(self))


def works(engine: Engine, connection: Connection, where: Sequence[Any]) -> list[Work]:
    """Works in the order of arrival."""
    found = select(work).where(*where).order_by(work.c.at, work.c.seq)
    few = connection.execute(found.limit(MANY + 1)).all()
    if len(few) <= MANY:
        return [_work(row, row.fields) for row in few]
    del few
    light = select(*_LIGHT).where(*where).order_by(work.c.at, work.c.seq)
    return _light(engine, connection.execute(light, execution_options=_IN_PAGES))


def works_by_id(engine: Engine, connection: Connection, community: str, ids: Sequence[str]) -> dict[str, Work]:
    """Works by their ids; those that are not there are left out."""
    mine = work.c.community == community
    if len(ids) <= MANY:
        rows = connection.execute(select(work).where(mine, work.c.id == func.any(list(ids))))
        return {row.id: _work(row, row.fields) for row in rows}

    def pages() -> Iterator[Row[Any]]:
        for start in range(0, len(ids), MANY):
            yield from connection.execute(
                select(*_LIGHT).where(mine, work.c.id == func.any(list(ids[start : start + MANY])))
            )

    return {one.id: one for one in _light(engine, pages())}


def acts(connection: Connection, found: Select[Any], asked: Mapping[str, Any]) -> list[Act]:
    """Acts in the order in which they are found."""
    few = connection.execute(found.limit(MANY + 1), asked).all()
    if len(few) <= MANY:
        return [_act(row, row.fields) for row in few]
    del few
    alike: dict[Any, Mapping[str, Any]] = {}
    rows = connection.execute(found, asked, execution_options=_IN_PAGES)
    return [_act(row, _once(row.fields, alike)) for row in rows]


def _light(engine: Engine, rows: Iterable[Row[Any]]) -> list[Work]:
    forms: _Forms | None = None
    found = []
    for place, row in enumerate(rows):
        if forms is None:
            forms = _Forms(engine, row.community)
        one = _work(row, Form(forms, place))
        forms.ids.append(one.id)
        found.append(one)
    return found


def _once(fields: Mapping[str, Any], alike: dict[Any, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The same fields as those of an act before, where they are small: marks are given again and again."""
    if not all(isinstance(value, int) for value in fields.values()):
        return {intern(name): value for name, value in fields.items()}
    return alike.setdefault(tuple((name, value, isinstance(value, bool)) for name, value in fields.items()), fields)


def _work(row: Row[Any], fields: Mapping[str, Any]) -> Work:
    return Work(
        community=intern(row.community),
        id=intern(row.id),
        run=intern(row.run),
        phase=intern(row.phase),
        visit=row.visit,
        author=intern(row.author),
        unit=row.unit,
        authors=tuple(row.authors or ()),
        shares=tuple(row.shares or ()),
        at=row.at,
        seq=row.seq,
        n=row.n,
        version=row.version,
        fields=fields,
        into=row.into_,
        late=row.late,
        state=intern(row.state),
        credit=row.credit,
    )


def _act(row: Row[Any], fields: Mapping[str, Any]) -> Act:
    return Act(
        verb=intern(row.verb),
        by=intern(row.by_),
        at=row.at,
        about=intern(row.about),
        role=row.role and intern(row.role),
        choice=row.choice and intern(row.choice),
        fields=fields,
        version=row.version,
        visit=row.visit,
        seq=row.seq,
    )
