"""Whoever holds a parcel, a car, a right and a seat in a team may be joined, told apart again, and forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from operations import consent
from operations.books import check_books
from operations.identity import join, separate
from operations.ports.runs import Act, Entry, Visit
from operations.ports.teams import TEAMS, Seat, Slot, Team
from rules.spec import Community
from tests.people.test_consent import named_in
from tests.scarce.depot import AT, Walk, found

pytestmark = pytest.mark.servers
DAY = timedelta(days=1)
WHO, OTHER, MATE = "m04", "m07", "m09"


@pytest.fixture
def village(remembered: Any) -> Community:
    """`m04` has a parcel on its way, a bicycle booked, the oven for a season, and a seat in a team."""
    community, walk = found(remembered), Walk(remembered)
    thanks, ride = walk.start("thanks", WHO), walk.start("lend", WHO)
    right = walk.start("keep-oven", WHO)
    walk.open(thanks, "mug")
    walk.open(ride, "ask-for")
    walk.check(ride, "ask-for", AT + DAY)
    walk.open(right, "given")
    walk.finish(right, AT + DAY)
    team = f"{thanks.id}/crew/1/1"
    seats = tuple(
        Seat(team=team, slot=slot, member=who, since=AT, why={"how": "solve"})
        for slot, who in (("cook", WHO), ("waiter", MATE))
    )
    remembered.teams.found(
        [
            Team(id=team, community="village", run=thanks.id, phase="crew", visit=1, number=1, formed_at=AT,
                 slots=(Slot(id="cook"), Slot(id="waiter")), seats=seats)
        ]
    )  # fmt: skip
    for run in (thanks, ride):
        walk.finish(run, AT + 9 * DAY)
    return community


def kept(memory: Any) -> dict[str, list[str]]:
    """Every row of the ledgers of goods and teams."""
    from sqlalchemy import text

    with memory.engine.connect() as connection:
        return {
            name: sorted(connection.execute(text(f'SELECT to_jsonb(t)::text FROM "{name}" t')).scalars())
            for name in ("parcel", "booking", "claim", "benefit_use", "holding", "seat", "team", "ledger", "deed")
        }


def has(memory: Any, who: str) -> tuple[list[str], list[str], set[str], list[str]]:
    """Parcels, cars, rights and seats of somebody."""
    team = memory.teams.of_run(memory.runs.runs("village", task="thanks")[0].id)[0]
    return (
        [one.item for one in memory.resources.parcels("village") if one.member == who],
        [one.unit for one in memory.resources.bookings("village") if one.member == who],
        {one.item for one in memory.effects.holdings("village", who) if one.kind == "benefit"},
        [seat.slot for seat in team.seats if seat.member == who],
    )


def test_goods_and_seats_follow_a_join_and_come_back_when_it_is_undone(remembered: Any, village: Community) -> None:
    before, mine = kept(remembered), has(remembered, WHO)
    assert mine == (["mug"], ["red"], {"oven"}, ["cook"])

    join(remembered.persons, village, OTHER, WHO, at=AT + 10 * DAY, by="olga", reason="same phone")
    assert has(remembered, OTHER) == mine
    assert has(remembered, WHO) == ([], [], set(), [])
    assert check_books(remembered.desk, village).findings == []

    separate(remembered.persons, village, WHO, at=AT + 11 * DAY, by="olga", reason="two sisters")
    assert kept(remembered) == before
    assert check_books(remembered.desk, village).findings == []


def test_who_is_forgotten_is_in_no_ledger_and_the_ledgers_still_balance(remembered: Any, village: Community) -> None:
    told = consent.export(remembered.desk, remembered.persons, village, WHO, at=AT + 10 * DAY, by="olga")["held"]
    assert {"parcel", "booking", "holding", "seat"} <= set(told)

    done, _ = consent.erase(
        remembered.desk, remembered.persons, village, WHO, at=AT + 10 * DAY, by="olga", reason="asked for"
    )

    assert named_in(remembered, WHO) == []
    pseudonym = str(done["pseudonym"])
    assert has(remembered, pseudonym)[3] == ["cook"], "a team keeps its shape"
    assert remembered.resources.parcels("village", open_only=True) == [], "nothing is posted to somebody who is gone"
    assert {one.account: one.amount for one in remembered.effects.balances("village", "stock")} == {"mug": 3}
    assert remembered.resources.accounts("village", "purse")[0].spent == 0
    assert check_books(remembered.desk, village).findings == []


def withdrawn(memory: Any, village: Community) -> None:
    at = AT + 2 * DAY
    consent.withdraw(memory.desk, memory.persons, village, WHO, at=at, by=WHO, reason="no more")


def mugs(memory: Any) -> dict[str, int]:
    return {one.account: one.amount for one in memory.effects.balances("village", "stock")}


def test_nobody_posts_anything_to_somebody_who_wants_no_contact_and_the_plan_is_as_before(
    remembered: Any, village: Community
) -> None:
    (parcel,) = remembered.resources.parcels("village")
    assert remembered.inbox.item("village", parcel.key).state == "open"
    assert remembered.resources.accounts("village", "purse")[0].lines == {"newcomer": 500}

    withdrawn(remembered, village)

    assert remembered.inbox.item("village", parcel.key).state == "gone", "its keeper is not asked to post it any more"
    assert mugs(remembered) == {"mug": 3}
    assert remembered.resources.accounts("village", "purse")[0].lines == {}, "what came back is no spending of any tier"
    assert check_books(remembered.desk, village).findings == []


def test_a_parcel_whose_item_was_completed_has_left_and_is_not_back_in_stock(
    remembered: Any, village: Community
) -> None:
    (parcel,) = remembered.resources.parcels("village")
    remembered.inbox.complete("village", parcel.key, outcome="done", fields={}, by="ann", at=AT + DAY)

    withdrawn(remembered, village)

    (parcel,) = remembered.resources.parcels("village")
    assert (parcel.posted_at, parcel.cancelled_at) == (AT + DAY, None)
    assert mugs(remembered) == {"mug": 2}
    assert check_books(remembered.desk, village).findings == []


def test_whoever_takes_consent_back_is_in_no_team_any_more_and_what_the_team_made_stays(
    remembered: Any, village: Community
) -> None:
    runs, walk = remembered.runs, Walk(remembered)
    run = walk.start("supper")
    team = f"{run.id}/crew/1/1"
    crew = {"cook": [WHO], "waiter": [MATE]}
    formed = Visit(community="village", run=run.id, phase="crew", visit=1, kind="form_teams", opened_at=AT,
                   began_at=AT, closed_at=AT, state="closed", outcome="done",
                   results={TEAMS: {team: crew}, "members": [WHO, MATE], **crew})  # fmt: skip
    runs.open(formed)
    seats = tuple(Seat(team=team, slot=part, member=who, since=AT, why={}) for part, (who,) in crew.items())
    slots = (Slot(id="cook"), Slot(id="waiter"))
    remembered.teams.found(
        [Team(id=team, community="village", run=run.id, phase="crew", visit=1, number=1, formed_at=AT, slots=slots,
              seats=seats)]
    )  # fmt: skip
    runs.open(replace(formed, phase="menu", kind="submit", state="open", closed_at=None, outcome=None, results={}))
    theirs = Entry(author=WHO, at=AT, fields={}, unit=team, authors=(WHO, MATE), shares=(1, 1))
    own = Entry(author=WHO, at=AT, fields={})
    assert all(one.accepted for one in runs.submit(run.id, "menu", [theirs, own], limit=1, mark=False))

    withdrawn(remembered, village)

    results = runs.visit(run.id, "crew").results
    assert (results["members"], results["cook"], results[TEAMS][team]["cook"]) == ([MATE], [], [])
    assert [work.unit for work in runs.works(run.id, "menu")] == [team], "their own work is taken back, not the team's"


def test_who_is_forgotten_leaves_marks_and_days_but_no_words(remembered: Any, village: Community) -> None:
    runs, walk = remembered.runs, Walk(remembered)
    run = walk.start("supper")
    runs.open(Visit(community="village", run=run.id, phase="best", visit=1, kind="judge", opened_at=AT, began_at=AT))
    said = {"score": {"taste": 9}, "set_day": {"day": "3d"}, "answer": {"text": "I am Ann"}}
    runs.act(run.id, "best", [Act(verb=verb, by=WHO, at=AT, fields=fields) for verb, fields in said.items()])

    consent.erase(remembered.desk, remembered.persons, village, WHO, at=AT + DAY, by="olga", reason="asked for")

    left = {act.verb: dict(act.fields) for act in runs.acts(run.id, "best")}
    assert left == {"score": {"taste": 9}, "set_day": {"day": "3d"}, "answer": {}}, "a judging can still be closed"


def test_a_run_about_somebody_who_is_forgotten_goes_on_no_longer(remembered: Any, village: Community) -> None:
    walk = Walk(remembered)
    run = walk.start("lend", OTHER)
    walk.open(run, "ask-for")

    _, flows = consent.erase(
        remembered.desk, remembered.persons, village, OTHER, at=AT + timedelta(minutes=1), by="olga", reason="asked for"
    )

    assert run.id in flows
    assert walk.check(run, "ask-for", AT + timedelta(minutes=2)).outcome == "lapsed"


def test_nobody_is_asked_as_one_who_came_in_that_wants_no_contact_since(remembered: Any, village: Community) -> None:
    walk = Walk(remembered)
    run = walk.start("supper")
    walk.open(run, "guests")
    for who in (WHO, OTHER, MATE):
        walk.desk.enrol(run.id, member=who, fields={})
    walk.check(run, "guests", AT + 5 * DAY, due=True)
    assert walk.results(run, "guests")["members"] == [WHO, OTHER, MATE]
    withdrawn(remembered, village)
    consent.erase(remembered.desk, remembered.persons, village, OTHER, at=AT + DAY, by="olga", reason="asked for")

    walk.open(run, "table", AT + 5 * DAY)

    assert list(remembered.runs.visit(run.id, "table").asked) == [MATE]
    assert {who for item in remembered.inbox.find("village", run=run.id) for who in item.asked} <= {
        MATE, "role:clerk", "role:elder"
    }  # fmt: skip
