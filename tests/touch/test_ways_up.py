"""The way into the core: observed long enough, measured by figures, and judged by people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from operations.decide import decide
from operations.facts_file import read_facts
from rules.gate import Gate
from rules.rulebook import Rulebook, compile_rulebook
from rules.spec import Community
from tests.rules.deciding.communities import sample

AT = datetime(2026, 11, 20, 22, tzinfo=UTC)
READY: dict[str, Any] = {
    "mean_quality": {"90d": "0.80"},
    "enthusiasm": {"180d": 5},
    "expertise": {"180d": 4},
    "helpful_replies": {"90d": 25, "365d": 60},
    "contest_wins": {"365d": 0},
    "team_tasks": {"365d": 0},
    "posts_read": {"100d": 500},
    "closeness": {"all": 45},
    "contribution": {"all": 90},
    "strikes": {"180d": 0},
    "active_days": {"30d": 12},
}


@pytest.fixture(scope="module")
def auto() -> Community:
    return sample("auto")


@pytest.fixture(scope="module")
def book(auto: Community) -> Rulebook:
    return compile_rulebook(auto)


def decided(auto: Community, book: Rulebook, *, days: int = 120, **changed: Any) -> dict[str, Any]:
    """What is decided about an active owner who has been so for some days, with some metrics changed."""
    import json

    attributes = {
        "tier": "active",
        "stage": "active",
        "titles": [],
        "consent": True,
        "days_in_tier": days,
        "met_for": 10,
    }
    member = {"id": "m1", "attributes": attributes, "metrics": {**READY, **changed}}
    document = {"at": "2026-11-21T06:00:00+08:00", "members": [member], "community": {"posts": {"100d": 2000}}}
    told = read_facts(json.dumps(document).encode(), Gate(auto, book), auto.zone, "facts.json")
    decisions = [one.data() for one in decide(book, told, AT).decisions]
    return next(one for one in decisions if one["rule"] == "tier")


def test_the_class_is_the_time_of_observation(auto: Community, book: Rulebook) -> None:
    assert decided(auto, book, days=60)["outcome"] == "keep"
    assert decided(auto, book, days=89)["outcome"] == "keep"
    assert (decided(auto, book, days=90)["outcome"], decided(auto, book, days=90)["to"]) == ("promote", "core")


def test_the_core_takes_figures_and_the_word_of_the_teacher(auto: Community, book: Rulebook) -> None:
    reasons = {one["metric"]: one["truth"] for one in decided(auto, book)["reasons"]}
    assert reasons["mean_quality"] == reasons["enthusiasm"] == reasons["expertise"] == "true"
    assert decided(auto, book, enthusiasm={"180d": 3})["outcome"] == "keep"
    assert decided(auto, book, expertise={"180d": 2})["outcome"] == "keep"


def test_a_won_contest_is_one_of_the_things_that_open_the_way(auto: Community, book: Rulebook) -> None:
    quiet = {"helpful_replies": {"90d": 0, "365d": 60}}
    assert decided(auto, book, **quiet)["outcome"] == "keep"
    won = decided(auto, book, **quiet, contest_wins={"365d": 1})
    assert (won["outcome"], won["to"]) == ("promote", "core")


def test_closeness_and_contribution_both_place_a_member(auto: Community, book: Rulebook) -> None:
    assert decided(auto, book)["outcome"] == "promote"
    assert decided(auto, book, closeness={"all": 29})["outcome"] == "keep"
    assert decided(auto, book, contribution={"all": 59})["outcome"] == "keep"
    reasons = {one["metric"] for one in decided(auto, book)["reasons"]}
    assert {"closeness", "contribution"} <= reasons


def test_every_tier_is_looked_after_in_exactly_one_way(auto: Community) -> None:
    ladder = auto.ladders["tier"]
    assert {tier.id: tier.touch.kind for tier in ladder.tiers if tier.touch is not None} == {
        "base": "broadcast",
        "active": "grouped",
        "core": "dedicated",
        "ambassador": "networked",
    }
