"""Transaction: several adapters write together, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

T = TypeVar("T")

_current: ContextVar[dict[int, Connection] | None] = ContextVar("trellis_transaction", default=None)
_looked_up: WeakKeyDictionary[Connection, dict[Hashable, Any]] = WeakKeyDictionary()


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """The transaction that this thread is in on this engine, or a new one that ends with the block.

    Adapters begin with it, so that a caller who wraps several of them in one `with transaction(engine):` gets one
    transaction for all: all is written at its end, or nothing if anything raises.
    """
    open_ = _current.get() or {}
    present = open_.get(id(engine))
    if present is not None:
        yield present
        return
    with engine.begin() as connection:
        token = _current.set({**open_, id(engine): connection})
        try:
            yield connection
        finally:
            _current.reset(token)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """The transaction that this thread is in, or a new one in which all reads see the same moment."""
    open_ = _current.get() or {}
    present = open_.get(id(engine))
    if present is not None:
        yield present
        return
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        token = _current.set({**open_, id(engine): connection})
        try:
            yield connection
        finally:
            _current.reset(token)


def once(connection: Connection, what: Hashable, look: Callable[[], T]) -> T:
    """What is looked up once in a transaction, however many adapters ask; see `anew`."""
    known = _looked_up.setdefault(connection, {})
    if what not in known:
        known[what] = look()
    found: T = known[what]
    return found


def anew(connection: Connection, what: Hashable) -> None:
    """Forget what was looked up: it may have changed since, by this transaction or while it waited for a lock."""
    _looked_up.get(connection, {}).pop(what, None)
