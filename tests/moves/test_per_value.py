"""Ladders kept per value, and communities without any: what a tier brings, and what is explained."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.memory import Memory
from operations.explain import explain
from operations.perks import keep_perks
from rules.spec import load
from tests.moves.club import AT, COMMUNITY, FILES, RESOURCES, facts, people, publish, reviewed
from workflows.phases import discover

pytestmark = pytest.mark.servers

CRAFT = """schema: tiers/v1
id: craft
title: { en: Craft, zh: 技艺 }
per: fields
review: { every: day, at: "06:00" }
tiers:
  - { id: novice, title: { en: Novice, zh: 新手 } }
  - { id: adept, title: { en: Adept, zh: 熟手 }, perks: [pass],
      earn: { posts: { at_least: 3, over: 30d } }, keep: { posts: { at_least: 1, over: 30d } } }
"""
FIELDS = """lists:
  - id: fields
    title: { en: Fields, zh: 领域 }
    items: [{ id: jazz, title: { en: Jazz, zh: 爵士 } }, { id: rock, title: { en: Rock, zh: 摇滚 } }]
titles:
"""


def test_a_tier_that_is_held_per_value_brings_its_benefits_once_and_takes_them_with_the_last(
    remembered: Memory,
) -> None:
    club = publish(remembered, craft=CRAFT, community=COMMUNITY.replace("titles:\n", FIELDS, 1), resources=RESOURCES)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [1, 2, 3])
    assert reviewed(remembered)["craft@rock"]["moved:novice>adept"] == 1

    assert keep_perks(remembered.desk, club, at=AT).given == {"pass": ["ann"]}
    assert keep_perks(remembered.desk, club, at=AT).given == {}

    later = AT + timedelta(days=40)
    assert reviewed(remembered, later)["craft@jazz"]["moved:adept>novice"] == 1
    assert keep_perks(remembered.desk, club, at=AT + timedelta(days=20)).ended == {"pass": ["ann"]}


def test_a_member_of_a_community_without_a_ladder_is_explained(remembered: Memory) -> None:
    files = {name: text.encode() for name, text in FILES.items() if name not in ("tiers.yaml", "rules.yaml")}
    files["lifecycle.yaml"] = files["lifecycle.yaml"].replace(b"exempt", b"")
    community = load(files, discover()).community
    assert community is not None
    remembered.specs.publish(files, community, message="test", author="test", at=AT - timedelta(days=400))
    people(remembered, community, "ann")

    found = explain(remembered.desk, community, "ann", AT)

    assert found.standings == ()
    assert found.stage is not None
    assert [way.id for way in found.stage.ways] == ["awakes"]
