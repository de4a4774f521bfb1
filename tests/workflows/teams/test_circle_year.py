"""A circle lives for half a year and falls asleep: support by quarter, retention by week, reach, and a merger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from operations.ports.effects import Deed
from operations.ports.runs import Planned, Run, Visit
from operations.reports.reach import reach
from tests.waiting import PATIENCE
from tests.workflows.teams.crewed import AT, JOINED, settle
from workflows.conduct import Conduct
from workflows.launch import Launcher
from workflows.play import Scene
from workflows.runtime import Crew
from workflows.scenes import Setting
from workflows.steps import RunResult

pytestmark = [pytest.mark.servers, pytest.mark.slow]  # half a year of a circle

LEADER, FIELD = "m000", "photography"
GUESTS = ("m006", "m007", "m008", "m009", "m010")
LIVELY = AT + timedelta(days=100)


class FallsAsleep:
    """Five come in, the leader tells of cases for some months, then nobody stirs; the leader joins another circle."""

    def planned(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[Planned]:
        if visit.phase == "leader":
            return [Planned(seq=0, at=visit.opened_at + timedelta(hours=3), verb="confirm", by=LEADER)]
        if visit.phase == "renewal":
            at = visit.opened_at + timedelta(hours=3)
            return [Planned(seq=0, at=at, verb="answer", by=LEADER, choice="merge")]
        later = visit.opened_at + timedelta(days=1)
        if visit.phase == "joining":
            first = visit.opened_at < AT + timedelta(days=20)
            return [Planned(seq=n, at=later, verb="enrol", by=who) for n, who in enumerate(GUESTS if first else ())]
        if visit.phase == "cases" and visit.opened_at < LIVELY:
            case = {"link": "https://circle.example/1", "field": FIELD}
            return [Planned(seq=n, at=later, verb="submit", by=LEADER, fields=case) for n in range(2)]
        if visit.phase == "cases" or (visit.phase == "exchange" and visit.opened_at > LIVELY):
            return []
        return list(setting.play.improvise(setting.phase, scene, setting.crowd(visit)))

    def outcome(self, setting: Setting, visit: Visit, came: str) -> str:
        return came


class Lived(NamedTuple):
    """A circle that has lived."""

    memory: Any
    run: Run
    end: str
    visits: Sequence[Visit]

    def first(self, phase: str) -> Visit:
        return next(one for one in self.visits if one.phase == phase)

    def facts(self, kind: str) -> list[Any]:
        found = self.memory.facts("auto").find(kinds=[kind], limit=5_000)
        return [one for one in found if one.fields.get("run") == self.run.id]


@pytest.fixture(scope="module")
def lived(room: Any) -> Lived:
    from cli import wiring
    from workflows.activities.process import ProcessActivities

    memory, gateway = room.memory, room.gateway
    settle(memory, 24, core=6)
    memory.effects.staff("auto", "coordinator", ["cora"])
    title = Deed(
        key="leads", kind="title", at=JOINED, source="test", member=LEADER,
        details={"item": "circle-leader", "value": FIELD},
    )  # fmt: skip
    memory.effects.do("auto", [title])
    whole = wiring.crew(memory, gateway)
    process = ProcessActivities(Conduct(memory.house, script=FallsAsleep()))
    own = [process.read_course, process.open_phase, process.check_phase, process.stop_phases, process.finish_run]
    others = [one for one in whole.activities if one.__name__ not in {mine.__name__ for mine in own}]
    with gateway.working(Crew(whole.workflows, [*own, *others])):
        run = Launcher(memory.house, gateway).start(
            "long-distance-circle",
            at=AT,
            args={"field": FIELD},
            starter=LEADER,
            scale="1d=40ms",
            rehearsed=True,
            seed=4,
        )
        end = gateway.result(run.id, PATIENCE, RunResult).end

    return Lived(memory, memory.runs.run(run.id), end, memory.runs.visits(run.id))


def quarter(at: datetime) -> str:
    return f"{at.year}-Q{(at.month + 2) // 3}"


def test_the_leader_is_supported_twice_in_each_quarter_and_each_use_is_remembered(lived: Lived) -> None:
    months = [one for one in lived.visits if one.phase == "support"]
    served: dict[str, list[str]] = {}
    for one in months:
        served.setdefault(quarter(one.opened_at), []).append(str(one.outcome))

    assert [[*outcomes[:2], *["short"] * len(outcomes[2:])] for outcomes in served.values()] == list(served.values())
    assert served["2027-Q2"] == ["done", "done", "short"]
    for name, outcomes in served.items():
        assert lived.memory.resources.uses("auto", "leader-support", name) == {LEADER: outcomes.count("done")}
    refused = next(one for one in months if one.outcome == "short")
    (claim,) = [one for one in lived.memory.resources.of_phase(lived.run.id, "support") if one.visit == refused.visit]
    assert claim.why["said"] == f"{LEADER} has used leader-support 2 times in 2027-Q2, which is the most"
    assert {fact.fields["resource"] for fact in lived.facts("received")} == {"leader-support"}


def test_a_circle_that_falls_asleep_is_asked_at_once_and_not_after_a_year(lived: Lived) -> None:
    asleep, renewal = lived.first("asleep"), lived.first("renewal")
    assert asleep.outcome == "done"
    assert renewal.opened_at == asleep.closed_at
    assert LIVELY < renewal.opened_at < AT + timedelta(days=250)
    assert (renewal.outcome, renewal.asked) == ("merge", (LEADER,))
    assert lived.end == "end:merged"

    members = {who for one in lived.visits if one.phase == "joining" for who in one.results["members"]}
    assert members == set(GUESTS)
    assert lived.memory.effects.totals("auto")["notify"] == len(members), "all of them are told, and nobody else"
    (item,) = [one for one in lived.memory.inbox.find("auto", role="coordinator") if one.about == lived.run.id]
    assert item.title["en"] == "Bring the members into another circle"


def test_whoever_came_into_the_circle_came_through_its_leader_and_counts_as_reached(lived: Lived) -> None:
    enrolled = {one.member: one.fields.get("via") for one in lived.facts("enrolled")}
    assert enrolled.pop(LEADER, None) is None
    assert set(enrolled.values()) == {LEADER}
    guests = {one.member for one in lived.facts("attended") if one.fields["part"] == "guest"}
    assert {one.fields.get("via") for one in lived.facts("attended") if one.fields["part"] == "guest"} == {LEADER}

    told = reach(lived.memory.house, lived.memory.specs.current("auto"), at=lived.run.ended_at)

    (node,) = told.data["nodes"]
    assert (node["member"], node["reach"]) == (LEADER, len({*enrolled, *guests} - {LEADER}))
    assert node["attended"] == len(guests - {LEADER})
