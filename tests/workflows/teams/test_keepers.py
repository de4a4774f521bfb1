"""Keepers of chapters in the sample's handbook: claimed by the middle, tips come to them, the idle keep none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from operations.errors import Refusal
from operations.ports.runs import Run
from tests.waiting import pace
from tests.workflows.teams.crewed import AT, settle
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import CheckPhase, OpenPhase
from workflows.teamwork import Teamwork

pytestmark = pytest.mark.servers

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WHY = {"reason": "tried it"}


@pytest.fixture(scope="module")
def founded(memory: Any) -> Any:
    settle(memory)
    return memory


class Book:
    """A handbook that is walked by hand, at the times that the test says."""

    def __init__(self, memory: Any) -> None:
        self.memory, self.now = memory, AT
        self.run: Run = Launcher(memory.house, memory).begin("owners-handbook", community="auto", at=AT, key="a book")
        self.desk = Desk(memory.house, now=lambda: self.now)
        self.conduct = Conduct(memory.house, now=lambda: self.now)

    def open(self, phase: str) -> Any:
        self.conduct.open(OpenPhase(run=self.run.id, phase=phase, visit=1, scope="", at=self.now))
        return self.memory.runs.visit(self.run.id, phase)

    def look(self, phase: str, at: datetime, *, due: bool = False) -> Any:
        self.now = at
        return self.conduct.check(CheckPhase(run=self.run.id, phase=phase, visit=1, at=at, due=due))

    def claim(self, who: str, chapter: str) -> None:
        Teamwork(self.desk, self.run.id, "chapters").claim(who, chapter)

    def tip(self, who: str, into: str) -> str:
        words = {"words": f"{who} on {into}"}
        return str(self.desk.submit(self.run.id, "tips", member=who, fields=words, into=into).id)

    def sort(self, tip: str, by: str) -> None:
        self.desk.answer(self.run.id, "sorted", by=by, choice="approve", about=tip, fields=WHY)

    def asked_for(self, tip: str) -> set[str]:
        """Who has it in the inbox to sort this tip."""
        found = self.memory.inbox.find("auto", run=self.run.id, limit=500)
        return {who for item in found if (item.phase, item.about) == ("sorted", tip) for who in item.asked}

    def keeper(self, chapter: str) -> list[str]:
        (team,) = [one for one in self.memory.teams.of_run(self.run.id) if one.phase == "chapters"]
        return list(team.inside(chapter))


def test_a_chapter_of_the_handbook_is_claimed_gets_its_tips_and_goes_to_the_next_when_its_keeper_is_idle(
    founded: Any,
) -> None:
    book = Book(founded)
    board = book.open("board")
    for item in founded.inbox.find("auto", run=book.run.id):
        Teamwork(book.desk, book.run.id, "board").confirm(item.asked[0])
    book.look("board", board.deadline, due=True)
    chapters = book.open("chapters")
    with pytest.raises(Refusal, match="m060 is not among those who may take part here"):
        book.claim("m060", "winter")  # of the lowest tier
    book.claim("m022", "winter")
    book.claim("m021", "daily")
    with pytest.raises(Refusal, match="winter is taken by m022"):
        book.claim("m023", "winter")
    began = chapters.deadline
    book.look("chapters", began, due=True)
    book.open("tips")
    book.open("sorted")
    editors = set(founded.runs.visit(book.run.id, "board").results["members"])

    book.now = began + HOUR
    first = book.tip("m060", "winter")
    assert book.asked_for(first) == {"m022", *editors}, "the keeper of the chapter, and the board"
    with pytest.raises(Refusal, match="m021 is not asked about this"):
        book.sort(first, "m021")
    sign = book.now = began + 3 * DAY
    book.sort(first, "m022")

    book.look("tips", sign + 14 * DAY - HOUR)
    assert book.keeper("winter") == ["m022"], "whoever does something keeps it"
    assert book.keeper("daily") == [], "nothing was heard of m021 for fourteen days"
    late = book.tip("m061", "winter")
    book.look("tips", sign + 14 * DAY + HOUR)

    assert book.keeper("winter") == []
    teams = founded.teams.of_run(book.run.id)
    left = {seat.member: (seat.left, seat.until) for team in teams for seat in team.seats if seat.until is not None}
    assert left == {"m021": ("idle", began + 14 * DAY), "m022": ("idle", sign + 14 * DAY)}
    told = founded.facts("auto").find(kinds=["left_team"], limit=50)
    assert {(one.member, one.fields["slot"]) for one in told if one.fields["run"] == book.run.id} == {
        ("m021", "daily"),
        ("m022", "winter"),
    }

    book.claim("m023", "winter")  # it is free for the next
    tip = book.tip("m062", "winter")
    assert book.asked_for(tip) == {"m023", *editors}
    for one in (late, tip):
        with pytest.raises(Refusal, match="m022 is not asked about this"):
            book.sort(one, "m022")
        book.sort(one, "m023")
    with pytest.raises(Refusal, match="m023 is not asked"):
        book.sort(book.tip("m063", "daily"), "m023")
    works = founded.runs.works_by_id("auto", [first, late, tip])
    assert {work.into for work in works.values()} == {"winter"}, "what has come in stays with the chapter"
    founded.runs.finish(book.run.id, end="end", at=book.now)


@pytest.mark.slow
def test_on_the_servers_the_claim_of_an_idle_keeper_ends_by_itself_and_the_next_has_the_tips(
    founded: Any, room: Any, eventually: Any
) -> None:
    from cli import wiring

    memory = founded
    with room.gateway.working(wiring.crew(memory, room.gateway)):
        run = Launcher(memory.house, room.gateway).start(
            "owners-handbook", at=AT, scale=pace("1d=500ms"), args={"collect": "90d"}
        )
        desk = Desk(memory.house, poke=room.gateway.poke)
        eventually(lambda: memory.runs.visit(run.id, "board"))
        for item in memory.inbox.find("auto", run=run.id):
            Teamwork(desk, run.id).confirm(item.asked[0])
        eventually(lambda: memory.runs.visit(run.id, "chapters"))
        Teamwork(desk, run.id).claim("m030", "winter")
        closed = eventually(
            lambda: (visit := memory.runs.visit(run.id, "chapters")).state == "closed" and visit
        ).closed_at

        def keeper() -> list[str]:
            return [who for one in memory.teams.of_run(run.id) for who in one.inside("winter")]

        assert keeper() == ["m030"]
        eventually(lambda: keeper() == [])  # and nobody has said a word
        seat = next(one for team in memory.teams.of_run(run.id) for one in team.seats if one.member == "m030")
        assert (seat.left, seat.until) == ("idle", closed + 14 * DAY)
        Teamwork(desk, run.id, "chapters").claim("m031", "winter")
        tip = desk.submit(run.id, "tips", member="m060", fields={"words": "warm it up"}, into="winter").id
        eventually(lambda: tip in memory.runs.visit(run.id, "sorted").things)
        with pytest.raises(Refusal, match="m030 is not asked"):
            desk.answer(run.id, "sorted", by="m030", choice="approve", about=tip, fields=WHY)
        desk.answer(run.id, "sorted", by="m031", choice="approve", about=tip, fields=WHY)
        room.gateway.cancel(run.id)
        eventually(lambda: memory.runs.run(run.id).status != "running")
