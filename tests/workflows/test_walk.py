"""The walk along a course: as it is told on paper, as the interpreter does it, and never longer than its bound."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio import activity

from tests.waiting import PATIENCE
from workflows import steps
from workflows.course import At, Course, Ending, Leg, RoundOver, Walk, Way
from workflows.steps import (
    Checked,
    CheckPhase,
    Finished,
    FinishRun,
    Opened,
    OpenPhase,
    ReadCourse,
    RunInput,
    StopPhases,
)

START = datetime(2027, 3, 8, tzinfo=UTC)
DAY = timedelta(days=1)
OUTCOMES = ("good", "bad", "odd")


@st.composite
def bodies(draw: st.DrawFn, prefix: str = "p", depth: int = 2) -> tuple[Leg, ...]:
    """Phases of one body: ways on, back and out; rounds inside."""
    ids = [f"{prefix}{n}" for n in range(draw(st.integers(1, 4)))]
    legs = []
    for place, id_ in enumerate(ids):
        out = ["next", "end", "end:word", "cancel", "leave", "stop", *ids[place + 1 :]]
        go: dict[str, Way] = {}
        for outcome in OUTCOMES:
            if draw(st.booleans()):
                go[outcome] = Way(to=draw(st.sampled_from(out)))
            elif draw(st.booleans()):
                back = draw(st.sampled_from(ids[: place + 1]))
                go[outcome] = Way(to=back, at_most=draw(st.integers(1, 2)), otherwise=draw(st.sampled_from(out)))
        inner: tuple[Leg, ...] = ()
        times = None
        if depth and draw(st.integers(0, 3)) == 0:
            inner, times = draw(bodies(f"{id_}x", depth - 1)), draw(st.integers(1, 3))
        legs.append(Leg(id=id_, kind="repeat" if inner else "ask", first="good", go=go, body=inner, times=times))
    return tuple(legs)


def on_paper(course: Course, outcome: Any) -> tuple[list[str], str]:
    """The meaning of a course, told once more and recursively, as the reference tells it."""
    path: list[str] = []
    visits: dict[str, int] = defaultdict(int)

    def walk(body: tuple[Leg, ...]) -> str:
        places = {leg.id: place for place, leg in enumerate(body)}
        taken: dict[tuple[str, str], int] = defaultdict(int)
        place = 0
        while place < len(body):
            leg = body[place]
            if leg.body:
                word = "done"
                for _ in range(leg.times or 1):
                    visits[leg.id] += 1
                    path.append(leg.id)
                    word = walk(leg.body)
                    if word not in ("out", "leave"):
                        break
                if word not in ("out", "leave", "stop"):
                    return word
                came_out = leg.first
            else:
                visits[leg.id] += 1
                path.append(leg.id)
                came_out = outcome(leg.id, visits[leg.id])
            way = leg.go.get(came_out, Way(to="next"))
            target = way.to
            if way.at_most is not None:
                taken[leg.id, came_out] += 1
                target = way.to if taken[leg.id, came_out] <= way.at_most else way.otherwise or "next"
            if target == "next":
                place += 1
            elif target in places:
                place = places[target]
            else:
                return target
        return "out"

    end = walk(course.phases)
    return path, "end" if end in ("out", "leave", "stop") else end


def walked(course: Course, outcome: Any, limit: int = 5_000) -> tuple[list[str], str]:
    """The same by the walk that the interpreter uses, its position remembered and taken up again at every step."""
    path: list[str] = []
    visits: dict[str, int] = defaultdict(int)
    walk = Walk(course)
    for _ in range(limit):
        walk = Walk(course, walk.frames) if not isinstance(walk.here(), Ending) else walk
        match walk.here():
            case Ending(word):
                return path, word
            case RoundOver(_, _, last=True):
                walk.leave_rounds()
            case RoundOver(leg, _, _) | At(leg) if leg.body:
                visits[leg.id] += 1
                path.append(leg.id)
                walk.begin_round(START)
            case At(leg):
                visits[leg.id] += 1
                path.append(leg.id)
                walk.come_out(outcome(leg.id, visits[leg.id]))
        if walk._over is not None:
            return path, walk._over
    raise AssertionError("the walk does not end")


@settings(max_examples=300, deadline=None)
@given(bodies(), st.randoms(use_true_random=False))
def test_the_walk_means_what_is_told_on_paper_and_keeps_its_bound(body: tuple[Leg, ...], lots: Any) -> None:
    course = Course(mode="m", title="M", phases=body)
    drawn: dict[tuple[str, int], str] = defaultdict(lambda: lots.choice(OUTCOMES))

    def outcome(phase: str, visit: int) -> str:
        return drawn[phase, visit]

    path, end = walked(course, outcome)

    assert (path, end) == on_paper(course, outcome)
    assert len(path) <= course.bound()


class Paper:
    """Activities that know nothing but what each visit comes out as."""

    def __init__(self, course: Course, outcomes: dict[tuple[str, int], str]) -> None:
        self.course, self.outcomes = course, outcomes
        self.path: list[str] = []

    def told(self, phase: str, visit: int) -> str:
        return self.outcomes.get((phase, visit), "good")

    @activity.defn(name=steps.READ_COURSE)
    def read_course(self, asked: ReadCourse) -> Course:
        return self.course

    @activity.defn(name=steps.OPEN_PHASE)
    def open_phase(self, asked: OpenPhase) -> Opened:
        self.path.append(asked.phase)
        leg = next(leg for leg in self.course.legs() if leg.id == asked.phase)
        now = datetime.now(UTC)
        if leg.body:
            return Opened(at=asked.at, real_at=now, deadline=asked.at + DAY)
        if asked.visit % 2:
            return Opened(at=asked.at, real_at=now, deadline=asked.at + DAY)
        return Opened(outcome=self.told(asked.phase, asked.visit), at=asked.at, real_at=now)

    @activity.defn(name=steps.CHECK_PHASE)
    def check_phase(self, asked: CheckPhase) -> Checked:
        assert asked.due
        return Checked(outcome=self.told(asked.phase, asked.visit), at=asked.at)

    @activity.defn(name=steps.STOP_PHASES)
    def stop_phases(self, asked: StopPhases) -> Finished:
        return Finished(members=0, undone=0)

    @activity.defn(name=steps.FINISH_RUN)
    def finish_run(self, asked: FinishRun) -> Finished:
        return Finished(members=0, undone=0)


@pytest.mark.servers
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies(depth=1), st.randoms(use_true_random=False))
def test_the_interpreter_walks_a_random_mode_as_it_is_told_on_paper(
    gateway: Any, body: tuple[Leg, ...], lots: Any
) -> None:
    from workflows.process import Process
    from workflows.runtime import Crew

    course = Course(mode="m", title="M", phases=body)
    outcomes = {
        (leg.id, visit): lots.choice(OUTCOMES) for leg in course.legs() if not leg.body for visit in range(1, 60)
    }
    paper = Paper(course, outcomes)
    expected, end = on_paper(course, paper.told)
    run = f"c/t/{uuid4()}"
    told = RunInput(community="c", run=run, task="t", mode="random-mode", digest="d", opened_at=START, scale="1d=1ms")
    crew = Crew(
        workflows=[Process], activities=[paper.read_course, paper.open_phase, paper.check_phase, paper.finish_run]
    )
    with gateway.working(crew):
        gateway.start("random-mode", told, id=run)
        result = gateway.result(run, PATIENCE, steps.RunResult)

    assert (paper.path, result.end) == (expected, end)
    assert len(paper.path) <= course.bound()


@pytest.mark.servers
def test_a_cancelled_run_takes_back_only_when_what_is_being_done_is_done(gateway: Any, eventually: Any) -> None:
    from workflows.process import Process
    from workflows.runtime import Crew

    begun, cancelled, told = threading.Event(), threading.Event(), []

    class Slow(Paper):
        @activity.defn(name=steps.OPEN_PHASE)
        def open_phase(self, asked: OpenPhase) -> Opened:
            begun.set()
            with contextlib.suppress(BaseException):  # a cancel does not undo what an activity has half done
                cancelled.wait(PATIENCE)
            told.append("done")
            return Opened(outcome="good", at=asked.at, real_at=datetime.now(UTC))

        @activity.defn(name=steps.FINISH_RUN)
        def finish_run(self, asked: FinishRun) -> Finished:
            told.append(asked.end)
            return Finished(members=0, undone=0)

    leg = Leg(id="p", kind="do", first="good", go={"good": Way(to="p", at_most=20, otherwise="end")})
    slow = Slow(Course(mode="m", title="M", phases=(leg,)), {})
    run = f"c/t/{uuid4()}"
    crew = Crew(workflows=[Process], activities=[slow.read_course, slow.open_phase, slow.check_phase, slow.finish_run])
    with gateway.working(crew):
        gateway.start(
            "slow-mode",
            RunInput(community="c", run=run, task="t", mode="slow-mode", digest="d", opened_at=START, scale="1d=1ms"),
            id=run,
        )
        assert begun.wait(PATIENCE)
        gateway.cancel(run)
        cancelled.set()
        eventually(lambda: gateway.look(run).status == "canceled")

    assert told == ["done", "cancel"]


def test_messages_come_back_as_they_went() -> None:
    told = RunInput(community="c", run="c/t/1", task="t", mode="m", digest="d", opened_at=START, args={"a": [1, "x"]})

    assert RunInput.model_validate_json(told.model_dump_json()) == told
