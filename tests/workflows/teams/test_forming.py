"""Teams on real servers, formed by a mode nobody has programmed: yes and no, refills, edits, parts that live on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from operations.errors import Refusal
from operations.ports.runs import Run
from rules.fact import Fact
from tests.workflows.made_up import AT
from tests.workflows.teams.kitchen import DISH, PEOPLE, asked, cancelled, ended, facts_of, kitchen, started
from workflows.desk import Desk
from workflows.teamwork import Teamwork

pytestmark = pytest.mark.servers


@pytest.fixture
def founded(room: Any) -> Iterator[Any]:
    from cli import wiring

    files, community = kitchen()
    if not room.memory.specs.versions("village"):
        room.memory.specs.publish(files, community, message="founded", author="test", at=AT)
        room.memory.members(community).enlist(PEOPLE, at=AT - timedelta(days=300))
        quarrel = Fact("q1", "quarrelled", "ada", AT - timedelta(days=9), None, {"with_whom": "bob"})
        room.memory.facts(community).record([quarrel])
    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        yield room


@pytest.fixture
def desk(founded: Any) -> Desk:
    return Desk(founded.memory.house, poke=founded.gateway.poke)


def test_a_team_covers_every_part_says_yes_hands_in_together_and_shares_to_the_last_point(
    founded: Any, desk: Desk, eventually: Any
) -> None:
    memory = founded.memory
    run = started(founded, "supper", "1d=20s", eventually, "crew")
    crew = Teamwork(desk, run.id)

    first = asked(founded, run)
    assert len(first) == 2
    assert len(set(first) & {"ada", "dee", "eve"}) == 1
    assert set(first) != {"ada", "bob"}  # they have quarrelled
    assert ("eve" in first) == ("fay" in first)  # of one village
    cook = next(who for who in first if who in ("ada", "dee", "eve"))
    guest = next(who for who in first if who != cook)
    with pytest.raises(Refusal, match="no part is offered to"):
        crew.confirm(next(one.id for one in PEOPLE if one.id not in first))
    item = next(item for item in memory.inbox.find("village", run=run.id) if item.asked == (cook,))
    desk.complete("village", item.id, outcome="confirm", fields={}, by=cook)
    assert memory.inbox.item("village", item.id).state == "done"
    crew.confirm(guest)
    eventually(lambda: memory.runs.visit(run.id, "parts"))

    (team,) = memory.teams.of_run(run.id)
    assert team.inside("cook") == [cook]
    assert team.inside("guest") == [guest]
    why = next(seat.why for seat in team.seats if seat.member == cook)
    assert why["how"] == "solve"
    assert "cook" in why["could"]
    assert why["traits"]["village"] == [next(dict(one.attributes)["village"] for one in PEOPLE if one.id == cook)]
    with pytest.raises(Refusal, match="is not among those who may take part"):
        desk.submit(run.id, "parts", member=next(one.id for one in PEOPLE if one.id not in first), fields=DISH)
    desk.submit(run.id, "parts", member=cook, fields=DISH)
    with pytest.raises(Refusal, match="1 work is the most"):
        desk.submit(run.id, "parts", member=cook, fields=DISH)
    assert memory.runs.visit(run.id, "whole") is None  # a part is missing
    desk.submit(run.id, "parts", member=guest, fields=DISH)
    eventually(lambda: memory.runs.visit(run.id, "whole"))
    parts = memory.runs.visit(run.id, "parts")
    assert parts.outcome == "done"
    assert parts.closed_at < parts.deadline
    desk.submit(run.id, "whole", member=guest, fields=DISH)
    eventually(lambda: memory.runs.visit(run.id, "taste"))
    with pytest.raises(Refusal, match="closed"):
        desk.submit(run.id, "whole", member=cook, fields=DISH)
    work = memory.runs.visit(run.id, "whole").results["works"][0]
    desk.answer(run.id, "taste", by="role:elder", choice="approve", about=work)

    assert ended(founded, run) == "end"
    credit = memory.teams.credit(run.id)
    assert credit == {cook: 1 + 8, guest: 1 + 2}  # a part each, and ten in shares of 75 and 25: 7.5 and 2.5
    lines = memory.teams.contributions(run.id)
    assert sum(line.weight for line in lines) == sum(credit.values())
    points = {
        one.account: one.amount for one in memory.effects.balances("village", "points") if one.account in (cook, guest)
    }
    assert points == {cook: 76, guest: 25}  # 101 in shares, to the last point
    for who, other in ((cook, guest), (guest, cook)):
        met = [one.fields["other"] for one in facts_of(founded, run, "teamed") if one.member == who]
        assert met == [other]
    finished = {one.member: one.fields["outcome"] for one in facts_of(founded, run, "finished")}
    assert finished.items() >= {cook: "done", guest: "done"}.items()
    assert memory.teams.of_run(run.id, live=True) == []
    assert memory.effects.audit("village") == []


def test_a_no_and_a_silence_pass_the_place_on_until_nobody_is_left(founded: Any, desk: Desk, eventually: Any) -> None:
    memory = founded.memory
    run = started(founded, "supper", "1d=1500ms", eventually, "crew")
    cooks, guests = ("ada", "dee", "eve"), ("bob", "cid", "fay")
    crew = Teamwork(desk, run.id)
    first = asked(founded, run)
    no = next(who for who in first if who in cooks)
    crew.decline(no)

    second = eventually(lambda: [who for who in asked(founded, run) if who not in first])
    assert second[0] in ("ada", "dee")  # of the same village, who can cook
    with pytest.raises(Refusal, match="no part is offered"):
        crew.confirm(no)
    crew.confirm(second[0])  # the guest stays silent: after two days the next is asked
    guest = next(who for who in first if who != no)
    third = eventually(lambda: [who for who in asked(founded, run) if who not in (*first, *second)])
    crew.confirm(third[0])
    eventually(lambda: memory.runs.visit(run.id, "parts"))

    visit = memory.runs.visit(run.id, "crew")
    assert visit.results["members"] == [second[0], third[0]]
    assert [one.member for one in facts_of(founded, run, "declined")] == [no]
    assert guest in [one.member for one in facts_of(founded, run, "missed")]
    assert {one.member for one in facts_of(founded, run, "joined_team")} == {second[0], third[0]}
    seat = next(one for one in memory.teams.of_run(run.id)[0].seats if one.member == second[0])
    assert seat.why["instead"] == no
    assert no not in guests
    cancelled(founded, run, eventually)


def test_edits_by_hand_are_checked_again_and_refused_with_what_they_break(
    founded: Any, desk: Desk, eventually: Any
) -> None:
    memory = founded.memory
    run = started(founded, "suppers", "1d=60s", eventually, "crew")
    crew = Teamwork(desk, run.id)
    proposed = set(asked(founded, run))
    assert {"eve", "fay"} < proposed  # three teams: one in the lower village

    with pytest.raises(Refusal, match="fay cannot be cook"):
        crew.place("fay", "cook", team=team_of(memory, run, "eve"), instead="eve", by="role:elder")
    for who in sorted(proposed):
        crew.confirm(who)
    eventually(lambda: memory.runs.visit(run.id, "parts"))
    crew = Teamwork(desk, run.id)
    of = {seat.member: team for team in memory.teams.of_run(run.id) for seat in team.seats}
    lower, ada = of["eve"], of["ada"]
    guest = ada.inside("guest")[0]
    free = next(one for one in ("cid", "gus") if one not in of or one != guest)

    with pytest.raises(Refusal, match="no village in common"):
        crew.place("eve", "cook", team=str(ada.number), instead="ada", by="ann")
    with pytest.raises(Refusal, match="fay cannot be cook"):
        crew.place("fay", "cook", team=str(lower.number), instead="eve", by="ann")
    with pytest.raises(Refusal, match="guest has 2, 1 are wanted"):
        crew.place(free, "guest", team=str(ada.number), by="ann")
    with pytest.raises(Refusal, match="ada and bob are never in one team"):
        crew.place("bob", "guest", team=str(ada.number), instead=guest, by="ann")
    with pytest.raises(Refusal, match="There is no part 'waiter'"):
        crew.place(free, "waiter", by="ann")

    crew.place(free, "guest", team=str(ada.number), instead=guest, by="ann")

    now = memory.teams.team(ada.id)
    assert now.inside("guest") == [free]
    seat = next(one for one in now.seats if one.member == free and one.until is None)
    assert (seat.why["how"], seat.why["by"], seat.why["instead"]) == ("by_hand", "ann", guest)
    assert next(one for one in now.seats if one.member == guest).left == "by_hand"
    results = memory.runs.visit(run.id, "crew").results
    assert free in results["members"]
    if free in of:  # they have changed places
        assert memory.teams.team(of[free].id).inside("guest") == [guest]
    else:
        assert guest not in results["members"]
        with pytest.raises(Refusal, match="not among those who may take part"):
            desk.submit(run.id, "parts", member=guest, fields=DISH)
    desk.submit(run.id, "parts", member=free, fields=DISH)
    assert guest in [one.member for one in facts_of(founded, run, "left_team")]
    cancelled(founded, run, eventually)


def team_of(memory: Any, run: Run, member: str) -> str:
    """The number of the team that is proposed to somebody."""
    offer = memory.runs.visit(run.id, "crew").results["@kept"]["offer"]
    return next(number for number, parts in offer.items() if any(member in inside for inside in parts.values()))


def test_a_chapter_is_claimed_by_one_lapses_when_idle_and_goes_to_the_next_with_what_was_written(
    founded: Any, desk: Desk, eventually: Any
) -> None:
    memory = founded.memory
    run = started(founded, "recipes", "1d=1s", eventually, "chapters")
    book = Teamwork(desk, run.id)
    book.claim("ada", "soups")
    with pytest.raises(Refusal, match="soups is taken by ada"):
        book.claim("dee", "soups")
    with pytest.raises(Refusal, match="nobody has two parts of one team"):
        book.claim("ada", "cakes")
    with pytest.raises(Refusal, match="bob does not meet what soups asks for"):
        Teamwork(desk, run.id).claim("bob", "soups")
    book.claim("eve", "cakes")
    eventually(lambda: memory.runs.visit(run.id, "writing"))  # optional parts do not block
    assert memory.runs.visit(run.id, "chapters").outcome == "done"

    desk.submit(run.id, "writing", member="eve", fields=DISH)
    eventually(lambda: not memory.teams.of_run(run.id)[0].inside("soups"))  # ada has not written for five days
    idle = next(one for one in memory.teams.of_run(run.id)[0].seats if one.member == "ada")
    assert idle.left == "idle"
    assert idle.until - memory.runs.visit(run.id, "chapters").closed_at == timedelta(days=5)
    with pytest.raises(Refusal, match="not among those who may take part"):
        desk.submit(run.id, "writing", member="ada", fields=DISH)
    Teamwork(desk, run.id).claim("dee", "soups")
    desk.submit(run.id, "writing", member="dee", fields=DISH)

    assert ended(founded, run) == "end"
    writing, proof = memory.runs.visit(run.id, "writing"), memory.runs.visit(run.id, "proof")
    works = memory.runs.works_by_id("village", writing.results["works"])
    assert {work.unit.rpartition("#")[2]: work.written_by for work in works.values()} == {
        "soups": ("dee",),
        "cakes": ("eve",),
    }
    assert set(proof.results["approved"]) == set(works)
    left = [(one.member, one.fields["slot"]) for one in facts_of(founded, run, "left_team")]
    assert left == [("ada", "soups")]


def test_whoever_takes_back_consent_leaves_their_part_and_an_empty_part_makes_the_phase_come_out_short(
    founded: Any, desk: Desk, eventually: Any
) -> None:
    memory = founded.memory
    run = started(founded, "recipes", "1d=400ms", eventually, "chapters")
    book = Teamwork(desk, run.id)
    book.claim("dee", "soups")
    book.claim("cid", "notes")
    eventually(lambda: memory.runs.visit(run.id, "writing"))
    assert memory.runs.visit(run.id, "chapters").outcome == "short"  # nobody took the cakes
    desk.withdraw(run.id, member="cid")

    assert ended(founded, run) == "end:gaps"
    assert memory.runs.visit(run.id, "writing").results["missing"] == []
    reasons = {seat.member: seat.left for seat in memory.teams.of_run(run.id)[0].seats}
    assert reasons == {"dee": "idle", "cid": "withdrew"}


def test_many_claim_one_part_at_once_and_one_has_it(founded: Any, desk: Desk, eventually: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    run = started(founded, "recipes", "1d=20s", eventually, "chapters")

    def claim(who: str) -> bool:
        try:
            Teamwork(desk, run.id).claim(who, "notes")
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        took = list(pool.map(claim, [one.id for one in PEOPLE]))

    assert sum(took) == 1
    cancelled(founded, run, eventually)


def test_the_ledger_of_contributions_only_grows(founded: Any) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    for change in ("UPDATE contribution SET weight = weight + 1", "DELETE FROM contribution"):
        with pytest.raises(DBAPIError, match="append-only"), founded.memory.engine.begin() as connection:
            connection.execute(text(change))
    with founded.memory.engine.begin() as connection:
        connection.execute(text("SET LOCAL trellis.erasing = 'on'"))
        assert connection.execute(text("UPDATE contribution SET member = member")).rowcount
        with pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text("UPDATE contribution SET weight = 0"))


def test_work_that_is_refused_later_is_taken_back_by_a_line_against_it(founded: Any) -> None:
    memory = founded.memory
    known = {team.run for team in memory.teams.of_member("village", "ada") + memory.teams.of_member("village", "dee")}
    run = next(one for one in sorted(known) if memory.teams.credit(one))
    before, lines = memory.teams.credit(run), memory.teams.contributions(run)
    whose = [line for line in lines if line.work == lines[0].work]

    assert memory.teams.reverse("village", lines[0].work, at=AT) == len(whose)
    assert memory.teams.reverse("village", lines[0].work, at=AT) == 0
    after = memory.teams.credit(run)
    assert sum(before.values()) - sum(after.values()) == sum(line.weight for line in whose)
