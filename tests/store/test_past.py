"""What a fact says of a member by where they stood: as they stood then, in whatever order it came to be known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from operations.ports.members import Member
from operations.ports.standings import LIFECYCLE, Change, First, Place
from rules.counted import counted
from rules.fact import Fact
from rules.metric import measure
from rules.reading import Reading
from rules.spec import Community, load
from rules.values import Value
from store.facts import SqlFacts
from store.measures import SqlMeasures
from store.members import SqlMembers
from store.specs import SqlSpecs
from store.standings import SqlStandings
from workflows.phases import discover

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
JOINED = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = ("ann", "bob", "cid")
FILES = {
    "community": """schema: community/v1
id: ID
title: { en: Small, zh: 小 }
zone: Europe/Berlin
calendar: office
currency: EUR
roles: [{ id: keeper, title: { en: Keeper, zh: 管理 } }]
lists:
  - { id: areas, TITLE, items: [{ id: north, TITLE }, { id: south, TITLE }] }
""",
    "calendars/office": """schema: calendar/v1
id: office
title: { en: Office, zh: 办公 }
work_days: [mon]
hours: "09:00-17:00"
valid_through: "2027-12-31"
""",
    "tiers": """schema: tiers/v1
title: { en: Ladder, zh: 阶梯 }
review: { every: day }
tiers: [{ id: low, TITLE }, { id: mid, TITLE }, { id: high, TITLE }]
""",
    "craft": """schema: tiers/v1
id: craft
title: { en: Craft, zh: 手艺 }
per: areas
review: { every: day }
tiers: [{ id: novice, title: { en: Novice, zh: 新手 } }, { id: master, title: { en: Master, zh: 师傅 } }]
""",
    "lifecycle": """schema: lifecycle/v1
title: { en: Stages, zh: 阶段 }
review: { every: day }
stages: [{ id: young, title: { en: Young, zh: 初 } }, { id: old, title: { en: Old, zh: 老 } }]
transitions:
  - { id: a, from: [none], to: young, when: { praises: { at_least: 1 } } }
  - { id: b, from: [young], to: old, when: { praises: { at_least: 2 } } }
""",
    "metrics": """schema: metrics/v1
title: { en: Metrics, zh: 指标 }
facts:
  - { id: praised, TITLE, fields: [{ id: area, type: text, one_of: areas, optional: true }] }
metrics:
  - { id: praises, PRAISES, take: count }
  - { id: of_the_high, PRAISES, take: distinct, field: by, where: { by.tier: { at_least: mid } } }
  - { id: tiers_of, PRAISES, take: distinct, field: by.tier }
  - { id: of_a_master, PRAISES, take: count, where: { by.craft: { at_least: master } } }
  - { id: of_a_northern_master, PRAISES, take: count, where: { by.craft: { at_least: master, of: north } } }
  - { id: of_a_master_there, PRAISES, take: count, where: { by.craft: { at_least: master, of: area } } }
  - { id: of_the_old, PRAISES, take: count, where: { by.stage: { is: old } } }
  - { id: of_the_stageless, PRAISES, take: count, where: { by.stage: { is_known: false } } }
""",
}  # fmt: skip


def _whole(text: str, id_: str) -> bytes:
    praises = "TITLE, type: integer, from: [praised]"
    return text.replace("PRAISES", praises).replace("TITLE", "title: { en: T, zh: 题 }").replace("ID", id_).encode()


STANDS = {("tier", ""): ("low", "mid", "high"), ("craft", "north"): ("novice", "master"),
          ("craft", "south"): ("novice", "master"), (LIFECYCLE, ""): (None, "young", "old")}  # fmt: skip
NAMES = {("tier", ""): "tier", ("craft", "north"): "craft@north", ("craft", "south"): "craft@south",
         (LIFECYCLE, ""): "stage"}  # fmt: skip

moments = st.integers(-40, 2).map(lambda days: NOW + timedelta(days=days))
moves = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(sorted(STANDS)), st.integers(0, 2), st.integers(1, 20))
praises = st.builds(
    Fact,
    id=st.integers(1, 30).map(lambda number: f"f{number}"),
    kind=st.just("praised"),
    member=st.sampled_from(PEOPLE),
    at=moments,
    fields=st.fixed_dictionaries(
        {"by": st.sampled_from([*PEOPLE, "stranger"])}, optional={"area": st.sampled_from(["north", "south"])}
    ),
)


class Shelf:
    """One community after another in one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.specs = SqlSpecs(engine, discover())
        self.ids = (f"past-{number}" for number in count(1))

    def publish(self) -> Community:
        id_ = next(self.ids)
        files = {f"{name}.yaml": _whole(text, id_) for name, text in FILES.items()}
        loaded = load(files, discover())
        assert loaded.community is not None, loaded.diagnostics
        community = loaded.community
        self.specs.publish(files, community, message="test", author="test", at=NOW)
        return community


