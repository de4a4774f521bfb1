"""A contest of ten thousand: every entry is a row, the history stays small, and who is late is told so."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from operations.errors import Refusal
from operations.ports.members import Member
from operations.ports.runs import Entry
from rules.spec import load
from store.folder import read_folder
from tests.waiting import PATIENCE, pace
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.phases import discover
from workflows.steps import RunResult

pytestmark = [pytest.mark.servers, pytest.mark.slow]

MANY = 10_000
AT = datetime(2027, 3, 8, 2, tzinfo=UTC)
ENTRY = {"photo": "https://example.org/photo", "caption": "那一根线条"}


def test_ten_thousand_entries_come_in_and_the_late_ones_are_refused(room: Any, worker: Any, eventually: Any) -> None:
    files = read_folder(Path(__file__).parents[2] / "specs" / "auto")
    community = load(files, discover()).community
    assert community is not None
    room.memory.specs.publish(files, community, message="first", author="test", at=AT)
    joined = datetime(2026, 1, 1, tzinfo=UTC)
    ids = [f"m{number:05d}" for number in range(MANY + 5)]
    room.memory.members(community).enlist([Member(one, joined, {"consent": True}) for one in ids], at=joined)
    house, runs = room.memory.house, room.memory.runs
    desk = Desk(house)
    launcher = Launcher(house, room.gateway)
    with worker():
        run = launcher.start("most-beautiful-lines", at=AT, scale=pace("1d=2s"), args={"open_for": "15d"})
        visit = eventually(lambda: runs.visit(run.id, "entries"))
        setting = desk.settings.of(run.id, "entries", at=AT + timedelta(days=1))
        entries = [Entry(author=one, at=AT + timedelta(days=1), fields=ENTRY) for one in ids[:MANY]]
        began = process_time()
        said = desk.submit_many(setting, visit, entries)
        took = process_time() - began
        assert Counter(one.accepted for one in said) == {True: MANY}
        again = desk.submit_many(setting, visit, entries[:100])
        assert {one.reason for one in again} == {"1 work is the most that one may hand in here"}

        eventually(lambda: runs.visit(run.id, "screening"))
        for late in ids[MANY:]:
            with pytest.raises(Refusal, match=r"entries of auto/.* is closed since 2027-03-23 10:00 \(Asia/Shanghai\)"):
                desk.submit(run.id, "entries", member=late, fields=ENTRY)
        entered = runs.visit(run.id, "entries")
        assert len(entered.results["works"]) == MANY
        assert len(set(entered.results["authors"])) == MANY

        eventually(lambda: runs.visit(run.id, "no-judges"))
        screened = runs.visit(run.id, "screening")
        assert len(screened.results["approved"]) == MANY
        assert room.memory.facts("auto").count() >= 3 * MANY
        result = room.gateway.result(run.id, PATIENCE, RunResult)
    seen = room.gateway.look(run.id)
    print(f"{MANY} entries in {took:.1f} s of computing, {seen.events} events")
    assert result.end == "cancel"  # nobody judged, twice
    assert seen.events < 500
    assert took < 30


def test_ten_thousand_simulated_entrants_end_in_the_right_ranking(room: Any, worker: Any) -> None:
    house, runs = room.memory.house, room.memory.runs
    with worker():
        run = Launcher(house, room.gateway).start(
            "most-beautiful-lines", at=AT, scale="1d=20ms", rehearsed=True, crowd=MANY, seed=5
        )
        result = room.gateway.result(run.id, 500, RunResult)
    assert result.end.startswith("end")
    visits = {visit.phase: visit for visit in runs.visits(run.id)}
    judged = visits["judging"]
    ranking = judged.results["ranking"]
    assert len(visits["entries"].results["works"]) == MANY
    assert ranking == sorted(ranking, key=lambda work: -float(judged.results["scores"][work]))
    works = runs.works_by_id("auto", ranking[:10])
    assert judged.results["winners"] == [works[one].author for one in ranking[:10]]
    nominated = {one.member for one in room.memory.effects.candidates("auto", "tier", "active")}
    assert nominated == set(judged.results["winners"])
    events = room.gateway.look(run.id).events
    print(f"{events} events")
    assert events < 500
