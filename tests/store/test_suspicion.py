"""Suspicion in the memory: the marks are those that the meaning says, whatever came when and in which batch."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, permutations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from operations.import_facts import import_facts
from operations.ports.facts import Recorded
from rules.counted import counted, fact_kinds
from rules.fact import Fact
from rules.metric import measure
from rules.reading import Reading
from rules.spec import Community
from rules.suspicion import Burst, GivenBack, Suspicion, marked, suspects
from store.facts import SqlFacts
from store.history import FileHistories
from store.measures import SqlMeasures
from store.specs import SqlSpecs
from store.suspicion import suspects_of
from tests.store.small_spec import COMMUNITY, METRICS, small_community, small_files
from workflows.phases import discover

pytestmark = pytest.mark.servers

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LINES = (
    "{ id: honest, T, type: integer, from: [made], take: count, ignore: [suspect] }",
    "{ id: capped, T, type: integer, from: [made], take: count, ignore: [suspect], "
    "limits: [{ count: 2, every: day }] }",
    "{ id: all_made, T, type: integer, from: [made], take: count }",
)
BURSTS = "[{ count: 3, within: 30min }, { count: 1, within: 2min, from: by }]"
BY = f"suspect: {{ reciprocal: {{ within: 1h }}, burst: {BURSTS} }}"
ROUND = "suspect: { ring: { within: 1h } }"
WHOLE = BY.replace("within: 1h", "within: 1h, whole: true").replace("within: 30min", "within: 30min, whole: true")
WHOLE_ROUND = "suspect: { ring: { within: 1h, whole: true }, burst: [{ count: 2, within: 20min, whole: true }] }"
TO = "suspect: { reciprocal: { within: 2h, field: to } }"
PEOPLE = ("ann", "bob", "cai")


def with_filters(suspect: str) -> str:
    """The metrics of the community, what is suspect written down."""
    title = "    title: { en: Made, zh: 制作 }\n"
    return METRICS.replace(title, f"{title}    {suspect}\n" if suspect else title)


class Shelf:
    """One community after another in one database, each with or without filters."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.specs = SqlSpecs(engine, discover())
        self.names = (f"gamed-{number}" for number in count(1))

    def publish(self, suspect: str, name: str | None = None) -> Community:
        named = COMMUNITY.replace("id: small", f"id: {name or next(self.names)}")
        files = small_files(LINES, named, with_filters(suspect))
        community = small_community(files)
        self.specs.publish(files, community, message="test", author="test", at=NOW)
        return community


@pytest.fixture(scope="module")
def shelf(engine: Engine) -> Shelf:
    return Shelf(engine)


def made(id_: str, member: str, by: str, minute: float, **more: str) -> Fact:
    return Fact(id_, "made", member, NOW - timedelta(days=1) + timedelta(minutes=minute), None, {"by": by, **more})


facts = st.builds(
    Fact,
    id=st.integers(1, 16).map(lambda number: f"f{number}"),
    kind=st.sampled_from(["made", "made", "made", "seen"]),
    member=st.sampled_from([*PEOPLE, *PEOPLE, None]),
    at=st.integers(-200, 0).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    fields=st.fixed_dictionaries(
        {}, optional={"by": st.sampled_from([*PEOPLE, "role:keeper"]), "suspect": st.booleans()}
    ),
)
steps = st.lists(
    st.one_of(
        st.lists(facts, min_size=1, max_size=9),
        st.integers(1, 16).map(lambda number: f"f{number}"),  # withdrawn
        st.sampled_from([BY, "", ROUND, BY.replace("1h", "3h"), WHOLE, WHOLE_ROUND]).map(lambda one: ("publish", one)),
    ),
    min_size=1,
    max_size=6,
)


