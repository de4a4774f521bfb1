"""Creative freedom by tier: beginners are read before they are published, the trusted afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from cli.wiring import Room
from tests.people.owners import AT, did, enlist, owners
from tests.waiting import PATIENCE
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = [pytest.mark.servers, pytest.mark.slow]
Worker = Callable[..., AbstractContextManager[None]]


def test_beginners_are_read_before_publication_and_the_trusted_afterwards(room: Room, worker: Worker) -> None:
    memory = room.memory
    auto = owners(memory)
    skills = ("research", "driving", "writing")
    for n in range(24):
        tier, car = ("core", "suv-x") if n % 2 else ("active", "sedan-e")
        told = {"skills": frozenset(skills), "car_model": car, "city": "上海", "consent": True, "origin": "both"}
        enlist(memory, auto, f"m{n:02}", tier=tier, stage="active", **told)
        did(memory, auto, f"m{n:02}", "judged", 20, work=f"w{n}", mode="contest", place=9, of=30, score=700)
    with worker():
        run = Launcher(memory.house, room.gateway).start(
            "ultimate-buying-guide", community="auto", at=AT, scale="1d=40ms", rehearsed=True, seed=5, crowd=24
        )
        result: RunResult = room.gateway.result(run.id, PATIENCE, RunResult)
    assert result.end.startswith("end")
    visits = {visit.phase: visit for visit in memory.runs.visits(run.id)}
    tiers = {f"m{n:02}": "core" if n % 2 else "active" for n in range(24)}
    pieces = {work.id: tiers[work.author] for work in memory.runs.works(run.id, "piece-in")}
    assert set(pieces.values()) == {"core", "active"}
    published = memory.facts(auto).find(kinds=["published"], limit=200)
    first = {str(fact.fields["work"]): fact.at for fact in reversed(published) if fact.fields.get("work") in pieces}
    for work, tier in pieces.items():
        if tier == "core":
            assert work in visits["check-later"].things
            assert first[work] <= visits["check-later"].opened_at, "the trusted publish, and are read afterwards"
        else:
            assert work in visits["check"].things
            assert work not in first or first[work] >= visits["check"].closed_at, "beginners are read before"  # type: ignore[operator]
