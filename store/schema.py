"""Schema: brings a database to the shape that this version of Trellis needs."""

import pkgutil
from importlib import import_module, resources

from sqlalchemy import Connection, Engine, text

from store import tables

_LOCK = 0x7472656C6C6973
"""Advisory lock under which a schema is prepared, so that several processes may start at once."""


def prepare(engine: Engine) -> None:
    """Make or migrate all tables and functions; a database that is up to date is left as it is.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the server cannot be reached, or the role may not create tables.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        load_tables()
        tables.metadata.create_all(connection)
        make_functions(connection)


def load_tables() -> None:
    """Import every module of `store.tables`, so that `metadata` knows all tables."""
    for module in sorted(pkgutil.iter_modules(tables.__path__), key=lambda found: found.name):
        import_module(f"{tables.__name__}.{module.name}")


def make_functions(connection: Connection) -> None:
    """Create or replace every function under `store/functions/*.sql`."""
    folder = resources.files("store") / "functions"
    if not folder.is_dir():
        return
    for script in sorted(folder.iterdir(), key=lambda found: found.name):
        if script.name.endswith(".sql"):
            connection.exec_driver_sql(script.read_text(encoding="utf-8"))
