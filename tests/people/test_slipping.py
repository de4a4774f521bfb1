"""Slipping: who falls below the bar is talked to first and keeps all meanwhile; nobody goes a way that is not there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.memory import Memory
from operations.perks import keep_perks
from operations.ports.facts import Fact
from operations.ports.standings import Place
from rules.spec import Community
from tests.people.owners import AT, did, enlist, reviewed, stage, tier

pytestmark = pytest.mark.servers


def chose(memory: Memory, spec: Community, who: str, choice: str, day: int) -> None:
    """What somebody answered in the talk about how to go on."""
    fields = {"choice": choice, "mode": "farewell", "phase": "choice", "silent": False}
    memory.facts(spec).record([Fact(f"chose/{who}", "answered", who, AT + timedelta(days=day), None, fields)])


def rights(memory: Memory, spec: Community, who: str) -> set[str]:
    """Benefits that somebody holds and that have not ended."""
    held = memory.effects.holdings(spec.id, who)
    return {one.item for one in held if one.kind == "benefit" and one.ended_at is None}


def test_below_the_bar_comes_the_talk_and_nothing_is_taken_before_it_is_over(memory: Memory, auto: Community) -> None:
    for who in ("slipping", "steady"):
        enlist(memory, auto, who, origin="both", consent=True, tier="core", stage="mature", since=300)
        did(memory, auto, who, "visited", *range(0, 300, 3), minutes=5)
    replies = [
        Fact(f"r/{who}/{n}", "replied", who, AT - timedelta(hours=20 * n), None, {"to": "steady", "helpful": True})
        for who in ("slipping",)
        for n in range(60)
    ]
    memory.facts(auto).record(replies)
    for n in range(3):
        did(memory, auto, "slipping", "rated", 3 + n, key=str(n), work=f"s{n}", score=30)
        did(memory, auto, "steady", "rated", 3 + n, key=str(n), work=f"t{n}", score=90)

    keep_perks(memory.desk, auto, at=AT)
    reviewed(memory, auto)
    held = memory.standings.one(auto.id, Place(member="slipping", ladder="tier"))
    assert held is not None
    assert held.below_since is not None, "the time of grace has begun"
    assert (stage(memory, auto, "slipping"), tier(memory, auto, "slipping")) == ("mature", "core")

    reviewed(memory, auto, days=1)
    assert stage(memory, auto, "slipping") == "evolving", "grace is when one is talked to"
    started = [
        deed.details["task"] for deed in memory.effects.to_start(auto.id, limit=500) if deed.member == "slipping"
    ]
    assert started == ["farewell-talk"]

    reviewed(memory, auto, days=45)
    assert tier(memory, auto, "slipping") == "core", "the thirty days of grace are over, and the talk is not"
    keep_perks(memory.desk, auto, at=AT + timedelta(days=45))
    assert rights(memory, auto, "slipping") == {"brand-events", "inside-story", "early-access"}

    chose(memory, auto, "slipping", "reduced", 46)
    reviewed(memory, auto, days=47)
    assert (stage(memory, auto, "slipping"), tier(memory, auto, "slipping")) == ("active", "active"), "both are over"
    keep_perks(memory.desk, auto, at=AT + timedelta(days=47))
    assert rights(memory, auto, "slipping") == {"brand-events"}, "and now it has what its tier has"
    assert tier(memory, auto, "steady") == "core"


def test_nobody_goes_a_way_that_is_not_there_however_good_they_are(memory: Memory, auto: Community) -> None:
    enlist(memory, auto, "keen", origin="private_domain", consent=True, tier="core", stage="emerging", since=300)
    did(memory, auto, "keen", "accepted", 5, 10, 15, work="w", credit=60)
    did(memory, auto, "keen", "visited", *range(1, 60, 2), minutes=5)

    for day in (100, 115, 130):
        reviewed(memory, auto, days=day)

    assert stage(memory, auto, "keen") == "emerging", "there is no way from emerging to mature"
    lifecycle = auto.lifecycle
    assert lifecycle is not None
    ways = {(start if start != "none" else None, way.to) for way in lifecycle.transitions for start in way.from_}
    moved = [fact.fields for fact in memory.facts(auto).find(kinds=["moved_stage"], limit=99)]
    assert moved
    assert {(one.get("from"), one["to"]) for one in moved} <= ways
