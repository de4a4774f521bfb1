"""Branches and units on real servers: several phases open at once, works reviewed as they come, a killed worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from operations.ports.runs import Visit
from tests.workflows.made_up import AT
from tests.workflows.unseen import ended
from workflows.desk import Desk
from workflows.launch import Launcher

pytestmark = pytest.mark.servers


def test_a_mode_that_nobody_has_seen_runs_to_its_end_from_its_file_alone(
    founded: Any, working: None, launcher: Launcher
) -> None:
    run = launcher.start("autumn-fair", at=AT, scale="1d=50ms", rehearsed=True, seed=5)

    assert ended(founded, run) == "end"

    visits = founded.memory.runs.visits(run.id)
    market = [one for one in visits if one.phase in ("dishes", "tasted", "song")]
    assert {one.phase for one in market} == {"dishes", "tasted", "song"}
    dishes, tasted = (next(one for one in visits if one.phase == name) for name in ("dishes", "tasted"))
    assert tasted.opened_at < dishes.closed_at <= tasted.closed_at
    assert set(tasted.things) == set(dishes.results["works"]) != set()
    songs = [one for one in visits if one.phase == "song"]
    assert [one.scope for one in songs] == [f"songs.{n}/" for n in (1, 2, 3)]
    members = next(one for one in visits if one.phase == "stalls").results["members"]
    tales = [one for one in visits if one.phase == "tale"]
    assert {one.scope for one in tales} == {f"stands.{n}/" for n in range(1, len(members) + 1)}
    assert {one.asked for one in tales} == {(who,) for who in members}
    assert all(one.state in ("closed", "skipped") and one.outcome for one in visits)
    assert founded.gateway.look(run.id).events < 400


class LateNews:
    """Runs in which phases were open a moment ago that have closed since."""

    def __init__(self, runs: Any, were_open: Sequence[Visit]) -> None:
        self._runs, self._were_open = runs, were_open

    def open_visits(self, run: str, *, phase: str) -> Sequence[Visit]:
        return self._were_open

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)


def test_real_people_act_in_several_phases_that_are_open_at_once(
    founded: Any, working: None, launcher: Launcher, desk: Desk, eventually: Any
) -> None:
    runs, inbox = founded.memory.runs, founded.memory.inbox
    run = launcher.start("autumn-fair", scale="1d=60s")
    eventually(lambda: runs.visit(run.id, "stalls"))
    for who in ("m01", "m02", "m03"):
        desk.enrol(run.id, member=who, fields={})
    eventually(lambda: len(runs.open_visits(run.id)) == 3)

    soup = desk.submit(run.id, "dishes", member="m01", fields={"name": "soup"}).id
    item = inbox.item("village", f"{run.id}/tasted/1@{soup}")
    assert item is not None
    desk.answer(run.id, "tasted", by="role:elder", choice="return", about=soup, fields={"reason": "salt"})
    desk.revise(run.id, "tasted", work=soup, member="m01", fields={"name": "good soup"})
    for who in ("m01", "m02", "m02", "m03", "m03"):
        desk.submit(run.id, "dishes", member=who, fields={"name": "bread"})
    eventually(lambda: runs.visit(run.id, "dishes").outcome == "done")
    assert runs.visit(run.id, "tasted").state == "open"
    for work in runs.works_of(run.id):
        desk.answer(run.id, "tasted", by="role:elder", choice="approve", about=work.id, fields={"reason": "good"})
    tasted = eventually(lambda: (one := runs.visit(run.id, "tasted")).state == "closed" and one)
    assert tasted.closed_at < tasted.opened_at + timedelta(days=2)
    assert len(tasted.results["approved"]) == 6

    for _ in range(3):
        song = eventually(lambda: inbox.find("village", role="clerk", run=run.id))[0]
        desk.complete("village", song.id, outcome="done", fields={"text": "la"}, by="role:clerk")
        eventually(lambda song=song: not inbox.find("village", role="clerk", run=run.id))
    eventually(lambda: len(runs.open_visits(run.id, phase="tale")) == 3)
    desk.answer(run.id, "tale", by="m02", choice="badly")
    desk.answer(run.id, "tale", by="m01", choice="well")
    mine = inbox.find("village", member="m03", run=run.id)[0]
    desk.complete("village", mine.id, outcome="well", fields={}, by="m03")
    both = eventually(lambda: len(found := runs.open_visits(run.id, phase="last-dish")) == 2 and found)
    desk.submit(run.id, "last-dish", member="m03", fields={"steps": 3})
    eventually(lambda: len(runs.open_visits(run.id, phase="last-dish")) == 1)
    house = replace(founded.memory.house, runs=LateNews(runs, both))
    Desk(house, poke=founded.gateway.poke).submit(run.id, "last-dish", member="m01", fields={"steps": 3})

    assert ended(founded, run) == "end"
    told = founded.memory.facts("village").find(kinds=["greeted"], limit=500)
    last = [fact for fact in told if fact.fields["run"] == run.id and fact.fields["phase"] == "thanks"]
    assert {fact.member for fact in last} == {"m01", "m03"}
