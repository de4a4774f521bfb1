"""A part that does not come: the piece waits for it, another may take it over, and silence does not waive it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from operations.errors import Refusal
from operations.ports.runs import Planned, Run, Visit
from rules.reading import Reading
from tests.waiting import PATIENCE
from tests.workflows.teams.crewed import AT, settle
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.play import Scene
from workflows.scenes import Setting
from workflows.steps import CheckPhase, OpenPhase, RunResult
from workflows.teamwork import Teamwork

pytestmark = pytest.mark.servers

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PART = {"link": "https://film.example/1"}
CAST = ("m000", "m001", "m002", "m003", "m005", "m034")
"""Of one city, with all the skills; m002 and m034 can film, and nothing else that is needed."""


@pytest.fixture(scope="module")
def founded(memory: Any) -> Any:
    settle(memory)
    return memory


def test_a_part_that_does_not_come_goes_into_other_hands_and_has_one_owner_all_the_time(founded: Any) -> None:
    now = AT
    run = Launcher(founded.house, founded).begin(
        "twenty-four-hours", community="auto", at=AT, args={"who": "everyone", "teams": 1}, key="a film"
    )
    desk, conduct = Desk(founded.house, now=lambda: now), Conduct(founded.house, now=lambda: now)

    def open_(phase: str, visit: int = 1) -> Visit:
        conduct.open(OpenPhase(run=run.id, phase=phase, visit=visit, scope="", at=now))
        found = founded.runs.visit(run.id, phase, visit)
        assert found is not None
        return found

    def check(phase: str, visit: int = 1, *, due: bool = False) -> str | None:
        return conduct.check(CheckPhase(run=run.id, phase=phase, visit=visit, at=now, due=due)).outcome

    open_("joining")
    now += HOUR
    for who in CAST:
        desk.enrol(run.id, member=who, fields={})
    now = AT + 7 * DAY
    check("joining", due=True)
    open_("teams")
    now += HOUR
    for item in founded.inbox.find("auto", run=run.id):
        Teamwork(desk, run.id, "teams").confirm(item.asked[0])
    assert check("teams") == "done"
    (team,) = founded.teams.of_run(run.id)
    (camera,) = team.inside("camera")
    parts = open_("parts")
    now += DAY
    for slot in ("script", "driving", "editing"):
        desk.submit(run.id, "parts", member=team.inside(slot)[0], fields=PART)
    assert check("parts") is None, "one is missing"
    now = parts.deadline
    assert check("parts", due=True) == "short"
    assert founded.runs.visit(run.id, "parts").results["missing"] == [camera]

    asked = open_("part-late")
    (item,) = [one for one in founded.inbox.find("auto", role="host", run=run.id) if one.phase == "part-late"]
    assert (item.choices, item.state) == (("wait",), "open")
    now = asked.deadline
    assert check("part-late", due=True) == "wait", "silence waits, and waives nothing"
    other = next(who for who in ("m002", "m034") if who != camera)
    open_("parts", 2)
    Teamwork(desk, run.id, "teams").place(other, "camera", instead=camera, by="staff-host")
    with pytest.raises(Refusal, match=f"{camera} is not among those who may take part here"):
        desk.submit(run.id, "parts", member=camera, fields=PART)
    now += DAY
    desk.submit(run.id, "parts", member=other, fields=PART)

    assert check("parts", 2) == "done"
    works = founded.runs.works_by_id("auto", founded.runs.visit(run.id, "parts", 2).results["works"]).values()
    owners = {str(work.unit).partition("#")[2]: work.written_by for work in works}
    assert owners == {**{slot: tuple(team.inside(slot)) for slot in owners}, "camera": (other,)}
    assert set(owners) == {"script", "driving", "camera", "editing"}
    founded.runs.finish(run.id, end="end", at=now)


@dataclass
class NoCamera:
    """Everybody does what simulated people do, but no camera ever comes; the class teacher says `why` or nothing."""

    why: str | None = None

    def planned(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[Planned]:
        at = visit.opened_at
        match visit.phase:
            case "parts":
                here = {work.unit for work in scene.works.values()}
                come = [
                    people[0]
                    for unit, people in scene.units.items()
                    if people and unit not in here and not unit.endswith("#camera")
                ]
                return [Planned(seq=n, at=at + DAY, verb="submit", by=who, fields=PART) for n, who in enumerate(come)]
            case "part-late":
                return []
            case "without-it":
                if self.why is None:
                    return []
                fields, host = {"reason": self.why}, "role:host"
                return [Planned(seq=0, at=at + HOUR, verb="answer", by=host, role=host, choice="done", fields=fields)]
            case "piece-in":
                pieces = [inside[0] for inside in scene.units.values() if inside]
                fields = {"link": "https://film.example/2", "theme": "design"}
                return [
                    Planned(seq=n, at=at + DAY, verb="submit", by=who, fields=fields) for n, who in enumerate(pieces)
                ]
        return list(setting.play.improvise(setting.phase, scene, setting.crowd(visit)))

    def outcome(self, setting: Setting, visit: Visit, came: str) -> str:
        return came


@pytest.mark.slow
@pytest.mark.parametrize(("why", "end"), [(None, "end:part-missing"), ("it rained", "end:without-a-part")])
def test_a_film_without_a_part_ends_unfinished_and_goes_on_only_if_somebody_says_why(
    founded: Any, room: Any, why: str | None, end: str
) -> None:
    run, came = played(founded, room, NoCamera(why))

    assert came == end
    visits = founded.runs.visits(run.id)
    outcomes = [(one.phase, one.outcome) for one in visits if one.phase in ("parts", "part-late", "without-it")]
    thrice = [("parts", "short"), ("part-late", "wait")] * 3
    assert outcomes == [*thrice, ("without-it", "silent" if why is None else "done")]
    facts = [
        one
        for one in founded.facts("auto").find(kinds=["finished", "part_waived", "published", "accepted"], limit=5_000)
        if one.fields.get("run") == run.id
    ]
    finished = {one.member: one.fields["outcome"] for one in facts if one.kind == "finished"}
    assert set(finished.values()) == {end.partition(":")[2]}, "nobody has finished it"
    assert [one.fields["reason"] for one in facts if one.kind == "part_waived"] == ([] if why is None else [why])
    reading, zone = Reading("team_tasks", "all"), founded.specs.current("auto").zone
    frame = founded.measures("auto").frame(
        "member", [reading], at=founded.runs.run(run.id).ended_at, zone=zone, subjects=sorted(finished)
    )
    assert set(frame[reading.key]) == {0}, "it counts as a team's task for nobody"
    phases = {one.phase for one in visits}
    assert ("piece-in" in phases, "retrospective" in phases) == (why is not None, why is not None)
    if why is None:
        assert not [one for one in facts if one.kind == "accepted"]
        assert not [work for work in founded.runs.works_of(run.id) if work.phase == "piece-in"]
    items = founded.inbox.find("auto", run=run.id, state=None, limit=500)
    assert [item.asked for item in items if item.phase == "without-it"] == [("role:host",)]


def played(memory: Any, room: Any, script: NoCamera) -> tuple[Run, str]:
    """A film by one team or more, to its end on real servers."""
    from cli import wiring
    from workflows.activities.process import ProcessActivities
    from workflows.runtime import Crew

    whole = wiring.crew(memory, room.gateway)
    process = ProcessActivities(Conduct(memory.house, script=script))
    own = [process.read_course, process.open_phase, process.check_phase, process.stop_phases, process.finish_run]
    others = [one for one in whole.activities if one.__name__ not in {mine.__name__ for mine in own}]
    with room.gateway.working(Crew(whole.workflows, [*own, *others])):
        run = Launcher(memory.house, room.gateway).start(
            "twenty-four-hours", at=AT, scale="1d=20ms", rehearsed=True, seed=3, crowd=48, args={"who": "everyone"}
        )
        return run, room.gateway.result(run.id, PATIENCE, RunResult).end
