"""Circles: recognised in a field, founded and led by members, with duties, support, and an end in dignity."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from operations.errors import Refusal
from operations.ports.effects import Deed
from tests.desk.auto import open_items, reviewed, staffed
from tests.touch.owners import AT, auto, happened, numbered, owners
from tests.waiting import pace
from workflows.desk import Desk
from workflows.launch import Launcher

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
FIELD = "long-distance"


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    staffed(memory, community)
    far = {"interests": frozenset({FIELD, "photography"})}
    owners(memory, community, ["hua", "jun", "kai"], tier="active", stage="active", **far)
    owners(memory, community, numbered("guest", 6), tier="active", stage="active", **far)
    return community


@pytest.fixture(scope="module")
def working(room: Any, spec: Any) -> Iterator[None]:
    from cli import wiring

    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        yield


@pytest.fixture
def desk(room: Any) -> Desk:
    return Desk(room.memory.house, poke=room.gateway.poke)


def authorise(memory: Any, spec: Any, member: str, field: str = FIELD) -> None:
    details = {"item": "circle-leader", "value": field}
    deeds = [
        Deed(key=f"test/{member}/{field}", kind="title", at=AT, source="test", member=member, details=details),
        Deed(
            key=f"test/{member}/support", kind="benefit", at=AT, source="test", member=member,
            details={"item": "leader-support"},
        ),
    ]  # fmt: skip
    memory.effects.do(spec.id, deeds)


def test_somebody_is_recognised_in_a_field_and_not_overall(memory: Any, spec: Any) -> None:
    days = range(5, 105, 10)
    for n, day in enumerate(days):
        happened(memory, spec, "rated", "kai", [day], work=f"far-{n}", score=90, field=FIELD)
        happened(memory, spec, "rated", "kai", [day], work=f"audio-{n}", score=30, field="audio")
        happened(memory, spec, "rated", "jun", [day], work=f"any-{n}", score=79, field=FIELD)

    reviewed(memory, spec, AT, ["rule:leads-a-field"])

    held = [(one.member, one.item, one.value) for one in memory.effects.holdings(spec.id, at=AT)]
    assert ("kai", "circle-leader", FIELD) in held
    assert not [one for one in held if one[0] == "jun" or one[2] == "audio"]
    assert [item.about for item in open_items(memory, spec, "connector")] == ["kai"]


def test_only_who_is_authorised_for_the_field_founds_its_circle(
    room: Any, spec: Any, working: None, eventually: Any
) -> None:
    launcher = Launcher(room.memory.house, room.gateway)
    authorise(room.memory, spec, "jun", "audio")

    for stranger in ("guest-01", "jun"):
        with pytest.raises(Refusal, match=f"{stranger} may not start long-distance-circle"):
            launcher.start("long-distance-circle", starter=stranger)
    run = launcher.start("long-distance-circle", starter="kai", at=AT, scale="1d=60s")

    eventually(lambda: room.memory.runs.visit(run.id, "leader"))
    room.gateway.cancel(run.id)
    eventually(lambda: room.memory.runs.run(run.id).status == "cancelled")


def confirm(desk: Desk, memory: Any, spec: Any, run: Any, member: str, eventually: Any) -> None:
    """A member says yes to leading."""

    def offered() -> Any:
        return [one for one in memory.inbox.find(spec.id, member=member, run=run.id) if "confirm" in one.choices]

    desk.complete(spec.id, eventually(offered)[0].id, outcome="confirm", fields={}, by=member)


@pytest.mark.slow  # months of a circle, with people at the desk
def test_a_circle_lives_by_its_leader_and_goes_over_when_the_title_is_lost(
    room: Any, spec: Any, working: None, desk: Desk, eventually: Any
) -> None:
    memory = room.memory
    authorise(memory, spec, "hua")
    authorise(memory, spec, "kai")
    run = Launcher(memory.house, room.gateway).start(
        "long-distance-circle", starter="hua", at=AT, scale=pace("1d=800ms"), key="life", args={"rhythm": "10d"}
    )
    confirm(desk, memory, spec, run, "hua", eventually)
    eventually(lambda: memory.runs.visit(run.id, "joining"))
    for guest in numbered("guest", 6):
        desk.enrol(run.id, member=guest, fields={})
    eventually(lambda: memory.runs.visit(run.id, "cases"))
    for number in (1, 2):
        fields = {"link": f"https://circle.example/{number}", "field": FIELD}
        desk.submit(run.id, "cases", member="hua", fields=fields)

    with pytest.raises(Refusal, match="is led by hua; staff may support it, not call it off"):
        desk.leads(run.id, "director-1", "cancel")
    assert desk.leads(run.id, "hua", "cancel").id == run.id
    support = memory.runs.visit(run.id, "support")
    assert (support.outcome, support.results["served"]) == ("done", ["hua"])
    revoked = Deed(
        key="test/revoked", kind="revoke", at=AT + 9 * DAY, source="test", member="hua",
        details={"holding": "title", "item": "circle-leader", "value": FIELD},
    )  # fmt: skip
    memory.effects.do(spec.id, [revoked])
    confirm(desk, memory, spec, run, "kai", eventually)

    assert eventually(lambda: desk.leads(run.id, "kai", "cancel")).id == run.id
    with pytest.raises(Refusal, match="hua does not lead"):
        desk.leads(run.id, "hua", "cancel")
    second = eventually(lambda: memory.inbox.item(spec.id, f"{run.id}/cases/2"))
    assert second.asked == ("kai",)
    done = memory.runs.visit(run.id, "cases", 1)
    assert (done.outcome, len(done.results["works"])) == ("done", 2)
    eventually(lambda: memory.runs.visit(run.id, "cases", 3))
    room.gateway.cancel(run.id)
    missed = [fact for fact in memory.facts(spec).find(kinds=["missed"], limit=20) if fact.fields.get("run") == run.id]
    assert {(fact.member, fact.fields["phase"]) for fact in missed} >= {("kai", "cases")}
