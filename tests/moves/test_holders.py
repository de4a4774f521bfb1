"""Titles that nobody stores: whoever meets a condition, and the first so many of an order."""

from datetime import timedelta

import pytest

from cli.memory import Memory
from operations.who import DecisionResolver
from tests.moves.club import AT, COMMUNITY, facts, people, publish, reviewed

pytestmark = pytest.mark.servers

TITLES = """titles:
  - { id: face, title: { en: Face, zh: 熟面孔 }, held_by: { where: { posts: { at_least: 2, over: 30d } } } }
  - id: top
    title: { en: Top two, zh: 前二 }
    held_by: { where: { posts: { at_least: 1, over: 30d } }, order: [{ highest: posts, over: 30d }], first: 2 }
    while: { warnings: { is: 0, over: 30d } }
"""
RULES = """schema: rules/v1
title: { en: Rules, zh: 规则 }
review: { every: day, at: "06:30" }
rules:
  - id: prize
    when: { titles: { contains: top } }
    then: [{ award: { to: subject, give: [{ points: 5 }] } }]
    once_per: spell
  - id: party
    of: community
    when: { community.posts: { at_least: 5, over: 30d } }
    then: [{ award: { to: title:face, give: [{ points: 1 }] } }]
    once_per: ever
"""


@pytest.fixture
def memory(fresh_database_url: str) -> Memory:
    from store.engine import open_engine

    return Memory(open_engine(fresh_database_url))


def test_the_first_so_many_and_whoever_meets_a_condition(memory: Memory) -> None:
    club = publish(memory, community=COMMUNITY.replace("titles:\n", TITLES, 1), rules=RULES)
    people(memory, club, "ann", "bob", "cai", "dee")
    for member, posts in (("ann", 5), ("bob", 4), ("cai", 2), ("dee", 1)):
        facts(memory, club, "posted", member, [1 + n / 10 for n in range(posts)])

    counts = reviewed(memory)

    assert counts["rules:member"]["fired:prize"] == 2
    resolver = DecisionResolver(memory.desk, club, subject=None, at=AT)
    assert list(resolver.people("title:top")) == ["ann", "bob"]
    assert sorted(resolver.people("title:face")) == ["ann", "bob", "cai"]
    points = {one.account: one.amount for one in memory.effects.balances("club", "points")}
    assert {who: points.get(who, 0) % 50 for who in ("ann", "bob", "cai", "dee")} == {
        "ann": 6, "bob": 6, "cai": 1, "dee": 0
    }  # fmt: skip
    facts(memory, club, "posted", "cai", [-1 - n / 10 for n in range(4)])  # overtakes bob
    later = reviewed(memory, AT + timedelta(days=2))["rules:member"]
    assert later["true:prize"] == 2
    assert later["fired:prize"] == 1
    facts(memory, club, "warned", "ann", [-3])  # her title rests
    assert reviewed(memory, AT + timedelta(days=4))["rules:member"]["true:prize"] == 1
    resting = DecisionResolver(memory.desk, club, subject=None, at=AT + timedelta(days=4))
    assert list(resting.people("title:top")) == ["cai"]
