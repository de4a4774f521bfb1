"""A mentor leads: reviews and returns the work of the own mentees only; the brand supports and has no edit right."""

from __future__ import annotations

from typing import Any

import pytest

from operations.errors import Refusal
from tests.desk.auto import staffed
from tests.touch.owners import AT, auto, owners
from tests.waiting import pace
from workflows.desk import Desk
from workflows.launch import Launcher

pytestmark = [
    pytest.mark.servers,
    pytest.mark.slow,
]  # people act for weeks of a clock that a busy machine must keep up with

MENTORS, MENTEES = ["ma", "mo"], ["ling", "ning"]
PART = {"link": "https://photo.example/1"}


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    community = auto(memory)
    staffed(memory, community, planner=["ping"], director=["dong"])
    light = {"interests": frozenset({"photography"})}
    owners(memory, community, MENTORS, tier="core", stage="mature", skills=frozenset({"photography"}), **light)
    owners(memory, community, MENTEES, tier="active", stage="active", **light)
    memory.effects.stocked(community.id, "camera-kit", 9, by="test", at=AT, key="kits")
    return community


def test_a_mentor_leads_the_project_and_nobody_else_decides_in_it(room: Any, spec: Any, eventually: Any) -> None:
    from cli import wiring

    memory = room.memory
    desk = Desk(memory.house, poke=room.gateway.poke)
    with room.gateway.working(wiring.crew(memory, room.gateway)):
        run = Launcher(memory.house, room.gateway).start(
            "photo-masters",
            at=AT,
            scale=pace("1d=2s"),
            args={
                "mentors": {"from": ["tier:core"]},
                "mentees": {"from": ["tier:active"]},
                "least": 1,
                "most": 1,
                "sign_up": "4d",
                "weeks": "8d",
            },
        )

        def asked(member: str, phase: str) -> Any:
            found = memory.inbox.find(spec.id, member=member, run=run.id)
            return [item for item in found if item.phase == phase and item.state == "open"]

        eventually(lambda: memory.runs.visit(run.id, "masters"))
        for mentor in MENTORS:
            desk.enrol(run.id, member=mentor, fields={})
        eventually(lambda: memory.runs.visit(run.id, "learners"))
        for mentee in MENTEES:
            desk.enrol(run.id, member=mentee, fields={})
        eventually(lambda: memory.runs.visit(run.id, "groups"))
        for member in [*MENTORS, *MENTEES]:
            item = eventually(lambda who=member: asked(who, "groups"))[0]
            desk.complete(spec.id, item.id, outcome="confirm", fields={}, by=member)
        plan = eventually(lambda: asked("ma", "plan"))[0]

        # the project is the mentors'; the brand may support it
        for act in ("cancel", "edit", "hand out", "migrate"):
            with pytest.raises(Refusal, match=r"is led by ma, mo; staff may support it, not"):
                desk.leads(run.id, "ping", act)
            assert desk.leads(run.id, "ma", act).id == run.id
        with pytest.raises(Refusal, match="is not asked of ping"):
            desk.complete(spec.id, plan.id, outcome="done", fields={"passed_on": "light"}, by="ping")
        for mentor in MENTORS:
            item = eventually(lambda who=mentor: asked(who, "plan"))[0]
            with pytest.raises(Refusal, match="is not asked of"):
                desk.complete(spec.id, item.id, outcome="done", fields={"passed_on": "x"}, by=MENTEES[0])
            desk.complete(spec.id, item.id, outcome="done", fields={"passed_on": "light"}, by=mentor)

        # each mentor has the own mentee's drafts, and nobody else's
        teams = memory.teams.of_run(run.id, live=True)
        mentor_of = {team.inside("mentee")[0]: team.inside("mentor")[0] for team in teams}
        assert set(mentor_of) == set(MENTEES)
        assert set(mentor_of.values()) == set(MENTORS)
        mentee = MENTEES[0]
        mine = mentor_of[mentee]
        other = next(one for one in MENTORS if one != mine)
        draft = eventually(lambda: asked(mentee, "drafts"))[0]
        work = desk.submit(run.id, "drafts", member=mentee, fields=PART, visit=draft.visit).id
        verdict = eventually(lambda: [one for one in asked(mine, "guidance") if one.about == work])[0]
        assert asked(other, "guidance") == []
        for stranger in (other, "ping", mentee):
            with pytest.raises(Refusal, match=r"is not asked of|nobody decides about their own work"):
                desk.complete(spec.id, verdict.id, outcome="approve", fields={"reason": "mine"}, by=stranger)
        desk.complete(spec.id, verdict.id, outcome="return", fields={"reason": "more light"}, by=mine)
        assert [one for one in asked(mine, "guidance") if one.about == work] == [], "it is with the learner now"
        (back,) = asked(mentee, "guidance")
        assert back.details["returned"] == [{"by": mine, "reason": "more light"}]
        again = {"link": "https://photo.example/2"}
        desk.complete(spec.id, back.id, outcome="revise", fields=again, by=mentee)
        (anew,) = [one for one in asked(mine, "guidance") if one.about == work]
        desk.complete(spec.id, anew.id, outcome="approve", fields={"reason": "now it shines"}, by=mine)
        assert memory.runs.works_by_id(spec.id, [work])[work].version == 2
        room.gateway.cancel(run.id)
