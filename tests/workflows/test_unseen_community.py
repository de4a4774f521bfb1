"""A whole community that nobody has programmed for: from its folder to the end of one member's way through it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from cli.journey.hands import BEGINS, Hands, at
from cli.wiring import Room
from operations.books import check_books
from operations.by_form import fill_in
from operations.import_facts import import_facts
from operations.import_members import import_members
from operations.publish import publish
from rules.spec import Community
from store.folder import read_folder
from tests.waiting import PATIENCE
from tests.workflows.orchestra import FILES
from workflows.launch import Launcher
from workflows.phases import discover
from workflows.ready import cannot_run
from workflows.steps import RunResult

pytestmark = [pytest.mark.servers, pytest.mark.slow]
Worker = Callable[..., AbstractContextManager[None]]
PLAYERS = [f"player-{number}" for number in range(8)]
SOLO = {"piece": "El día que me quieras", "bars": 32}


def test_an_unseen_community_lives_from_its_files_alone(room: Room, worker: Worker, tmp_path: Path) -> None:
    spec = founded(room, tmp_path)
    told: list[str] = []
    hands = Hands(room, spec, "ana", "1d=1s", say=lambda mark: told.append(mark.what), ending=Event())
    with worker():
        joined(hands)
        played_a_solo(hands)
        risen(hands)
        honoured(hands)
        contended(hands)
    assert told == ["curious", "playing", "first solo", "player", "principal", "honorary", "never assessed again"]

    books = check_books(room.memory.desk, spec)
    assert books.findings == []
    assert {(one.book, one.account): (one.came, one.went, one.left) for one in books.lines if one.book == "stock"} == {
        ("stock", "rosin"): (3, 1, 2)
    }
    assert {one.account for one in books.lines if one.book == "rewards"} == {"orchestra/winter-duel/1"}
    assert room.memory.decisions.verify(spec.id).ok


def founded(room: Room, folder: Path) -> Community:
    """The folder is written, published, and people and what they did come in through files."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.strip() + "\n", encoding="utf-8")
    memory, kinds = room.memory, discover()
    publish(memory.specs, read_folder(folder), kinds, message="The first night", author="conductor-1", at=BEGINS)
    spec = memory.specs.current("orchestra")
    assert [cannot_run(spec.bind(task, {})) for task in spec.tasks] == [[], []]
    for role in spec.roles:
        memory.effects.staff(spec.id, role, [f"{role}-1", f"{role}-2"])
    memory.effects.stocked(spec.id, "rosin", 3, by="conductor-1", at=BEGINS, key="first")

    members, facts = folder / "members.csv", folder / "facts.csv"
    rows = [f"{who},2025-12-01,{'winds' if number % 2 else 'strings'},,true" for number, who in enumerate(PLAYERS)]
    rows = [f"{row.rsplit(',', 2)[0]},player,true" for row in rows]
    members.write_text("\n".join(["id,joined,section,tier,consent", *rows, "ana,2026-01-01,winds,guest,true"]) + "\n")
    taken = import_members(members, spec, memory.members(spec), memory.standings, at=BEGINS)
    lines = [
        f"{who}/{n},{who},rehearsed,{at(3 * n + 2):%Y-%m-%dT%H:%MZ},90" for who in [*PLAYERS, "ana"] for n in range(9)
    ]
    facts.write_text("\n".join(["id,member,kind,at,minutes", *lines]) + "\n")
    happened = import_facts(facts, spec, memory.facts(spec))
    assert (taken.rows, taken.rejected, happened.rows, happened.rejected) == (9, 0, 81, 0)
    return spec


def joined(hands: Hands) -> None:
    """Seen at rehearsals, invited, and in."""
    hands.review(28, stage="curious")
    hands.mark(28, "curious", "dropped in")
    hands.review(29)
    hands.accept("playing")
    hands.mark(29, "playing", "said yes")


def played_a_solo(hands: Hands) -> None:
    """The run that joining has started: a coach, practice, one return, applause."""
    run, desk = hands.run_of("first-solo"), hands.desk
    coach = hands.assigned("tutor")
    hands.open(run, "chosen")
    desk.answer(run, "chosen", by=coach, choice="done", fields={"piece": SOLO["piece"]})
    for number in (1, 2):
        hands.open(run, "scales", number)
        desk.answer(run, "scales", by="ana", choice="done", fields={"passed": True})
    hands.open(run, "on-stage")
    solo = desk.submit(run, "on-stage", member="ana", fields=SOLO).id
    hands.open(run, "listened")
    desk.answer(run, "listened", by="conductor-1", choice="return", about=solo, fields={"reason": "slower"})
    desk.revise(run, "listened", work=solo, member="ana", fields={**SOLO, "bars": 40})
    desk.answer(run, "listened", by="conductor-2", choice="approve", about=solo, fields={"reason": "bravo"})
    assert hands.ended(run) == "end"
    held = {one.item for one in hands.room.memory.effects.holdings("orchestra", "ana")}
    assert held == {"soloist"}
    hands.mark(40, "first solo", "after one return")


def risen(hands: Hands) -> None:
    """Two tiers up: by what was done, then by the conductor's word; and a stage further."""
    hands.record([("rehearsed", 30 + 2 * day, {"minutes": 100}) for day in range(18)])
    hands.review(50)
    hands.until(lambda: hands.tier() == "player", "the tier player")
    hands.mark(50, "player", "earned")
    hands.review(67, stage="leading")
    hands.approve("principal", by="conductor")
    hands.until(lambda: hands.tier() == "principal", "the tier principal")
    hands.mark(67, "principal", "the conductor agreed")


def honoured(hands: Hands) -> None:
    """The instrument is put down; a silent year later nothing has been taken."""
    memory, spec = hands.room.memory, hands.spec
    fill_in(memory.house, spec, "puts_down", {}, about="ana", by="ana", at=at(100))
    hands.review(101, stage="honorary")
    hands.mark(101, "honorary", "by their own word")
    hands.review(400)
    hands.review(430)
    held = {one.item for one in memory.effects.holdings("orchestra", "ana", at=at(430))}
    assert (hands.tier(), hands.stage(), held) == ("principal", "honorary", {"soloist", "honorary-player"})
    hands.mark(430, "never assessed again", "principal still")


def contended(hands: Hands) -> None:
    """The other mode, with teams and branches, by simulated players."""
    room = hands.room
    run = Launcher(room.memory.house, room.gateway).start(
        "winter-duel", community="orchestra", at=at(440), scale="1d=50ms", rehearsed=True, seed=5, crowd=8
    )
    result: RunResult = room.gateway.result(run.id, PATIENCE, RunResult)
    assert result.end == "end"
    visits = room.memory.runs.visits(run.id)
    assert {one.phase for one in visits} >= {"pairs", "duets", "toast", "ears", "verdict", "purse"}
    assert all(one.opened_at - at(440) < timedelta(days=40) for one in visits)
    assert len(room.memory.teams.of_run(run.id)) >= 2
    assert sum(room.memory.teams.credit(run.id).values()) > 0
