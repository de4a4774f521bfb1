"""What is told of later days is what will be read then, if nothing happens in between."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from rules.ahead import value_at
from rules.counted import counted
from rules.fact import Fact
from rules.reading import Reading
from store.facts import SqlFacts
from store.measures import SqlMeasures
from store.members import SqlMembers
from tests.store.test_measures import MEMBERS, NOW, PEOPLE, WINDOWS, Shelf, facts, made, seen

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def shelf(engine: Engine) -> Shelf:
    return Shelf(engine)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    found=st.lists(st.one_of(facts("made", made), facts("seen", seen)), min_size=1, max_size=12),
    days=st.lists(st.integers(0, 120), min_size=1, max_size=2),
    windows=st.lists(st.sampled_from(WINDOWS), min_size=2, max_size=3, unique=True),
)
def test_a_reading_of_a_later_day_is_told_from_what_is_kept(
    shelf: Shelf, found: list[Fact], days: list[int], windows: list[tuple[str, str | None]]
) -> None:
    community = shelf.publish()
    SqlMembers(shelf.engine, shelf.specs, community).enlist(MEMBERS, at=NOW)
    SqlFacts(shelf.engine, shelf.specs, community).record(found)
    at = NOW + timedelta(days=7)  # after every fact
    entered = at - timedelta(days=20)
    since = {"in_tier": pl.DataFrame({"subject": list(PEOPLE), "entered": [entered] * len(PEOPLE)})}
    measures = SqlMeasures(shelf.engine, community)
    readings = [
        Reading(metric.id, over, until)
        for metric in counted(community).values()
        if metric.subject == "member" and metric.id != "here_now"
        for over, until in (*windows, ("in_tier", None))
    ]
    told = {who: measures.kept(who, readings, at=at, entered={"in_tier": entered}) for who in PEOPLE}
    for later in (at + timedelta(days=number) for number in days):
        frame = measures.frame("member", readings, at=later, zone=community.zone, subjects=list(PEOPLE), entered=since)
        for row in frame.iter_rows(named=True):
            for reading, kept in told[row["subject"]].items():
                assert value_at(kept, reading, later, community.zone) == row[reading.key], (row["subject"], reading)


def test_few_members_are_read_from_their_own_facts_as_from_everybodys_cells(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    community = shelf.publish()
    SqlMembers(shelf.engine, shelf.specs, community).enlist(MEMBERS, at=NOW)
    store = SqlFacts(shelf.engine, shelf.specs, community)
    store.record(
        [
            Fact(f"f{n}", "made", PEOPLE[n % 3], NOW - timedelta(days=n), fields={"size": n, "score": n, "to": "ann"})
            for n in range(40)
        ]
    )
    store.record([Fact("f3", "made", "bob", NOW - timedelta(days=2), fields={"size": 9})])  # a correction
    readings = [
        Reading(metric.id, over, until, scope=scope)
        for metric in counted(community).values()
        if metric.subject == "member" and metric.id != "here_now"
        for over, until in WINDOWS
        for scope in ("subject", "community")
    ]

    def read() -> pl.DataFrame:
        measures = SqlMeasures(shelf.engine, community)
        return measures.frame("member", readings, at=NOW, zone=community.zone, subjects=list(PEOPLE))

    from_cells = read()
    monkeypatch.setattr("store.cells_now.MANY", 0)
    assert read().equals(from_cells)
