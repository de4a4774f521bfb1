"""Explain: the standing, each condition with value and threshold, and what is missing."""

import pytest

from cli.memory import Memory
from operations.errors import Refusal
from operations.explain import explain
from tests.moves.club import AT, facts, people, publish, reviewed

pytestmark = pytest.mark.servers


def test_a_member_sees_what_is_missing_for_the_next_tier(remembered: Memory) -> None:
    club = publish(remembered)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [1])

    standing = explain(remembered.desk, club, "ann", AT).data()["standings"][0]

    assert (standing["ladder"], standing["tier"], standing["outcome"]) == ("tier", "guest", "none")
    (earn,) = standing["conditions"]
    assert (earn["about"], earn["tier"], earn["truth"]) == ("earn", "regular", "false")
    assert earn["missing"] == [
        {
            "metric": "posts",
            "over": "30d",
            "value": 1,
            "comparison": "at_least",
            "threshold": 3,
            "truth": "false",
            "lacks": 2,
        }
    ]


def test_a_tier_that_is_not_the_next_one_can_be_asked_for(remembered: Memory) -> None:
    club = publish(remembered)
    people(remembered, club, "ann")
    facts(remembered, club, "posted", "ann", [1, 2, 3])
    reviewed(remembered)

    standing = explain(remembered.desk, club, "ann", AT, tier="trusted").standings[0]

    assert [(asked.about, asked.tier, asked.trace.truth) for asked in standing.asked] == [
        ("keep", "regular", True),
        ("earn", "trusted", False),
    ]


def test_a_stranger_and_a_tier_nobody_has_are_refused_with_a_way_out(remembered: Memory) -> None:
    club = publish(remembered)
    people(remembered, club, "ann")

    with pytest.raises(Refusal, match="no member 'zoe'"):
        explain(remembered.desk, club, "zoe", AT)
    with pytest.raises(Refusal, match="guest, regular"):
        explain(remembered.desk, club, "ann", AT, tier="king")
