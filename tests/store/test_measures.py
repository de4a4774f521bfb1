"""Measures read from cells say what the pure meaning of metrics says, whatever order facts came in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from operations.ports.facts import Recorded
from operations.ports.members import Member
from rules.counted import counted
from rules.fact import Fact
from rules.metric import measure
from rules.reading import Reading
from rules.spec import Community
from rules.time.local import local_day
from rules.values import Value
from store import chunks, measures
from store.facts import SqlFacts
from store.measures import SqlMeasures
from store.members import SqlMembers
from store.specs import SqlSpecs
from tests.store.small_spec import COMMUNITY, small_community, small_files
from workflows.phases import discover

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
WINDOWS = (
    ("all", None), ("30d", None), ("7d", None), ("1d", None), ("12h", None), ("90min", None), ("3mo", None),
    ("30d", "7d ago"), ("this_week", None), ("last_month", None), ("5h", "2d ago"), ("all", "3d ago"),
)  # fmt: skip
PEOPLE = ("ann", "bob", "cid")
MEMBERS = (
    Member("ann", datetime(2026, 10, 20, tzinfo=UTC), {"company": "acme", "origin": "both"}),
    Member("bob", datetime(2026, 1, 1, tzinfo=UTC), {"company": "other", "origin": "both"}),
    Member("boss", datetime(2020, 1, 1, tzinfo=UTC), {"staff": True}),
)

# Moments that lie close to each other, to now, and to the change of clocks on 25 October.
moments = st.one_of(
    st.integers(-60 * 48, 60 * 6).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    st.integers(-70, 3).map(lambda days: NOW + timedelta(days=days)),
    st.integers(0, 60 * 50).map(lambda minutes: datetime(2026, 10, 24, tzinfo=UTC) + timedelta(minutes=minutes)),
)
common = {
    "by": st.sampled_from([*PEOPLE, "boss", "role:keeper"]),
    "suspect": st.booleans(),
    "work": st.sampled_from(["w1", "w2", "w11"]),
    "size": st.integers(-5, 9),
}
made = {
    **common,
    "score": st.integers(-50, 150),
    "colour": st.sampled_from(["red", "blue"]),
    "good": st.booleans(),
    "to": st.sampled_from(PEOPLE),
    "happens": st.integers(-40, 3).map(lambda days: local_day(NOW, small_community().zone) + days),
    "cost": st.integers(0, 5000),
    "tags": st.sets(st.sampled_from(["x", "y"]), min_size=1).map(frozenset),
}
seen = {**common, "score": st.integers(-50, 50)}


def facts(kind: str, fields: dict[str, st.SearchStrategy[Value]]) -> st.SearchStrategy[Fact]:
    """Facts of one kind under few ids, so that some come again and some are corrected."""
    return st.builds(
        Fact,
        id=st.integers(1, 14).map(lambda number: f"f{number}"),
        kind=st.just(kind),
        member=st.sampled_from([*PEOPLE, None]),
        at=moments,
        recorded_at=st.sampled_from([None, NOW, NOW + timedelta(days=1)]),
        fields=st.fixed_dictionaries({}, optional=fields),
    )


batches = st.lists(
    st.one_of(
        st.lists(st.one_of(facts("made", made), facts("seen", seen)), min_size=1, max_size=8),
        st.integers(1, 14).map(lambda number: f"f{number}"),  # taken back
        st.just("merge"),
        st.just("members"),
    ),
    min_size=1,
    max_size=6,
)


class Shelf:
    """Specs of one community after another in one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.specs = SqlSpecs(engine, discover())
        self.names = (f"small-{number}" for number in count(1))

    def publish(self) -> Community:
        files = small_files(community=COMMUNITY.replace("id: small", f"id: {next(self.names)}"))
        community = small_community(files)
        self.specs.publish(files, community, message="test", author="test", at=NOW)
        return community


@pytest.fixture(scope="module")
def shelf(engine: Engine) -> Iterator[Shelf]:
    return Shelf(engine)


def as_of(members: dict[str, Member], community: Community):
    """What the pure meaning asks about members."""

    def known(member: str, attribute: str, at: datetime) -> Value | None:
        found = members.get(member)
        if found is None:
            return None
        if attribute == "days_member":
            return max(0, local_day(at, community.zone) - local_day(found.joined, community.zone))
        return found.attributes.get(attribute)

    return known


