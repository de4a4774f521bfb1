"""Cars, research and the celebration of the sample community on real servers, with real people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from operations.books import check_books
from operations.errors import Refusal
from tests.scarce.programme import AT, give_title, settle_in
from tests.waiting import PATIENCE, pace
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.meeting import Meeting
from workflows.steps import RunResult

pytestmark = pytest.mark.servers

CAR = {"odometer": 1200}


@pytest.fixture(scope="module")
def settled(room: Any) -> Any:
    settle_in(room.memory)
    return room


@pytest.fixture(scope="module")
def working(settled: Any) -> Iterator[None]:
    from cli import wiring

    with settled.gateway.working(wiring.crew(settled.memory, settled.gateway)):
        yield
    assert check_books(settled.memory.desk, settled.memory.specs.current("auto")).findings == []


@pytest.fixture
def desk(settled: Any) -> Desk:
    return Desk(settled.memory.house, poke=settled.gateway.poke)


@pytest.fixture
def start(settled: Any) -> Callable[..., str]:
    launcher = Launcher(settled.memory.house, settled.gateway)

    def begin(task: str, subject: str | None = None, *, scale: str, **more: Any) -> str:
        return launcher.start(task, subject=subject, at=AT, scale=scale, **more).id

    return begin


def test_cars_go_to_the_highest_tier_first_are_handed_over_and_late_ones_escalate(
    settled: Any, working: None, desk: Desk, start: Callable[..., str], eventually: Any
) -> None:
    memory, gateway = settled.memory, settled.gateway
    scale = pace("1d=3s")  # cars are given out at ten, half an hour after which all of them ask
    with pytest.raises(Refusal, match="may not start"):
        start("borrow-a-car", "base-1", scale=scale, starter="base-1")
    who = ("core-1", "core-2", "amb-1", "amb-2")
    runs = {one: start("borrow-a-car", one, scale=scale, starter=one) for one in who}

    def claim(one: str) -> Any:
        return next(iter(memory.resources.of_phase(runs[one], "booking")), None)

    eventually(lambda: all(claim(one) is not None for one in who))
    assert {claim(one).state for one in who} == {"waiting"}
    eventually(lambda: all(claim(one).state == "served" for one in who))

    first = min(claim(one).begins_at for one in who)
    with_first = {one for one in who if claim(one).begins_at == first}
    assert {"amb-1", "amb-2"} < with_first  # three cars: both ambassadors, and one of the core
    places = {one: claim(one).why["place"] for one in who}
    assert {places["amb-1"], places["amb-2"]} == {1, 2}
    assert {one: claim(one).why["order"][0] for one in who} == {
        one: ["highest tier", "ambassador" if one.startswith("amb") else "core"] for one in who
    }, "and it is said why"
    last = next(one for one in who if one not in with_first)
    bookings = {one.member: one for one in memory.resources.bookings("auto", "test-cars")}
    same = [one for one in bookings.values() if one.unit == bookings[last].unit and one.member != last]
    assert bookings[last].begins_at >= same[0].free_at > same[0].ends_at

    # one car goes out and comes home, another does not come back in time, and nobody hands over the third
    brings, late = "amb-1", "amb-2"
    for one in (brings, late):
        eventually(lambda one=one: memory.runs.visit(runs[one], "hand-over"))
        desk.answer(runs[one], "hand-over", by="coordinator-1", choice="done", fields=CAR)
    third = next(iter(with_first - {brings, late}))
    assert gateway.result(runs[third], PATIENCE, RunResult).end == "cancel"
    eventually(lambda: memory.runs.visit(runs[brings], "return"))
    desk.answer(runs[brings], "return", by="coordinator-2", choice="done", fields={"odometer": 1500})
    assert gateway.result(runs[brings], PATIENCE, RunResult).end == "end"
    eventually(lambda: memory.runs.visit(runs[late], "late"))
    asked = memory.inbox.find("auto", role="director", run=runs[late])
    assert [item.phase for item in asked] == ["late"]
    desk.answer(runs[late], "late", by="director-1", choice="back", fields={"odometer": 1700})
    assert gateway.result(runs[late], PATIENCE, RunResult).end == "end"
    gateway.cancel(runs[last])
    eventually(lambda: memory.runs.run(runs[last]).status == "cancelled")
    assert [one for one in memory.resources.bookings("auto", "test-cars") if one.state == "booked"] == []


def test_research_is_for_the_mature_who_keep_it_to_themselves_and_each_has_one_voice(
    settled: Any, working: None, desk: Desk, start: Callable[..., str], eventually: Any
) -> None:
    memory = settled.memory
    run = start("next-car-design", scale=pace("1d=500ms"))
    visit = eventually(lambda: memory.runs.visit(run, "guests"))
    assert set(visit.asked) == {one.id for one in memory.members("auto").find() if one.id[:3] in ("amb", "cor", "bot")}
    for member in visit.asked:
        if member in ("amb-1", "amb-2", "both-1", "core-1", "core-2", "core-3"):
            with pytest.raises(Refusal, match="agreed is missing"):
                desk.enrol(run, member=member, fields={})
            desk.enrol(run, member=member, fields={"agreed": True})
        else:
            desk.decline(run, member=member)
    with pytest.raises(Refusal, match=r"is not among|not invited|is closed"):
        desk.enrol(run, member="base-1", fields={"agreed": True})
    eventually(lambda: memory.runs.visit(run, "round-table"))
    Meeting(desk, run).set_day("1h", by="product-owner-1")
    guests = ["amb-1", "amb-2", "both-1", "core-1"]

    def came() -> bool:
        try:
            Meeting(desk, run).attend(by="product-owner-1", people=guests)
        except Refusal:
            return False
        return True

    eventually(came)
    Meeting(desk, run).minutes({"summary": "three sketches", "advice": ""}, by="product-owner-1")
    eventually(lambda: memory.runs.visit(run, "preference"))
    said = {"amb-1": "arrow", "amb-2": "arrow", "both-1": "dune", "core-1": "pebble", "core-2": "dune"}
    for member, choice in said.items():
        desk.answer(run, "preference", by=member, choice=choice)
    desk.answer(run, "preference", by="core-2", choice="arrow")  # changed their mind: still one voice
    with pytest.raises(Refusal, match="is not asked"):
        desk.answer(run, "preference", by="core-7", choice="dune")

    assert settled.gateway.result(run, PATIENCE, RunResult).end == "end"
    preference = memory.runs.visit(run, "preference").results
    assert {name: sorted(preference[name]) for name in ("arrow", "dune", "pebble")} == {
        "arrow": ["amb-1", "amb-2", "core-2"],
        "dune": ["both-1"],
        "pebble": ["core-1"],
    }
    picture = memory.runs.visit(run, "picture").results
    tracks = picture["tables"]["origin"]
    by_track = {
        one: figures["preferred"]["each"] for one, figures in tracks.items() if "each" in figures.get("preferred", {})
    }
    assert by_track == {
        "public_domain": {"arrow": 2},
        "private_domain": {"arrow": 1, "pebble": 1},
        "both": {"dune": 1},
    }


def test_every_honorary_member_is_invited_to_the_celebration(
    settled: Any, working: None, desk: Desk, start: Callable[..., str], eventually: Any
) -> None:
    memory = settled.memory
    run = start("annual-celebration", scale="1d=60s")
    visit = eventually(lambda: memory.runs.visit(run, "guests"))

    assert {"hon-1", "hon-2", "hon-3"} <= set(visit.asked)
    assert not {one for one in visit.asked if one.startswith(("base", "act"))}
    invited = {item.about or item.asked[0] for item in memory.inbox.find("auto", run=run, limit=200)}
    assert invited
    settled.gateway.cancel(run)
    eventually(lambda: memory.runs.run(run).status == "cancelled")


def test_leaders_try_what_is_new_before_others_and_nothing_of_it_is_public_before_its_day(
    settled: Any, working: None, desk: Desk, eventually: Any
) -> None:
    memory, embargo = settled.memory, datetime.fromisoformat("2027-04-20T10:00:00+08:00")
    launcher = Launcher(memory.house, settled.gateway)
    for leader in ("core-1", "core-2"):
        give_title(memory, leader, "circle-leader", AT - timedelta(days=9))
    everywhere = ["space:test-bench", "space:plaza", "channel:brand-account"]
    args = {"testers": {"from": ["title:circle-leader"]}, "places": everywhere}

    def told_in(at: datetime) -> tuple[str, set[str]]:
        run = launcher.start("parking-trial", at=at, scale="1d=60s", key=at.isoformat(), args=args).id
        eventually(lambda: memory.runs.open_visits(run, phase="signing-up"))
        facts = memory.facts("auto").find(kinds=["published"], limit=500)
        return run, {str(one.fields["place"]) for one in facts if one.fields.get("run") == run}

    def over(run: str) -> None:
        settled.gateway.cancel(run)
        eventually(lambda: memory.runs.run(run).status == "cancelled")

    early, inside = told_in(AT)
    assert inside == {"test-bench"}, "the brief is read by those who may try it, and by nobody else"
    assert memory.specs.current("auto").spaces["test-bench"].seen_by != "everyone"
    with pytest.raises(Refusal, match="not among"):
        desk.enrol(early, member="core-3", fields={"agreed": True})
    with pytest.raises(Refusal, match="agreed is missing"):
        desk.enrol(early, member="core-1", fields={})
    desk.enrol(early, member="core-1", fields={"agreed": True})
    over(early)
    late, outside = told_in(embargo)
    assert outside == {"test-bench", "plaza", "brand-account"}
    over(late)


def test_what_was_held_back_is_published_by_the_run_itself_when_its_embargo_is_over(
    settled: Any, working: None
) -> None:
    memory, embargo = settled.memory, datetime.fromisoformat("2027-04-20T10:00:00+08:00")
    everywhere = ["space:test-bench", "space:plaza", "channel:brand-account"]
    begins = embargo - timedelta(days=10)
    run = Launcher(memory.house, settled.gateway).start(
        "parking-trial", at=begins, scale="1d=40ms", rehearsed=True, seed=5, crowd=18, args={"places": everywhere}
    )

    assert settled.gateway.result(run.id, PATIENCE, RunResult).end.startswith("end")

    facts = memory.facts("auto").find(kinds=["published"], limit=500)
    told = {str(one.fields["place"]): one.at for one in facts if one.fields.get("run") == run.id}
    assert told == {"test-bench": begins, "plaza": embargo, "brand-account": embargo}
    item = memory.inbox.item("auto", f"{run.id}/call/1#held-back")
    assert (item.asked, item.opened_at, item.state) == (("role:product-owner",), begins, "gone")
