"""Decisions are taken again as they were taken; a fact that came late, or a changed log, is found."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from cli.memory import Memory
from operations.explain import explain
from operations.ports.decisions import Wanted
from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.standings import First, Place
from operations.replay import replay
from rules.spec import Community
from tests.moves.club import AT, COMMUNITY, LIFECYCLE, facts, people, publish, reviewed

pytestmark = pytest.mark.servers


def a_year_of(memory: Memory) -> Community:
    """Ann rises, falls into grace and loses the tier; bob is observed and asked; cid only fires rules."""
    club = publish(memory)
    people(memory, club, "ann", "bob", "cid")
    facts(memory, club, "posted", "ann", [1, 2, 3])
    facts(memory, club, "posted", "bob", [n / 10 for n in range(1, 13)])
    for days in (0, 1, 8, 9, 32, 40, 60):
        reviewed(memory, AT + timedelta(days=days))
    return club


def test_every_decision_comes_out_as_it_was_taken(remembered: Memory) -> None:
    club = a_year_of(remembered)
    counts = [0]

    differences = list(replay(remembered.desk, "club", Wanted(), done=lambda n: counts.append(n)))

    assert [one.what for one in differences] == []
    outcomes = {one.decision.outcome for one in remembered.decisions.latest("club")}
    assert {"promote", "grace", "demote", "move", "fired"} <= outcomes
    assert sum(counts) == remembered.decisions.count(club.id, Wanted())


def test_who_was_imported_with_a_standing_stood_there_since_they_joined(remembered: Memory) -> None:
    tires = "{ id: tires, from: [alive], to: resting, when: { warnings: { at_least: 3, over: 30d } } }"
    long = "{ id: tires, from: [alive], to: resting, when: { days_in_stage: { at_least: 60 } } }"
    told = "{ id: told, from: [alive], to: resting, when: { warnings: { at_least: 1, over: in_stage } } }"
    club = publish(remembered, lifecycle=LIFECYCLE.replace(tires, f"{told}\n  - {long}"))
    people(remembered, club, "ann", "bob")
    firsts = [First(place=Place(member=who, ladder="lifecycle"), at="alive") for who in ("ann", "bob")]
    remembered.standings.begin("club", firsts, at=AT - timedelta(days=100))
    facts(remembered, club, "warned", "bob", [5])
    assert reviewed(remembered)["lifecycle"]["moved:alive>resting"] == 2

    assert [one.what for one in replay(remembered.desk, "club", Wanted(rule="lifecycle"))] == []


def test_a_title_that_a_rule_itself_gave_or_took_was_not_there_when_it_fired(remembered: Memory) -> None:
    gives = """schema: rules/v1
title: { en: Rules, zh: 规则 }
review: { every: day, at: "06:30" }
rules:
  - { id: gives, when: { all: [{ posts: { at_least: 1 } }, { not: { titles: { contains: greeter } } }] },
      then: [{ award: { to: subject, give: [{ title: greeter }] } }] }
  - { id: takes, when: { all: [{ warnings: { at_least: 1 } }, { titles: { contains: greeter } }] },
      then: [{ revoke: { from: subject, title: greeter } }] }
"""
    club = publish(remembered, rules=gives)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [5])
    assert reviewed(remembered)["rules:member"]["fired:gives"] == 1
    facts(remembered, club, "warned", "ann", [-1])
    assert reviewed(remembered, AT + timedelta(days=2))["rules:member"]["fired:takes"] == 1

    assert [one.what for one in replay(remembered.desk, "club", Wanted())] == []


def test_titles_of_an_order_and_the_time_in_a_tier_beside_another_ladder_are_those_of_then(remembered: Memory) -> None:
    rules = """schema: rules/v1
title: { en: Rules, zh: 规则 }
review: { every: day, at: "06:30" }
rules:
  - { id: leads, when: { all: [{ titles: { contains: top } }, { posts: { at_least: 1, over: in_tier } }] },
      then: [{ award: { to: subject, give: [{ points: 1 }] } }] }
"""
    top = "titles:\n  - { id: top, title: { en: Top, zh: 第一 }, held_by: { order: [{ highest: posts }], first: 1 } }\n"
    per = "lists: [{ id: arts, title: { en: Arts, zh: 艺 }, items: [{ id: song, title: { en: Song, zh: 歌 } }] }]\n"
    craft = """schema: tiers/v1
