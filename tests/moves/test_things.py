"""Rules about works, runs and teams: the review looks at each one, with its own metrics and its author's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from temporalio.testing import ActivityEnvironment

from cli.memory import Memory
from operations import review
from operations.ports.decisions import Wanted
from operations.ports.facts import Fact
from operations.replay import replay
from rules.spec import Community
from store.tables.runs import run, work
from tests.moves.club import AT, METRICS, people, publish, reviewed
from workflows import turns
from workflows.activities.moves import Moves

pytestmark = pytest.mark.servers

PHOTO = "[{ id: model, type: text }, { id: stars, type: integer, optional: true }]"
FACTS = f"""
  - {{ id: replied, title: {{ en: Replied, zh: 回复 }}, fields: [{{ id: work, type: work }}] }}
  - {{ id: met, title: {{ en: Met, zh: 见面 }}, about: run, fields: [{{ id: run, type: run }}] }}
  - {{ id: spoke, title: {{ en: Spoke, zh: 说话 }}, about: team, fields: [{{ id: team, type: team }}] }}
  - {{ id: photo, title: {{ en: Photo, zh: 照片 }}, about: work, fields: {PHOTO} }}
metrics:
  - id: repliers
    title: {{ en: Repliers, zh: 回复人数 }}
    type: integer
    key: work
    from: [replied]
    take: distinct
    field: member
  - {{ id: meetings, title: {{ en: Meetings, zh: 见面数 }}, type: integer, key: run, from: [met], take: count }}
  - {{ id: words, title: {{ en: Words, zh: 发言数 }}, type: integer, key: team, from: [spoke], take: count }}
"""
RULES = """schema: rules/v1
title: { en: Rules, zh: 规则 }
review: { every: day, at: "06:30" }
rules:
  - id: draws
    of: work
    when:
      all:
        - work.public: { is: false }
        - work.model: { is: coupe }
        - repliers: { at_least: 2, over: 30d }
        - author.posts: { at_least: 1, over: 30d }
        - author.tier: { is: guest }
        - community.posts: { at_least: 1, over: 30d }
    then:
      - award: { to: author, give: [{ points: 7 }] }
      - open: { by: role:head, title: { en: Repost, zh: 转发 }, within: 2d, about: work }
    once_per: ever
  - id: sleeps
    of: run
    when: { all: [{ run.days: { at_least: 20 } }, { meetings: { is: 0, over: 7d } }] }
    then: [{ open: { by: role:head, title: { en: Wake it, zh: 唤醒 }, within: 2d, about: run } }]
    once_per: 10d
  - id: silent-team
    of: team
    when: { words: { is: 0, over: 3d } }
    then: [{ open: { by: role:keeper, title: { en: Look after them, zh: 关注 }, within: 2d, about: team } }]
    once_per: spell
