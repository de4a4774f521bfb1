"""The plays of the shipped communities go the same way on paper and through real workflows, and record the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from operations.errors import Refusal
from operations.ports.runs import Run
from rules.spec import Community
from rules.spec.documents.cases import Play
from rules.spec.phase import every_phase
from rules.time import Duration, WorkCalendar, add
from tests.agreement.plays import MOST_PHASES, Scripts, called, enlist, loaded, on_paper, plays, told
from tests.waiting import eventually
from workflows.activities.process import ProcessActivities
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.paper.conductor import Played, act_at_desk
from workflows.paper.script import CaseScript
from workflows.scenes import run_time
from workflows.steps import RunResult

pytestmark = pytest.mark.servers

SCALE = "1d=12ms"
WITH_STEPS = ("1d=300ms", "1d=1s", "1d=3s")
"""Clocks for plays in which people act at the desk: a slower one where the machine could not keep up."""

LATE = timedelta(days=1)
"""So late, by the clock of the run, an act may come and still be in its time."""


class TooFast(Exception):
    """An act came too late for what it should show: the machine did not keep up with the clock."""


class Stage:
    """A community on servers, with a worker whose simulated people follow the scripts of cases."""

    def __init__(self, room: Any, community: Community, with_steps: str = WITH_STEPS[0]) -> None:
        self.room, self.community, self.scripts, self.with_steps = room, community, Scripts(), with_steps
        self.launcher = Launcher(room.memory.house, room.gateway)
        self.desk = Desk(room.memory.house, poke=room.gateway.poke)

    def crew(self) -> Any:
        from cli import wiring

        whole = wiring.crew(self.room.memory, self.room.gateway)
        process = ProcessActivities(Conduct(self.room.memory.house, script=self.scripts))
        own: list[Any] = [
            process.read_course,
            process.open_phase,
            process.check_phase,
            process.stop_phases,
            process.finish_run,
        ]
        return replace(whole, activities=[*own, *whole.activities[len(own) :]])

    def start(self, case: Play, at: datetime, played: Played) -> Run:
        subject = enlist(self.room.memory, self.community, case, played, at)
        if played.subject is not None and subject is None:
            subject = played.subject
        number = len(self.room.memory.runs.runs(self.community.id, task=case.task)) + 1
        script = CaseScript(case, list(case.steps))
        self.scripts.by_run[f"{self.community.id}/{case.task}/{number}"] = script
        scale = self.with_steps if case.steps else SCALE
        return self.launcher.start(
            case.task, community=self.community.id, subject=subject, at=at, scale=scale, rehearsed=True, seed=0
        )

    def act(self, run: Run, case: Play) -> list[str | None]:
        """Take the steps of a case at the desk, each in its time of the run; why they were refused."""
        script = self.scripts.by_run[run.id]
        refused: list[str | None] = []
        last = run.opened_at
        calendar = WorkCalendar(self.community.calendars[self.community.document.calendar])
        for step in case.steps:
            due = last if step.after is None else add(last, Duration.parse(step.after), self.community.zone, calendar)
            eventually(partial(self._is_time, run, step.in_, due), within=300, pause=0.005)
            script.pending.remove(step)
            last = max(due, self._now(run))
            try:
                said = act_at_desk(self.desk, script, run.id, step)
            except Refusal as refusal:
                refused.append(refusal.message)
            else:
                if step.does == "submit" and step.about and said is not None:
                    script.works[step.about] = said.id
                refused.append(None)
            finally:
                if self._now(run) > due + LATE:
                    raise TooFast(f"{step.does} in {step.in_} of {run.id}")
        return refused

    def _now(self, run: Run) -> datetime:
        visits = self.room.memory.runs.visits(run.id)
        return run_time(run, visits[-1], datetime.now(UTC)) if visits else run.opened_at

    def _is_time(self, run: Run, phase: str, due: datetime) -> bool:
        """Whether a phase has opened and the run's own clock has come so far."""
        visits = self.room.memory.runs.visits(run.id)
        return any(visit.phase == phase for visit in visits) and self._now(run) >= due


@pytest.fixture(params=["auto", "maintainers"])
def name(request: pytest.FixtureRequest) -> str:
    """A shipped community."""
    return str(request.param)


def built(room: Any, name: str, new: str, with_steps: str = WITH_STEPS[0]) -> Stage:
    """A stage for a shipped community under a new id, with one person in every role and goods of every kind."""
    files, community = called(loaded(name)[0], name, new)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    room.memory.specs.publish(files, community, message="cases", author="test", at=at)
    for role in community.roles:
        room.memory.effects.staff(community.id, role, [f"{role}-1"])
    for resource in community.resources.values():
        if resource.kind == "stock":
            room.memory.effects.stocked(community.id, resource.id, 1_000, by="test", at=at, key=resource.id)
    return Stage(room, community, with_steps)


