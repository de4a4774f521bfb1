"""Who comes into a run and leaves it is known as soon as it happens, and told once, not only when a door closes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from operations.around import Around
from operations.errors import Refusal
from operations.known import Known
from operations.people import People
from operations.ports.runs import Run
from rules.fact import Fact
from rules.spec.conditions import Condition
from tests.workflows.teams.crewed import AT, Clock, settle
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import CheckPhase, OpenPhase

pytestmark = pytest.mark.servers

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GUESTS = ("m010", "m011", "m012", "m013")
COMING = ("enrolled", "declined", "withdrew")


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    return settle(memory, 24, core=8)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(memory: Any, clock: Clock) -> Desk:
    return Desk(memory.house, now=clock)


def begun(memory: Any, task: str, phase: str, *, key: str, rehearsed: bool = False, **args: Any) -> Run:
    """A run without a workflow, in its first phase of this name."""
    launcher = Launcher(memory.house, memory)
    run = launcher.begin(task, community="auto", at=AT, args=args, key=key, rehearsed=rehearsed, seed=5)
    Conduct(memory.house, now=lambda: AT).open(OpenPhase(run=run.id, phase=phase, visit=1, scope="", at=AT))
    return run


def looked(memory: Any, run: Run, phase: str, at: datetime, *, due: bool) -> Any:
    return Conduct(memory.house, now=lambda: at).check(CheckPhase(run=run.id, phase=phase, visit=1, at=at, due=due))


def told(memory: Any, run: Run) -> list[Fact]:
    """What is known of who came into this run and left it."""
    found = memory.facts("auto").find(kinds=COMING, limit=500)
    return sorted((one for one in found if one.fields.get("run") == run.id), key=lambda one: (one.at, one.id))


def test_who_comes_in_and_who_leaves_is_a_fact_at_once_and_the_end_of_the_enrolment_adds_none(
    memory: Any, spec: Any, desk: Desk, clock: Clock
) -> None:
    run = begun(memory, "elders-share", "guests", key="at-once")
    for number, guest in enumerate(GUESTS, start=1):
        clock.now = AT + number * HOUR
        desk.enrol(run.id, member=guest, fields={})
    clock.now = AT + 9 * HOUR
    desk.withdraw(run.id, member="m012")

    by_then = told(memory, run)
    assert [(one.kind, one.member, one.at) for one in by_then] == [
        *(("enrolled", guest, AT + number * HOUR) for number, guest in enumerate(GUESTS, start=1)),
        ("withdrew", "m012", AT + 9 * HOUR),
    ]
    assert {one.fields["phase"] for one in by_then} == {"guests"}

    assert looked(memory, run, "guests", AT + 15 * DAY, due=True).outcome == "done"
    assert set(memory.runs.visit(run.id, "guests").results["members"]) == {"m010", "m011", "m013"}
    assert told(memory, run) == by_then


def test_whoever_leaves_after_the_door_has_closed_has_left_the_run(
    memory: Any, spec: Any, desk: Desk, clock: Clock
) -> None:
    run = begun(memory, "elders-share", "guests", key="leaves-later")
    clock.now = AT + HOUR
    for guest in GUESTS:
        desk.enrol(run.id, member=guest, fields={})
    looked(memory, run, "guests", AT + 15 * DAY, due=True)
    clock.now = AT + 16 * DAY

    desk.withdraw(run.id, member="m013")

    left = [(one.member, one.at) for one in told(memory, run) if one.kind == "withdrew"]
    assert left == [("m013", clock.now)]
    with pytest.raises(Refusal, match="m013 has no part"):
        desk.withdraw(run.id, member="m013")
    assert len([one for one in told(memory, run) if one.kind == "withdrew"]) == 1


def test_a_circle_knows_how_many_of_its_members_stir_while_its_door_is_still_open(
    memory: Any, spec: Any, desk: Desk, clock: Clock
) -> None:
    run = begun(memory, "long-distance-circle", "joining", key="door", field="photography")
    clock.now = AT + DAY
    for guest in GUESTS:
        desk.enrol(run.id, member=guest, fields={}, phase="joining")
    here = {"run": run.id, "mode": "circle"}
    memory.facts(spec).record([Fact("stirs", "attended", "m011", AT + 5 * DAY, None, here)])
    assert memory.runs.visit(run.id, "joining").state == "open"

    people = People(Known(memory.house, spec, AT + 10 * DAY), Around(spec, run, spec.modes["circle"]))
    quarter = {"run.retention": {"at_least": "0.25", "at_most": "0.25", "over": "30d"}}
    assert people.holds(TypeAdapter(Condition).validate_python(quarter)) is True


def test_in_a_rehearsal_too_it_is_known_before_the_end_who_has_come_in(memory: Any, spec: Any) -> None:
    run = begun(memory, "elders-share", "guests", key="rehearsed", rehearsed=True)

    looked(memory, run, "guests", AT + 7 * DAY, due=False)

    by_then = told(memory, run)
    assert by_then
    assert memory.runs.visit(run.id, "guests").state == "open"
    looked(memory, run, "guests", AT + 15 * DAY, due=True)
    after = told(memory, run)
    assert [one for one in after if one.at <= AT + 7 * DAY] == by_then
    assert len(after) > len(by_then)
