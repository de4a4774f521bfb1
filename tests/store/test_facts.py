"""Facts and the metrics they feed stay in step: through publications, corrections, crowds and look-backs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Engine, text

from operations.errors import Refusal
from operations.ports.facts import Recorded
from operations.ports.members import Member
from rules.errors import NotDecidable
from rules.fact import Fact, Unfitting
from rules.reading import Reading
from rules.spec import Community
from store import chunks
from store.facts import SqlFacts
from store.measures import SqlMeasures
from store.members import SqlMembers
from store.specs import SqlSpecs
from store.transaction import transaction
from tests.store.small_spec import COMMUNITY, LINES, small_community, small_files
from workflows.phases import discover

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
_numbers = count(1)


class Town:
    """A community with a name of its own, in the database of this module."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.specs = SqlSpecs(engine, discover())
        self.name = f"town-{next(_numbers)}"
        self.publish(LINES)

    def publish(self, lines: tuple[str, ...], message: str = "test") -> bool:
        files = small_files(lines, COMMUNITY.replace("id: small", f"id: {self.name}"))
        self.community: Community = small_community(files)
        return self.specs.publish(files, self.community, message=message, author="test", at=NOW).new

    @property
    def facts(self) -> SqlFacts:
        return SqlFacts(self.engine, self.specs, self.community)

    @property
    def members(self) -> SqlMembers:
        return SqlMembers(self.engine, self.specs, self.community)

    def read(self, metric: str, at: datetime = NOW, community: Community | None = None, **reading: str) -> object:
        asked = Reading(metric, **reading)
        spec = community or self.community
        frame = SqlMeasures(self.engine, spec).frame("member", [asked], at=at, zone=spec.zone, subjects=["ann"])
        return frame[asked.key].item()


@pytest.fixture
def town(engine: Engine) -> Town:
    return Town(engine)


def made(id_: str, at: datetime = NOW, member: str = "ann", **fields: object) -> Fact:
    return Fact(id_, "made", member, at, fields=fields)  # type: ignore[arg-type]


def test_a_metric_that_a_publication_changes_is_built_from_all_facts(town: Town) -> None:
    town.facts.record([made("a", size=2), made("b", size=5)])
    assert town.read("size_sum") == 7
    before = town.community
    changed = (
        "{ id: size_sum, T, type: integer, from: [made], take: sum, field: size, where: { size: { at_least: 3 } } }"
    )
    lines = tuple(changed if "size_sum" in line else line for line in LINES)
    assert town.publish(lines)
    assert town.read("size_sum") == 5
    assert town.read("size_sum", community=before) == 7  # a run that is pinned to the older spec reads as before
    town.facts.record([made("c", size=9), made("d", size=1)])
    assert town.read("size_sum") == 14
    assert town.read("size_sum", community=before) == 17


def test_publishing_the_same_documents_again_says_so(town: Town) -> None:
    assert not town.publish(LINES, "again")
    assert town.publish(LINES[:3])
    assert town.publish(LINES, "back")
    assert [(v.number, v.current) for v in town.specs.versions(town.name)] == [(3, True), (2, False), (1, False)]
    assert town.specs.current(town.name).digest == town.community.digest
    first = town.specs.versions(town.name)[1]
    assert len(town.specs.at(first.digest).metrics) == 3
    assert SqlSpecs(town.engine, discover()).at(first.digest, town.name).digest == first.digest
    with pytest.raises(Refusal, match="No community"):
        town.specs.current("nowhere")
    with pytest.raises(Refusal, match="ever published"):
        town.specs.at("sha256:no")


def test_facts_recorded_by_many_at_once_count_once_each(town: Town) -> None:
    batches = [[made(f"f{n}", size=n) for n in range(start, start + 30)] for start in range(0, 100, 10)]

    def record(batch: list[Fact]) -> Recorded:
        return town.facts.record(batch)

    with ThreadPoolExecutor(6) as pool:
        totals = list(pool.map(record, [batch for batch in batches for _ in range(2)]))
    assert sum(total.new for total in totals) == 120
    assert town.facts.count() == 120
    assert (town.read("made_count"), town.read("size_sum")) == (120, sum(range(120)))


def test_readers_see_whole_batches_while_others_write_and_merge(town: Town) -> None:
    def write(turn: int) -> None:
        town.facts.record([made(f"{turn}-{n}", NOW - timedelta(days=turn), size=1) for n in range(7)])
        if turn % 5 == 0:
            chunks.merge(town.engine, town.name, at_least=2)

    def read(_: int) -> object:
        return town.read("size_sum")

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, turn) for turn in range(25)]
        seen = list(pool.map(read, range(10)))
        for one in writing:
            one.result()
    assert all(isinstance(total, int) and total % 7 == 0 for total in seen)
    assert town.read("size_sum") == 175


def test_small_chunks_are_merged_and_say_the_same(town: Town) -> None:
    for n in range(60):
        town.facts.record([made(f"f{n}", NOW - timedelta(days=n), size=n, work=f"w{n % 7}")])
    town.facts.withdraw(["f3"], reason="test", at=NOW)
    before = [town.read(metric) for metric in ("size_sum", "works", "days_made", "size_now")]
    chunks.merge(town.engine, town.name, at_least=1)
    assert [town.read(metric) for metric in ("size_sum", "works", "days_made", "size_now")] == before
    with town.engine.connect() as connection:
        number = connection.execute(text("SELECT key FROM community WHERE id = :id"), {"id": town.name}).scalar_one()
        assert chunks.waiting(connection, number) == 0


