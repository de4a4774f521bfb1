"""Rules about every kind of thing: who is meant where people are wanted, and how long a rule rests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.dialects.postgresql import insert

from cli.memory import Memory
from operations import membership
from operations.errors import Refusal
from operations.ports.effects import Deed
from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.standings import First, Place
from operations.ports.teams import Seat, Slot, Team
from store.tables.runs import run, work
from tests.moves.club import AT, COMMUNITY, METRICS, TIERS, facts, people, publish, reviewed
from workflows.desk import Desk

pytestmark = pytest.mark.servers

FACTS = """
  - { id: noise, title: { en: Noise, zh: 噪音 }, about: space, fields: [{ id: level, type: integer }] }
  - { id: nodded, title: { en: Nodded, zh: 点头 }, fields: [{ id: work, type: work }] }
  - { id: spoke, title: { en: Spoke, zh: 说话 }, about: team, fields: [{ id: team, type: team }] }
  - { id: fair, title: { en: Fair, zh: 集会 }, about: community }
metrics:
  - { id: nods, title: { en: Nods, zh: 点头数 }, type: integer, key: work, from: [nodded], take: count }
  - { id: words, title: { en: Words, zh: 发言数 }, type: integer, key: team, from: [spoke], take: count }
  - { id: loudness, title: { en: Loud, zh: 声音 }, type: integer, key: space, from: [noise], take: sum, field: level }
  - { id: fairs, title: { en: Fairs, zh: 集会数 }, type: integer, key: community, from: [fair], take: count }
"""
RULES = """schema: rules/v1
title: { en: Rules, zh: 规则 }
review: { every: day, at: "06:30" }
rules:
  - { id: rests, when: { posts: { at_least: 1 } }, then: [{ award: { to: subject, give: [{ points: 1 }] } }],
      once_per: 3bd }
  - { id: by-authors, of: work, when: { nods: { at_least: 1 } },
      then: [{ award: { to: author, give: [{ points: 10 }] } }, { award: { to: subject, give: [{ points: 100 }] } }] }
  - { id: of-team, of: team, when: { words: { at_least: 1 } },
      then: [{ award: { to: subject.members, give: [{ points: 1000 }] } }, { record: { fact: greeted } },
        { open: { by: role:head, title: { en: Team, zh: 团队 }, within: 1d, about: subject } }] }
  - { id: of-space, of: space, when: { loudness: { at_least: 5 } },
      then: [{ award: { to: subject.members, give: [{ points: 10000 }] } }, { record: { fact: fair } }] }
  - { id: of-run, of: run, when: { run.days: { at_least: 1 } },
      then: [{ award: { to: run.participants, give: [{ points: 100000 }] } },
        { open: { by: run.starter, title: { en: Run, zh: 运行 }, within: 1d, about: run } }] }
  - { id: everybody, of: community, when: { community.posts: { at_least: 1 } },
      then: [{ award: { to: everyone, give: [{ points: 1000000 }] } }], once_per: ever }
"""
MODE = """schema: mode/v1
id: contest
title: { en: Contest, zh: 比赛 }
owner: role:head
phases:
  - { id: joins, kind: enrol, who: everyone, within: 5d, go: { short: cancel } }
