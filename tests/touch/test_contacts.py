"""One contact for each core owner: given on promotion, asked for a talk each fortnight, handed on when they leave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from operations.handover import hand_over
from operations.keep_touch import keep_touch
from operations.ports.facts import Fact
from operations.ports.runs import RUNNING
from operations.ports.standings import Place
from operations.prizes import deadline_in
from rules.spec import Community
from store.tables.effects import assignment
from tests.touch.owners import AT, LONG_AGO, auto, numbered, owners
from tests.waiting import pace
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import POKE, CheckPhase, OpenPhase

pytestmark = pytest.mark.servers

BEFORE = datetime.now(UTC) - timedelta(hours=1)
NOTE = {"life": "a new child", "ideas": "a film about seats", "next_step": "lend her the camera"}


@pytest.fixture(scope="module")
def community(room: Any) -> Community:
    """Core owners who came with their standing."""
    community = auto(room.memory)
    owners(room.memory, community, [*numbered("core", 8), "quiet", "talker", "planner"], tier="core", stage="mature")
    room.memory.effects.staff("auto", "connector", ["cora", "carl"])
    room.memory.effects.staff("auto", "planner", ["petra"])
    keep_touch(room.memory.desk, community, at=BEFORE, start=False)
    return community


@pytest.fixture(scope="module")
def working(room: Any, community: Community) -> Iterator[None]:
    from cli import wiring

    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        yield


@pytest.fixture
def desk(room: Any) -> Desk:
    return Desk(room.memory.house, poke=room.gateway.poke)


@pytest.fixture
def launcher(room: Any, working: None) -> Launcher:
    return Launcher(room.memory.house, room.gateway)


def contact_of(room: Any, member: str) -> str:
    return str(room.memory.effects.assigned("auto", member)["contact"])


def test_everybody_in_the_tier_has_exactly_one_contact_and_the_database_sees_to_it(
    room: Any, community: Community
) -> None:
    loads = {one.person: one.members for one in room.memory.touch.loads("auto") if one.role == "connector"}
    assert sorted(loads.values()) == [5, 6]
    second = {
        "community": "auto",
        "key": "another",
        "member": "core-01",
        "relation": "contact",
        "role": "connector",
        "person": "zoe",
        "since": AT,
    }
    with pytest.raises(IntegrityError, match="assignment_once"), room.memory.engine.begin() as connection:
        connection.execute(assignment.insert().values(**second))


def test_nobody_gets_more_members_than_the_role_has_room_for(room: Any, community: Community) -> None:
    owners(room.memory, community, numbered("more", 60), tier="core", stage="mature")

    keep_touch(room.memory.desk, community, at=BEFORE, start=False)

    loads = {(one.role, one.person): one.members for one in room.memory.touch.loads("auto")}
    assert loads["connector", "cora"] == loads["connector", "carl"] == 25  # the capacity of the role
    assert loads["planner", "petra"] == 71 - 50  # its backup, which has no bound
    for member in numbered("more", 60):
        place = Place(member=member, ladder="tier")
        room.memory.standings.put("auto", place, to="base", by="test", reason="test", at=AT)
    keep_touch(room.memory.desk, community, at=BEFORE + timedelta(minutes=5), start=False)
    assert sum(one.members for one in room.memory.touch.loads("auto")) == 11, "who leaves the tier has no contact left"


def test_a_talk_is_asked_for_each_fortnight_and_a_missed_one_goes_to_the_planner(
    room: Any, launcher: Launcher, eventually: Any
) -> None:
    run = launcher.start("core-care", subject="quiet", at=AT, scale="1d=120ms")

    def talks() -> list[Any]:
        return [visit for visit in room.memory.runs.visits(run.id) if visit.phase == "talk"]

    eventually(lambda: len(talks()) >= 4)
    room.gateway.cancel(run.id)
    found = talks()[:3]
    gaps = [(later.opened_at - first.opened_at).days for first, later in pairwise(found)]
    assert gaps == [14, 14]
    assert [visit.outcome for visit in found] == ["silent"] * 3
    missed = [one for one in room.memory.inbox.find("auto", role="planner") if one.id.startswith(f"{run.id}/talk/1")]
    assert [one.title["en"] for one in missed] == ["Missed: Personal contact"]
    assert [one.about for one in missed] == ["quiet"]


def test_a_note_outside_of_the_rhythm_starts_the_fortnight_anew(
    room: Any, launcher: Launcher, desk: Desk, community: Community, eventually: Any
) -> None:
    run = launcher.start("core-care", subject="talker", at=AT, scale=pace("1d=400ms"))
    eventually(lambda: room.memory.runs.visit(run.id, "talk"))
    first = room.memory.runs.visit(run.id, "talk", 1)
    told = first.opened_at + timedelta(days=9)
    note = Fact("note-of-talker", "check_in_note", "talker", told, None, {**NOTE, "by": "cora"})
    room.memory.facts(community).record([note])

    second = eventually(lambda: room.memory.runs.visit(run.id, "talk", 2))

    room.gateway.cancel(run.id)
    assert second.opened_at == told + timedelta(days=14)


def test_a_topic_is_planned_by_both_and_keeps_the_strength_that_it_uses(
    room: Any, launcher: Launcher, desk: Desk, community: Community, eventually: Any
) -> None:
    contact = contact_of(room, "planner")
    run = launcher.start("core-care", subject="planner")
    eventually(lambda: room.memory.runs.visit(run.id, "introduction"))
    desk.answer(run.id, "introduction", by=contact, choice="done", fields=NOTE)
    eventually(lambda: room.memory.runs.visit(run.id, "plan"))
    plan = {"theme": "journeys", "strength": "camera", "plan": "three days in the mountains"}

    desk.answer(run.id, "plan", by=contact, choice="done", fields=plan)
    agreed = eventually(lambda: room.memory.runs.visit(run.id, "agreed"))
    assert agreed.asked == ("planner",)
    desk.answer(run.id, "agreed", by="planner", choice="agree")
    eventually(lambda: room.memory.runs.visit(run.id, "piece"))

    facts = room.memory.facts(community)
    (kept,) = facts.find(member="planner", kinds=["topic_plan"])
    assert (kept.fields["strength"], kept.fields["by"], kept.fields["run"]) == ("camera", contact, run.id)
    answers = {fact.fields["phase"]: fact.fields["choice"] for fact in facts.find(member="planner", kinds=["answered"])}
    assert answers["agreed"] == "agree"
    talk = room.memory.runs.visit(run.id, "talk")
    assert (talk.state, talk.asked) == ("open", (contact,)), "both go on side by side"

    # the contact leaves: the open talk goes to the next, the history stays
    after = next(one for one in ("cora", "carl") if one != contact)
    done = hand_over(room.memory.house, community, "connector", contact, at=datetime.now(UTC))

    assert ("planner", after) in {(one.member, one.to) for one in done.moved}
    (take_over,) = [one for one in room.memory.inbox.find("auto", member=after) if one.run is None]
    assert "planner" in take_over.details["members"]
    assert take_over.due == deadline_in(community, "sla:handover", take_over.opened_at), "within the service level"
    assert take_over.escalate[0][1] == "role:planner"
    assert room.memory.runs.visit(run.id, "talk").asked == (after,)
    assert desk.answer(run.id, "talk", by=after, choice="done", fields=NOTE).accepted
    history = room.memory.touch.assignments("auto", member="planner", ended=True)
    assert [one.person for one in history] == [contact, after]

    # back among the active: the care ends, and with it every duty
    place = Place(member="planner", ladder="tier")
    room.memory.standings.put("auto", place, to="active", by="test", reason="test", at=datetime.now(UTC))
    room.gateway.signal(run.id, POKE, "")
    ended = eventually(lambda: (one := room.memory.runs.run(run.id)).status != RUNNING and one)
    assert ended.end == "end:stopped"
    assert room.memory.inbox.find("auto", run=run.id) == []
    keep_touch(room.memory.desk, community, at=datetime.now(UTC), start=False)
    assert "contact" not in room.memory.effects.assigned("auto", "planner")
    assert "classes" in room.memory.touch.cohorts_of("auto", "planner"), "the class looks after them from now on"


def test_a_talk_that_is_closed_late_is_missed_all_the_same(room: Any, community: Community) -> None:
    run = Launcher(room.memory.house, room.gateway).begin(
        "core-care", community="auto", subject="core-03", at=AT, scale="1d=1s", key="late"
    )
    conduct = Conduct(room.memory.house, now=lambda: AT)
    due = conduct.open(OpenPhase(run=run.id, phase="introduction", visit=1, scope="", at=AT)).deadline
    assert due is not None
    late = CheckPhase(run=run.id, phase="introduction", visit=1, at=due + timedelta(days=6), due=True)

    assert conduct.check(late).outcome == "silent"
    conduct.check(late)  # the next look takes what was left

    missed = [one for one in room.memory.inbox.find("auto", role="planner") if one.id.startswith(f"{run.id}/")]
    assert [(one.title["en"], one.about) for one in missed] == [("Missed: Personal contact", "core-03")]


def test_the_care_of_one_stay_in_the_tier_is_started_once(room: Any, community: Community) -> None:
    first = keep_touch(room.memory.desk, community, at=AT)
    again = keep_touch(room.memory.desk, community, at=AT + timedelta(days=1))

    assert again.started == 0
    waiting = room.memory.effects.to_start("auto", limit=100)
    assert first.started == len(waiting), "whatever was started before"
    care = [deed.key for deed in waiting if deed.details["task"] == "core-care"]
    stays = {f"auto/touch/core-care/{member}@{LONG_AGO.isoformat()}" for member in [*numbered("core", 8), "quiet"]}
    assert stays <= set(care)
    assert len({key.rpartition("@")[0] for key in care}) == len(care), "one for each"
