"""Schema: brings a database to the shape that this version of Trellis needs.

A new step is written with `python -m store.schema "What changes"` after the tables were changed; look it over, for
Alembic cannot see everything. A changed function under `store/functions` needs a step that calls `make_functions`.
"""

import pkgutil
import sys
from importlib import import_module, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, inspect, text

from operations.errors import Refusal
from store import tables

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x7472656C6C6973
"""Advisory lock under which a schema is prepared, so that several processes may start at once."""

_FOLDER = Path(__file__).parent / "migrations"


def prepare(engine: Engine) -> None:
    """Migrate a database to the latest step; one that is there already is left as it is.

    Raises:
        Refusal: the database is of a later version of Trellis, or holds tables that are not ours.
        sqlalchemy.exc.SQLAlchemyError: the server cannot be reached, or the role may not create tables.
    """
    with engine.begin() as connection:
        if step_of(connection) == latest():
            return
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        step = step_of(connection)
        if step == latest():
            return
        if step is not None and step not in steps():
            raise Refusal(
                f"The database is at step {step}, which this version of Trellis does not know.",
                "Run the version that wrote it, or a later one.",
            )
        if step is None and inspect(connection).has_table("spec_version"):
            raise Refusal(
                "The database holds tables that no step of this version of Trellis has made.",
                "Give it an empty database, or remove the state folder (.trellis) of an unfinished version.",
            )
        from alembic import command

        command.upgrade(_config(connection), "head")


def step_of(connection: Connection) -> str | None:
    """The step that a database is at; None for one that was never prepared."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def steps() -> list[str]:
    """The numbers of all steps, in order: file `0001_first.py` is step `0001`."""
    return sorted(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*_*.py"))


def latest() -> str:
    """The number of the last step."""
    return steps()[-1]


def load_tables() -> None:
    """Import every module of `store.tables`, so that `metadata` knows all tables."""
    for module in sorted(pkgutil.iter_modules(tables.__path__), key=lambda found: found.name):
        import_module(f"{tables.__name__}.{module.name}")


def make_functions(connection: Connection) -> None:
    """Create or replace every function under `store/functions/*.sql`."""
    driver: Any = connection.connection.driver_connection
    folder = resources.files("store") / "functions"
    for script in sorted(folder.iterdir(), key=lambda found: found.name):
        if script.name.endswith(".sql"):
            driver.execute(script.read_text(encoding="utf-8").encode())


def write_step(engine: Engine, message: str) -> Path:
    """Write the next step from the difference between a database and the tables as they are declared."""
    from alembic import command

    number = f"{int(latest()) + 1 if steps() else 1:04d}"
    with engine.begin() as connection:
        done = command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    assert not isinstance(done, list)
    assert done is not None
    return Path(done.path)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def main() -> None:
    """Write the next step, by means of a database that is thrown away."""
    import tempfile

    from store.embedded import Postgres
    from store.engine import open_engine

    with tempfile.TemporaryDirectory(prefix="tr-") as folder, Postgres(Path(folder)) as server:
        engine = open_engine(server.url)
        if steps():
            prepare(engine)
        print(write_step(engine, sys.argv[1]))
        engine.dispose()


if __name__ == "__main__":
    main()
