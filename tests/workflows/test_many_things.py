"""Phases about many things: what an act costs does not grow with them, and nothing comes out otherwise than of few."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

import operations.known
import store.handed_in
import store.runs
import store.visits
from operations.ports.runs import Entry, Run, Visit
from tests.workflows.teams.crewed import AT, settle
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import Checked, CheckPhase, OpenPhase

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
PHOTO = {"photo": "https://example.org/photo", "caption": "one line"}


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    return settle(memory, 60, core=8)


class Played:
    """A run without a workflow, at times that the test says."""

    def __init__(self, memory: Any, task: str, key: str, **args: Any) -> None:
        self.memory, self.now = memory, AT
        self.poked: list[str] = []
        for one in memory.runs.runs("auto", task=task, status="running"):
            memory.runs.finish(one.id, end="cancel", at=AT)
        self.run: Run = Launcher(memory.house, memory).begin(task, community="auto", at=AT, args=args, key=key, seed=3)
        self.desk = Desk(memory.house, now=lambda: self.now, poke=lambda _, what: self.poked.append(what))
        self.conduct = Conduct(memory.house, now=lambda: self.now)

    def open(self, phase: str, **also: Any) -> Visit:
        self.conduct.open(OpenPhase(run=self.run.id, phase=phase, visit=1, scope="", at=self.now, **also))
        return self.visit(phase)

    def visit(self, phase: str) -> Visit:
        found: Visit = self.memory.runs.visit(self.run.id, phase)
        return found

    def look(self, phase: str, *, due: bool = False) -> Checked:
        return self.conduct.check(CheckPhase(run=self.run.id, phase=phase, visit=1, at=self.now, due=due))

    def close(self, phase: str) -> Checked:
        self.now = max(self.now, self.visit(phase).deadline or self.now)
        return self.look(phase, due=True)

    def plainly(self, name: str) -> str:
        return name.removeprefix(f"{self.run.id}/")


def contest(memory: Any, key: str, entries: int) -> Played:
    """A contest that is screened now: by a coordinator, with so many entries."""
    played = Played(
        memory,
        "most-beautiful-lines",
        key,
        at_least=2,
        open_for="4d",
        winners=2,
        judges=["role:director", "role:planner"],
    )
    played.open("entries")
    setting, visit = played.desk.opened(played.run.id, "entries")
    people = [f"member-{number:03d}" for number in range(entries)]
    gates = memory.runs.submit(
        played.run.id, "entries", [Entry(author=one, at=AT, fields=PHOTO) for one in people], limit=1, mark=False
    )
    assert all(gate.accepted for gate in gates)
    assert (setting.phase.id, visit.visit) == ("entries", 1)
    played.close("entries")
    played.open("screening")
    return played


@contextmanager
def rows(engine: Any) -> Iterator[list[int]]:
    """How many rows every statement inside reads or writes."""
    read: list[int] = []

    def note(_connection: Any, cursor: Any, *_: Any) -> None:
        read.append(max(cursor.rowcount, 0))

    event.listen(engine, "after_cursor_execute", note)
    try:
        yield read
    finally:
        event.remove(engine, "after_cursor_execute", note)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So few things are many."""
    monkeypatch.setattr(store.visits, "FEW", 5)
    monkeypatch.setattr(store.visits, "SMALL", 100)
    return 5


def test_a_verdict_costs_the_same_among_a_thousand_works_as_among_twenty(memory: Any, spec: Any, few: int) -> None:
    cost: dict[int, int] = {}
    for entries in (20, 1_000):
        played = contest(memory, f"cost {entries}", entries)
        work = f"{played.run.id}/entries/1/member-007/1"
        fields = {"reason": "fine"}
        with rows(memory.engine) as read:
            played.desk.answer(
                played.run.id, "screening", by="role:coordinator", choice="approve", about=work, fields=fields
            )
        cost[entries] = sum(read)

    assert cost[1_000] == cost[20]
    assert cost[20] < 60


def test_a_tip_costs_the_same_when_a_thousand_are_in_and_is_looked_through_at_once(
    memory: Any, spec: Any, few: int
) -> None:
    played = Played(memory, "owners-handbook", "tips")
    played.open("tips")
    played.open("sorted", coming=("tips",))
    entries = [Entry(author=f"m{n % 40:03d}", at=AT, fields={"words": f"tip {n}"}) for n in range(700)]
    cost: list[int] = []
    for start, end in ((0, 10), (10, 700)):
        setting, visit = played.desk.opened(played.run.id, "tips")
        assert all(one.accepted for one in played.desk.submit_many(setting, visit, entries[start:end]))
        with rows(memory.engine) as read:
            said = played.desk.submit(played.run.id, "tips", member=f"m05{len(cost)}", fields={"words": f"after {end}"})
        cost.append(sum(read))
        taken = played.visit("sorted")
        assert taken.many == len(taken.things) == end + (1 if end == 10 else 2)
        assert said.id in taken.things
        assert taken.things[-1] == said.id

    assert cost[1] == cost[0]