def agree(stage: Stage, run: Run, case: Play, played: Played, refused: list[str | None]) -> None:
    """The run on servers went as the play on paper."""
    memory = stage.room.memory
    result = stage.room.gateway.result(run.id, 60, RunResult)
    visits = memory.runs.visits(run.id)
    went, told_of = [(one.phase, one.outcome) for one in visits], [one[:2] for one in played.closings]
    if any(phase.kind in ("parallel", "each") for _, phase in every_phase(stage.community.bind(case.task).phases)):
        went, told_of = sorted(went), sorted(told_of)  # what goes on side by side has no order
    assert went == told_of, case.name
    assert result.end == played.end, case.name
    assert [one is None for one in refused] == [one.refused is None for one in played.steps], case.name
    facts = memory.facts(stage.community).find(limit=100_000)
    subject = {run.subject: played.subject} if run.subject and played.subject else {}
    names = {who: "somebody" for who in played.made_up if who != played.subject}
    real = told(facts, run.id, {k: str(v) for k, v in subject.items()})
    paper = told(played.facts, f"{stage.community.id}/{case.task}/1", names)
    kinds = {kind for kind, _ in (*real, *paper)}
    for kind in sorted(kinds):
        assert sum(n for (k, _), n in real.items() if k == kind) == sum(
            n for (k, _), n in paper.items() if k == kind
        ), (case.name, kind)


def rounds(stage: Stage) -> list[list[tuple[datetime, Play, Played]]]:
    """Plays that can be under way at the same time: one of each task that is not about somebody."""
    by_turn: defaultdict[int, list[tuple[datetime, Play, Played]]] = defaultdict(list)
    turns: defaultdict[str, int] = defaultdict(int)
    for at, case in plays(stage.community):
        if case.steps:
            continue
        played = on_paper(stage.community, case, at)
        if len(played.path) > MOST_PHASES:
            continue
        about = stage.community.modes[stage.community.tasks[case.task].mode].for_
        if about == "cohort":  # on servers a class is whoever shares something, not whoever a case says
            continue
        turn = 0 if about == "member" else turns[case.task]
        turns[case.task] += 1
        by_turn[turn].append((at, case, played))
    return [by_turn[turn] for turn in sorted(by_turn)]


def follow(stage: Stage, turn: list[tuple[datetime, Play, Played]]) -> None:
    with stage.room.gateway.working(stage.crew(), strict=True):
        under_way = [(stage.start(case, at, played), case, played) for at, case, played in turn]
        refused = {run.id: stage.act(run, case) for run, case, _ in under_way}
        for run, case, played in under_way:
            agree(stage, run, case, played, refused[run.id])


@pytest.mark.slow
def test_a_play_of_each_task_goes_the_same_way_through_real_workflows(room: Any, name: str) -> None:
    stage = built(room, name, f"{name}-first")
    every = [one for turn in rounds(stage) for one in turn]
    first = {case.task: (at, case, played) for at, case, played in reversed(every)}
    alone(room, name, "first", [one[:2] for one in first.values()])


def alone(room: Any, name: str, word: str, every: list[tuple[datetime, Play]]) -> None:
    """Each on a stage of its own: whoever is enlisted for one play would be asked and counted in the others."""
    for number, (at, case) in enumerate(every):
        stage = built(room, name, f"{name}-{word}{number}")
        follow(stage, [(at, case, on_paper(stage.community, case, at))])


@pytest.mark.slow
def test_all_plays_go_the_same_way_through_real_workflows(room: Any, name: str) -> None:
    every = rounds(built(room, name, f"{name}-all"))
    for number, turn in enumerate(every):
        alone(room, name, f"turn{number}-", [one[:2] for one in turn])


@pytest.mark.slow
def test_what_people_do_at_the_desk_comes_to_the_same_on_servers(room: Any, name: str) -> None:
    every = plays(built(room, name, f"{name}-desk").community)
    for number, (at, case) in enumerate(one for one in every if one[1].steps):
        for pace, clock in enumerate(WITH_STEPS):
            stage = built(room, name, f"{name}-desk{number}-{pace}", clock)
            try:
                follow(stage, [(at, case, on_paper(stage.community, case, at))])
            except TooFast:
                if clock == WITH_STEPS[-1]:
                    raise
                continue
            break
