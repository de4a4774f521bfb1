"""Engine: how a process reaches the PostgreSQL it was given, and what it tells the server about itself."""

from sqlalchemy import URL, Engine, create_engine, make_url

from operations.errors import Refusal

POOL_SIZE = 10
"""Connections kept by one process; as many again may be opened for a moment."""


def open_engine(url: str | URL, *, pool_size: int = POOL_SIZE, application: str = "trellis") -> Engine:
    """Open a pool of connections to PostgreSQL through psycopg 3; nothing is connected before the first use.

    Args:
        url: `postgresql://user:password@host:port/database`, as in `DATABASE_URL`; the driver is filled in.
        pool_size: connections this process keeps.
        application: name shown in `pg_stat_activity`.

    Raises:
        Refusal: the URL cannot be read, or names another kind of database.
    """
    return create_engine(
        postgres_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={"application_name": application, "connect_timeout": 10, "options": "-c timezone=UTC"},
    )


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
