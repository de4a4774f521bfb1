"""Arrivals: which communities facts came in for, told once to whoever has them looked at."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, insert

from operations.rhythms import wakes_on_facts
from rules.spec import Community
from store.tables.facts import fact_arrival
from store.transaction import transaction

_waking: dict[str, bool] = {}
"""By digest, whether anything is reviewed on facts."""


class SqlArrivals:
    """The port `Arrivals`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self) -> set[str]:
        with transaction(self._engine) as connection:
            return set(connection.execute(delete(fact_arrival).returning(fact_arrival.c.community)).scalars())


def arrived(connection: Connection, current: Community) -> None:
    """Leave word in this transaction that facts came, if anything waits for them.

    Every transaction adds a row of its own, so that nobody waits for anybody and nothing is missed that is not yet
    to be seen when the word before it is taken.
    """
    if awaited(current):
        connection.execute(insert(fact_arrival).values(community=current.id))


def awaited(current: Community) -> bool:
    """Whether anything is reviewed as soon as facts come."""
    waits = _waking.get(current.digest)
    if waits is None:
        if len(_waking) > 64:
            _waking.clear()
        waits = _waking[current.digest] = wakes_on_facts(current)
    return waits
