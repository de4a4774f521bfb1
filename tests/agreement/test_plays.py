"""The plays of the shipped communities go the same way on paper and through real workflows, and record the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from operations.ports.runs import Run
from rules.spec import Community
from rules.spec.documents.cases import Play
from rules.spec.phase import every_phase
from tests.agreement.plays import MOST_PHASES, Scripts, called, enlist, loaded, on_paper, plays, told
from tests.agreement.stage import PATIENCE, Conducted, Given, Lead, Telling
from workflows.activities.process import ProcessActivities
from workflows.launch import Launcher
from workflows.paper.conductor import Played
from workflows.paper.script import CaseScript
from workflows.steps import RunResult

pytestmark = pytest.mark.servers

SCALE = "1d=12ms"
AT_ONCE = 6
"""Plays that are under way at the same time."""


class Stage:
    """Servers with a worker whose simulated people follow the scripts of cases; each play in a community of its own."""

    def __init__(self, room: Any) -> None:
        self.room, self.scripts = room, Scripts()
        self.conducted = Conducted(room.memory.house, self.scripts)
        self.launcher = Launcher(room.memory.house, room.gateway)

    @contextmanager
    def working(self) -> Iterator[None]:
        from cli import wiring

        whole = wiring.crew(self.room.memory, self.room.gateway)
        process = ProcessActivities(self.conducted)
        own: list[Any] = [
            process.read_course,
            process.open_phase,
            process.check_phase,
            process.stop_phases,
            process.finish_run,
        ]
        crew = replace(whole, activities=[*own, *whole.activities[len(own) :]])
        with self.room.gateway.working(crew, strict=True):
            try:
                yield
            finally:
                self.conducted.leave_all()

    def start(self, community: Community, case: Play, at: datetime, played: Played) -> Run:
        subject, given = enlist(self.room.memory, community, case, played, at)
        Given.people.update(given)
        run = self.launcher.begin(
            case.task,
            community=community.id,
            subject=played.subject if subject is None else subject,
            at=at,
            scale=SCALE,
            rehearsed=True,
            seed=0,
        )
        self.scripts.by_run[run.id] = CaseScript(case, list(case.steps))
        self.conducted.tellings[run.id] = Telling(run, once=played.once, led=bool(case.steps), now=at)
        self.launcher.launch(run)
        return run

    def act(self, community: Community, run: Run, case: Play) -> list[str | None]:
        """Take the steps of a case at the desk, each in its time of the run; why they were refused."""
        if not case.steps:
            return []
        telling, script = self.conducted.tellings[run.id], self.scripts.by_run[run.id]
        return Lead(self.room, self.conducted, telling, community, script).through()


def built(room: Any, name: str, new: str) -> Community:
    """A shipped community under a new id, with one person in every role and goods of every kind."""
    files, community = called(loaded(name)[0], name, new)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    room.memory.specs.publish(files, community, message="cases", author="test", at=at)
    for role in community.roles:
        room.memory.effects.staff(community.id, role, [f"{role}-1"])
    for resource in community.resources.values():
        if resource.kind == "stock":
            room.memory.effects.stocked(community.id, resource.id, 1_000, by="test", at=at, key=resource.id)
    return community


def agree(stage: Stage, community: Community, run: Run, case: Play, played: Played, refused: list[str | None]) -> None:
    """The run on servers went as the play on paper."""
    memory = stage.room.memory
    result = stage.room.gateway.result(run.id, PATIENCE, RunResult)
    visits = memory.runs.visits(run.id)
    went, told_of = [(one.phase, one.outcome) for one in visits], [one[:2] for one in played.closings]
    if any(phase.kind in ("parallel", "each") for _, phase in every_phase(community.bind(case.task).phases)):
        went, told_of = sorted(went), sorted(told_of)  # what goes on side by side has no order
    assert went == told_of, case.name
    assert result.end == played.end, case.name
    assert [one is None for one in refused] == [one.refused is None for one in played.steps], case.name
    facts = memory.facts(community).find(limit=100_000)
    subject = {run.subject: played.subject} if run.subject and played.subject else {}
    names = {who: "somebody" for who in played.made_up if who != played.subject}
    real = told(facts, run.id, {k: str(v) for k, v in subject.items()})
    paper = told(played.facts, f"{community.id}/{case.task}/1", names)
    kinds = {kind for kind, _ in (*real, *paper)}
    for kind in sorted(kinds):
        assert sum(n for (k, _), n in real.items() if k == kind) == sum(
            n for (k, _), n in paper.items() if k == kind
        ), (case.name, kind)


def to_play(name: str, called: Collection[str] | None = None) -> list[tuple[datetime, Play]]:
    """The plays of a shipped community that servers can play, all or those of these names.

    Without those about cohorts: on servers a class is whoever shares something, not whoever a case says.
    """
    community = loaded(name)[1]
    about = {id_: community.modes[task.mode].for_ for id_, task in community.tasks.items()}
    found = [(at, case) for at, case in plays(community) if about[case.task] != "cohort"]
    return [(at, case) for at, case in found if called is None or case.name in called]


def follow(room: Any, name: str, word: str, every: list[tuple[datetime, Play]]) -> None:
    """Each in a community of its own: whoever is enlisted for one play would be asked and counted in the others."""
    assert every
    stage = Stage(room)
    with stage.working():
        for first in range(0, len(every), AT_ONCE):
            under_way = []
            for number, (at, case) in enumerate(every[first : first + AT_ONCE], first):
                community = built(room, name, f"{name}-{word}{number}")
                played = on_paper(community, case, at)  # under its own id, by which lots are drawn
                if len(played.path) <= MOST_PHASES:
                    under_way.append((community, stage.start(community, case, at, played), case, played))
            for community, run, case, played in under_way:
                agree(stage, community, run, case, played, stage.act(community, run, case))


QUICK = (
    "a contest as planned",  # do, submit, review, judge, measure, ask; people at the desk, refused and accepted
    "no complete team three times",  # form_teams, a way back
    "a car comes home",  # allocate
    "a talk that ends in honour",  # about a member
    "a circle that merges with another",  # parallel, repeat, enrol, meet: what goes on side by side
    "a week of scouting finds nobody",  # rounds without end
)


def test_a_choice_of_plays_goes_the_same_way_through_real_workflows(room: Any) -> None:
    follow(room, "auto", "some", to_play("auto", QUICK))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["auto", "maintainers"])
def test_all_plays_go_the_same_way_through_real_workflows(room: Any, name: str) -> None:
    follow(room, name, "all", to_play(name))