def test_the_run_is_poked_with_the_last_verdict_and_a_look_before_says_that_it_goes_on(
    memory: Any, spec: Any, few: int
) -> None:
    played = contest(memory, "poked", 7)
    screened = played.visit("screening")
    assert screened.many == 7
    for number, work in enumerate(screened.things):
        assert played.poked == []
        assert played.look("screening").outcome is None
        choice = "refuse" if number == 3 else "approve"
        fields = {"reason": "looked at"}
        played.desk.answer(played.run.id, "screening", by="role:coordinator", choice=choice, about=work, fields=fields)

    assert played.poked == ["screening/1"]
    assert memory.runs.left(played.run.id, "screening", 1, limit=10) == []
    assert played.look("screening").outcome == "done"
    assert len(played.visit("screening").results["approved"]) == 6


def marks(number: int) -> dict[str, int]:
    return {"creativity": 1 + number * 7 % 10, "technique": 1 + number * 3 % 10}


def judged(memory: Any, key: str, lonely: int | None) -> dict[str, Any]:
    """What comes of a contest in which one work gets no verdict and perhaps one only one judge; names without the
    run."""
    played = contest(memory, key, 9)
    told: list[Any] = []
    works = [*played.visit("screening").things]
    for number, work in enumerate(works[:-1]):
        fields = {"reason": "looked at"}
        choice = "refuse" if number == 2 else "approve"
        played.desk.answer(played.run.id, "screening", by="role:coordinator", choice=choice, about=work, fields=fields)
        told.append(played.look("screening").model_dump())
    told.append(played.close("screening").model_dump())
    played.open("judging")
    for number, work in enumerate(played.visit("judging").things):
        for judge in ("role:director", "role:planner")[: 1 if number == lonely else 2]:
            played.desk.score(played.run.id, work=work, by=judge, scores=marks(number))
        told.append(played.look("judging").model_dump())
    told.append(played.close("judging").model_dump())
    results = played.visit("judging").results
    ranking = [played.plainly(one) for one in results["ranking"]]
    facts = memory.facts("auto").find(kinds=["accepted", "refused", "reviewed", "scored", "judged"], limit=5_000)
    mine = sorted(
        (one.kind, one.at, one.member or "", played.plainly(str(one.fields.get("work"))))
        for one in facts
        if one.fields.get("run") == played.run.id
    )
    return {
        "told": told,
        "ranking": ranking,
        "facts": mine,
        "poked": played.poked,
        "dimensions": results.get("dimensions"),
        "scores": {played.plainly(work): score for work, score in results.get("scores", {}).items()},
    }


@pytest.mark.parametrize("lonely", [4, None])
def test_a_contest_comes_out_the_same_whether_its_works_are_called_many_or_few(
    memory: Any, spec: Any, monkeypatch: pytest.MonkeyPatch, lonely: int | None
) -> None:
    of_few = judged(memory, f"of few {lonely}", lonely)
    monkeypatch.setattr(store.visits, "FEW", 0)
    monkeypatch.setattr(store.visits, "SMALL", 0)
    monkeypatch.setattr(store.handed_in, "MANY", 2)
    monkeypatch.setattr(store.runs, "BATCH", 2)
    monkeypatch.setattr(operations.known, "PAGE", 2)
    of_many = judged(memory, f"of many {lonely}", lonely)

    assert of_many == of_few
    assert len(of_few["facts"]) > 30
    assert bool(of_few["ranking"]) is (lonely is None)


def test_what_a_visit_is_about_keeps_its_order_when_it_grows_out_of_its_row(memory: Any, spec: Any, few: int) -> None:
    played = Played(memory, "owners-handbook", "grows")
    played.open("tips")
    visit = played.open("sorted", coming=("tips",))
    things = [f"{played.run.id}/thing/{number}" for number in range(14)]
    asked = (played.run.id, "sorted", visit.visit)

    for start, end in ((0, 3), (3, 5), (4, 9), (9, 14)):
        memory.runs.take_in(*asked, things=things[start:end], deadline=None)
        found = played.visit("sorted")
        assert tuple(found.things) == tuple(things[:end])
        assert bool(found.many) is (end > few)
    later: datetime = AT + 5 * DAY
    memory.runs.take_in(*asked, things=things[:2], deadline=later)
    memory.runs.settle(*asked, things[::2])

    found = played.visit("sorted")
    assert (list(found.things), found.many, found.deadline) == (things, len(things), later)
    assert [thing for _, thing in memory.runs.left(*asked, limit=100)] == things[1::2]
    assert things[3] in found.things
    assert "something else" not in found.things