"""
TASK = "schema: task/v1\nid: photos\ntitle: { en: Photos, zh: 照片 }\nmode: contest\n"
INVITED = "    invitation: { message: come-in, from: role:head, within: 7d, if_silent: lapse, again_after: 30d }\n"
SPACES = "spaces:\n  - { id: attic, title: { en: Attic, zh: 阁楼 }, seen_by: { where: { tags: { contains: old } } } }"


def test_where_people_are_wanted_things_mean_theirs(remembered: Memory) -> None:
    club = publish(
        remembered,
        community=COMMUNITY.replace("spaces:", SPACES),
        metrics=METRICS.replace("metrics:\n", FACTS.lstrip("\n"), 1),
        rules=RULES,
        **{"modes/contest": MODE, "tasks/photos": TASK},
    )
    joined = AT - timedelta(days=200)
    remembered.members(club).enlist(
        [
            Member("ann", joined, {"consent": True}),
            Member("bob", joined, {"consent": True, "tags": ["old"]}),
            Member("cai", joined, {"consent": False, "tags": ["old"]}),
            Member("dee", joined),
        ],
        at=joined,
    )
    opened = AT - timedelta(days=3)
    with remembered.engine.begin() as connection:
        row: dict[str, Any] = {
            "id": "club/photos/1", "community": "club", "task": "photos", "number": 1, "mode": "contest",
            "digest": club.digest, "opened_at": opened, "began_at": opened, "seed": 1, "args": {}, "status": "running",
            "rehearsed": False, "starter": "dee",
        }  # fmt: skip
        connection.execute(insert(run).values(row))
        connection.execute(
            insert(work).values(
                community="club", id="w1", run="club/photos/1", phase="entries", visit=1, author="ann", n=1,
                authors=["ann", "dee"], at=opened, late=False, fields={},
            )
        )  # fmt: skip
    remembered.runs.take_part("club/photos/1", {"bob": "guest"})
    seats = tuple(Seat(team="t1", slot="any", member=who, since=opened) for who in ("ann", "bob"))
    remembered.teams.found(
        [
            Team(
                id="t1", community="club", run="club/photos/1", phase="crew", visit=1, number=1, formed_at=opened,
                slots=(Slot(id="any", needs=1, limit=2),), seats=seats,
            )
        ]
    )  # fmt: skip
    remembered.facts(club).record(
        [
            Fact("n", "nodded", "bob", opened, fields={"work": "w1"}),
            Fact("s", "spoke", None, opened, fields={"team": "t1"}),
            Fact("l", "noise", None, opened, fields={"space": "attic", "level": 7}),
        ]
    )
    facts(remembered, club, "posted", "cai", [4])

    counts = reviewed(remembered)

    assert not [part for part, counted in counts.items() if counted.get("effects_refused")]
    points = {one.account: one.amount for one in remembered.effects.balances("club", "points")}
    assert points == {"ann": 1_001_110, "bob": 1_111_000, "cai": 1, "dee": 110}
    assert sorted(fact.member or "" for fact in remembered.facts(club).find(kinds=["greeted"])) == ["ann", "bob"]
    assert [item.about for item in remembered.inbox.find("club", role="head")] == ["t1"]
    assert [item.about for item in remembered.inbox.find("club", member="dee")] == ["club/photos/1"]
    assert len(remembered.facts(club).find(kinds=["fair"])) == 1


def test_a_rule_may_rest_so_many_working_days(remembered: Memory) -> None:
    club = publish(remembered, rules=RULES[: RULES.index("  - { id: by-authors")])
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [4])

    fired = [reviewed(remembered, AT + timedelta(days=day))["rules:member"].get("fired:rests", 0) for day in range(5)]

    assert fired == [1, 0, 0, 1, 0]


def test_whoever_is_in_two_roles_has_one_say_and_whoever_must_not_has_none(remembered: Memory) -> None:
    gate = "approval: { by: [role:keeper, role:head], needs: 2, never: title:star, within: 2d, if_silent: refuse }"
    old = "approval: { by: role:keeper, within: 2d, if_silent: refuse }"
    club = publish(remembered, tiers=TIERS.replace(old, gate).replace("    observe: 7d\n", "").replace(INVITED, ""))
    people(remembered, club, "ann", "star")
    remembered.effects.staff("club", "keeper", ["kim", "star"])
    remembered.effects.staff("club", "head", ["kim", "hed"])
    given = {"item": "star", "until": None}
    remembered.effects.do("club", [Deed(key="s", kind="title", at=AT, source="s", member="star", details=given)])
    facts(remembered, club, "posted", "ann", [1 + n / 10 for n in range(8)])
    remembered.standings.begin("club", [First(place=Place(member="ann", ladder="tier"), at="regular")], at=AT)
    reviewed(remembered)
    [move] = remembered.memberships.unstarted("club", limit=5)
    membership.advance(remembered.desk, "club", move.id, AT)
    first, second = sorted(item.id for item in remembered.inbox.find("club") if item.about == "ann")
    desk = Desk(remembered.house, poke=lambda *_: None)

    desk.complete("club", first, outcome="agree", fields={}, by="kim")
    with pytest.raises(Refusal, match="kim has answered already"):
        desk.complete("club", second, outcome="agree", fields={}, by="kim")
    with pytest.raises(Refusal, match="star must not answer here"):
        desk.claim("club", first, by="star")
    assert membership.advance(remembered.desk, "club", move.id, AT).outcome is None
    desk.complete("club", second, outcome="agree", fields={}, by="hed")
    assert membership.advance(remembered.desk, "club", move.id, AT).outcome == "moved"