def agrees(shelf: Shelf, community: Community, known: dict[str, Fact]) -> None:
    """What is remembered is what the meaning says of these facts."""
    told = marked(fact_kinds(community), known.values())
    held = SqlFacts(shelf.engine, shelf.specs, community).find(limit=1000)
    assert {(f.key, f.fields.get("suspect") is True) for f in held} == {
        (f.key, f.fields.get("suspect") is True) for f in told
    }
    readings = [Reading(name, over=over) for name in ("honest", "capped", "all_made") for over in ("all", "2h")]
    frame = SqlMeasures(shelf.engine, community).frame(
        "member", readings, at=NOW, zone=community.zone, subjects=list(PEOPLE)
    )
    for reading in readings:
        metric = counted(community)[reading.metric]
        right = measure(metric, told, reading, NOW, community.zone)
        stored = dict(zip(frame["subject"], frame[reading.key], strict=True))
        assert stored == {person: right.get(person, 0) for person in PEOPLE}, reading


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps, first=st.sampled_from([BY, ROUND, WHOLE, WHOLE_ROUND]))
def test_marks_and_metrics_are_those_of_the_meaning_in_any_order(shelf: Shelf, steps: list[object], first: str) -> None:
    community = shelf.publish(first)
    known: dict[str, Fact] = {}
    gone: set[str] = set()
    for step in steps:
        store = SqlFacts(shelf.engine, shelf.specs, community)
        if isinstance(step, tuple):
            community = shelf.publish(step[1], community.id)
        elif isinstance(step, str):
            store.withdraw([step], reason="test", at=NOW)
            gone.add(step)
            known.pop(step, None)
        else:
            assert isinstance(step, list)
            store.record(step)
            known.update({fact.id: fact for fact in step if fact.id not in gone})
            assert store.record(step[-1:]).new == 0
    agrees(shelf, community, known)


def test_a_late_like_makes_the_one_that_answered_it_suspect(shelf: Shelf) -> None:
    community = shelf.publish(BY)
    store = SqlFacts(shelf.engine, shelf.specs, community)
    answer, first = made("answer", "ann", "bob", 30), made("first", "bob", "ann", 0)
    store.record([answer])
    agrees(shelf, community, {"answer": answer})
    store.record([first])
    assert {f.key: f.fields.get("suspect") for f in store.find(limit=1000)} == {answer.key: True, first.key: None}
    agrees(shelf, community, {"answer": answer, "first": first})
    assert store.record([first, answer]) == Recorded(0, 2, 0)
    store.withdraw(["first"], reason="never happened", at=NOW)
    agrees(shelf, community, {"answer": answer})


def test_a_like_that_is_given_back_counts_no_more_and_counts_again_when_that_never_happened(shelf: Shelf) -> None:
    community = shelf.publish(WHOLE)
    store = SqlFacts(shelf.engine, shelf.specs, community)
    first, answer, far = (
        made("first", "bob", "ann", 0),
        made("answer", "ann", "bob", 60),
        made("far", "bob", "ann", 121),
    )
    store.record([first])
    store.record([far])
    agrees(shelf, community, {"first": first, "far": far})
    store.record([answer])
    assert {f.key for f in store.find(limit=9) if f.fields.get("suspect")} == {first.key, answer.key}
    agrees(shelf, community, {"first": first, "answer": answer, "far": far})
    store.withdraw(["answer"], reason="never happened", at=NOW)
    assert not any(f.fields.get("suspect") for f in store.find(limit=9))
    agrees(shelf, community, {"first": first, "far": far})


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_ring_of_three_is_found_whichever_of_them_comes_last(shelf: Shelf, order: tuple[int, ...]) -> None:
    community = shelf.publish(ROUND)
    store = SqlFacts(shelf.engine, shelf.specs, community)
    ring = [made("one", "ann", "bob", 0), made("two", "cai", "ann", 30), made("three", "bob", "cai", 50)]
    for place in order:
        store.record([ring[place]])
    assert [f.key for f in store.find(limit=9) if f.fields.get("suspect")] == [ring[2].key]
    agrees(shelf, community, {fact.id: fact for fact in ring})
    store.withdraw(["two"], reason="never happened", at=NOW)
    agrees(shelf, community, {fact.id: fact for fact in ring if fact.id != "two"})


