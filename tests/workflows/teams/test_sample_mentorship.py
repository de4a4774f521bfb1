"""The mentorship of the sample, rehearsed on real servers to its end: a few learners for each mentor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from rules.fact import Fact
from rules.reading import Reading
from tests.desk.auto import reviewed
from tests.workflows.teams.crewed import AT
from tests.workflows.teams.played import KNOWN, Played

pytestmark = pytest.mark.servers

MENTORED = {"mentors": {"from": ["tier:core"]}, "mentees": {"where": {"tier": {"one_of": ["base", "active"]}}}}
TASK: Mapping[str, Any] = {"task": "photo-masters", "args": MENTORED, "crowd": 40}
IN_ORDER = ("masters", "groups", "plan", "drafts", "guidance", "sign-off", "outcome", "retrospective")
"""What is agreed, what is made, who looks at it, what came of it, what was learnt."""


def test_a_mentorship_comes_to_a_good_end_with_a_short_history_and_books_that_balance(played: Played) -> None:
    played.comes_to_a_good_end()


def test_a_mentorship_goes_from_agreeing_by_making_and_looking_to_looking_back(played: Played) -> None:
    played.goes_through(IN_ORDER)


def test_the_brief_of_the_next_mentorship_shows_what_was_written_when_it_was_looked_back_on(played: Played) -> None:
    played.is_looked_back_on()


def test_mentors_of_the_top_get_a_few_learners_of_the_middle_who_share_an_interest(played: Played) -> None:
    assert played.teams
    for group in played.teams:
        mentor = [seat.member for seat in group.seats if seat.slot == "mentor" and seat.left == "over"]
        mentees = [seat.member for seat in group.seats if seat.slot == "mentee" and seat.left == "over"]
        assert len(mentor) == 1
        assert 2 <= len(mentees) <= 4
        assert mentor[0] in [f"m{n:03d}" for n in range(12)]  # core
        assert not set(mentees) & {f"m{n:03d}" for n in range(12)}
        assert "photography" in KNOWN[mentor[0]]["skills"]
        assert frozenset.intersection(*(KNOWN[who]["interests"] for who in (*mentor, *mentees)))
    everybody = [seat.member for group in played.teams for seat in group.seats if seat.left == "over"]
    assert len(everybody) == len(set(everybody))


def test_each_mentor_reviews_the_own_learners_and_graduation_is_credited_to_them_once(played: Played) -> None:
    mentor_of = {
        seat.member: next(other.member for other in group.seats if other.slot == "mentor")
        for group in played.teams
        for seat in group.seats
    }
    works = {work.id: work for work in played.memory.runs.works_of(played.run.id)}
    reviewed = played.facts("reviewed")
    assert reviewed
    for one in reviewed:
        assert one.member == mentor_of[works[str(one.fields["work"])].author]
    graduated = played.facts("graduated")
    assert {one.member for one in graduated} == set(played.result("graduation", "graduate"))
    assert graduated
    assert all(one.fields["mentor"] == mentor_of[str(one.member)] for one in graduated)
    assert len(graduated) == len({(one.member, one.fields["mentor"]) for one in graduated})
    reading = Reading("mentees_graduated", "all")
    frame = played.memory.measures("auto").frame(
        "member",
        [reading],
        at=played.run.ended_at,
        zone=played.memory.specs.current("auto").zone,
        subjects=sorted(set(mentor_of.values())),
    )
    counted = dict(zip(frame["subject"], frame[reading.key], strict=True))
    assert {who: number for who, number in counted.items() if number} == Counter(
        str(one.fields["mentor"]) for one in graduated
    )
    titles = played.memory.effects.holdings("auto")
    assert {one.member for one in titles if one.item == "mentor"} >= set(counted)


def test_nothing_is_published_that_the_mentor_did_not_sign_off_and_the_brand_sees_figures_by_mentor(
    played: Played,
) -> None:
    signed = set(played.result("sign-off", "approved"))
    published = {one.fields["work"] for one in played.facts("published")}
    assert published == signed
    finals = {work.id for work in played.works("final")}
    assert signed <= finals
    table = played.visit("outcome").results["tables"]["team.mentor"]
    assert set(table) == {seat.member for group in played.teams for seat in group.seats if seat.slot == "mentor"}
    assert all("team_messages" in figures for figures in table.values())


def test_the_brand_gives_means_and_looks_at_results_and_decides_nothing_in_a_mentorship(played: Played) -> None:
    mentors = {seat.member for group in played.teams for seat in group.seats if seat.slot == "mentor"}
    people = {f"m{n:03d}" for n in range(64)}
    assert {who for visit in played.visits for who in visit.asked} <= people, "no step of it is asked of staff"
    assert {one.fields["by"] for one in played.facts("reviewed") if "by" in one.fields} <= mentors
    without = {visit.phase for visit in played.visits if not visit.asked and visit.kind in ("allocate", "measure")}
    assert without == {"kit", "outcome"}, "what is the brand's: the means, and a look at what came of it"
    kit = played.visit("kit")
    assert set(kit.results["served"]) == {group.id for group in played.teams}
    assert set(played.visit("outcome").results["tables"]["team.mentor"]) == mentors


def test_who_joined_a_mentor_came_through_them_and_counts_as_reached(played: Played) -> None:
    joined = {
        (one.member, one.fields.get("via")) for one in played.facts("joined_team") if one.fields["slot"] == "mentee"
    }
    mentor_of = {
        (seat.member, next(other.member for other in group.seats if other.slot == "mentor"))
        for group in played.teams
        for seat in group.seats
        if seat.slot == "mentee" and seat.left == "over"
    }
    assert mentor_of <= joined
    mentors = sorted({mentor for _, mentor in mentor_of})
    reading = Reading("reach", "365d")
    frame = played.memory.measures("auto").frame(
        "member", [reading], at=played.run.ended_at, zone=played.memory.specs.current("auto").zone, subjects=mentors
    )
    reached = dict(zip(frame["subject"], frame[reading.key], strict=True))
    assert all(reached[who] >= sum(mentor == who for _, mentor in mentor_of) for who in mentors)


def test_a_learner_counts_once_for_a_mentor_however_often_and_five_make_a_star(played: Played) -> None:
    memory, spec = played.memory, played.memory.specs.current("auto")
    reading, mentor, later = Reading("mentees_graduated", "all"), "m063", AT + timedelta(days=400)

    def graduates(*pupils: str, again: int = 0) -> int:
        memory.facts(spec).record(
            [Fact(f"{who}/{again}", "graduated", who, later, None, {"mentor": mentor, "via": mentor}) for who in pupils]
        )
        frame = memory.measures(spec).frame("member", [reading], at=later, zone=spec.zone, subjects=[mentor])
        return int(frame[reading.key][0])

    def stars(after: int) -> int:
        reviewed(memory, spec, later + timedelta(days=after), ["rule:star-mentor"])
        return sum(one.item == "star-mentor" for one in memory.effects.holdings("auto", mentor))

    assert graduates("p1", "p2", "p3", "p4") == 4
    assert graduates("p1", "p2", again=1) == 4, "once for each of them"
    assert stars(1) == 0
    assert graduates("p5") == 5
    assert (stars(2), stars(3)) == (1, 1), "a badge, once"