def test_what_came_after_a_moment_does_not_count_at_that_moment(town: Town) -> None:
    town.facts.record([made("a", NOW - timedelta(hours=2), size=1), made("b", NOW + timedelta(hours=2), size=10)])
    assert town.read("size_sum", NOW) == 1
    assert town.read("size_sum", NOW + timedelta(hours=3)) == 11
    assert town.read("size_sum", NOW - timedelta(hours=3)) == 0
    assert town.read("size_now", NOW) == 1


def test_facts_that_do_not_fit_are_refused_as_a_whole(town: Town) -> None:
    for wrong in (
        Fact("x", "nothing", "ann", NOW),
        made("x", no_field=1),
        made("x", size="three"),
        made("x", size=True),
        made("x", work=7),
        made("x", tags="x"),
        made("x", work="a\x1fb"),
        made("x", NOW.replace(tzinfo=None)),
        Fact("x", "present", "ann", NOW),
    ):
        with pytest.raises(Unfitting):
            town.facts.record([made("right"), wrong])
    assert town.facts.count() == 0


def test_facts_belong_to_the_transaction_of_the_caller(town: Town) -> None:
    def half() -> None:
        with transaction(town.engine):
            town.facts.record([made("a", size=1)])
            raise ConnectionError

    with pytest.raises(ConnectionError):
        half()
    assert (town.facts.count(), town.read("size_sum")) == (0, 0)


def test_a_member_is_read_as_of_the_fact(town: Town) -> None:
    town.facts.record([made("a", NOW - timedelta(days=3), to="bob")])
    assert town.read("at_home") == 0
    town.members.enlist([Member("bob", NOW - timedelta(days=10), {"company": "acme"})], at=NOW - timedelta(days=2))
    assert (town.read("at_home"), town.read("to_young")) == (1, 1)
    town.members.enlist([Member("bob", attributes={"company": "other"})], at=NOW - timedelta(days=1))
    town.facts.record([made("b", NOW, to="bob")])
    assert town.read("at_home") == 1
    assert town.read("companies") == 2
    assert town.members.frame(NOW - timedelta(days=2))["company"].item() == "acme"
    assert town.members.frame(NOW)["company"].item() == "other"


def test_the_community_counts_who_is_present(town: Town) -> None:
    people = [Member("ann", NOW - timedelta(days=9), {"origin": "both"}), Member("bob", NOW, {"origin": "both"})]
    town.members.enlist([*people, Member("cid", NOW, {"origin": "both", "suspended": True})], at=NOW)
    measures = SqlMeasures(town.engine, town.community)
    assert measures.community([Reading("here_now")], NOW) == {Reading("here_now"): 2}
    assert measures.community([Reading("here_now")], NOW - timedelta(days=1)) == {Reading("here_now"): 1}


def test_readings_that_cannot_be_are_refused(town: Town) -> None:
    measures = SqlMeasures(town.engine, town.community)
    for subject, reading in (
        ("member", Reading("no_metric")),
        ("member", Reading("of_work")),
        ("work", Reading("made_count")),
        ("member", Reading("made_count", scope="author")),
    ):
        with pytest.raises(NotDecidable):
            measures.frame(subject, [reading], at=NOW, zone=town.community.zone)


def test_the_latest_facts_are_found_again_with_their_values(town: Town) -> None:
    fields = {"size": 3, "score": 71, "good": False, "tags": frozenset({"y", "x"}), "colour": "red", "cost": 1250}
    town.facts.record([made("a", NOW, **fields), made("b", NOW - timedelta(days=1)), Fact("c", "seen", "bob", NOW)])
    found = town.facts.find(member="ann", limit=1)
    assert [(fact.kind, fact.at, dict(fact.fields)) for fact in found] == [("made", NOW, fields)]
    assert len(town.facts.find(kinds=["seen"])) == 1
    assert town.facts.record(found) == Recorded(known=1)


def test_facts_that_say_nothing_more_are_taken_in_together(town: Town) -> None:
    town.facts.record([Fact("f1", "made", "ann", NOW, fields={"size": 3, "colour": "red"})])

    assert town.facts.record([Fact(f"g{n}", "made", "ann", NOW) for n in range(2)]).new == 2
    assert town.read("made_count") == 3


def test_moments_are_told_of_one_member_and_kind_in_order(town: Town) -> None:
    hours = [made(f"h{n}", NOW + timedelta(hours=n)) for n in (3, 1, 2)]
    town.facts.record([*hours, made("else", NOW + timedelta(hours=2), "bob")])
    until = NOW + timedelta(hours=2)
    assert town.facts.moments("ann", "made", after=NOW, until=until) == [NOW + timedelta(hours=1), until]
    assert town.facts.moments("ann", "made", after=NOW + timedelta(hours=1), until=until) == [until]
    assert town.facts.moments("nobody", "made", after=NOW, until=until) == []
    assert town.facts.moments("ann", "nothing", after=NOW, until=until) == []