def test_games_are_found_among_many_facts_over_a_long_time_as_by_looking_at_each() -> None:
    drawn = random.Random(5)
    people = [f"m{number}" for number in range(9)]
    at = NOW - timedelta(days=90)
    facts = [
        Fact(f"r{n}", "made", drawn.choice(people), at + timedelta(seconds=drawn.randrange(90 * 86_400)), None,
             {"by": drawn.choice(people)})
        for n in range(400)
    ]  # fmt: skip
    frame = pl.DataFrame(
        {"id": [f.key.hex for f in facts], "member": [f.member for f in facts], "at": [f.at for f in facts]}
    ).with_columns(pl.Series(".by", [f.fields["by"] for f in facts]))
    for days, whole in ((1, False), (4, True), (4, False), (20, True)):
        suspicion = Suspicion(ring=GivenBack(days * 86_400, whole=whole))
        assert set(suspects_of(frame, suspicion)) == suspects(suspicion, facts)
    assert suspects(suspicion, facts)
    for whole in (False, True):
        back, flood = GivenBack(5 * 86_400, whole=whole), Burst(3, 4 * 86_400, whole=whole)
        suspicion = Suspicion(back, (flood, Burst(1, 9 * 86_400, "by", whole)))
        assert set(suspects_of(frame, suspicion)) == suspects(suspicion, facts)


def test_the_other_member_may_stand_in_a_field(shelf: Shelf) -> None:
    community = shelf.publish(TO)
    one, two = made("one", "ann", "x", 0, to="bob"), made("two", "bob", "y", 100, to="ann")
    SqlFacts(shelf.engine, shelf.specs, community).record([two])
    SqlFacts(shelf.engine, shelf.specs, community).record([one])
    agrees(shelf, community, {"one": one, "two": two})
    assert [
        f.key for f in SqlFacts(shelf.engine, shelf.specs, community).find(limit=1000) if f.fields.get("suspect")
    ] == [two.key]


def test_a_file_imported_twice_or_backwards_comes_to_the_same(
    shelf: Shelf, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("likes")
    rows = [
        f"{n},{PEOPLE[n % 3]},made,2026-10-30T{n // 40 + 8:02}:{n % 40:02}:00Z,{PEOPLE[n // 2 % 3]}" for n in range(200)
    ]
    head = "id,member,kind,at,by\n"
    (folder / "there.csv").write_text(head + "\n".join(rows))
    (folder / "back.csv").write_text(head + "\n".join(reversed(rows)))
    marks = []
    for name in ("there.csv", "back.csv"):
        community = shelf.publish(BY)
        store = SqlFacts(shelf.engine, shelf.specs, community)
        assert import_facts(folder / name, community, store).new == 200
        again = import_facts(folder / name, community, store)
        assert (again.new, again.changed) == (0, 0)
        found = store.find(limit=1000)
        agrees_ = {f.key for f in found if f.fields.get("suspect")}
        assert 0 < len(agrees_) < 200
        marks.append(agrees_)
        agrees(shelf, community, {f.id: f for f in found_as_told(found)})
    assert marks[0] == marks[1]


def found_as_told(found: Sequence[Fact]) -> list[Fact]:
    """The facts as they were told, without what was found."""
    return [replace(f, fields={name: value for name, value in f.fields.items() if name != "suspect"}) for f in found]


def test_history_read_from_files_has_the_same_marks(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> None:
    community = small_community(small_files(LINES, metrics=with_filters(BY)))
    folder = tmp_path_factory.mktemp("history")
    (folder / "members.csv").write_text("id,joined\n" + "\n".join(f"{one},2026-01-01" for one in PEOPLE))
    (folder / "facts.csv").write_text(
        "id,member,kind,at,by\n"
        "answer,ann,made,2026-10-30T08:30:00Z,bob\n"
        "first,bob,made,2026-10-30T08:00:00Z,ann\n"
        "late,bob,made,2026-10-30T11:00:00Z,ann\n"
    )
    history = FileHistories(folder / "members.csv", folder / "facts.csv").of(community, ["honest", "all_made"])
    assert (history.occurrences["honest"].height, history.occurrences["all_made"].height) == (2, 3)
