"""Engine: how a process reaches the PostgreSQL it was given, and what it tells the server about itself."""

import time
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError

from operations.errors import Refusal

POOL_SIZE = 10
"""Connections kept by one process; as many again may be opened for a moment."""
SPENT = "spent"
"""Under this name a connection is told, in its `info`, to be closed rather than kept when it is given back."""
RESTED = 1.0
"""Seconds after which a connection is asked whether it still stands."""


def open_engine(url: str | URL, *, pool_size: int = POOL_SIZE, application: str = "trellis") -> Engine:
    """Open a pool of connections to PostgreSQL through psycopg 3; nothing is connected before the first use.

    Args:
        url: `postgresql://user:password@host:port/database`, as in `DATABASE_URL`; the driver is filled in.
        pool_size: connections this process keeps.
        application: name shown in `pg_stat_activity`.

    Raises:
        Refusal: the URL cannot be read, or names another kind of database.
    """
    engine = create_engine(
        postgres_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_recycle=1800,
        connect_args={"application_name": application, "connect_timeout": 10, "options": "-c timezone=UTC"},
    )
    _ask_the_rested(engine)
    return engine


def _ask_the_rested(engine: Engine) -> None:
    """Ask a connection that has rested whether it still stands before it is used again; all others go if it does not.

    One that was used a moment ago is not asked: that costs a round trip in every transaction. Should it have fallen
    in that moment, what uses it fails, and is tried again like everything else that a lost server interrupts.
    """

    @event.listens_for(engine, "checkin")
    def note(_: Any, record: Any) -> None:
        if record.info.pop(SPENT, False):
            record.invalidate()
            return
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: Any, _: Any) -> None:
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < RESTED:
            return
        try:
            stands = engine.dialect.do_ping(connection)
        except (DBAPIError, engine.dialect.loaded_dbapi.Error):
            stands = False
        if not stands:
            raise InvalidatePoolError("the server went away meanwhile")


def postgres_url(url: str | URL) -> URL:
    """A PostgreSQL address with our driver filled in.

    Raises:
        Refusal: it cannot be read, or names another kind of database.
    """
    try:
        address = make_url(url)
    except Exception as error:
        raise Refusal(
            "The database address cannot be read.", "Write DATABASE_URL as postgresql://user:password@host:5432/name."
        ) from error
    backend = address.drivername.partition("+")[0]
    if backend not in ("postgresql", "postgres"):
        raise Refusal(
            f"{backend} is not supported: Trellis keeps its memory in PostgreSQL only.",
            "Write DATABASE_URL as postgresql://user:password@host:5432/name.",
        )
    return address.set(drivername="postgresql+psycopg")
