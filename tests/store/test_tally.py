"""Sums by subject are the same whether cells are grouped or counted in places."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import tally

cells = st.lists(
    st.tuples(st.integers(1, 6), st.integers(20_000, 20_006), st.integers(-3, 5), st.integers(-(2**50), 2**50)),
    min_size=1,
    max_size=30,
).map(
    lambda rows: pl.DataFrame(
        rows, schema={"subject": pl.Int32, "day": pl.Int32, "n": pl.Int32, "x": pl.Int64}, orient="row"
    )
)


def added(frame: pl.DataFrame, column: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for subject, value in frame.select("subject", column).iter_rows():
        found[subject] = found.get(subject, 0) + value
    return found


@pytest.fixture(params=[0, 10**9], ids=["in places", "grouped"])
def many(request, monkeypatch):
    monkeypatch.setattr(tally, "MANY", request.param)
    monkeypatch.setattr(tally, "SOME", request.param)


@pytest.mark.usefixtures("many")
@settings(deadline=None)  # the first example imports NumPy
@given(cells)
def test_whole_numbers_are_added_up_exactly(frame):
    found = tally.summed(frame, n=pl.col("n"), x=pl.col("x"))

    assert dict(found.select("subject", "n").iter_rows()) == added(frame, "n")
    assert dict(found.select("subject", "x").iter_rows()) == added(frame, "x")
    assert found.schema == {"subject": pl.Int32, "n": pl.Int64, "x": pl.Int64}


@pytest.mark.usefixtures("many")
@settings(deadline=None)
@given(cells, st.booleans())
def test_days_are_told_apart(frame, ordered):
    found = tally.days(frame.sort("day", "subject") if ordered else frame)

    days = {(subject, day) for subject, day, *_ in frame.iter_rows()}
    assert dict(found.iter_rows()) == {s: sum(s == other for other, _ in days) for s in {s for s, _ in days}}
