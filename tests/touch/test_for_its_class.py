"""A task for the classes that share something: offered, told, shown and open to exactly their members."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from operations.errors import Refusal
from operations.keep_touch import keep_touch
from operations.ports.runs import Run
from tests.desk.auto import reviewed
from tests.touch.owners import AT, auto, numbered, owners
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.offers import offers
from workflows.seeing import seen
from workflows.steps import OpenPhase

pytestmark = pytest.mark.servers
SUVS, MPVS = numbered("suv", 10), numbered("mpv", 9)
LATER = AT + timedelta(hours=1)


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    owners(memory, community, SUVS, tier="active", stage="active", car_model="suv-x")
    owners(memory, community, MPVS, tier="active", stage="active", car_model="mpv-v")
    owners(memory, community, ["passer-by"], car_model="suv-x")
    memory.effects.staff("auto", "host", ["hana"])
    keep_touch(memory.desk, community, at=AT, start=False)
    return community


@pytest.fixture(scope="module")
def run(memory: Any, spec: Any) -> Run:
    """The run that the rule asked for, with its gate open."""
    counts = reviewed(memory, spec, AT, ["rules:cohort"])["rules:cohort"]
    assert (counts["true:weekend-for-suvs"], counts["fired:weekend-for-suvs"]) == (1, 1)
    (deed,) = memory.effects.to_start("auto")
    assert deed.details["task"] == "off-road-weekend"
    subject = memory.touch.cohorts_of("auto", "suv-01")["classes"]
    assert subject in str(deed)
    begun = Launcher(memory.house, memory).begin(
        "off-road-weekend", community="auto", subject=subject, at=AT, key=deed.key
    )
    conduct = Conduct(memory.house, now=lambda: AT)
    for phase in ("told", "pieces"):
        conduct.open(OpenPhase(run=begun.id, phase=phase, visit=1, scope="", at=AT))
    return begun


def test_the_message_goes_to_every_member_of_the_class_and_to_nobody_else(memory: Any, spec: Any, run: Run) -> None:
    told = {
        who
        for who in [*SUVS, *MPVS, "passer-by"]
        if any("class-task" in one.what for one in memory.outbox.of("auto", who))
    }
    assert told == set(SUVS)


def test_the_task_is_offered_to_the_members_of_the_matching_class_only(memory: Any, spec: Any, run: Run) -> None:
    offered = {
        who
        for who in [*SUVS, *MPVS, "passer-by"]
        if "off-road-weekend" in {one.task for one in offers(memory.house, spec, who, now=LATER)}
    }
    assert offered == set(SUVS), "not to the other class, and not to whoever has the car and is in no class"


def test_others_can_neither_hand_in_nor_see_what_was_handed_in(memory: Any, spec: Any, run: Run) -> None:
    desk = Desk(memory.house, now=lambda: LATER)
    work = desk.submit(run.id, "pieces", member="suv-03", fields={"words": "mud to the windows"})

    for stranger in ("mpv-01", "passer-by"):
        with pytest.raises(Refusal, match="is not among those who may take part"):
            desk.submit(run.id, "pieces", member=stranger, fields={"words": "me too"})
        with pytest.raises(Refusal, match=f"is for {run.subject} only"):
            seen(desk, run.id, stranger)
    for insider in ("suv-07", "hana", None):
        assert work.id in str(seen(desk, run.id, insider))
