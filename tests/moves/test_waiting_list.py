"""Twelve seats among the ambassadors: trust is a condition, whoever is trusted and finds no seat waits in order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations.keep_touch import keep_touch
from operations.ports.facts import Fact
from operations.ports.standings import Place
from tests.desk.auto import reviewed
from tests.scarce.programme import AT, settle_in
from workflows.conduct import Conduct
from workflows.launch import Launcher
from workflows.steps import CheckPhase, OpenPhase

pytestmark = pytest.mark.servers
DAY = timedelta(days=1)
REACHED = {"core-1": 130, "core-2": 110, "core-3": 120}


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    """Three who have reached more than a hundred; one of them has brought up nobody, and is not trusted."""
    community = settle_in(memory)
    facts = []
    for who, reached in REACHED.items():
        facts += [
            Fact(f"{who}/met/{n}", "attended", f"guest-{n}", AT - DAY, None, {"via": who, "part": "guest"})
            for n in range(reached)
        ]
        facts += [
            Fact(f"{who}/touched/{n}", "touched", who, AT - n * DAY, None, {"how": "met", "by": "lin"})
            for n in range(8)
        ]
        facts += [Fact(f"{who}/here/{n}", "visited", who, AT - n * DAY, None, {"minutes": 5}) for n in range(60)]
        facts.append(
            Fact(f"{who}/project", "finished", who, AT - 90 * DAY, None, {"mode": "project-team", "outcome": "done"})
        )
        facts.append(Fact(f"{who}/credit", "accepted", who, AT - 90 * DAY, None, {"work": f"w-{who}", "credit": 100}))
        facts += [
            Fact(f"{who}/taught/{n}", "graduated", f"pupil-{who}-{n}", AT - 60 * DAY, None, {"mentor": who})
            for n in range(2 if who != "core-3" else 1)
        ]
    memory.facts(community).record(facts)
    return community


def test_who_is_trusted_and_finds_no_seat_waits_and_the_next_free_seat_goes_to_the_widest_reach(
    memory: Any, spec: Any
) -> None:
    assert spec.ladders["tier"].tiers[-1].seats == 12
    reviewed(memory, spec, AT, ["tier"])
    counts = reviewed(memory, spec, AT + 15 * DAY, ["tier"])["tier"]
    assert (counts["promote"], counts["no_seat"], counts.get("asked", 0)) == (2, 2, 0)

    place = Place(member="amb-12", ladder="tier")
    memory.standings.put("auto", place, to="core", by="kim", reason="moved away", at=AT + 15 * DAY)
    counts = reviewed(memory, spec, AT + 16 * DAY, ["tier"])["tier"]

    assert (counts["asked"], counts["no_seat"]) == (1, 1)
    assert [one.member for one in memory.memberships.unstarted("auto")] == ["core-1"], "130 against 110; 120 untrusted"


def test_whoever_rises_into_the_network_is_not_looked_after_day_by_day_any_more(memory: Any, spec: Any) -> None:
    keep_touch(memory.desk, spec, at=AT, start=False)
    run = Launcher(memory.house, memory).begin("core-care", community="auto", subject="core-4", at=AT, key="care")
    conduct = Conduct(memory.house, now=lambda: AT)
    conduct.open(OpenPhase(run=run.id, phase="introduction", visit=1, scope="", at=AT))
    (duty,) = memory.inbox.find("auto", run=run.id)
    assert (duty.asked, duty.state) == ((memory.effects.assigned("auto", "core-4")["contact"],), "open")
    memory.standings.put(
        "auto", Place(member="core-4", ladder="tier"), to="ambassador", by="kim", reason="risen", at=AT + DAY
    )

    seen = conduct.check(CheckPhase(run=run.id, phase="introduction", visit=1, at=AT + 2 * DAY, due=False))

    assert seen.outcome == "lapsed"
    assert memory.inbox.find("auto", run=run.id) == [], "the old mode's duty is over with the tier"
