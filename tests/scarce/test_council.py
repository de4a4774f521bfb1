"""The council on real servers, with real people: seats, a session with management, motions, vetoes, its own purse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from operations.books import check_books
from operations.errors import Refusal
from operations.housekeeping import keep_house
from rules.spec import load
from store.folder import read_folder
from tests.scarce.programme import AT, AUTO, settle_in
from tests.waiting import pace
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.meeting import Meeting
from workflows.phases import discover
from workflows.seeing import seen
from workflows.teamwork import Teamwork

pytestmark = pytest.mark.servers

NDA = {"signed": True}
SCALE = "1d=500ms"


@pytest.fixture(scope="module")
def settled(room: Any) -> Any:
    settle_in(room.memory)
    return room


@pytest.fixture(scope="module")
def working(settled: Any) -> Iterator[None]:
    from cli import wiring

    with settled.gateway.working(wiring.crew(settled.memory, settled.gateway)):
        yield


class Council:
    """A council under way, and the hands of its people."""

    def __init__(self, room: Any, task: str, eventually: Any) -> None:
        self.memory, self.gateway, self.eventually = room.memory, room.gateway, eventually
        self.desk = Desk(room.memory.house, poke=room.gateway.poke)
        self.run = Launcher(room.memory.house, room.gateway).start(task, at=AT, scale=pace(SCALE)).id

    def opens(self, phase: str) -> Any:
        def look() -> Any:
            visit = self.memory.runs.visit(self.run, phase)
            return visit if visit is not None and visit.state == "open" else None

        return self.eventually(look)

    def closes(self, phase: str) -> Any:
        def look() -> Any:
            visit = self.memory.runs.visit(self.run, phase)
            return visit if visit is not None and visit.state in ("closed", "skipped") else None

        return self.eventually(look)

    def seat(self, who: list[str]) -> None:
        """Everybody who is asked answers, and those who are wanted take a seat."""
        visit = self.opens("willing")
        self.invited = list(visit.asked)
        for member in self.invited:
            if member in who:
                form = {name: True if kind.kind == "boolean" else "yes" for name, kind in self.form("willing").items()}
                self.desk.enrol(self.run, member=member, fields=form)
            else:
                self.desk.decline(self.run, member=member)
        self.opens("seats")
        for member in who:
            self.eventually(lambda member=member: self._offered(member))
        self.closes("seats")

    def _offered(self, member: str) -> bool:
        try:
            Teamwork(self.desk, self.run, "seats").confirm(member)
        except Refusal:
            return "seats" in {visit.phase for visit in self.memory.runs.visits(self.run) if visit.state == "closed"}
        return True

    def form(self, phase: str) -> Any:
        from rules.spec import Community

        community: Community = self.memory.specs.current("auto")
        return self.desk.fields(self.desk.form_of(self.run, phase), community)

    def moves(self, member: str, plan: str, amount: str, *, priority: bool = False, phase: str = "proposals") -> str:
        fields = {"plan": plan, "amount": f"{amount}.00 CNY", "reach": 100, "priority": priority}
        return self.desk.submit(self.run, phase, member=member, fields=fields).id

    def vote(self, work: str, choices: dict[str, str], phase: str = "vote") -> None:
        for member, choice in choices.items():
            self.desk.answer(self.run, phase, by=member, choice=choice, about=work)


def test_a_council_sits_debates_with_management_and_its_vote_alone_releases_money(
    settled: Any, working: None, eventually: Any
) -> None:
    council = Council(settled, "owners-council", eventually)
    memory, desk, run = council.memory, council.desk, council.run
    seats = [f"amb-{n}" for n in range(1, 6)]
    council.seat(seats)
    assert set(council.invited) == {f"amb-{n}" for n in range(1, 13)}
    council.closes("seated")
    held = {one.member: one for one in memory.effects.holdings("auto") if one.item == "advisor"}
    assert set(held) == set(seats)
    years = {(one.until - one.since).days for one in held.values() if one.until is not None}
    assert years <= {365, 366}, "a seat has a term"
    assert len(years) >= 1
    (table,) = memory.teams.of_run(run)
    assert set(table.inside("seat")) == set(seats)

    # motions of the seats, and of nobody else
    council.opens("proposals")
    dull = council.moves("amb-1", "A tour of the whole country", "250000")
    first = council.moves("amb-2", "Winter driving courses", "100000", priority=True)
    blocked = council.moves("amb-3", "Stickers for everybody", "60000")
    lukewarm = council.moves("amb-4", "A choir", "1000")
    with pytest.raises(Refusal, match="is not among those who may take part"):
        council.moves("amb-9", "Something of mine", "10")

    for insider in ("management-1", "planner-1"):
        with pytest.raises(Refusal, match="is not among those who may take part"):
            council.moves(insider, "What the brand would like", "10", phase="proposals")

    # the agenda has topics and owners in the company
    desk.submit(
        run,
        "agenda",
        member="amb-1",
        fields={"topic": "product", "owner": "product-owner", "question": "What comes after the sedan?"},
    )
    with pytest.raises(Refusal, match="topic"):
        desk.submit(run, "agenda", member="amb-2", fields={"topic": "gossip", "owner": "planner", "question": "?"})

    # the vote: a veto blocks, silence and half are not enough, the brand has no voice
    vote = council.opens("vote")
    assert set(vote.asked) == set(seats)
    with pytest.raises(Refusal, match="is not asked here"):
        desk.answer(run, "vote", by="planner-1", choice="drop", about=first)
    for act in ("cancel", "edit", "hand out", "migrate"):
        with pytest.raises(Refusal, match="staff may"):
            desk.leads(run, "planner-1", act)
    council.vote(first, dict.fromkeys(("amb-1", "amb-3", "amb-4", "amb-5"), "carry"))
    council.vote(dull, dict.fromkeys(("amb-2", "amb-3", "amb-4", "amb-5"), "carry"))
    council.vote(lukewarm, {"amb-1": "carry", "amb-2": "carry"})
    council.vote(blocked, {"amb-1": "carry", "amb-2": "block"})
    settle = council.opens("settle")
    assert settle is not None
    assert council.closes("vote").results == {"carry": [dull, first], "drop": [lukewarm], "block": [blocked]}
    again = council.moves("amb-3", "Stickers for those who teach", "60000", phase="settle")
    council.opens("second-vote")
    council.vote(again, dict.fromkeys(("amb-1", "amb-2", "amb-4", "amb-5"), "carry"), "second-vote")

    told = seen(desk, run, "planner-1")  # the brand sees every motion, and may change none
    (there,) = [one for one in told["phases"] if one["phase"] == "proposals"]
    assert {one["id"] for one in there["works"]} == {dull, first, blocked, lukewarm}
    assert next(one for one in there["works"] if one["id"] == first)["fields"]["plan"] == "Winter driving courses"
    with pytest.raises(Refusal, match=r"is not the author|is not asked|nothing else|is closed"):
        desk.revise(run, "vote", work=first, member="planner-1", fields={"plan": "Less of it"})

    # the purse: what has priority first, then who came first, and never more than there is
    funds = council.closes("funds")
    assert funds.outcome == "short"
    assert set(funds.results["served"]) == {first, again} or set(funds.results["served"]) == {first}
    claims = {one.work: one for one in memory.resources.of_phase(run, "funds")}
    assert claims[first].why["place"] == 1
    assert claims[first].why["order"][0] == ["highest work.priority", True]
    account = memory.resources.accounts("auto", "owners-council")[0]
    assert account.granted == 30_000_000
    assert account.left == 30_000_000 - account.spent
    assert account.spent == sum(claims[work].amount for work in funds.results["served"])
    refused = next(one for one in claims.values() if one.state == "unserved")
    assert "budget owners-council has not" in refused.why["said"]

    # the session counts only with somebody of management
    session = council.opens("session")
    assert [desk.house.runs.works_by_id("auto", session.things)[one].fields["topic"] for one in session.things] == [
        "product"
    ]
    meeting = Meeting(desk, run, "session")
    with pytest.raises(Refusal, match="is not the host"):
        meeting.set_day("3d", by="amb-1")
    meeting.set_day("2h", by="planner-1")
    eventually(lambda: _try(lambda: Meeting(desk, run, "session").attend(by="planner-1", people=seats[:3])))
    with pytest.raises(Refusal, match="is not in role:management"):
        Meeting(desk, run, "session").attend(by="planner-1", roles={"planner-2": "role:management"})
    Meeting(desk, run, "session").attend(by="management-1")
    minutes = {"summary": "agreed", "advice": "Ask drivers first @role:product-owner"}
    Meeting(desk, run, "session").minutes(minutes, by="planner-1")
    closed = council.closes("session")
    assert closed.outcome == "done"
    assert closed.results["attended"] == seats[:3]
    assert "management-1" in closed.results["staff"]
    kept = [one for one in memory.facts("auto").find(kinds=["minutes"], limit=10) if one.fields["run"] == run]
    assert [one.fields["summary"] for one in kept] == ["agreed"]

    tracked = memory.inbox.find("auto", role="product-owner", run=None)
    assert any("Ask drivers first" in item.title["en"] for item in tracked)

    # who stands lower loses the seat, and with it the title
    from operations.ports.standings import Place
    from tests.desk.auto import reviewed

    place, today = Place(member="amb-5", ladder="tier"), memory.runs.visits(run)[-1].opened_at
    memory.standings.put("auto", place, to="core", by="management-1", reason="moved away", at=today)
    eventually(lambda: "amb-5" not in {one for team in memory.teams.of_run(run) for one in team.inside()})
    left = [one for one in memory.facts("auto").find(kinds=["left_team"], limit=10) if one.fields["run"] == run]
    assert {one.member for one in left} == {"amb-5"}
    reviewed(memory, memory.specs.current("auto"), max(one.at for one in left), ["rules:member"])
    advisors = {one.member for one in memory.effects.holdings("auto") if one.item == "advisor" and one.ended_at is None}
    assert advisors == set(seats) - {"amb-5"}

    # nothing that was decided was asked of anybody but the seats: no step of it waits for the brand
    deciding = [visit for visit in memory.runs.visits(run) if visit.kind in ("ask", "review", "judge", "submit")]
    decided = [visit for visit in deciding if visit.phase != "agenda"]
    assert decided
    assert {who for visit in decided for who in visit.asked} <= set(seats)

    council.gateway.cancel(run)
    eventually(lambda: memory.runs.run(run).status == "cancelled")
    assert memory.resources.accounts("auto", "owners-council")[0].spent == account.spent
    auto = memory.specs.current("auto")
    assert check_books(memory.desk, auto).findings == []

    # the year ends: what is left lapses, and it is told
    kept = keep_house(memory.desk, auto, at=datetime(2028, 1, 2, tzinfo=UTC))
    closed_year = next(one for one in kept.closed if one.budget == "owners-council")
    assert (closed_year.period, closed_year.left, closed_year.carried_to) == ("2027", account.left, None)
    over = {one.period: one for one in memory.resources.accounts("auto", "owners-council")}["2027"]
    assert (over.spent, over.lapsed, over.left) == (account.spent, account.left, 0)


def test_a_council_in_which_a_role_of_the_brand_decides_does_not_load() -> None:
    files = dict(read_folder(AUTO))
    mode = files["modes/council.yaml"].decode()
    vote = """                by: seats.seat
                of: proposals.works
"""
    assert vote in mode
    meddled = mode.replace(vote, vote.replace("seats.seat", "[seats.seat, role:planner]"))

    found = load({**files, "modes/council.yaml": meddled.encode()}, discover())

    errors = [one for one in found.diagnostics if one.severity == "error"]
    assert [(one.file, one.code) for one in errors] == [("modes/council.yaml", "TRL330")]
    assert "staff may only see here, yet role:planner decides 'vote'" in errors[0].message


def _try(act: Any) -> bool:
    try:
        act()
    except Refusal:
        return False
    return True
