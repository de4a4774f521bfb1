"""The four modes of the sample in which people work together, rehearsed on real servers from YAML to their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from operations.explain import explain
from operations.ports.runs import Run, Visit, Work
from operations.reports.retrospectives import last_retrospective
from rules.fact import Fact
from rules.reading import Reading
from tests.desk.auto import reviewed
from tests.waiting import PATIENCE
from tests.workflows.teams.crewed import AT, people, settle
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = pytest.mark.servers

MENTORED = {"mentors": {"from": ["tier:core"]}, "mentees": {"where": {"tier": {"one_of": ["base", "active"]}}}}
TASKS: Mapping[str, dict[str, Any]] = {
    "twenty-four-hours": {"args": {"who": "everyone"}, "crowd": 48},
    "photo-masters": {"args": MENTORED, "crowd": 40},
    "quick-start-guide": {"args": {"from": "everyone"}},
    "owners-handbook": {"args": {}},
}
KNOWN = {one.id: one.attributes for one in people(64)}


class Played:
    """A run that has ended."""

    def __init__(self, room: Any, run: Run, end: str) -> None:
        self.room, self.run, self.end = room, run, end
        self.memory = room.memory
        self.visits: Sequence[Visit] = room.memory.runs.visits(run.id)
        self.teams = room.memory.teams.of_run(run.id)

    def visit(self, phase: str) -> Visit:
        return next(one for one in reversed(self.visits) if one.phase == phase)

    def result(self, phase: str, name: str) -> Any:
        found: list[Any] = []
        for one in self.visits:
            if one.phase == phase:
                found += one.results.get(name, [])
        return found

    def facts(self, kind: str) -> list[Fact]:
        found = self.memory.facts("auto").find(kinds=[kind], limit=20_000)
        return [one for one in found if one.fields.get("run") == self.run.id]

    def works(self, phase: str) -> list[Work]:
        return [one for one in self.memory.runs.works_of(self.run.id) if one.phase == phase]

    def points(self) -> Counter[str]:
        given: Counter[str] = Counter()
        for one in self.facts("awarded"):
            given[str(one.member)] += int(one.fields["points"])
        return given


@pytest.fixture(scope="module")
def played(room: Any) -> Iterator[dict[str, Played]]:
    from cli import wiring

    settle(room.memory)
    launcher = Launcher(room.memory.house, room.gateway)
    with room.gateway.working(wiring.crew(room.memory, room.gateway)):
        runs = {
            task: launcher.start(task, at=AT, scale="1d=40ms", rehearsed=True, seed=3, **more)
            for task, more in TASKS.items()
        }
        ends = {task: room.gateway.result(run.id, PATIENCE, RunResult).end for task, run in runs.items()}
        yield {task: Played(room, room.memory.runs.run(run.id), ends[task]) for task, run in runs.items()}


def test_every_mode_comes_to_a_good_end_with_a_short_history_and_books_that_balance(played: dict[str, Played]) -> None:
    for task, one in played.items():
        assert one.end.startswith("end"), (task, one.end)
        assert one.room.gateway.look(one.run.id).events < 1_000, task
        assert all(visit.state in ("closed", "skipped") for visit in one.visits), task
        assert all(team.ended_at is not None for team in one.teams), task
        ledger = one.memory.teams.contributions(one.run.id, limit=100_000)
        accepted = {work.id: work for work in one.memory.runs.works_of(one.run.id) if work.state == "accepted"}
        by_work: Counter[str] = Counter()
        for line in ledger:
            by_work[line.work] += line.weight
        assert by_work == Counter({work.id: work.credit or 0 for work in accepted.values()}), task
        assert {(one.work, one.member) for one in ledger} == {
            (work.id, who) for work in accepted.values() for who in work.written_by
        }, task
    assert next(iter(played.values())).memory.effects.audit("auto") == []


IN_ORDER: Mapping[str, Sequence[str]] = {
    "twenty-four-hours": ("call", "joining", "teams", "parts", "piece-in", "judging", "teamwork", "retrospective"),
    "photo-masters": ("masters", "groups", "plan", "drafts", "guidance", "sign-off", "outcome", "retrospective"),
    "quick-start-guide": ("crew", "kick-off", "outline", "draft", "final", "acceptance", "release", "retrospective"),
    "owners-handbook": ("call", "board", "chapters", "tips", "sorted", "writing", "proof", "release", "retrospective"),
}
"""Of each way of working together what is agreed, what is made, who looks at it, what came of it, what was learnt."""


@pytest.mark.parametrize(("task", "phases"), IN_ORDER.items())
def test_each_cooperation_goes_from_agreeing_by_making_and_looking_to_looking_back(
    played: dict[str, Played], task: str, phases: Sequence[str]
) -> None:
    visits = {phase: [one for one in played[task].visits if one.phase == phase] for phase in phases}
    assert all(visits.values())
    begun = [visits[phase][0].opened_at for phase in phases]
    assert begun == sorted(begun)
    assert played[task].visits[-1].phase == "retrospective"


def test_the_brief_of_the_next_one_shows_what_was_written_when_the_last_was_looked_back_on(
    played: dict[str, Played],
) -> None:
    looked_back = {task: one for task, one in played.items() if one.visit("retrospective").outcome == "done"}
    assert len(looked_back) >= 3
    for task, one in looked_back.items():
        shown = last_retrospective(one.memory.house, one.memory.specs.current("auto"), task)
        told = one.visit("retrospective").results["differently"]
        assert ("differently", told) in {(line.field, line.text) for line in shown}, task


# ---------------------------------------------------------------------------------------------------------------- group
def test_small_teams_are_formed_of_whoever_came_in_with_every_part_filled_by_skill(played: dict[str, Played]) -> None:
    group = played["twenty-four-hours"]
    members = set(group.visit("joining").results["members"])
    assert len(group.teams) >= 3
    for team in group.teams:
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


def test_work_is_split_into_parts_with_one_owner_each_and_the_piece_is_everybodys(played: dict[str, Played]) -> None:
    group = played["twenty-four-hours"]
    parts = Counter(work.unit for work in group.works("parts"))
    assert set(parts.values()) == {1}
    for work in group.works("parts"):
        team, _, slot = (work.unit or "").partition("#")
        owners = [seat.member for one in group.teams if one.id == team for seat in one.seats if seat.slot == slot]
        assert work.author in owners
        assert work.written_by == (work.author,)
    for work in group.works("piece-in"):
        assert len(work.written_by) == 4
        assert sorted(work.shares) == [2000, 2500, 2500, 3000]
    submitted = [one for one in group.facts("submitted") if one.fields["phase"] == "piece-in"]
    assert {one.fields["team"] for one in submitted} == {work.unit for work in group.works("piece-in")}


def test_teamwork_is_watched_every_week_and_counts_when_the_pieces_are_judged(played: dict[str, Played]) -> None:
    group = played["twenty-four-hours"]
    chemistry = group.facts("chemistry")
    teams = {team.id for team in group.teams}
    assert {one.fields["team"] for one in chemistry} == teams
    assert len(chemistry) > len(teams)
    judged = group.visit("judging").results
    assert len(judged["ranking"]) >= 3
    teamwork = {one.fields["work"] for one in group.facts("judged")}
    assert teamwork == set(judged["ranking"])


def test_the_process_is_measured_beside_the_piece_for_every_team(played: dict[str, Played]) -> None:
    group = played["twenty-four-hours"]
    measured = group.visit("teamwork").results
    standing = {team.id for team in group.teams}
    for metric in ("team_messages", "team_handovers", "team_late"):
        assert set(measured[metric]["values"]) == standing, metric
    handed_in = Counter(str(one.fields["team"]) for one in group.facts("submitted") if one.fields.get("team"))
    assert all(measured["team_messages"]["values"][team] >= count for team, count in handed_in.items())
    gone = Counter(
        str(one.fields["team"]) for one in group.facts("left_team") if one.at <= group.visit("teamwork").closed_at
    )
    assert {team: count for team, count in measured["team_handovers"]["values"].items() if count} == gone
    late = Counter(str(one.fields["team"]) for one in group.facts("submitted") if one.fields.get("late"))
    assert {team: count for team, count in measured["team_late"]["values"].items() if count} == late


def test_ties_between_those_who_worked_together_are_recorded_and_a_metric_counts_them(
    played: dict[str, Played],
) -> None:
    group = played["twenty-four-hours"]
    pairs = {(one.member, one.fields["other"]) for one in group.facts("teamed")}
    for team in group.teams:
        inside = [seat.member for seat in team.seats if seat.left == "over"]
        assert {pair for a, b in combinations(inside, 2) for pair in ((a, b), (b, a))} <= pairs
    reading = Reading("teammates", "all")
    who = sorted({str(one) for one, _ in pairs})
    frame = group.memory.measures("auto").frame(
        "member", [reading], at=group.run.ended_at, zone=group.memory.specs.current("auto").zone, subjects=who
    )
    counted = dict(zip(frame["subject"], frame[reading.key], strict=True))
    everywhere = {one.member for task in played.values() for one in task.facts("teamed")}
    assert set(who) <= everywhere
    assert all(counted[one] >= 3 for one in who)
    before = group.memory.measures("auto").frame(
        "member", [reading], at=group.run.opened_at, zone=group.memory.specs.current("auto").zone, subjects=who
    )
    assert set(before[reading.key]) == {0}, "nobody had worked with anybody before it"


def test_without_somebody_for_each_mandatory_part_no_team_is_started(played: dict[str, Played]) -> None:
    room = played["twenty-four-hours"].room
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


def test_a_prize_of_a_team_is_divided_by_the_shares_of_its_parts_to_the_last_point(played: dict[str, Played]) -> None:
    group = played["twenty-four-hours"]
    first = group.visit("judging").results["ranking"][0]
    work = next(one for one in group.works("piece-in") if one.id == first)
    shares = dict(zip(work.written_by, work.shares, strict=True))
    won = [one for one in group.facts("awarded") if one.fields["points"] > 100]
    assert {one.member: one.fields["points"] for one in won} == {
        who: share * 2000 // 10_000 for who, share in shares.items()
    }
    assert sum(one.fields["points"] for one in won) == 2000


# ----------------------------------------------------------------------------------------------------------- mentorship
def test_mentors_of_the_top_get_a_few_learners_of_the_middle_who_share_an_interest(played: dict[str, Played]) -> None:
    school = played["photo-masters"]
    assert school.teams
    for group in school.teams:
        mentor = [seat.member for seat in group.seats if seat.slot == "mentor" and seat.left == "over"]
        mentees = [seat.member for seat in group.seats if seat.slot == "mentee" and seat.left == "over"]
        assert len(mentor) == 1
        assert 2 <= len(mentees) <= 4
        assert mentor[0] in [f"m{n:03d}" for n in range(12)]  # core
        assert not set(mentees) & {f"m{n:03d}" for n in range(12)}
        assert "photography" in KNOWN[mentor[0]]["skills"]
        assert frozenset.intersection(*(KNOWN[who]["interests"] for who in (*mentor, *mentees)))
    everybody = [seat.member for group in school.teams for seat in group.seats if seat.left == "over"]
    assert len(everybody) == len(set(everybody))


def test_each_mentor_reviews_the_own_learners_and_graduation_is_credited_to_them_once(
    played: dict[str, Played],
) -> None:
    school = played["photo-masters"]
    mentor_of = {
        seat.member: next(other.member for other in group.seats if other.slot == "mentor")
        for group in school.teams
        for seat in group.seats
    }
    works = {work.id: work for work in school.memory.runs.works_of(school.run.id)}
    reviewed = school.facts("reviewed")
    assert reviewed
    for one in reviewed:
        assert one.member == mentor_of[works[str(one.fields["work"])].author]
    graduated = school.facts("graduated")
    assert {one.member for one in graduated} == set(school.result("graduation", "graduate"))
    assert graduated
    assert all(one.fields["mentor"] == mentor_of[str(one.member)] for one in graduated)
    assert len(graduated) == len({(one.member, one.fields["mentor"]) for one in graduated})
    reading = Reading("mentees_graduated", "all")
    frame = school.memory.measures("auto").frame(
        "member",
        [reading],
        at=school.run.ended_at,
        zone=school.memory.specs.current("auto").zone,
        subjects=sorted(set(mentor_of.values())),
    )
    counted = dict(zip(frame["subject"], frame[reading.key], strict=True))
    assert {who: number for who, number in counted.items() if number} == Counter(
        str(one.fields["mentor"]) for one in graduated
    )
    titles = school.memory.effects.holdings("auto")
    assert {one.member for one in titles if one.item == "mentor"} >= set(counted)


def test_a_learner_counts_once_for_a_mentor_however_often_and_five_make_a_star(played: dict[str, Played]) -> None:
    memory, spec = played["photo-masters"].memory, played["photo-masters"].memory.specs.current("auto")
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


def test_nothing_is_published_that_the_mentor_did_not_sign_off_and_the_brand_sees_figures_by_mentor(
    played: dict[str, Played],
) -> None:
    school = played["photo-masters"]
    signed = set(school.result("sign-off", "approved"))
    published = {one.fields["work"] for one in school.facts("published")}
    assert published == signed
    finals = {work.id for work in school.works("final")}
    assert signed <= finals
    table = school.visit("outcome").results["tables"]["team.mentor"]
    assert set(table) == {seat.member for group in school.teams for seat in group.seats if seat.slot == "mentor"}
    assert all("team_messages" in figures for figures in table.values())


def test_the_brand_gives_means_and_looks_at_results_and_decides_nothing_in_a_mentorship(
    played: dict[str, Played],
) -> None:
    school = played["photo-masters"]
    mentors = {seat.member for group in school.teams for seat in group.seats if seat.slot == "mentor"}
    people = {f"m{n:03d}" for n in range(64)}
    assert {who for visit in school.visits for who in visit.asked} <= people, "no step of it is asked of staff"
    assert {one.fields["by"] for one in school.facts("reviewed") if "by" in one.fields} <= mentors
    without = {visit.phase for visit in school.visits if not visit.asked and visit.kind in ("allocate", "measure")}
    assert without == {"kit", "outcome"}, "what is the brand's: the means, and a look at what came of it"
    kit = school.visit("kit")
    assert set(kit.results["served"]) == {group.id for group in school.teams}
    assert set(school.visit("outcome").results["tables"]["team.mentor"]) == mentors


def test_who_joined_a_mentor_came_through_them_and_counts_as_reached(played: dict[str, Played]) -> None:
    school = played["photo-masters"]
    joined = {
        (one.member, one.fields.get("via")) for one in school.facts("joined_team") if one.fields["slot"] == "mentee"
    }
    mentor_of = {
        (seat.member, next(other.member for other in group.seats if other.slot == "mentor"))
        for group in school.teams
        for seat in group.seats
        if seat.slot == "mentee" and seat.left == "over"
    }
    assert mentor_of <= joined
    mentors = sorted({mentor for _, mentor in mentor_of})
    reading = Reading("reach", "365d")
    frame = school.memory.measures("auto").frame(
        "member", [reading], at=school.run.ended_at, zone=school.memory.specs.current("auto").zone, subjects=mentors
    )
    reached = dict(zip(frame["subject"], frame[reading.key], strict=True))
    assert all(reached[who] >= sum(mentor == who for _, mentor in mentor_of) for who in mentors)


# ---------------------------------------------------------------------------------------------------------- co-creation
def test_every_tier_has_its_place_in_a_work_of_all(played: dict[str, Played]) -> None:
    book = played["owners-handbook"]
    tiers = {f"m{n:03d}": "core" if n < 12 else "active" if n < 42 else "base" for n in range(64)}
    assert {tiers[work.author] for work in book.works("tips")} == {"base", "active", "core"}
    board = {seat.member for team in book.teams if team.phase == "board" for seat in team.seats}
    assert {tiers[who] for who in board} == {"core"}
    keepers = {seat.member for team in book.teams if team.phase == "chapters" for seat in team.seats}
    assert {tiers[who] for who in keepers} <= {"active", "core"}
    slots = set(book.visit("chapters").results["slots"])
    assert {work.into for work in book.works("tips")} <= slots
    holders = {work.unit: work.author for work in book.works("writing")}
    assert holders
    assert all(unit and unit.partition("#")[2] in slots for unit in holders)


def test_chapters_are_approved_by_two_editors_and_tips_by_their_keeper_or_the_board(played: dict[str, Played]) -> None:
    book = played["owners-handbook"]
    board = {seat.member for team in book.teams if team.phase == "board" for seat in team.seats}
    keepers = {(seat.member, seat.slot) for team in book.teams if team.phase == "chapters" for seat in team.seats}
    into = {work.id: work.into for work in book.works("tips")}
    verdicts: dict[str, set[str]] = {}
    for one in book.facts("reviewed"):
        work, who = str(one.fields["work"]), str(one.member)
        if work in into:
            assert who in board or (who, into[work]) in keepers
        elif one.fields["choice"] == "approve":
            verdicts.setdefault(work, set()).add(who)
    chapters = book.visit("proof").results["approved"]
    assert chapters
    assert all(len(verdicts[work]) >= 2 and verdicts[work] <= board for work in chapters)


def test_the_pot_is_divided_by_the_ledger_and_the_credits_name_everybody_once(played: dict[str, Played]) -> None:
    from sqlalchemy import select

    from store.tables.effects import publication
    from store.tables.teams import credit

    book = played["owners-handbook"]
    ledger = book.memory.teams.credit(book.run.id)
    lines = book.memory.teams.contributions(book.run.id, limit=100_000)
    accepted = {(str(one.fields["work"]), one.member) for one in book.facts("accepted")}
    assert {(line.work, line.member) for line in lines} == accepted
    assert all(line.weight > 0 for line in lines)
    assert {line.at for line in lines} == {
        one.closed_at for one in book.visits if one.kind == "review" and one.results.get("approved")
    }, "each with the time at which it was taken"
    given = book.points()
    assert sum(given.values()) == 20_000
    assert set(given) == set(ledger)
    whole = sum(ledger.values())
    assert all(abs(given[who] - 20_000 * weight / whole) < 1 for who, weight in ledger.items())
    with book.memory.engine.begin() as connection:
        lists = set(
            connection.execute(
                select(publication.c.credits).where(
                    publication.c.run == book.run.id, publication.c.key.contains("/release/")
                )
            ).scalars()
        )
        (name,) = lists
        named = connection.execute(select(credit.c.member, credit.c.weight).where(credit.c.list == name)).all()
    assert sorted(row.member for row in named) == sorted(ledger)
    assert {row.member: row.weight for row in named} == ledger
    ceremony = book.visit("ceremony")
    assert ceremony.results["day"]
    assert set(ceremony.results["attended"]) <= set(ledger) | {"role:director", "role:management"} | set(
        ceremony.results.get("staff", ())
    )


def test_accepted_tips_are_on_the_shelf_with_their_author_and_refused_ones_are_not(played: dict[str, Played]) -> None:
    book = played["owners-handbook"]
    tips = {work.id: work for work in book.works("tips")}
    approved, refused = set(book.result("sorted", "approved")), set(book.result("sorted", "refused"))
    assert approved
    assert refused
    kept = {}
    for work in tips.values():
        for piece in book.memory.knowledge.search(
            "auto", str(work.fields["words"]), place="space:knowledge", limit=500
        ):
            kept[piece.work] = piece.author
    assert approved <= set(kept)
    assert all(kept[work] == tips[work].author for work in approved)
    assert not refused & set(kept)


# --------------------------------------------------------------------------------------------------------- project team
def test_a_project_team_fills_each_role_with_one_who_can_and_dissolves_at_the_end(played: dict[str, Played]) -> None:
    project = played["quick-start-guide"]
    (team,) = project.teams
    seats = {seat.slot: seat.member for seat in team.seats if seat.left == "over"}
    skills = {"lead-writer": "writing", "visual-director": "photography", "information-architect": "structure"}
    assert set(seats) == set(skills)
    assert len(set(seats.values())) == 3
    assert all(skills[slot] in KNOWN[who]["skills"] for slot, who in seats.items())
    assert team.ended_at == project.run.ended_at
    assert project.visits[1].phase == "kick-off"
    assert {one.member: one.fields["outcome"] for one in project.facts("finished")}.items() >= dict.fromkeys(
        seats.values(), "done"
    ).items()


def test_the_outcome_of_a_project_is_credited_by_the_stated_split(played: dict[str, Played]) -> None:
    project = played["quick-start-guide"]
    (team,) = project.teams
    seats = {seat.slot: seat.member for seat in team.seats if seat.left == "over"}
    assert project.points() == {
        seats["lead-writer"]: 600,
        seats["visual-director"]: 450,
        seats["information-architect"]: 450,
    }


def test_finished_projects_count_for_more_important_roles(played: dict[str, Played]) -> None:
    project = played["quick-start-guide"]
    inside = sorted(seat.member for seat in project.teams[0].seats if seat.left == "over")
    reading = Reading("projects_done", "all")
    community = project.memory.specs.current("auto")
    frame = project.memory.measures("auto").frame(
        "member", [reading], at=project.run.ended_at, zone=community.zone, subjects=inside
    )
    assert all(number >= 1 for number in frame[reading.key])
    outside = next(one.id for one in project.memory.members(community).find() if one.id not in inside)
    for who, met in ((inside[0], "true"), (outside, "false")):
        told = explain(project.memory.desk, community, who, project.run.ended_at, tier="ambassador").data()
        earn = next(one for one in told["standings"][0]["conditions"] if one["tier"] == "ambassador")
        asked = [leaf for leaf in leaves_of(earn) if leaf["metric"] == "projects_done"]
        assert [(leaf["truth"], leaf["over"]) for leaf in asked] == [(met, "2y")], who


def leaves_of(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The comparisons of a condition as it was explained."""
    if "metric" in told:
        yield told
    for part in told.get("parts", ()):
        yield from leaves_of(part)