"""


@pytest.fixture
def club(remembered: Memory) -> Community:
    community = publish(remembered, rules=RULES, metrics=METRICS.replace("metrics:\n", FACTS.lstrip("\n"), 1))
    people(remembered, community, "ann", "bob", "cai")
    with remembered.engine.begin() as connection:
        for number, (days, status, rehearsed) in enumerate(
            [(30, "running", False), (5, "running", False), (30, "ended", False), (30, "running", True)], 1
        ):
            opened = AT - timedelta(days=days)
            row: dict[str, Any] = {
                "id": f"club/photos/{number}", "community": "club", "task": "photos", "number": number,
                "mode": "contest", "digest": "d", "opened_at": opened, "began_at": opened, "seed": 1, "args": {},
                "status": status, "rehearsed": rehearsed,
            }  # fmt: skip
            connection.execute(insert(run).values(row))
        works = [
            ("w1", "ann", "coupe", 1),
            ("w2", "bob", "coupe", 1),
            ("w3", "ann", "van", 1),
            ("w4", "ann", "coupe", 4),
        ]
        for id_, author, model, number in works:
            connection.execute(
                insert(work).values(
                    community="club", id=id_, run=f"club/photos/{number}", phase="entries", visit=1, author=author, n=1,
                    at=AT - timedelta(days=3), late=False, fields={"model": model, "stars": "many"},
                )
            )  # fmt: skip
    record(remembered, community, Fact("p", "posted", "ann", AT - timedelta(days=1)))
    for id_ in ("w1", "w2", "w3", "w4"):
        for who in ("bob", "cai"):
            record(
                remembered, community, Fact(f"{id_}{who}", "replied", who, AT - timedelta(days=2), fields={"work": id_})
            )
    return community


def record(memory: Memory, community: Community, fact: Fact) -> None:
    memory.facts(community).record([fact])


def inbox(memory: Memory, role: str) -> list[tuple[str, str | None]]:
    return sorted((item.title["en"], item.about) for item in memory.inbox.find("club", role=role))


def test_a_rule_about_works_reads_form_metrics_author_and_community(remembered: Memory, club: Community) -> None:
    counts = reviewed(remembered)["rules:work"]

    assert (
        counts["fired:draws"] == 1
    )  # of ann's three works one shows a coupe; bob has posted nothing; w4 is a rehearsal
    assert [(b.account, b.amount) for b in remembered.effects.balances("club", "points")] == [("ann", 7)]
    assert ("Repost", "w1") in inbox(remembered, "head")
    assert "fired:draws" not in reviewed(remembered, AT + timedelta(days=1))["rules:work"]


def test_a_rule_about_runs_looks_at_those_under_way(remembered: Memory, club: Community) -> None:
    assert reviewed(remembered)["rules:run"]["fired:sleeps"] == 1
    assert ("Wake it", "club/photos/1") in inbox(remembered, "head")

    met = AT + timedelta(days=8)
    record(remembered, club, Fact("m", "met", None, met, fields={"run": "club/photos/1"}))

    assert "true:sleeps" not in reviewed(remembered, AT + timedelta(days=12))["rules:run"]  # it met, the other is young
    later = reviewed(remembered, AT + timedelta(days=16))["rules:run"]
    assert later["fired:sleeps"] == 2  # the first again after its ten days, the second is old enough by now


def test_a_rule_about_teams_looks_at_those_that_facts_name(remembered: Memory, club: Community) -> None:
    record(remembered, club, Fact("s1", "spoke", None, AT - timedelta(days=9), fields={"team": "t1"}))
    record(remembered, club, Fact("s2", "spoke", None, AT - timedelta(days=1), fields={"team": "t2"}))

    assert reviewed(remembered)["rules:team"] == {"true:silent-team": 1, "fired:silent-team": 1, "effects": 1}
    assert inbox(remembered, "keeper") == [("Look after them", "t1")]
    record(remembered, club, Fact("s3", "spoke", None, AT + timedelta(hours=1), fields={"team": "t1"}))
    spoken = reviewed(remembered, AT + timedelta(days=1))["rules:team"]
    assert "true:silent-team" not in spoken
    assert (
        reviewed(remembered, AT + timedelta(days=9))["rules:team"]["fired:silent-team"] == 2
    )  # a new spell, and t2's first


def test_decisions_about_works_runs_and_teams_are_taken_again_as_these_were(
    remembered: Memory, club: Community
) -> None:
    record(remembered, club, Fact("s1", "spoke", None, AT - timedelta(days=9), fields={"team": "t1"}))
    reviewed(remembered)
    fired = {one.decision.rule for one in remembered.decisions.find("club", Wanted(outcome="fired"))}
    assert fired == {"draws", "sleeps", "silent-team"}

    ended = {"status": "ended", "ended_at": AT + timedelta(days=1)}
    with remembered.engine.begin() as connection:
        connection.execute(update(run).where(run.c.number == 1).values(**ended))
        connection.execute(update(work).where(work.c.id == "w1").values(state="withdrawn"))
    for hour in (1, 2):  # and its author rises
        record(remembered, club, Fact(f"p{hour}", "posted", "ann", AT + timedelta(hours=hour)))
    late = AT + timedelta(days=5)
    record(remembered, club, Fact("s2", "spoke", None, AT - timedelta(days=1), late, {"team": "t1"}))
    assert reviewed(remembered, AT + timedelta(days=2))["tier"]["moved:guest>regular"] == 1

    assert [one.what for one in replay(remembered.desk, "club", Wanted())] == []

    record(remembered, club, Fact("s3", "spoke", None, AT - timedelta(days=1), fields={"team": "t1"}))
    [one] = replay(remembered.desk, "club", Wanted(rule="silent-team"))
    assert one.what == "silent-team: nothing is decided now, it was fired"


def test_whoever_moves_wakes_the_runs_that_are_about_them(remembered: Memory, club: Community) -> None:
    with remembered.engine.begin() as connection:
        connection.execute(update(run).where(run.c.number == 1).values(subject="ann"))
        connection.execute(update(run).where(run.c.number == 2).values(subject="bob"))
        connection.execute(update(run).where(run.c.number == 3).values(subject="ann"))
    for day in (2, 3):
        record(remembered, club, Fact(f"p{day}", "posted", "ann", AT - timedelta(days=day)))
    assert remembered.reviews.touched("club", since=AT) == []

    reviewed(remembered)

    assert remembered.reviews.touched("club", since=AT) == ["club/photos/1"]  # under way, and about ann, who rose
    assert remembered.reviews.touched("club", since=AT, member="bob") == []
    assert remembered.reviews.touched("club", since=AT + timedelta(seconds=1)) == []
    told = _Told()
    reviewer = Moves(remembered.desk, told)
    plan = review.begin(remembered.desk, "club", run="again", at=AT, parts=["tier"])
    ActivityEnvironment().run(reviewer.finish_review, turns.FinishReview(community="club", review=plan.id))
    assert told.signals == [("club/photos/1", "poke")]


class _Told:
    """Takes down what an orchestrator would be told."""

    def __init__(self) -> None:
        self.signals: list[tuple[str, str]] = []

    def start(self, kind: str, argument: Any = None, **_: Any) -> bool:
        return True

    def signal(self, id: str, name: str) -> bool:
        self.signals.append((id, name))
        return True
