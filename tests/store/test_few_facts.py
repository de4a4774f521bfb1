"""A handful of facts goes a short way into the memory, and leaves there exactly what the long way leaves."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from operations.ports.facts import Recorded
from rules.counted import fact_kinds
from rules.fact import Fact
from store import chunks, few_facts
from store.fact_columns import typed
from store.facts import SqlFacts
from store.metric_register import maintained
from store.numbers import number_of
from store.specs import SqlSpecs
from store.transaction import transaction
from tests.store.small_spec import COMMUNITY, LINES, small_community, small_files
from tests.store.test_measures import facts, made, seen
from workflows.phases import discover

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PLAIN = tuple(line for line in LINES if "to." not in line and "ignore" not in line)
FULL = [
    Fact("made-first", "made", "ann", NOW, None, {
        "by": "ann", "suspect": True, "work": "w1", "size": 1, "score": 1, "colour": "red", "good": True, "to": "bob",
        "happens": 20_000, "cost": 1, "tags": frozenset({"x"}),
    }),
    Fact("seen-first", "seen", "ann", NOW, None, {"by": "ann", "suspect": False, "work": "w1", "size": 1, "score": 1}),
]  # fmt: skip
_numbers = count(1)


class Village:
    """A community of its own whose metrics do not look at the past of members."""

    def __init__(self, engine: Engine, lines: tuple[str, ...] = PLAIN) -> None:
        self.engine = engine
        self.specs = SqlSpecs(engine, discover())
        files = small_files(lines, COMMUNITY.replace("id: small", f"id: village-{next(_numbers)}"))
        self.community = small_community(files)
        self.specs.publish(files, self.community, message="test", author="test", at=NOW)

    @property
    def facts(self) -> SqlFacts:
        return SqlFacts(self.engine, self.specs, self.community)

    def kept(self) -> tuple[list[Any], list[Any]]:
        """The facts and the cells that are there, whatever numbers stand for metrics and subjects."""
        with transaction(self.engine) as connection:
            number = number_of(connection, self.community.id)
            metrics = maintained(connection, self.community)
            cells = chunks.added_up(chunks.read(connection, number, list(metrics))).to_dicts()
        for cell in cells:
            cell["metric"] = metrics[cell["metric"]].id
            cell["subject"] = self.named(cell["subject"])
        told = [(f.id, f.kind, f.member, f.at, f.recorded_at, dict(f.fields)) for f in self.facts.find(limit=100)]
        return sorted(map(repr, cells)), sorted(map(repr, told))

    def named(self, subject: int) -> str:
        with transaction(self.engine) as connection:
            found = connection.execute(text("SELECT kind || id FROM subject WHERE key = :key"), {"key": subject})
            return str(found.scalar() or "")


@pytest.fixture(scope="module")
def here(engine: Engine) -> Engine:
    return engine


def short(village: Village, batch: list[Fact]) -> Recorded | None:
    with transaction(village.engine) as connection:
        number = number_of(connection, village.community.id)
        return few_facts.record(connection, number, village.community, village.community, batch)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(facts("made", made), facts("seen", seen)), min_size=1, max_size=8, unique_by=lambda f: f.id))
def test_the_short_way_leaves_what_the_long_way_leaves(here: Engine, batch: list[Fact]) -> None:
    one, other = Village(here), Village(here)
    for village in (one, other):
        village.facts.record_columns(typed(FULL, fact_kinds(village.community)))  # all their fields have room by now
    one.facts.record_columns(typed(batch, fact_kinds(one.community)))
    assert short(other, batch) == Recorded(new=len(batch))
    assert one.kept() == other.kept()


def test_plain_facts_go_the_short_way_once_their_kind_is_known(here: Engine) -> None:
    village = Village(here)
    first = Fact("a", "made", "ann", NOW, None, {"size": 3, "colour": "red"})
    assert short(village, [first]) is None  # the kind has no number yet
    assert village.facts.record([first]) == Recorded(new=1)
    second = Fact("b", "made", "bob", NOW, None, {"size": 4})
    assert short(village, [second]) == Recorded(new=1)
    assert village.facts.count() == 2


def test_what_is_there_already_goes_the_long_way(here: Engine) -> None:
    village = Village(here)
    village.facts.record([Fact("a", "made", "ann", NOW, None, {"size": 3})])
    assert short(village, [Fact("a", "made", "ann", NOW, None, {"size": 5})]) is None
    assert village.facts.record([Fact("a", "made", "ann", NOW, None, {"size": 5})]) == Recorded(changed=1)
    assert village.facts.record([Fact("a", "made", "ann", NOW, None, {"size": 5})]) == Recorded(known=1)
    village.facts.withdraw(["a"], reason="wrong", at=NOW)
    assert short(village, [Fact("a", "made", "ann", NOW, None, {"size": 5})]) is None
    assert village.facts.record([Fact("a", "made", "ann", NOW, None, {"size": 5})]) == Recorded(known=1)


def test_metrics_that_look_at_the_past_of_members_are_left_to_the_long_way(here: Engine) -> None:
    village = Village(here, LINES)
    village.facts.record([Fact("a", "made", "ann", NOW, None, {"to": "bob"})])
    assert short(village, [Fact("b", "made", "ann", NOW + timedelta(hours=1), None, {"to": "bob"})]) is None
