"""Transaction: several adapters write together, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection, Engine

_current: ContextVar[dict[int, Connection] | None] = ContextVar("trellis_transaction", default=None)


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
