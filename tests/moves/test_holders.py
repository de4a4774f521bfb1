"""Titles that nobody stores: whoever meets a condition, and the first so many of an order."""

from datetime import timedelta

import pytest

from cli.memory import Memory
from operations.ports.effects import Deed
from operations.ports.standings import First, Place
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


def test_the_first_so_many_and_whoever_meets_a_condition(remembered: Memory) -> None:
    club = publish(remembered, community=COMMUNITY.replace("titles:\n", TITLES, 1), rules=RULES)
    people(remembered, club, "ann", "bob", "cai", "dee")
    for member, posts in (("ann", 5), ("bob", 4), ("cai", 2), ("dee", 1)):
        facts(remembered, club, "posted", member, [1 + n / 10 for n in range(posts)])

    counts = reviewed(remembered)

    assert counts["rules:member"]["fired:prize"] == 2
    resolver = DecisionResolver(remembered.desk, club, subject=None, at=AT)
    assert list(resolver.people("title:top")) == ["ann", "bob"]
    assert sorted(resolver.people("title:face")) == ["ann", "bob", "cai"]
    points = {one.account: one.amount for one in remembered.effects.balances("club", "points")}
    assert {who: points.get(who, 0) % 50 for who in ("ann", "bob", "cai", "dee")} == {
        "ann": 6, "bob": 6, "cai": 1, "dee": 0
    }  # fmt: skip
    facts(remembered, club, "posted", "cai", [-1 - n / 10 for n in range(4)])  # overtakes bob
    later = reviewed(remembered, AT + timedelta(days=2))["rules:member"]
    assert later["true:prize"] == 2
    assert later["fired:prize"] == 1
    facts(remembered, club, "warned", "ann", [-3])  # her title rests
    assert reviewed(remembered, AT + timedelta(days=4))["rules:member"]["true:prize"] == 1
    resting = DecisionResolver(remembered.desk, club, subject=None, at=AT + timedelta(days=4))
    assert list(resting.people("title:top")) == ["cai"]


def test_whether_a_title_goes_on_is_asked_of_whoever_grants_it(remembered: Memory) -> None:
    titles = """titles:
  - id: guard
    title: { en: Guard, zh: 守护 }
    term: 30d
    renew: { email_confirmed: { is: true } }
    granted_by: { from: [role:keeper, tier:trusted] }
"""
    club = publish(remembered, community=COMMUNITY.replace("titles:\n", titles, 1))
    people(remembered, club, "ann", "bob")
    remembered.standings.begin("club", [First(place=Place(member="bob", ladder="tier"), at="trusted")], at=AT)
    given = {"item": "guard", "until": (AT - timedelta(days=1)).isoformat()}
    held_since = AT - timedelta(days=31)
    remembered.effects.do("club", [Deed(key="g", kind="title", at=held_since, source="g", member="ann", details=given)])

    assert reviewed(remembered)["titles"]["question"] == 1

    [question] = [one for one in remembered.inbox.find("club") if one.about == "ann"]
    assert question.asked == ("role:keeper", "bob")
