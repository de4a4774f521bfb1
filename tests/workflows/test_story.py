"""Stories with several strands: told by a clock on paper, interrupted anywhere, they come out the same."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.course import Branch, Course, Leg, Way
from workflows.steps import Checked, CheckPhase, Opened, OpenPhase, Resume, RunInput, StopPhases, Under
from workflows.story import Story
from workflows.strand import TooOften, visit_number

START = datetime(2027, 3, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Paper:
    """Hands with a clock on paper: whoever waits for the earliest moment goes on first.

    Every visit comes out as it is drawn by name, after so many days as are drawn by name.
    """

    course: Course
    seed: int
    rests: random.Random | None = None  # interrupts the story at random
    drifts: random.Random | None = None  # whoever waits goes on in any order, as on a machine that does not keep up
    told: list[str] = field(default_factory=list)
    waiting: list[tuple[datetime, str, asyncio.Future[bool]]] = field(default_factory=list)
    turns: list[asyncio.Future[None]] = field(default_factory=list)
    open_now: set[str] = field(default_factory=set)

    def draw(self, *name: object) -> random.Random:
        return random.Random(f"{self.seed}/{'/'.join(map(str, name))}")

    def time(self, at: datetime) -> datetime:
        return at

    def logical(self, under: Under) -> datetime:
        return under.opened_at

    async def open(self, asked: OpenPhase) -> Opened:
        await asyncio.sleep(0)
        leg = next(leg for leg in self.course.legs() if leg.id == asked.phase)
        self.told.append(f"{asked.at - START} {asked.scope}{asked.phase} {asked.visit}")
        lot = self.draw(asked.phase, asked.visit)
        if leg.kind == "each":
            return Opened(at=asked.at, real_at=asked.at, units=lot.randint(0, 3))
        if leg.apart:
            return Opened(at=asked.at, real_at=asked.at)
        if leg.body:
            return Opened(at=asked.at, real_at=asked.at, deadline=asked.at + DAY * lot.randint(1, 5))
        if lot.random() < 0.2:
            return Opened(outcome=lot.choice(["good", "bad"]), at=asked.at, real_at=asked.at)
        self.open_now.add(f"{asked.phase}/{asked.visit}")
        # no two moments of a story are the same, so that it is told which comes first
        length = timedelta(microseconds=lot.randint(1, 10 * 86_400_000_000))
        return Opened(at=asked.at, real_at=asked.at, deadline=asked.at + length)

    async def check(self, asked: CheckPhase) -> Checked:
        await asyncio.sleep(0)
        if not asked.due:
            return Checked(at=asked.at)
        self.open_now.discard(f"{asked.phase}/{asked.visit}")
        return Checked(outcome=self.draw(asked.phase, asked.visit, "out").choice(["good", "bad"]), at=asked.at)

    async def stop(self, asked: StopPhases) -> None:
        for one in asked.phases:
            self.open_now.discard(f"{one.phase}/{one.visit}")
            self.told.append(f"{asked.at - START} stop {one.phase} {one.visit}")

    async def until(self, under: Under, goal: datetime, halted) -> bool:
        while not halted():
            future = asyncio.get_running_loop().create_future()
            self.waiting.append((goal, f"{under.phase}/{under.visit}", future))
            if await future:
                return True
        return False

    async def in_turn(self, under: Under, behind) -> bool:
        while behind():
            self.turns.append(asyncio.get_running_loop().create_future())
            await self.turns[-1]
        return True

    def came(self, under: Under) -> bool:
        return False

    def wake(self) -> None:
        for _, _, future in self.waiting:
            if not future.done():
                future.set_result(False)
        self.waiting.clear()

    def tell(self, leg: Leg, under: Under) -> None:
        pass

    def tell_pause(self, leg: Leg, until: datetime) -> None:
        pass

    def must_move(self) -> bool:
        return False

    def must_rest(self) -> bool:
        return self.rests is not None and self.rests.random() < 0.1

    async def play(self, story: Story) -> str | None:
        """Tell a story, the clock going on whenever everybody waits."""
        task = asyncio.create_task(story.play())
        while not task.done():
            for _ in range(200):
                await asyncio.sleep(0)
                if task.done():
                    return task.result()
            for turn in self.turns:
                turn.set_result(None)
            self.turns.clear()
            if not self.waiting:
                continue
            first = self.drifts.choice(self.waiting) if self.drifts else min(self.waiting, key=lambda one: one[:2])
            self.waiting.remove(first)
            if not first[2].done():
                first[2].set_result(True)
        return task.result()


def tell(
    course: Course, seed: int, rests: random.Random | None = None, drifts: random.Random | None = None
) -> tuple[list[str], str, datetime, set[str]]:
    paper = Paper(course, seed, rests, drifts)
    told = RunInput(community="c", run="c/t/1", task="t", mode="m", digest="d", opened_at=START, scale="1d=1ms")

    async def whole() -> tuple[str, datetime]:
        resume: Resume | None = None
        while True:
            story = Story(told.model_copy(update={"resume": resume}), course, paper)
            end = await paper.play(story)
            if end is not None:
                return end, story.at
            resume = Resume.model_validate_json(story.resume.model_dump_json())

    end, at = asyncio.run(whole())
    return paper.told, end, at, paper.open_now


@st.composite
def bodies(
    draw: st.DrawFn, prefix: str = "p", depth: int = 2, kinds: tuple[str, ...] = ("ask", "repeat", "each", "parallel")
) -> tuple[Leg, ...]:
    """Phases of one body: ways on, back and out; rounds, units and branches inside."""
    ids = [f"{prefix}{n}" for n in range(draw(st.integers(1, 3)))]
    legs = []
    for place, id_ in enumerate(ids):
        out = ["next", "next", "next", "end:word", "cancel", "leave", "stop", *ids[place + 1 :]]
        go: dict[str, Way] = {"good": Way(to=draw(st.sampled_from(out)))}
        if draw(st.booleans()):
            back = draw(st.sampled_from(ids[: place + 1]))
            go["bad"] = Way(to=back, at_most=draw(st.integers(1, 2)), otherwise=draw(st.sampled_from(out)))
        kind = draw(st.sampled_from(["ask", *kinds])) if depth else "ask"
        fields: dict[str, object] = {}
        if kind in ("repeat", "each"):
            fields["body"] = draw(bodies(f"{id_}x", depth - 1, kinds))
            fields["times"] = draw(st.integers(1, 3)) if kind == "repeat" else None
        elif kind == "parallel":
            names = ["a", "b", "c"][: draw(st.integers(2, 3))]
            fields["branches"] = tuple(Branch(id=n, body=draw(bodies(f"{id_}{n}", depth - 1, kinds))) for n in names)
            fields["ends_with"] = draw(st.sampled_from(["all", "all", "first", *names]))
        legs.append(Leg(id=id_, kind=kind, first="good", go=go, **fields))
    return tuple(legs)


@settings(max_examples=150, deadline=None)
@given(bodies(), st.integers(0, 1000), st.integers(0, 1000))
def test_a_story_that_is_interrupted_anywhere_comes_out_as_if_it_had_not_been(body, seed, rests):
    course = Course(mode="m", title="M", phases=body)

    told, end, at, left_open = tell(course, seed)
    again, end_again, at_again, _ = tell(course, seed, random.Random(rests))

    assert (set(told) - set(again), set(again) - set(told)) == (set(), set())
    assert (end, at, sorted(told)) == (end_again, at_again, sorted(again))
    assert len(told) == len(set(told)), "no visit has the number of another"
    if not (end == "cancel" or end.startswith("end:")):
        assert left_open == set(), "whatever was opened was closed or stopped"


@settings(max_examples=100, deadline=None)
@given(bodies(kinds=("repeat", "parallel")), st.integers(0, 1000), st.integers(0, 1000))
def test_branches_go_on_in_order_of_the_runs_own_time_however_fast_each_of_them_is(body, seed, drifts):
    course = Course(mode="m", title="M", phases=body)

    assert tell(course, seed, drifts=random.Random(drifts)) == tell(course, seed)


def phases(*ids: str, **fields: object) -> tuple[Leg, ...]:
    return tuple(Leg(id=id_, kind="ask", first="good", go={}, **fields) for id_ in ids)


@pytest.mark.parametrize("ends_with", ["all", "first", "a", "b"])
def test_branches_end_as_the_mode_says_and_what_is_still_open_is_stopped(ends_with):
    both = (Branch(id="a", body=phases("a1", "a2")), Branch(id="b", body=phases("b1")))
    leg = Leg(id="p", kind="parallel", first="done", go={}, branches=both, ends_with=ends_with)
    course = Course(mode="m", title="M", phases=(leg, *phases("after")))
    for seed in range(30):
        told, end, _, _ = tell(course, seed)
        opened = [line.rpartition(", ")[2] if ", " in line else line for line in told]
        moments = {line.split()[-2]: line for line in opened}
        stopped = [line for line in told if " stop " in line]

        assert end == "end"
        assert sum(" after " in line for line in told) == 1
        assert not (ends_with == "all" and stopped)
        assert not any(f" stop {ends_with}" in line for line in told)
        assert set(moments) >= {"p", "a1", "b1", "after"}


def test_units_go_at_their_own_pace_and_the_run_goes_on_when_the_last_is_through():
    unit = Leg(id="each", kind="each", first="done", go={}, body=phases("one", "two"))
    course = Course(mode="m", title="M", phases=(unit, *phases("after")))
    seed = next(n for n in range(100) if Paper(course, n).draw("each", 1).randint(0, 3) == 3)

    told, _, _, _ = tell(course, seed)

    by_scope = defaultdict(list)
    for line in told:
        by_scope[line.split()[-2].partition("/")[0]].append(line)
    assert {"each.1", "each.2", "each.3", "each", "after"} == set(by_scope)
    assert all(len(by_scope[f"each.{n}"]) == 2 for n in (1, 2, 3))
    assert "after" in told[-1]


@given(
    st.integers(1, 4).flatmap(
        lambda deep: st.lists(
            st.tuples(*[st.integers(1, 9_000)] * deep, st.integers(1, 999)), min_size=2, max_size=2, unique=True
        )
    )
)
@settings(max_examples=100)
def test_visits_of_units_within_units_have_numbers_of_their_own_that_the_tables_hold(places):
    one, other = (visit_number(units, count) for *units, count in places)

    assert one != other
    assert 0 < one < 2**63


@pytest.mark.parametrize("units", [(1,), (7, 3), (9_999, 9_999, 9_998)])
def test_what_would_have_the_number_of_another_visit_is_refused(units):
    assert visit_number(units, 999) < visit_number((*units[:-1], units[-1] + 1), 1)
    with pytest.raises(TooOften, match="talk is entered 1,000 times in one unit of an `each`, and 999 times is"):
        visit_number(units, 1_000, "talk")
    with pytest.raises(TooOften, match="is in unit 10,000 of an `each` within another"):
        visit_number((1, 10_000), 1)
    assert visit_number((), 5_000) == 5_000, "of what lies in no unit there are as many as there are"


def test_rounds_in_a_unit_go_on_until_their_visits_cannot_be_told_apart(monkeypatch):
    rounds = Leg(id="week", kind="repeat", first="good", go={}, times=4, body=phases("talk"))
    course = Course(mode="m", title="M", phases=(Leg(id="each", kind="each", first="done", go={}, body=(rounds,)),))
    seed = next(n for n in range(100) if Paper(course, n).draw("each", 1).randint(0, 3) == 3)
    assert tell(course, seed)[1] == "end"

    monkeypatch.setattr("workflows.strand.IN_A_UNIT", 4)

    with pytest.raises(TooOften, match="week is entered 4 times in one unit"):
        tell(course, seed)