id: craft
title: { en: Craft, zh: 技艺 }
per: arts
review: { every: day, at: "06:00" }
tiers: [{ id: novice, title: { en: Novice, zh: 新手 } }]
"""
    community = COMMUNITY.replace("titles:\n", per + top, 1)
    club = publish(remembered, community=community, craft=craft, rules=rules)
    people(remembered, club, "ann", "bob")
    facts(remembered, club, "posted", "ann", [3])
    assert reviewed(remembered)["rules:member"]["fired:leads"] == 1

    assert [one.what for one in replay(remembered.desk, "club", Wanted(rule="leads"))] == []


def test_a_fact_that_was_not_known_then_makes_no_difference_and_an_unnoticed_one_does(remembered: Memory) -> None:
    club = a_year_of(remembered)
    store = remembered.facts(club)
    when = AT + timedelta(days=39)  # the day before ann lost the tier
    store.record([Fact("late", "posted", "ann", when, AT + timedelta(days=90), {})])

    assert list(replay(remembered.desk, "club", Wanted(member="ann"))) == []

    store.record([Fact("unnoticed", "posted", "ann", when)])
    (one,) = replay(remembered.desk, "club", Wanted(member="ann", outcome="demote"))
    assert one.what.startswith("tier: ")
    assert "it was demote to guest" in one.what
    assert one.taken is not None
    assert one.taken.outcome != "demote"


def test_a_log_that_was_changed_is_found_by_both_looks(remembered: Memory) -> None:
    a_year_of(remembered)
    with remembered.engine.begin() as connection:
        connection.execute(text("UPDATE decision SET to_at = 'trusted' WHERE subject = 'ann' AND outcome = 'promote'"))

    verified = remembered.decisions.verify("club")
    assert not verified.ok
    changed = [one.decision for one in remembered.decisions.find("club", Wanted(member="ann", outcome="promote"))]
    assert {one.to for one in changed} == {"trusted"}
    assert f"decision {verified.breaks[0].seq} about ann was changed" == verified.breaks[0].what
    assert [one.recorded.seq for one in replay(remembered.desk, "club", Wanted(rule="tier"))] == [
        verified.breaks[0].seq
    ]


def test_decisions_are_found_by_what_is_asked_page_by_page(remembered: Memory) -> None:
    club = a_year_of(remembered)
    log = remembered.decisions

    everything = log.find(club.id, Wanted(), limit=1000)
    assert [one.decision.outcome for one in log.find(club.id, Wanted(member="ann", rule="tier"))] == [
        "demote", "grace", "promote",
    ]  # fmt: skip
    assert {one.decision.to for one in log.find(club.id, Wanted(to="regular"))} == {"regular"}
    assert all(one.decision.at <= AT for one in log.find(club.id, Wanted(until=AT)))
    assert all(one.decision.at > AT for one in log.find(club.id, Wanted(since=AT + timedelta(seconds=1))))
    assert log.find(club.id, Wanted(digest="sha256:00")) == []
    pages, before = [], None
    while page := log.find(club.id, Wanted(), limit=3, before=before):
        pages.extend(page)
        before = page[-1].seq
    assert pages == list(everything)
    assert log.count(club.id, Wanted(outcome="promote")) == sum(o.decision.outcome == "promote" for o in everything)


def test_a_past_moment_is_explained_as_it_was(remembered: Memory) -> None:
    club = a_year_of(remembered)

    def tier(days: float) -> str | None:
        at = AT + timedelta(days=days)
        (standing,) = explain(remembered.desk, club, "ann", at, then=True).standings
        return standing.tier

    assert [tier(days) for days in (-1, 0, 31, 39, 40, 41)] == [
        "guest", "regular", "regular", "regular", "guest", "guest",
    ]  # fmt: skip
    (standing,) = explain(remembered.desk, club, "ann", AT + timedelta(days=33), then=True).standings
    assert (standing.decision.outcome, [one.what for one in standing.story]) == ("grace", ["promote", "moved", "grace"])


def test_what_is_recorded_later_does_not_change_what_is_explained_of_earlier(remembered: Memory) -> None:
    club = publish(remembered)
    remembered.members(club).enlist([Member("ann", AT - timedelta(days=90))], at=AT - timedelta(days=90))
    facts(remembered, club, "posted", "ann", [1, 2])
    remembered.facts(club).record([Fact("late", "posted", "ann", AT - timedelta(days=3), AT + timedelta(days=2), {})])

    def posts(then: bool) -> object:
        data = explain(remembered.desk, club, "ann", AT, then=then).data()
        return data["standings"][0]["conditions"][0]["parts"][0]["value"]

    assert (posts(False), posts(True)) == (3, 2)
