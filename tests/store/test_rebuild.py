"""Rebuilding metrics from facts, when there are more facts than are held at once."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import Engine, func, select, update

from operations.ports.members import Member
from rules.fact import Fact
from rules.reading import Reading
from store import chunks, metric_register
from store.facts import SqlFacts
from store.measures import SqlMeasures
from store.members import SqlMembers
from store.numbers import number_of
from store.specs import SqlSpecs
from store.tables.facts import chunk
from tests.store.small_spec import COMMUNITY, LINES, small_community, small_files
from workflows.phases import discover

pytestmark = pytest.mark.servers

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_metric_that_looks_through_facts_at_members_is_rebuilt_slice_by_slice(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = SqlSpecs(engine, discover())
    files = small_files(tuple(line for line in LINES if "to_young" not in line))
    before = small_community(files)
    specs.publish(files, before, message="without", author="test", at=AT)
    SqlMembers(engine, specs, before).enlist([Member(f"m{n}", AT - timedelta(days=9)) for n in range(3)], at=AT)
    SqlFacts(engine, specs, before).record(
        [Fact(f"f{n}", "made", f"m{n % 2}", AT - timedelta(days=n), fields={"to": f"m{n % 3}"}) for n in range(7)]
    )
    monkeypatch.setattr(metric_register, "SLICE", 2)
    after = small_community()

    def publish() -> None:
        specs.publish(small_files(), after, message="with", author="test", at=AT)

    publishing = Thread(target=publish, daemon=True)
    publishing.start()
    publishing.join(60)

    assert not publishing.is_alive(), "the rebuilding waits for itself"
    reading = Reading("to_young", "30d")
    found = SqlMeasures(engine, after).frame("member", [reading], at=AT, zone=after.zone)
    assert dict(found.select("subject", reading.key).iter_rows()) == {"m0": 4, "m1": 3, "m2": 0}


def test_equal_sums_of_one_day_from_two_batches_are_both_kept_when_cells_are_merged(engine: Engine) -> None:
    specs = SqlSpecs(engine, discover())
    files = small_files(community=COMMUNITY.replace("id: small", "id: sums"))
    community = small_community(files)
    specs.publish(files, community, message="test", author="test", at=AT)
    for batch in range(2):
        facts = [Fact(f"f{batch}", "made", "m1", AT - timedelta(hours=batch), fields={"size": 7})]
        SqlFacts(engine, specs, community).record(facts)
    readings = [Reading("size_sum", "30d"), Reading("size_mean", "30d"), Reading("sizes", "30d")]

    def read() -> dict[str, object]:
        found = SqlMeasures(engine, community).frame("member", readings, at=AT, zone=community.zone, subjects=["m1"])
        return {name: found[name].item() for name in found.columns if name != "subject"}

    before = read()
    chunks.merge(engine, "sums", at_least=1)

    assert before == read() == {"size_sum[30d]": 14, "size_mean[30d]": 70, "sizes[30d]": 1}


def test_merged_cells_that_stayed_small_are_put_together_and_say_the_same(engine: Engine) -> None:
    specs = SqlSpecs(engine, discover())
    files = small_files(community=COMMUNITY.replace("id: small", "id: crumbs"))
    community = small_community(files)
    specs.publish(files, community, message="test", author="test", at=AT)
    readings = [Reading("size_sum", "30d"), Reading("size_mean", "30d"), Reading("sizes", "30d")]

    def read() -> list[tuple[object, ...]]:
        found = SqlMeasures(engine, community).frame(
            "member", readings, at=AT, zone=community.zone, subjects=["m0", "m1"]
        )
        return found.select("subject", *(reading.key for reading in readings)).rows()

    def merged() -> int:
        with engine.connect() as connection:
            query = select(func.count()).select_from(chunk).where(chunk.c.community == number_of(connection, "crumbs"))
            return int(connection.execute(query.where(chunk.c.merged).group_by(chunk.c.metrics)).scalars().first() or 0)

    for batch in range(chunks.CROWD):
        facts = [Fact(f"c{batch}", "made", f"m{batch % 2}", AT - timedelta(hours=batch), fields={"size": batch})]
        SqlFacts(engine, specs, community).record(facts)
        with engine.begin() as connection:  # as a rebuild in slices leaves them
            connection.execute(
                update(chunk).where(chunk.c.community == number_of(connection, "crumbs")).values(merged=True)
            )
    before = merged()

    assert read() == [("m0", 2, 10, 2), ("m1", 4, 20, 2)]
    assert (before, merged()) == (chunks.CROWD, 1), "a look puts them together by the way"
