"""The co-creation of the sample, rehearsed on real servers to its end: a work of all with a place for every tier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.workflows.teams.played import Played

pytestmark = pytest.mark.servers

TASK: Mapping[str, Any] = {"task": "owners-handbook"}
IN_ORDER = ("call", "board", "chapters", "tips", "sorted", "writing", "proof", "release", "retrospective")
"""What is agreed, what is made, who looks at it, what came of it, what was learnt."""


def test_a_work_of_all_comes_to_a_good_end_with_a_short_history_and_books_that_balance(played: Played) -> None:
    played.comes_to_a_good_end()


def test_a_work_of_all_goes_from_agreeing_by_making_and_looking_to_looking_back(played: Played) -> None:
    played.goes_through(IN_ORDER)


def test_the_brief_of_the_next_work_of_all_shows_what_was_written_when_it_was_looked_back_on(played: Played) -> None:
    played.is_looked_back_on()


def test_every_tier_has_its_place_in_a_work_of_all(played: Played) -> None:
    tiers = {f"m{n:03d}": "core" if n < 12 else "active" if n < 42 else "base" for n in range(64)}
    assert {tiers[work.author] for work in played.works("tips")} == {"base", "active", "core"}
    board = {seat.member for team in played.teams if team.phase == "board" for seat in team.seats}
    assert {tiers[who] for who in board} == {"core"}
    keepers = {seat.member for team in played.teams if team.phase == "chapters" for seat in team.seats}
    assert {tiers[who] for who in keepers} <= {"active", "core"}
    slots = set(played.visit("chapters").results["slots"])
    assert {work.into for work in played.works("tips")} <= slots
    holders = {work.unit: work.author for work in played.works("writing")}
    assert holders
    assert all(unit and unit.partition("#")[2] in slots for unit in holders)


def test_chapters_are_approved_by_two_editors_and_tips_by_their_keeper_or_the_board(played: Played) -> None:
    board = {seat.member for team in played.teams if team.phase == "board" for seat in team.seats}
    keepers = {(seat.member, seat.slot) for team in played.teams if team.phase == "chapters" for seat in team.seats}
    into = {work.id: work.into for work in played.works("tips")}
    verdicts: dict[str, set[str]] = {}
    for one in played.facts("reviewed"):
        work, who = str(one.fields["work"]), str(one.member)
        if work in into:
            assert who in board or (who, into[work]) in keepers
        elif one.fields["choice"] == "approve":
            verdicts.setdefault(work, set()).add(who)
    chapters = played.visit("proof").results["approved"]
    assert chapters
    assert all(len(verdicts[work]) >= 2 and verdicts[work] <= board for work in chapters)


def test_the_pot_is_divided_by_the_ledger_and_the_credits_name_everybody_once(played: Played) -> None:
    from sqlalchemy import select

    from store.tables.effects import publication
    from store.tables.teams import credit

    ledger = played.memory.teams.credit(played.run.id)
    lines = played.memory.teams.contributions(played.run.id, limit=100_000)
    accepted = {(str(one.fields["work"]), one.member) for one in played.facts("accepted")}
    assert {(line.work, line.member) for line in lines} == accepted
    assert all(line.weight > 0 for line in lines)
    assert {line.at for line in lines} == {
        one.closed_at for one in played.visits if one.kind == "review" and one.results.get("approved")
    }, "each with the time at which it was taken"
    given = played.points()
    assert sum(given.values()) == 20_000
    assert set(given) == set(ledger)
    whole = sum(ledger.values())
    assert all(abs(given[who] - 20_000 * weight / whole) < 1 for who, weight in ledger.items())
    with played.memory.engine.begin() as connection:
        lists = set(
            connection.execute(
                select(publication.c.credits).where(
                    publication.c.run == played.run.id, publication.c.key.contains("/release/")
                )
            ).scalars()
        )
        (name,) = lists
        named = connection.execute(select(credit.c.member, credit.c.weight).where(credit.c.list == name)).all()
    assert sorted(row.member for row in named) == sorted(ledger)
    assert {row.member: row.weight for row in named} == ledger
    ceremony = played.visit("ceremony")
    assert ceremony.results["day"]
    assert set(ceremony.results["attended"]) <= set(ledger) | {"role:director", "role:management"} | set(
        ceremony.results.get("staff", ())
    )


def test_accepted_tips_are_on_the_shelf_with_their_author_and_refused_ones_are_not(played: Played) -> None:
    tips = {work.id: work for work in played.works("tips")}
    approved, refused = set(played.result("sorted", "approved")), set(played.result("sorted", "refused"))
    assert approved
    assert refused
    kept = {}
    for work in tips.values():
        for piece in played.memory.knowledge.search(
            "auto", str(work.fields["words"]), place="space:knowledge", limit=500
        ):
            kept[piece.work] = piece.author
    assert approved <= set(kept)
    assert all(kept[work] == tips[work].author for work in approved)
    assert not refused & set(kept)
