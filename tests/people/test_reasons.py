"""Reasons: a decision says of every condition of the next tier what was found, what was asked, and how it came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cli.memory import Memory
from operations.explain import explain
from operations.ports.decisions import Wanted
from rules.spec import Community
from rules.spec.conditions import leaves
from tests.people.owners import AT, did, enlist, owners, reviewed

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def spec(memory: Memory) -> Community:
    """One for long enough in a class, whose pieces nobody has rated, and one who was there once in a month."""
    auto = owners(memory)
    enlist(memory, auto, "wu", origin="both", consent=True, tier="active", stage="active", since=200)
    did(memory, auto, "wu", "visited", 9, minutes=5)
    enlist(memory, auto, "li", origin="both", consent=True, tier="active", stage="active", since=200)
    did(memory, auto, "li", "visited", *range(1, 29, 2), minutes=5)
    return auto


def test_a_decision_is_kept_with_each_condition_its_value_and_its_bound(memory: Memory, spec: Community) -> None:
    reviewed(memory, spec)
    (kept,) = memory.decisions.find(spec.id, Wanted(member="wu", rule="tier"))

    assert kept.decision.outcome == "grace"
    assert {
        (one.metric, one.over, one.value, one.comparison, one.threshold, one.truth) for one in kept.decision.reasons
    } == {
        ("active_days", "30d", 1, "at_least", 3, False),
        ("strikes", "180d", 0, "at_most", 1, True),
        ("below_for", "all", 0, "at_least", 14, False),  # so it is grace, and not yet the fall
    }
    assert kept.decision.digest == spec.digest


def test_whoever_asks_is_told_of_every_condition_met_unmet_or_unknown(memory: Memory, spec: Community) -> None:
    shown = explain(memory.desk, spec, "li", AT).data()["standings"][0]["conditions"]
    earn = next(one for one in shown if (one["about"], one["tier"]) == ("earn", "core"))
    told = {leaf["metric"]: (leaf["value"], leaf["threshold"], leaf["truth"]) for leaf in leaves_of(earn)}

    core = next(tier for tier in spec.ladders["tier"].tiers if tier.id == "core")
    assert {leaf.name for _, leaf in leaves(core.earn)} == set(told), (
        "not one of them is left out, and no other is there"
    )
    assert told["days_in_tier"] == (200, 90, "true")
    assert told["mean_quality"] == (None, "0.70", "unknown"), "nobody has rated anything"
    assert told["closeness"][1:] == (30, "false")
    missing = {one["metric"]: one["truth"] for one in earn["missing"]}
    assert (missing["mean_quality"], missing["closeness"], "days_in_tier" in missing) == ("unknown", "false", False)


def leaves_of(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The comparisons of a condition as it was explained."""
    if "metric" in told:
        yield told
    else:
        for part in told["parts"]:
            yield from leaves_of(part)
