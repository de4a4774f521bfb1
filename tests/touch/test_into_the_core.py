"""From the class into the core: observed long enough, good by figures and by the teacher's word, near and useful."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from operations import membership
from operations.explain import explain
from operations.ports.standings import Place
from tests.desk.auto import asked, open_items, reviewed, staffed
from tests.touch.owners import AT, auto, happened, owners

pytestmark = pytest.mark.servers
DAY = timedelta(days=1)
LACKING = {"stranger": "closeness", "idle": "contribution", "cool": "enthusiasm", "lay": "expertise"}
"""Those who have everything but one thing, and what it is."""


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    """A riser who came into the class sixty days ago, and four who have been there long and lack one thing each."""
    community = auto(memory)
    staffed(memory, community)
    owners(memory, community, ["riser"], tier="active", stage="active", since=AT - 60 * DAY)
    owners(memory, community, LACKING, tier="active", stage="active", since=AT - 200 * DAY)
    for who in ("riser", *LACKING):
        lacks = LACKING.get(who)
        happened(memory, community, "visited", who, range(-60, 60, 7), minutes=5)
        for day in range(-60, 80, 20):
            happened(memory, community, "rated", who, [day], work=f"{who}/{day}", score=80)
        marks = {"enthusiasm": 3 if lacks == "enthusiasm" else 5, "expertise": 3 if lacks == "expertise" else 4}
        happened(memory, community, "host_rating", who, [5], **marks, by="host-1")
        happened(memory, community, "judged", who, [30], work=f"{who}/contest", mode="contest", place=1, of=9)
        if lacks != "closeness":
            happened(memory, community, "touched", who, range(1, 8), how="met", by="connector-1")
        if lacks != "contribution":
            happened(memory, community, "accepted", who, [20], work=f"{who}/accepted", credit=40)
    return community


def tier(memory: Any, who: str) -> Any:
    return memory.standings.one("auto", Place(member=who, ladder="tier")).at


def looked(memory: Any, spec: Any, at: datetime) -> dict[str, int]:
    """A review of the tiers, and what touches them."""
    return dict(reviewed(memory, spec, at, ["tier"])["tier"])


def test_who_has_all_the_figures_rises_when_the_time_of_observation_is_over_and_not_before(
    memory: Any, spec: Any
) -> None:
    for days in (0, 10, 20, 29):  # 60, 70, 80 and 89 days in the class
        counts = looked(memory, spec, AT + days * DAY)
        assert (counts.get("promote", 0), counts.get("observation_begins", 0)) == (0, 0), days
    told = explain(memory.desk, spec, "riser", at=AT + 29 * DAY, tier="core").data()["standings"][0]
    (earn,) = [one for one in told["conditions"] if one["about"] == "earn"]
    assert [(one["metric"], one["value"], one["threshold"]) for one in earn["missing"]] == [("days_in_tier", 89, 90)]

    assert looked(memory, spec, AT + 30 * DAY)["observation_begins"] == 1
    assert looked(memory, spec, AT + 38 * DAY)["asked"] == 1
    move = next(one for one in memory.memberships.unstarted("auto") if one.member == "riser")
    asked(memory, spec, AT + 38 * DAY)
    (approval,) = [one for one in open_items(memory, spec, "planner") if one.about == "riser"]
    memory.inbox.complete("auto", approval.id, outcome="agree", fields={}, by="planner-1", at=AT + 39 * DAY)
    membership.advance(memory.desk, "auto", move.id, AT + 39 * DAY)
    assert tier(memory, "riser") == "active", "nobody is moved who has not said yes"
    (invitation,) = memory.memberships.invitations("auto", "riser")
    memory.memberships.answer("auto", invitation.id, answer="accept", at=AT + 40 * DAY)
    membership.advance(memory.desk, "auto", invitation.id, AT + 40 * DAY)

    assert tier(memory, "riser") == "core"
    assert memory.effects.assigned("auto", "riser") == {"contact": "connector-1"}, "from the class to a person"
    assert {who: tier(memory, who) for who in LACKING} == dict.fromkeys(LACKING, "active")


@pytest.mark.parametrize(("who", "lacks"), LACKING.items())
def test_whoever_lacks_one_of_nearness_use_or_the_teachers_word_stays_and_is_told_which(
    memory: Any, spec: Any, who: str, lacks: str
) -> None:
    told = explain(memory.desk, spec, who, at=AT, tier="core").data()["standings"][0]

    (earn,) = [one for one in told["conditions"] if one["about"] == "earn"]
    assert [one["metric"] for one in earn["missing"]] == [lacks]
    assert {"closeness", "contribution", "enthusiasm", "expertise", "mean_quality", "days_in_tier"} <= {
        part["metric"] for part in earn["parts"][0]["parts"] if "metric" in part
    }
