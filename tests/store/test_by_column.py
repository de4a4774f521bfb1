"""Many rows read by column are the rows that are there, whatever is unknown of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from store import by_column as module
from store.by_column import Column, Unreadable, by_column
from store.engine import SPENT

COLUMNS = {
    "name": Column("name"),
    "size": Column("size", "whole"),
    "few": Column("few", "small"),
    "at": Column("at", "moment"),
    "good": Column("good", "truth"),
}
RARE = {name: replace(column, rare=name in ("size", "at", "good")) for name, column in COLUMNS.items()}
pytestmark = pytest.mark.servers
rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", ""]),
        st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
        st.none() | st.integers(-(2**62), 2**62),
        st.none() | st.integers(-(2**30), 2**30),
        st.none() | st.integers(-(10**15), 10**15).map(lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(0, 0, n)),
        st.booleans(),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def things(engine: Engine) -> Engine:
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE thing (part text, name text, size bigint, few int, at timestamptz, good boolean)")
        )
    return engine


@given(rows)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_comes_as_it_is(things, written):
    with things.connect() as connection:
        if written:
            connection.execute(
                text("INSERT INTO thing VALUES (:part, :name, :size, :few, :at, :good)"),
                [dict(zip(("part", *COLUMNS), row, strict=True)) for row in written],
            )
        found = by_column(connection, COLUMNS, "thing WHERE part <> %s", ["c"], per=("part",))
        whole = by_column(connection, COLUMNS, "thing", [])[()]
        apart = by_column(connection, RARE, "thing", [])[()]
        some = by_column(connection, RARE, "thing WHERE part <> %s", ["c"], per=("part",))
        connection.rollback()

    by_part = {}
    for part in {row[0] for row in written}:
        by_part[part] = sorted(map(repr, (row[1:] for row in written if row[0] == part)))
    assert {part: sorted(map(repr, _plain(rows))) for (part,), rows in found.items()} == by_part
    assert sorted(map(repr, _plain(whole))) == sorted(map(repr, (row[1:] for row in written)))
    assert sorted(map(repr, _plain(apart))) == sorted(map(repr, _plain(whole)))
    assert {part: sorted(map(repr, _plain(rows))) for (part,), rows in some.items()} == by_part


def _plain(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    moments = pl.col("at").dt.convert_time_zone("UTC")
    return [tuple(v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for v in row)
            for row in frame.with_columns(moments).iter_rows()]  # fmt: skip


@pytest.mark.parametrize("name", ["a\x1fb", "\x1e"])
def test_a_text_that_looks_like_a_mark_is_not_guessed_at(things, name):
    with things.connect() as connection:
        connection.execute(text("INSERT INTO thing (part, name, good) VALUES ('a', :name, true)"), {"name": name})
        connection.execute(text("INSERT INTO thing (part, name, good) VALUES ('a', NULL, true)"))
        with pytest.raises(Unreadable):
            by_column(connection, COLUMNS, "thing", [])
        connection.rollback()


def test_a_connection_that_carried_a_large_row_is_not_kept(things, monkeypatch):
    monkeypatch.setattr(module, "LARGE", 0)
    with things.connect() as connection:
        first = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        by_column(connection, {"one": Column("'x'")}, "generate_series(1, 3)", [])
        assert connection.info[SPENT]
    with things.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != first