@pytest.fixture(scope="module")
def shelf(engine: Engine) -> Shelf:
    return Shelf(engine)


class Stood:
    """Where everybody stood, as the pure meaning asks for it."""

    def __init__(self) -> None:
        self.moves: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
        self.there: set[str] = set()

    def at(self, member: str, name: str, moment: datetime, first: str | None) -> str | None:
        if member not in self.there:
            return None
        return next((to for at, to in reversed(self.moves.get((member, name), [])) if at <= moment), first)

    def __call__(self, member: str, attribute: str, moment: datetime) -> Value | None:
        if attribute == "tier":
            return self.at(member, "tier", moment, "low")
        if attribute == "stage":
            return self.at(member, "stage", moment, None)
        if attribute == "craft":
            both = [self.at(member, f"craft@{area}", moment, "novice") for area in ("north", "south")]
            return None if None in both else "master" if "master" in both else "novice"
        return self.at(member, attribute, moment, "novice")


def compare(shelf: Shelf, community: Community, facts: dict[str, Fact], stood: Stood) -> None:
    measures = SqlMeasures(shelf.engine, community)
    for metric in counted(community).values():
        reading = Reading(metric.id)
        frame = measures.frame("member", [reading], at=NOW + timedelta(days=3), zone=community.zone, subjects=PEOPLE)
        truth = measure(metric, facts.values(), reading, NOW + timedelta(days=3), community.zone, as_of=_asked(stood))
        for subject, value in frame.iter_rows():
            assert value == truth.get(subject, metric.nothing), (metric.id, subject)


def _asked(stood: Stood) -> Callable[[str, str, datetime], Value | None]:
    return stood


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.one_of(st.just("members"), moves, st.lists(praises, max_size=6)), min_size=2, max_size=12))
def test_a_fact_knows_where_its_people_stood_when_it_happened(shelf: Shelf, steps: list[object]) -> None:
    community = shelf.publish()
    store, standings = SqlFacts(shelf.engine, shelf.specs, community), SqlStandings(shelf.engine)
    members = SqlMembers(shelf.engine, shelf.specs, community)
    facts: dict[str, Fact] = {}
    stood = Stood()
    now: dict[tuple[str, tuple[str, str]], tuple[datetime, str | None]] = {}
    for number, step in enumerate(steps):
        if step == "members":
            members.enlist([Member(id_, JOINED) for id_ in PEOPLE], at=NOW)
            stood.there = set(PEOPLE)
        elif isinstance(step, list):
            store.record(step)
            facts.update({fact.id: fact for fact in step})
        elif isinstance(step, tuple) and stood.there:
            member, where, rank, days = step
            since, was = now.get((member, where), (NOW - timedelta(days=30), STANDS[where][0]))
            to = STANDS[where][rank % len(STANDS[where])]
            at = since + timedelta(days=days, hours=5)
            if to in (was, None):
                continue
            place = Place(member=member, ladder=where[0], value=where[1])
            assert standings.change(community.id, [Change(kind="move", place=place, at=at, to=to, from_=was)])
            kind = "moved_stage" if where[0] == LIFECYCLE else "moved_tier"
            fields = {name: tier for name, tier in (("from", was), ("to", to)) if tier is not None}
            store.record([Fact(f"move{number}", kind, member, at, fields=fields)])
            stood.moves.setdefault((member, NAMES[where]), []).append((at, str(to)))
            now[member, where] = (at, to)
        if number % 3 == 2:
            compare(shelf, community, facts, stood)
    compare(shelf, community, facts, stood)


def test_who_came_with_a_standing_has_always_had_it(shelf: Shelf) -> None:
    community = shelf.publish()
    SqlMembers(shelf.engine, shelf.specs, community).enlist([Member(id_, JOINED) for id_ in PEOPLE], at=NOW)
    first = First(place=Place(member="ann", ladder="craft", value="south"), at="master")
    SqlStandings(shelf.engine).begin(community.id, [first], at=NOW)
    praise = Fact("p", "praised", "bob", NOW - timedelta(days=99), fields={"by": "ann", "area": "south"})
    elsewhere = Fact("q", "praised", "cid", NOW - timedelta(days=99), fields={"by": "ann", "area": "north"})
    SqlFacts(shelf.engine, shelf.specs, community).record([praise, elsewhere])

    readings = [Reading(name) for name in ("of_a_master", "of_a_northern_master", "of_a_master_there")]
    frame = SqlMeasures(shelf.engine, community).frame(
        "member", readings, at=NOW, zone=community.zone, subjects=["bob", "cid"]
    )
    assert frame.select(reading.key for reading in readings).rows() == [(1, 0, 1), (1, 0, 0)]
