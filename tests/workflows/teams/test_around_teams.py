"""Around teams: one that falls silent is looked after; elders judge and share, and that counts for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from operations import review
from operations.errors import Refusal
from operations.known import Known
from operations.ports.decisions import Wanted
from operations.ports.effects import Deed
from operations.ports.runs import Run
from operations.ports.teams import Seat, Slot, Team
from operations.replay import replay
from rules.fact import Fact
from rules.reading import Reading
from tests.workflows.teams.crewed import AT, Clock, settle
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.meeting import Meeting
from workflows.steps import CheckPhase, OpenPhase
from workflows.teamwork import Teamwork


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    return settle(memory, 24, core=8)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(memory: Any, clock: Clock) -> Desk:
    return Desk(memory.house, now=clock)


def begun(memory: Any, task: str, phase: str, **args: Any) -> Run:
    """A run without a workflow, in its first phase of this name."""
    run = Launcher(memory.house, memory).begin(task, community="auto", at=AT, args=args, key=f"{task}/{args}")
    opened(memory, run, phase, AT)
    return run


def opened(memory: Any, run: Run, phase: str, at: datetime) -> None:
    Conduct(memory.house, now=lambda: at).open(OpenPhase(run=run.id, phase=phase, visit=1, scope="", at=at))


def closed(memory: Any, run: Run, phase: str, at: datetime, *, due: bool = True) -> None:
    checking = CheckPhase(run=run.id, phase=phase, visit=1, at=at, due=due)
    Conduct(memory.house, now=lambda: at).check(checking)


def looked_at_teams(memory: Any, at: datetime) -> dict[str, int]:
    """A review of the rules about teams alone."""
    desk = memory.desk
    plan = review.begin(desk, "auto", run=f"teams at {at.isoformat()}", at=at, parts=["rules:team"])
    for part in plan.parts:
        for shard in range(review.shards_of(desk, plan, part)):
            review.look_at(desk, "auto", plan.id, part, shard)
        for batch in range(review.settle(desk, "auto", plan.id, part, size=100)):
            review.carry_out_batch(desk, "auto", plan.id, part, batch)
    counts: dict[str, int] = review.finish(desk, "auto", plan.id)["parts"].get("rules:team", {})
    return counts


def test_a_team_that_stops_talking_is_looked_after_and_one_that_is_over_is_not(memory: Any, spec: Any) -> None:
    run = begun(memory, "twenty-four-hours", "call", who="everyone")
    team = Team(
        id=f"{run.id}/teams/1/1",
        community="auto",
        run=run.id,
        phase="teams",
        visit=1,
        number=1,
        formed_at=AT,
        slots=(Slot(id="script"), Slot(id="camera")),
        seats=tuple(
            Seat(team=f"{run.id}/teams/1/1", slot=slot, member=who, since=AT, why={"how": "solve"})
            for slot, who in (("script", "m000"), ("camera", "m002"))
        ),
    )
    memory.teams.found([team])
    facts = memory.facts("auto")

    assert looked_at_teams(memory, AT + timedelta(days=1)).get("fired:team-silent", 0) == 0  # it is young
    facts.record([Fact("w1", "messaged", "m000", AT + timedelta(days=2), None, {"team": team.id})])
    assert looked_at_teams(memory, AT + timedelta(days=4)).get("fired:team-silent", 0) == 0  # it talks
    assert looked_at_teams(memory, AT + timedelta(days=7))["fired:team-silent"] == 1

    (item,) = [one for one in memory.inbox.find("auto", role="host") if one.about == team.id]
    assert item.title["en"] == "Look after this team"
    known = memory.measures("auto").things("team", {"team.days", "team.size", "team.script"}, AT + timedelta(days=7))
    row = known.filter(known["subject"] == team.id).row(0, named=True)
    assert (row["team.days"], row["team.size"], row["team.script"]) == (7, 2, "m000")
    memory.teams.vacate(team.id, "camera", "m002", at=AT + timedelta(days=7, hours=1), why="withdrew")
    memory.teams.end(run.id, at=AT + timedelta(days=8))
    assert looked_at_teams(memory, AT + timedelta(days=20)).get("true:team-silent", 0) == 0
    names = {"team.days", "team.size", "team.camera"}
    then = memory.measures("auto").things("team", names, AT + timedelta(days=7), ids=[team.id], then=True)
    assert then.to_dicts() == [{"subject": team.id, "team.camera": "m002", "team.days": 7, "team.size": 2}]
    assert memory.measures("auto").things("team", names, AT + timedelta(days=9), ids=[team.id], then=True).is_empty()
    fired = Wanted(rule="team-silent")
    assert [one.what for one in replay(memory.desk, "auto", fired)] == [], "it is taken again as the team was"


def test_an_honorary_advisor_may_judge_newcomers_and_others_may_not(
    memory: Any, spec: Any, desk: Desk, clock: Clock
) -> None:
    title = Deed(
        key="honour/m003", kind="title", at=AT, source="honour", member="m003", details={"item": "honorary-advisor"}
    )
    memory.effects.do("auto", [title])
    run = begun(memory, "most-beautiful-lines", "entries")
    form = {"photo": "https://example.org/1", "caption": "dusk"}
    clock.now = AT + timedelta(hours=1)
    works = [desk.submit(run.id, "entries", member=f"m{n:03d}", fields=form).id for n in (10, 11)]
    over = AT + timedelta(days=22)
    closed(memory, run, "entries", over)
    opened(memory, run, "screening", over)
    clock.now = over + timedelta(hours=1)
    screener = memory.runs.visit(run.id, "screening").asked[0]
    for work in works:
        desk.answer(run.id, "screening", by=screener, choice="approve", about=work, fields={"reason": "fit"})
    over += timedelta(hours=2)
    closed(memory, run, "screening", over, due=False)
    opened(memory, run, "judging", over)
    clock.now = over + timedelta(hours=1)
    judging = memory.runs.visit(run.id, "judging")
    assert (judging.state, judging.outcome) == ("open", None)
    assert "m003" in judging.asked

    assert desk.score(run.id, work=works[0], by="m003", scores={"creativity": 9, "technique": 8}).accepted
    with pytest.raises(Refusal, match="m005 is not asked here"):
        desk.score(run.id, work=works[0], by="m005", scores={"creativity": 9, "technique": 8})


def test_a_sharing_session_by_a_mature_member_counts_as_guiding(
    memory: Any, spec: Any, desk: Desk, clock: Clock
) -> None:
    run = begun(memory, "elders-share", "guests")
    for who in ("m010", "m011", "m012", "m020"):
        clock.now = AT + timedelta(hours=1)
        desk.enrol(run.id, member=who, fields={})
    later = AT + timedelta(days=15)
    closed(memory, run, "guests", later)
    opened(memory, run, "day", later)
    visit = memory.runs.visit(run.id, "day")
    assert visit is not None
    clock.now = later + timedelta(days=1)
    meeting = Meeting(desk, run.id)
    hosts = list(meeting.setting.scene(visit).groups["host"])
    assert 1 <= len(hosts) <= 2
    assert set(hosts) <= {f"m{n:03d}" for n in range(8)}  # the mature
    meeting.set_day("1d", by=hosts[0])
    clock.now = later + timedelta(days=2, hours=1)
    meeting = Meeting(desk, run.id)
    meeting.attend(by=hosts[0], people=["m010", "m011", hosts[0]])
    meeting.minutes({"visitors": 3, "summary": "well"}, by=hosts[0])
    closed(memory, run, "day", later + timedelta(days=3), due=False)

    reading = Reading("sessions_given", "all")
    frame = memory.measures("auto").frame(
        "member", [reading], at=later + timedelta(days=4), zone=spec.zone, subjects=[hosts[0], "m010"]
    )
    assert dict(zip(frame["subject"], frame[reading.key], strict=True)) == {hosts[0]: 1, "m010": 0}
    known = Known(memory.house, spec, later + timedelta(days=4))
    counted = known.figures([("contribution", "all")], members=[hosts[0], "m010"])["contribution", "all"]
    assert counted == {hosts[0]: 10, "m010": 0}, "an evening given is guiding, and part of what they contribute"


def test_a_late_part_a_change_of_hands_and_messages_are_counted_for_the_team_they_are_of(
    memory: Any, spec: Any, desk: Desk, clock: Clock
) -> None:
    for known in memory.runs.runs("auto", task="twenty-four-hours", status="running"):
        memory.runs.finish(known.id, end="end", at=AT)
    run = begun(memory, "twenty-four-hours", "joining", who="everyone", teams=1)
    clock.now = AT + timedelta(hours=1)
    for n in range(16):  # the active and the core; the others may not come into teams
        desk.enrol(run.id, member=f"m{n:03d}", fields={})
    formed = AT + timedelta(days=7)
    closed(memory, run, "joining", formed)
    opened(memory, run, "teams", formed)
    clock.now = formed + timedelta(hours=1)
    for item in memory.inbox.find("auto", run=run.id):
        Teamwork(desk, run.id, "teams").confirm(item.asked[0])
    closed(memory, run, "teams", clock.now, due=False)
    team, *others = memory.teams.of_run(run.id)
    opened(memory, run, "parts", clock.now)
    parts = memory.runs.visit(run.id, "parts")
    said = [Fact(f"said/{n}", "messaged", "m000", clock.now, None, {"team": team.id}) for n in range(3)]
    memory.facts("auto").record(said)
    clock.now = parts.deadline + timedelta(hours=1)
    part = {"link": "https://film.example/1"}
    assert desk.submit(run.id, "parts", member=team.inside("script")[0], fields=part).late
    Teamwork(desk, run.id, "teams").leave(team.inside("camera")[0])

    closed(memory, run, "parts", clock.now)
    opened(memory, run, "teamwork", clock.now)
    closed(memory, run, "teamwork", clock.now + timedelta(days=1))

    measured = memory.runs.visit(run.id, "teamwork").results
    counted = {
        one.id: tuple(measured[name]["values"].get(one.id) for name in ("team_messages", "team_handovers", "team_late"))
        for one in (team, *others)
    }
    assert counted == {team.id: (4, 1, 1), **{one.id: (0, 0, 0) for one in others}}
