"""A database is brought to the latest step from wherever it is, and then agrees with the tables as declared."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, make_url, text

from operations.errors import Refusal
from store.embedded import Postgres
from store.engine import open_engine
from store.schema import _config, latest, load_tables, prepare, step_of, steps
from store.tables import metadata


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[Engine]:
    """A database with nothing in it."""
    server = open_engine(postgres.url)
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE untouched TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"))
        engine = open_engine(make_url(postgres.url).set(database="untouched"))
        yield engine
        engine.dispose()
        connection.execute(text("DROP DATABASE untouched WITH (FORCE)"))
    server.dispose()


def functions(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT proname FROM pg_proc WHERE proname LIKE 'trellis%'"))
        return set(found.scalars())


def test_the_steps_lead_to_the_tables_as_declared(empty: Engine) -> None:
    prepare(empty)
    load_tables()
    with empty.connect() as connection:
        assert step_of(connection) == latest()
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    assert "trellis_submit" in functions(empty)


def test_every_step_can_be_undone_and_done_again(empty: Engine) -> None:
    prepare(empty)
    made = functions(empty)
    with empty.begin() as connection:
        command.downgrade(_config(connection), "base")
    with empty.connect() as connection:
        left = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        assert set(left) == {"alembic_version"}
    assert functions(empty) == set()
    prepare(empty)
    assert functions(empty) == made


def test_many_may_prepare_at_once(empty: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(prepare, [empty] * 4))
    with empty.connect() as connection:
        assert step_of(connection) == latest()


def test_a_database_of_a_later_version_is_left_alone(empty: Engine) -> None:
    prepare(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refusal, match="does not know"):
        prepare(empty)


def test_tables_that_no_step_has_made_are_left_alone(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE spec_version (number integer)"))
    with pytest.raises(Refusal, match="no step"):
        prepare(empty)


def test_steps_are_numbered_without_a_gap() -> None:
    assert steps() == [f"{number:04d}" for number in range(1, len(steps()) + 1)]
