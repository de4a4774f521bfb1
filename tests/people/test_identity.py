"""Identity: accounts of one person, prospects out of public posts, joins that can be undone exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from cli.memory import Memory
from operations.candidates import candidates
from operations.errors import Refusal
from operations.identity import attach, import_posts, join, prospect_id, separate
from operations.ports.effects import Deed
from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.standings import LIFECYCLE, First, Place
from rules.reading import Reading
from rules.spec import Community
from tests.people.town import AT, publish

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def town(memory: Memory) -> Community:
    return publish(memory)


def readings(memory: Memory, town: Community, *members: str) -> dict[str, dict[str, Any]]:
    wanted = [Reading("posts", "90d"), Reading("likes", "90d"), Reading("guests", "90d")]
    frame = memory.measures(town).frame("member", wanted, at=AT, zone=town.zone, subjects=sorted(members))
    return {row["subject"]: {one.name: row[one.key] for one in wanted} for row in frame.iter_rows(named=True)}


def posts(memory: Memory, town: Community, path: Path, rows: str, source: str = "weibo", **more: Any) -> Any:
    path.write_text("id,account,kind,at,evidence\n" + rows, encoding="utf-8")
    return import_posts(
        path, town, source=source, facts=memory.facts(town), members=memory.members(town), persons=memory.persons,
        at=AT, **more,
    )  # fmt: skip


def test_public_posts_make_a_prospect_of_a_stranger_and_raise_whoever_is_known_at_home(
    memory: Memory, town: Community, tmp_path: Path
) -> None:
    memory.members(town).enlist([Member("li", AT, {"origin": "private_domain"})], at=AT)
    attach(memory.persons, memory.members(town), town, "li", "group", "li-42", origin="private_domain", at=AT)
    attach(memory.persons, memory.members(town), town, "li", "weibo", "老李", origin="public_domain", at=AT)

    rows = "1,老李,posted,2027-02-20,https://w/1\n2,小周,posted,2027-02-21,https://w/2\n3,小周,posted,2027-02-22,\n"
    met = posts(memory, town, tmp_path / "p.csv", rows)

    assert (met.prospects, met.imported.new, met.imported.rejected) == (1, 3, 0)
    stranger = prospect_id("weibo", "小周")
    found = {one.id: dict(one.attributes) for one in memory.members(town).find([stranger, "li"])}
    assert found[stranger] == {"origin": "public_domain"}, "a prospect has a source tag and no consent"
    assert found["li"]["origin"] == "both"
    assert readings(memory, town, "li", stranger)[stranger]["posts"] == 2
    listed = {one.member: one for one in candidates(memory.desk, memory.persons, town)}
    assert (listed[stranger].tag, listed[stranger].consent) == ("public_domain", None), "to be found by the scouts"
    assert [one.evidence for one in listed[stranger].evidence] == ["https://w/2"]
    assert (listed["li"].origin, len(listed)) == ("both", 2), "one person, seen in two places, is there once"
    assert listed["li"].tag == "private_domain", "where they were found first stays what it was"

    again = posts(memory, town, tmp_path / "p.csv", rows)
    assert (again.prospects, again.imported.new) == (0, 0), "the same posts again change nothing"
    assert [one.origin for one in memory.persons.sightings(town.id, [stranger])[stranger]] == ["public_domain"]


def test_an_account_belongs_to_one_member_only(memory: Memory, town: Community) -> None:
    memory.members(town).enlist([Member("ma", AT), Member("mo", AT)], at=AT)
    assert attach(memory.persons, memory.members(town), town, "ma", "forum", "x", origin="public_domain", at=AT)
    assert not attach(memory.persons, memory.members(town), town, "ma", "forum", "x", origin="public_domain", at=AT)
    with pytest.raises(Refusal, match="account of ma"):
        attach(memory.persons, memory.members(town), town, "mo", "forum", "x", origin="public_domain", at=AT)


def give(memory: Memory, town: Community, *, names: tuple[str, str], drawn: dict[str, Any]) -> None:
    """Two members with facts about each other, standings, points, titles."""
    a, b = names
    memory.members(town).enlist(
        [
            Member(
                a, AT - timedelta(days=drawn["joined"]), {"origin": "private_domain", "consent": True, "city": "上海"}
            ),
            Member(b, AT - timedelta(days=200), {"origin": "public_domain", "skills": frozenset({"camera"})}),
        ],
        at=AT - timedelta(days=300),
    )
    facts = []
    for n, (who, kind, other) in enumerate(drawn["facts"]):
        member, by = names[who], names[other]
        fields = {"posted": {}, "liked": {"by": by}, "met": {"by": "host", "via": by}}[kind]
        facts.append(Fact(f"{a}/{b}/{n}", kind, member, AT - timedelta(days=1 + n), None, fields))
    memory.facts(town).record(facts)
    firsts = [
        First(place=Place(member=names[who], ladder=ladder), at=at, since=AT - timedelta(days=50 + n))
        for n, (who, ladder, at) in enumerate(drawn["standings"])
    ]
    memory.standings.begin(town.id, firsts, at=AT)
    deeds = [
        Deed(key=f"gift/{a}/{n}", kind="points", at=AT, source="gift", member=names[who], details={"amount": amount})
        for n, (who, amount) in enumerate(drawn["points"])
    ] + [
        Deed(key=f"title/{a}/{n}", kind="title", at=AT, source="gift", member=names[who], details={"item": item})
        for n, (who, item) in enumerate(drawn["titles"])
    ]
    memory.effects.do(town.id, deeds)


def everything(memory: Memory, town: Community, *names: str) -> dict[str, Any]:
    """All that is kept, but the log of what was done and what follows from facts."""
    skipped = {"joining", "privacy", "chunk", "metric", "fact_arrival", "subject", "spec_document", "spec_version"}
    found: dict[str, Any] = {}
    with memory.engine.connect() as connection:
        from store.person_rows import tables

        for table in tables():
            if table.name not in skipped:
                rows = connection.execute(text(f'SELECT to_jsonb(t)::text FROM "{table.name}" t')).scalars()
                found[table.name] = sorted(rows)
    found["readings"] = readings(memory, town, *names)
    return found


_who = st.integers(0, 1)
_drawn = st.fixed_dictionaries(
    {
        "joined": st.integers(1, 900),
        "facts": st.lists(st.tuples(_who, st.sampled_from(["posted", "liked", "met"]), _who), max_size=6),
        "standings": st.lists(
            st.one_of(
                st.tuples(_who, st.just("tier"), st.sampled_from(["guest", "regular"])),
                st.tuples(_who, st.just(LIFECYCLE), st.sampled_from(["alive", "resting"])),
            ),
            max_size=4,
            unique_by=lambda one: one[:2],
        ),
        "points": st.lists(st.tuples(_who, st.integers(1, 50)), max_size=4),
        "titles": st.lists(st.tuples(_who, st.sampled_from(["star", "friend"])), max_size=3, unique=True),
    }
)
_count = iter(range(10_000))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_drawn)
def test_a_join_that_is_undone_leaves_everything_as_it_was(
    memory: Memory, town: Community, drawn: dict[str, Any]
) -> None:
    number = next(_count)
    names = (f"a{number}", f"b{number}")
    give(memory, town, names=names, drawn=drawn)
    before = everything(memory, town, *names)

    join(memory.persons, town, *names, at=AT, by="olga", reason="same phone")
    assert not memory.members(town).find([names[1]])
    both = readings(memory, town, names[0])[names[0]]
    assert both["posts"] == sum(1 for _, kind, _ in drawn["facts"] if kind == "posted")
    assert both["likes"] == 0, "a like by one's other account is a like of oneself"
    assert memory.effects.audit(town.id) == []
    points = {one.account: one.amount for one in memory.effects.balances(town.id, "points")}
    assert points.get(names[0], 0) == sum(amount for _, amount in drawn["points"])

    separate(memory.persons, town, names[1], at=AT, by="olga", reason="two sisters")
    after = everything(memory, town, *names)
    assert {name for name in before if before[name] != after[name]} == set()


def test_what_came_for_the_other_while_joined_is_theirs_again(memory: Memory, town: Community) -> None:
    names = ("kept", "other")
    drawn = {"joined": 30, "facts": [], "standings": [(1, "tier", "regular")], "points": [(1, 7)], "titles": []}
    give(memory, town, names=names, drawn=drawn)
    join(memory.persons, town, *names, at=AT, by="olga", reason="same face")
    one = memory.members(town).find(["kept"])[0]
    assert (one.attributes["origin"], one.attributes["city"]) == ("both", "上海")
    assert one.attributes["skills"] == frozenset({"camera"})
    tier = memory.standings.one(town.id, Place(member="kept", ladder="tier"))
    assert tier is not None
    assert tier.at == "regular", "the higher of two standings"

    later = AT - timedelta(hours=3)
    memory.facts(town).record([Fact("late/1", "posted", "other", later), Fact("late/2", "posted", "kept", later)])
    memory.members(town).enlist([Member("other", None, {"city": "北京"})], at=AT)
    assert not memory.members(town).find(["other"]), "an import does not bring a joined member back"
    assert readings(memory, town, "kept")["kept"]["posts"] == 2

    separate(memory.persons, town, "other", at=AT, by="olga", reason="two people")
    assert {who: row["posts"] for who, row in readings(memory, town, *names).items()} == {"kept": 1, "other": 1}
    assert [(one.what, one.actor) for one in memory.persons.log(town.id, "kept")] == [
        ("joined", "olga"),
        ("separated", "olga"),
    ]


def test_joins_are_refused_where_something_would_lose_its_subject(memory: Memory, town: Community) -> None:
    memory.members(town).enlist([Member("one", AT), Member("two", AT)], at=AT)
    with pytest.raises(Refusal, match="no member nobody"):
        join(memory.persons, town, "one", "nobody", at=AT, by="olga", reason="x")
    with pytest.raises(Refusal, match="No reason"):
        join(memory.persons, town, "one", "two", at=AT, by="olga", reason=" ")
    with pytest.raises(Refusal, match="joined to nobody"):
        separate(memory.persons, town, "two", at=datetime.now(UTC), by="olga", reason="x")
