"""Mentors lead their groups on real servers: own learners only, nothing closed without their word, no brand hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from operations.errors import Refusal
from operations.ports.runs import Run, Visit
from tests.waiting import PATIENCE, pace
from tests.workflows.teams.crewed import people, settle
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.teamwork import Teamwork

pytestmark = [
    pytest.mark.servers,
    pytest.mark.slow,
]  # people act for weeks of a clock that a busy machine must keep up with

KNOWN = {one.id: one.attributes for one in people(64)}
PART = {"link": "https://example.org/1"}
PIECE = {"link": "https://example.org/2", "theme": "design"}
WHY = {"reason": "because"}
MASTERS = [who for who in (f"m{n:03d}" for n in range(12)) if "photography" in KNOWN[who]["skills"]]
LEARNERS = [f"m{n:03d}" for n in range(44, 50)]


@pytest.fixture(scope="module")
def founded(room: Any) -> Iterator[Any]:
    from cli import wiring

    settle(room.memory)
    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        yield room


@pytest.fixture
def desk(founded: Any) -> Desk:
    return Desk(founded.memory.house, poke=founded.gateway.poke)


def of_unit(memory: Any, run: Run, phase: str, number: int) -> Visit | None:
    found = [one for one in memory.runs.visits(run.id) if one.phase == phase and f".{number}/" in one.scope]
    return found[-1] if found else None


def test_a_mentor_leads_the_own_group_and_no_other_and_the_brand_stays_out(
    founded: Any, desk: Desk, eventually: Any
) -> None:
    memory = founded.memory
    masters = {"from": ["tier:core"], "where": {"skills": {"contains": "photography"}}}
    learners = {"where": {"tier": {"one_of": ["base", "active"]}}}
    run = Launcher(memory.house, founded.gateway).start(
        "photo-masters",
        scale=pace("1d=4s"),
        args={"mentors": masters, "mentees": learners, "sign_up": "1d", "weeks": "2d", "least": 2, "most": 3},
    )
    eventually(lambda: memory.runs.visit(run.id, "masters"))
    assert set(memory.runs.visit(run.id, "masters").asked) == set(MASTERS)
    assert len(MASTERS) >= 2
    first, second = MASTERS[:2]
    for who in MASTERS:
        if who in (first, second):
            desk.enrol(run.id, member=who, fields={})
        else:
            desk.decline(run.id, member=who)
    eventually(lambda: memory.runs.visit(run.id, "learners"))
    with pytest.raises(Refusal, match="not among those who may take part"):
        desk.enrol(run.id, member=first, fields={})  # nobody learns from themselves
    for who in LEARNERS:
        desk.enrol(run.id, member=who, fields={})
    eventually(lambda: memory.runs.visit(run.id, "groups"))
    proposed = {item.asked[0] for item in memory.inbox.find("auto", run=run.id) if item.state == "open"}
    assert proposed == {first, second, *LEARNERS}
    for who in sorted(proposed):
        Teamwork(desk, run.id).confirm(who)
    eventually(lambda: of_unit(memory, run, "plan", 2))
    eventually(lambda: of_unit(memory, run, "plan", 1))

    groups = memory.teams.of_run(run.id)
    assert len(groups) == 2
    mentors = [group.inside("mentor")[0] for group in groups]
    pupils = [group.inside("mentee") for group in groups]
    assert sorted(mentors) == sorted((first, second))
    assert all(len(inside) == 3 for inside in pupils)

    # the mentor owns the project; the brand supports and does not edit
    desk.leads(run.id, mentors[0], "edit")
    with pytest.raises(Refusal, match="staff may support it, not edit what is in it"):
        desk.leads(run.id, "staff-planner", "edit")
    with pytest.raises(Refusal, match="does not lead"):
        desk.leads(run.id, pupils[0][0], "edit")
    with pytest.raises(Refusal, match=f"{mentors[1]} does not lead team 1, and changes nothing in it"):
        Teamwork(desk, run.id).leave(pupils[0][2], by=mentors[1])
    for who, instead in ((pupils[1][0], pupils[0][0]), (pupils[0][0], pupils[1][0])):
        with pytest.raises(Refusal, match=f"{mentors[1]} does not lead team 1"):
            Teamwork(desk, run.id).place(who, "mentee", instead=instead, by=mentors[1])

    for number, mentor in enumerate(mentors, start=1):
        visit = of_unit(memory, run, "plan", number)
        assert visit.asked == (mentor,)
        desk.answer(run.id, "plan", by=mentor, choice="done", fields={"passed_on": "light"}, visit=visit.visit)
    eventually(lambda: of_unit(memory, run, "drafts", 1) and of_unit(memory, run, "drafts", 2))
    drafts = []
    for number, inside in enumerate(pupils, start=1):
        visit = of_unit(memory, run, "drafts", number)
        drafts.append(desk.submit(run.id, "drafts", member=inside[0], fields=PART, visit=visit.visit).id)
    with pytest.raises(Refusal):
        desk.submit(run.id, "drafts", member=mentors[0], fields=PART, visit=of_unit(memory, run, "drafts", 1).visit)

    # assigns (plan), reviews and returns: of the own learners only
    guidance = eventually(lambda: of_unit(memory, run, "guidance", 1))
    eventually(lambda: drafts[0] in memory.runs.visit(run.id, "guidance", guidance.visit).things)
    with pytest.raises(Refusal, match="is not asked"):
        desk.answer(run.id, "guidance", by=mentors[1], choice="approve", about=drafts[0], fields=WHY)
    with pytest.raises(Refusal, match="is not asked"):
        desk.answer(run.id, "guidance", by="role:director", choice="approve", about=drafts[0], fields=WHY)
    at = guidance.visit
    desk.answer(run.id, "guidance", by=mentors[0], choice="return", about=drafts[0], fields=WHY, visit=at)
    desk.revise(run.id, "guidance", work=drafts[0], member=pupils[0][0], fields=PART, visit=at)
    desk.answer(run.id, "guidance", by=mentors[0], choice="approve", about=drafts[0], fields=WHY, visit=at)

    final = eventually(lambda: of_unit(memory, run, "final", 1))
    work = desk.submit(run.id, "final", member=pupils[0][1], fields=PIECE, visit=final.visit).id
    sign_off = eventually(lambda: of_unit(memory, run, "sign-off", 1))
    assert sorted(memory.runs.works_by_id("auto", [work])[work].written_by) == sorted(pupils[0])
    assert sign_off.asked == (mentors[0],)
    for who in ("role:director", mentors[1], pupils[0][0]):
        with pytest.raises(Refusal, match=r"is not asked|is the author"):
            desk.answer(run.id, "sign-off", by=who, choice="approve", about=work, fields=WHY, visit=sign_off.visit)

    # silence of the mentor closes nothing: the piece is refused, not delivered
    shut = eventually(lambda: (v := of_unit(memory, run, "sign-off", 1)) and v.state == "closed" and v)
    assert shut.outcome == "short"
    assert shut.results["refused"] == [work]
    assert memory.runs.works_by_id("auto", [work])[work].state == "refused"
    founded.gateway.cancel(run.id)
    eventually(lambda: memory.runs.run(run.id).status != "running")


def test_without_a_contest_result_nobody_is_teamed_unless_the_task_says_so(
    founded: Any, desk: Desk, eventually: Any
) -> None:
    memory = founded.memory
    launcher = Launcher(memory.house, founded.gateway)
    strict = launcher.start("twenty-four-hours", scale="1d=60s")
    eventually(lambda: memory.runs.visit(strict.id, "joining"))
    with pytest.raises(Refusal, match="m001 is not among those who may take part here"):
        desk.enrol(strict.id, member="m001", fields={})
    founded.gateway.cancel(strict.id)
    eventually(lambda: memory.runs.run(strict.id).status != "running")
    free = launcher.start("twenty-four-hours", scale="1d=60s", args={"who": {"from": ["tier:active", "tier:core"]}})
    eventually(lambda: memory.runs.visit(free.id, "joining"))

    desk.enrol(free.id, member="m001", fields={})
    with pytest.raises(Refusal, match="not among those who may take part"):
        desk.enrol(free.id, member="m060", fields={})  # of the lowest tier

    founded.gateway.cancel(free.id)
    eventually(lambda: memory.runs.run(free.id).status != "running")


def test_an_unfilled_role_stops_a_project_before_its_kick_off(founded: Any, eventually: Any) -> None:
    from workflows.steps import RunResult

    memory = founded.memory
    args = {"from": {"where": {"skills": {"contains": "driving"}}}}
    able = [one for one in KNOWN.values() if "driving" in one["skills"]]
    lacking = {"writing", "photography", "structure"} - {skill for one in able for skill in one["skills"]}
    assert lacking
    run = Launcher(memory.house, founded.gateway).start("quick-start-guide", scale=pace("1d=1s"), args=args)

    assert founded.gateway.result(run.id, PATIENCE, RunResult).end == "cancel"
    assert [one.phase for one in memory.runs.visits(run.id)] == ["crew"]
    assert memory.teams.of_run(run.id) == []


def test_a_chapter_is_only_for_those_whose_tier_may_keep_one_while_anybody_gives_a_tip(
    founded: Any, desk: Desk, eventually: Any
) -> None:
    memory = founded.memory
    run = Launcher(memory.house, founded.gateway).start("owners-handbook", scale=pace("1d=1s"), args={"collect": "30d"})
    eventually(lambda: memory.runs.visit(run.id, "board"))
    for who in memory.runs.visit(run.id, "board").results["@kept"]["offer"]["1"]["editor"]:
        Teamwork(desk, run.id).confirm(who)
    eventually(lambda: memory.runs.visit(run.id, "chapters"))
    with pytest.raises(Refusal, match="m060 is not among those who may take part here"):
        Teamwork(desk, run.id).claim("m060", "winter")
    Teamwork(desk, run.id).claim("m020", "winter")
    eventually(lambda: memory.runs.visit(run.id, "tips"))
    with pytest.raises(Refusal, match="it must be said into what"):
        desk.submit(run.id, "tips", member="m060", fields={"words": "warm it up"})
    tip = desk.submit(run.id, "tips", member="m060", fields={"words": "warm it up"}, into="winter").id
    board = memory.runs.visit(run.id, "board").results["members"]
    sorted_ = eventually(lambda: (v := memory.runs.visit(run.id, "sorted")) and tip in v.things and v)
    keeper = eventually(lambda: memory.runs.visit(run.id, "chapters").results["winter"])[0]
    other = next(f"m{n:03d}" for n in range(20, 40) if f"m{n:03d}" not in (keeper, *board))
    with pytest.raises(Refusal, match="not asked"):
        desk.answer(run.id, "sorted", by=other, choice="approve", about=tip, fields=WHY, visit=sorted_.visit)
    desk.answer(run.id, "sorted", by=keeper, choice="approve", about=tip, fields=WHY, visit=sorted_.visit)

    founded.gateway.cancel(run.id)
    eventually(lambda: memory.runs.run(run.id).status != "running")