def kept(facts: dict[str, Fact], gone: set[str], batch: list[Fact]) -> None:
    """What is remembered after a batch: the version recorded last, else the one that came last."""
    for fact in batch:
        old = facts.get(fact.id)
        if fact.id in gone:
            continue
        if old is None or (fact.recorded_at or datetime.min.replace(tzinfo=UTC)) >= (
            old.recorded_at or datetime.min.replace(tzinfo=UTC)
        ):
            facts[fact.id] = fact


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=batches,
    minutes=st.sampled_from([0, 0, -7 * 60, -60 * 24 * 3]),
    windows=st.lists(st.sampled_from(WINDOWS), min_size=2, max_size=3, unique=True),
    many=st.sampled_from([1, measures.MANY]),
)
def test_measures_agree_with_the_meaning_of_metrics(
    shelf: Shelf, steps: list[object], minutes: int, windows: list[tuple[str, str | None]], many: int
) -> None:
    community = shelf.publish()
    store = SqlFacts(shelf.engine, shelf.specs, community)
    people = SqlMembers(shelf.engine, shelf.specs, community)
    facts: dict[str, Fact] = {}
    gone: set[str] = set()
    members: dict[str, Member] = {}
    for step in steps:
        if step == "merge":
            chunks.merge(shelf.engine, community.id, at_least=1)
        elif step == "members":
            people.enlist(MEMBERS, at=NOW)
            members = {member.id: member for member in MEMBERS}
        elif isinstance(step, str):
            store.withdraw([step], reason="test", at=NOW)
            facts.pop(step, None)
            gone.add(step)
        else:
            assert isinstance(step, list)
            store.record(step)
            kept(facts, gone, step)
    at = NOW + timedelta(minutes=minutes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "MANY", many)  # as if three were a crowd: the ways of large communities
        compare(shelf.engine, community, facts, members, at, windows)


def compare(
    engine: Engine,
    community: Community,
    facts: dict[str, Fact],
    members: dict[str, Member],
    at: datetime,
    windows: list[tuple[str, str | None]],
) -> None:
    zone = community.zone
    entered = {"ann": at - timedelta(days=5), "bob": at - timedelta(hours=3)}
    since = {"in_tier": pl.DataFrame({"subject": list(entered), "entered": list(entered.values())})}
    ours_of = SqlMeasures(engine, community)
    known = as_of(members, community)
    metrics = [metric for metric in counted(community).values() if metric.id != "here_now"]
    asked = {
        metric.id: [
            Reading(metric.id, over, until, of)
            for over, until in (*windows, *([("in_tier", None)] if metric.subject == "member" else []))
            for of in ((None, "red") if metric.by else (None,))
        ]
        for metric in metrics
    }
    named = {"member": PEOPLE, "work": ("w1", "w2", "w11", "none"), "community": (community.id,)}
    for kind, subjects in named.items():
        ours = [metric for metric in metrics if metric.subject == kind]
        readings = [reading for metric in ours for reading in asked[metric.id]]
        frame = ours_of.frame(kind, readings, at=at, zone=zone, subjects=subjects, entered=since)
        assert frame["subject"].to_list() == list(subjects)
        for metric in ours:
            for reading in asked[metric.id]:
                scoped = replace(reading, scope="community") if kind == "community" else reading
                truth = measure(metric, facts.values(), scoped, at, zone, as_of=known, entered=entered)
                for subject, value in frame.select("subject", reading.key).iter_rows():
                    key = "" if kind == "community" else subject
                    nothing = None if reading.over == "in_tier" and subject not in entered else metric.nothing
                    assert value == truth.get(key, nothing), (reading, subject)
    everybody = [Reading(metric.id, over, until) for metric in metrics for over, until in windows]
    whole = ours_of.community(everybody, at)
    for reading in everybody:
        metric = counted(community)[reading.metric]
        truth = measure(metric, facts.values(), replace(reading, scope="community"), at, zone, as_of=known)
        assert whole[reading] == truth.get("", metric.nothing), (reading, "community")


def test_a_fact_recorded_twice_counts_once(shelf: Shelf) -> None:
    community = shelf.publish()
    store = SqlFacts(shelf.engine, shelf.specs, community)
    fact = Fact("one", "made", "ann", NOW, fields={"size": 3})
    assert store.record([fact]) == Recorded(new=1)
    assert store.record([fact]) == Recorded(known=1)
    assert store.record([replace(fact, fields={"size": 4})]) == Recorded(changed=1)
    frame = SqlMeasures(shelf.engine, community).frame(
        "member", [Reading("size_sum")], at=NOW, zone=community.zone, subjects=["ann"]
    )
    assert frame["size_sum[all]"].item() == 4
