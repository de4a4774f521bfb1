"""The group of the sample, rehearsed on real servers to its end: small teams who make one piece together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest

from rules.reading import Reading
from tests.waiting import PATIENCE
from tests.workflows.teams.crewed import AT
from tests.workflows.teams.played import KNOWN, Played
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = pytest.mark.servers

TASK: Mapping[str, Any] = {"task": "twenty-four-hours", "args": {"who": "everyone"}, "crowd": 48}
IN_ORDER = ("call", "joining", "teams", "parts", "piece-in", "judging", "teamwork", "retrospective")
"""What is agreed, what is made, who looks at it, what came of it, what was learnt."""


def test_a_group_comes_to_a_good_end_with_a_short_history_and_books_that_balance(played: Played) -> None:
    played.comes_to_a_good_end()


def test_a_group_goes_from_agreeing_by_making_and_looking_to_looking_back(played: Played) -> None:
    played.goes_through(IN_ORDER)


def test_the_brief_of_the_next_group_shows_what_was_written_when_it_was_looked_back_on(played: Played) -> None:
    played.is_looked_back_on()


def test_small_teams_are_formed_of_whoever_came_in_with_every_part_filled_by_skill(played: Played) -> None:
    members = set(played.visit("joining").results["members"])
    assert len(played.teams) >= 3
    for team in played.teams:
        seats = {seat.slot: seat.member for seat in team.seats if seat.left == "over"}
        assert sorted(seats) == ["camera", "driving", "editing", "script"]
        assert len(set(seats.values())) == 4
        assert set(seats.values()) <= members
        for slot, who in seats.items():
            wanted = {"editing", "music"} if slot == "editing" else {slot}
            assert wanted & KNOWN[who]["skills"], (slot, who)
        assert len({KNOWN[who]["city"] for who in seats.values()}) == 1
        assert (
            max(Counter(KNOWN[who]["car_model"] for who in seats.values()).values()) <= 2
        )  # three models, four people


def test_work_is_split_into_parts_with_one_owner_each_and_the_piece_is_everybodys(played: Played) -> None:
    parts = Counter(work.unit for work in played.works("parts"))
    assert set(parts.values()) == {1}
    for work in played.works("parts"):
        team, _, slot = (work.unit or "").partition("#")
        owners = [seat.member for one in played.teams if one.id == team for seat in one.seats if seat.slot == slot]
        assert work.author in owners
        assert work.written_by == (work.author,)
    for work in played.works("piece-in"):
        assert len(work.written_by) == 4
        assert sorted(work.shares) == [2000, 2500, 2500, 3000]
    submitted = [one for one in played.facts("submitted") if one.fields["phase"] == "piece-in"]
    assert {one.fields["team"] for one in submitted} == {work.unit for work in played.works("piece-in")}


def test_teamwork_is_watched_every_week_and_counts_when_the_pieces_are_judged(played: Played) -> None:
    chemistry = played.facts("chemistry")
    teams = {team.id for team in played.teams}
    assert {one.fields["team"] for one in chemistry} == teams
    assert len(chemistry) > len(teams)
    judged = played.visit("judging").results
    assert len(judged["ranking"]) >= 3
    teamwork = {one.fields["work"] for one in played.facts("judged")}
    assert teamwork == set(judged["ranking"])


def test_the_process_is_measured_beside_the_piece_for_every_team(played: Played) -> None:
    measured = played.visit("teamwork").results
    standing = {team.id for team in played.teams}
    for metric in ("team_messages", "team_handovers", "team_late"):
        assert set(measured[metric]["values"]) == standing, metric
    handed_in = Counter(str(one.fields["team"]) for one in played.facts("submitted") if one.fields.get("team"))
    assert all(measured["team_messages"]["values"][team] >= count for team, count in handed_in.items())
    gone = Counter(
        str(one.fields["team"]) for one in played.facts("left_team") if one.at <= played.visit("teamwork").closed_at
    )
    assert {team: count for team, count in measured["team_handovers"]["values"].items() if count} == gone
    late = Counter(str(one.fields["team"]) for one in played.facts("submitted") if one.fields.get("late"))
    assert {team: count for team, count in measured["team_late"]["values"].items() if count} == late


def test_ties_between_those_who_worked_together_are_recorded_and_a_metric_counts_them(played: Played) -> None:
    pairs = {(one.member, one.fields["other"]) for one in played.facts("teamed")}
    for team in played.teams:
        inside = [seat.member for seat in team.seats if seat.left == "over"]
        assert {pair for a, b in combinations(inside, 2) for pair in ((a, b), (b, a))} <= pairs
    reading = Reading("teammates", "all")
    who = sorted({str(one) for one, _ in pairs})
    frame = played.memory.measures("auto").frame(
        "member", [reading], at=played.run.ended_at, zone=played.memory.specs.current("auto").zone, subjects=who
    )
    counted = dict(zip(frame["subject"], frame[reading.key], strict=True))
    assert all(counted[one] >= 3 for one in who)
    before = played.memory.measures("auto").frame(
        "member", [reading], at=played.run.opened_at, zone=played.memory.specs.current("auto").zone, subjects=who
    )
    assert set(before[reading.key]) == {0}, "nobody had worked with anybody before it"


def test_a_prize_of_a_team_is_divided_by_the_shares_of_its_parts_to_the_last_point(played: Played) -> None:
    first = played.visit("judging").results["ranking"][0]
    work = next(one for one in played.works("piece-in") if one.id == first)
    shares = dict(zip(work.written_by, work.shares, strict=True))
    won = [one for one in played.facts("awarded") if one.fields["points"] > 100]
    assert {one.member: one.fields["points"] for one in won} == {
        who: share * 2000 // 10_000 for who, share in shares.items()
    }
    assert sum(one.fields["points"] for one in won) == 2000


def test_without_somebody_for_each_mandatory_part_no_team_is_started(played: Played) -> None:
    room = played.room
    assert not [one for one in KNOWN.values() if "research" in one["skills"]]
    guide = Launcher(room.memory.house, room.gateway).start(
        "ultimate-buying-guide", at=AT, scale="1d=20ms", rehearsed=True, seed=3, crowd=24, args={"who": "everyone"}
    )

    assert room.gateway.result(guide.id, PATIENCE, RunResult).end == "cancel"

    visits = room.memory.runs.visits(guide.id)
    formed = [one for one in visits if one.phase == "teams"]
    assert formed
    assert {one.outcome for one in formed} == {"short"}
    assert {one.phase for one in visits} == {"call", "joining", "teams", "incomplete"}, "nothing was begun"
    assert room.memory.teams.of_run(guide.id) == []
