"""What the proof takes for granted of readings holds of whatever has really happened."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.condition import Measured
from rules.counted import counted
from rules.fact import Fact
from rules.metric import measure
from rules.names import metric_type
from rules.proof.domain import CommunityDomain
from rules.proof.solver import Solver
from rules.proof.stretches import stretch
from rules.proof.subject import Subject
from rules.proof.terms import both, equal, no
from rules.proof.world import World
from rules.reading import Reading
from rules.spec import Community, load
from rules.time.local import local_day
from rules.time.window import Window
from rules.values import INTEGER, Value
from store.folder import read_folder
from workflows.phases import discover

HERE = Path(__file__).parent
WINDOWS = (
    "1d", "7d", "2w", "30d", "90d", "1mo", "3mo", "1y", "12h", "36h", "720h", "all", "in_tier",
    "this_week", "this_month", "this_year", "last_week", "last_month", "last_year",
)  # fmt: skip
AGO = (None, None, None, "1d ago", "7d ago", "30d ago", "1mo ago", "1y ago")
METRICS = (
    "posts",
    "topics",
    "active_days",
    "helps",
    "natures",
    "quality",
    "best",
    "quiet_for",
    "first",
    "least",
    "row",
)
MORE = b"""
  - { id: first, title: { en: First, zh: x }, type: duration, from: [posted], take: since_first }
  - { id: least, title: { en: Least, zh: x }, type: decimal, places: 2, from: [rated], take: min, field: score }
  - { id: row, title: { en: Row, zh: x }, type: integer, from: [posted, helped], take: streak, period: day }
"""


@pytest.fixture(scope="module")
def community() -> Community:
    files = read_folder(HERE / "base")
    loaded = load({**files, "metrics.yaml": files["metrics.yaml"] + MORE}, discover())
    assert loaded.community is not None, loaded.diagnostics
    return loaded.community


FIRST = datetime(2024, 2, 1, tzinfo=UTC)
moments = st.integers(0, 90_000_000).map(lambda seconds: FIRST + timedelta(seconds=seconds))
readings = st.lists(
    st.builds(
        Reading, st.sampled_from(METRICS), st.sampled_from(WINDOWS), st.sampled_from(AGO),
        scope=st.sampled_from(["subject", "subject", "community"]),
    ).filter(lambda r: not (r.over == "in_tier" and (r.until or r.scope == "community"))),
    min_size=3, max_size=10, unique=True,
)  # fmt: skip
happened = st.lists(
    st.tuples(
        st.sampled_from(["posted", "posted", "helped", "rated"]),
        st.sampled_from(["ann", "ann", "bob"]),
        st.one_of(st.integers(0, 72), st.integers(0, 2400), st.integers(0, 16_000)),  # hours ago
        st.sampled_from(["talk", "topic"]),
        st.integers(0, 100),
    ),
    max_size=25,
)
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def read(
    community: Community,
    asked: list[Reading],
    past: list[tuple[str, str, int, str, int]],
    at: datetime,
    entered: datetime,
) -> dict[Reading, Value | None]:
    facts = []
    for number, (kind, member, hours, nature, score) in enumerate(past):
        fields: dict[str, Value] = (
            {"nature": nature} if kind == "posted" else {"score": score} if kind == "rated" else {}
        )
        facts.append(Fact(str(number), kind, member, at - timedelta(hours=hours), fields=fields))
    found: dict[Reading, Value | None] = {}
    for reading in asked:
        metric = counted(community)[reading.metric]
        measured = measure(metric, facts, reading, at, community.zone, entered={"ann": entered, "bob": entered})
        found[reading] = measured.get("" if reading.scope == "community" else "ann", metric.nothing)
    return found


@relaxed
@given(readings, happened, moments, st.integers(0, 20_000))
def test_every_law_holds_of_every_history(
    community: Community, asked: list[Reading], past: list[tuple[str, str, int, str, int]], at: datetime, hours: int
) -> None:
    holds(community, asked, past, at, at - timedelta(hours=hours))


@pytest.mark.slow
@settings(relaxed, max_examples=3000)
@given(readings, happened, moments, st.integers(0, 20_000))
def test_a_long_look_at_histories_finds_no_law_broken(
    community: Community, asked: list[Reading], past: list[tuple[str, str, int, str, int]], at: datetime, hours: int
) -> None:
    holds(community, asked, past, at, at - timedelta(hours=hours))


def holds(
    community: Community,
    asked: list[Reading],
    past: list[tuple[str, str, int, str, int]],
    at: datetime,
    entered: datetime,
) -> None:
    found = read(community, asked, past, at, entered)
    solver = Solver()
    world = World(solver)
    subject = Subject(world, CommunityDomain(community))
    days = subject.attribute("days_in_tier", INTEGER)
    terms = [days.known, equal(days.value, local_day(at, community.zone) - local_day(entered, community.zone))]
    for reading in asked:
        var = subject.reading(Measured(reading, metric_type(community, reading.metric)))
        value = found[reading]
        terms.append(no(var.known) if value is None else both((var.known, equal(var.value, int(value)))))  # type: ignore[arg-type]

    if solver.check(terms) != "sat":
        pytest.fail(f"{at} entered {entered}: {found} against {broken(world, terms)}")


def broken(world: World, terms: list[str]) -> list[str]:
    """The laws that a history breaks."""
    solver = Solver()
    for name, sort, term in world.lines:
        if term:
            solver.define(name, sort, term)
        else:
            solver.declare(name, sort)
    return [law.why for law in world.laws if solver.check([*terms, law.term]) == "unsat"]


@given(st.sampled_from(WINDOWS), st.sampled_from(WINDOWS), st.sampled_from(AGO), st.sampled_from(AGO), moments)
@settings(max_examples=300, deadline=None)
def test_a_window_that_lies_within_another_does_so_on_every_date(
    over: str, other: str, until: str | None, ended: str | None, at: datetime
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    inner, outer = stretch(over, until), stretch(other, ended)
    if inner.since_entry or outer.since_entry:
        return
    first, second = (Window.parse(o, u).span(at, zone) for o, u in ((over, until), (other, ended)))
    if inner.inside(outer):
        assert second[0] <= first[0] or first[0] >= first[1]
        assert min(first[1], at) <= second[1]
    if inner.apart(outer):
        assert first[1] <= second[0] or second[1] <= first[0]
