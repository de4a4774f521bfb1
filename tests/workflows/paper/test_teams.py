"""Teams on paper: what came of forming them says who is in them now, as on servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from operations.ports.runs import Act, Run, Visit, Work
from operations.ports.teams import TEAMS, Seat, Slot, Team, seated
from workflows.paper.runs import PaperRuns
from workflows.paper.teams import PaperTeams

AT = datetime(2027, 3, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def formed() -> tuple[PaperRuns, PaperTeams, str, Team]:
    """A run with one team, in which ann cooks and bo serves, and cy waits."""
    runs = PaperRuns()
    run = runs.begin(
        Run(community="c", id="c/feast", task="feast", mode="feast", digest="d", opened_at=AT, began_at=AT)
    )
    runs.open(Visit(community="c", run=run.id, phase="crew", visit=1, kind="form_teams", opened_at=AT, began_at=AT))
    seats = tuple(Seat(team="t1", slot=slot, member=who, since=AT) for slot, who in (("cook", "ann"), ("waiter", "bo")))
    slots = (Slot(id="cook"), Slot(id="waiter"))
    team = Team(
        id="t1", community="c", run=run.id, phase="crew", visit=1, number=1, formed_at=AT, slots=slots, seats=seats
    )
    results = {
        TEAMS: {"t1": {"cook": ["ann"], "waiter": ["bo"]}},
        "cook": ["ann"],
        "waiter": ["bo"],
        "members": ["ann", "bo"],
        "holder": ["ann", "bo"],
        "waiting": ["cy"],
        "slots": ["cook", "waiter"],
    }
    runs.conclude(run.id, "crew", 1, outcome="done", results=results, at=AT, works={})
    teams = PaperTeams(runs)
    teams.found([team])
    return runs, teams, run.id, team


def test_whoever_left_a_part_is_not_in_the_results_any_more() -> None:
    runs, teams, run, _ = formed()
    assert teams.vacate("t1", "cook", "ann", at=AT + DAY, why="idle")
    visit = runs.visit(run, "crew")
    assert visit is not None
    assert visit.results[TEAMS] == {"t1": {"cook": [], "waiter": ["bo"]}}
    assert (visit.results["cook"], visit.results["members"], visit.results["waiting"]) == ([], ["bo"], ["cy"])
    assert visit.results["slots"] == ["cook", "waiter"]


def test_whoever_comes_into_a_part_is_in_the_results_once_they_said_yes() -> None:
    runs, teams, run, _ = formed()
    teams.vacate("t1", "cook", "ann", at=AT + DAY, why="idle")
    teams.seat(Seat(team="t1", slot="cook", member="cy", since=AT + DAY, offered_until=AT + 3 * DAY))
    offered = runs.visit(run, "crew")
    assert offered is not None
    assert offered.results["cook"] == []
    teams.seat(Seat(team="t1", slot="cook", member="cy", since=AT + 2 * DAY))
    taken = runs.visit(run, "crew")
    assert taken is not None
    assert (taken.results["cook"], taken.results["holder"], taken.results["waiting"]) == (["cy"], ["cy", "bo"], [])


def test_the_last_thing_somebody_did_in_the_run_is_a_sign_of_them() -> None:
    runs, teams, run, _ = formed()
    runs.open(
        Visit(
            community="c", run=run, phase="menu", visit=1, kind="ask", opened_at=AT, began_at=AT, deadline=AT + 9 * DAY
        )
    )
    assert teams.signs(run, ["ann", "bo"]) == {}
    for days, who, about in ((4, "ann", "soup"), (2, "ann", "salad"), (3, "cy", "soup")):
        act = Act(verb="answer", by=who, at=AT + days * DAY, about=about, visit=1)
        assert runs.act(run, "menu", [act], visit=1)[0].verdict == "accepted"
    assert teams.signs(run, ["ann", "bo"]) == {"ann": AT + 4 * DAY}


def test_a_work_is_a_sign_of_everybody_whose_work_it_is() -> None:
    runs, teams, run, _ = formed()
    work = Work(community="c", id="w", run=run, phase="menu", visit=1, author="ann", authors=("ann", "bo"), at=AT + DAY)
    runs._works[work.id] = work
    assert teams.signs(run, ["ann", "bo", "cy"]) == {"ann": AT + DAY, "bo": AT + DAY}


def test_parts_come_in_the_order_of_the_mode_whatever_remembered_them() -> None:
    """A database keeps what came of a phase by name, shortest first; their order decides whose turn it is."""
    runs, _, run, _ = formed()
    visit = runs.visit(run, "crew")
    assert visit is not None
    kept = {**visit.results, TEAMS: {"t1": {"waiter": ["bo"], "cook": ["ann"]}}}
    now = seated(kept, "t2", {"cook": ["cy"], "waiter": []})
    assert list(now[TEAMS]["t1"]) == ["cook", "waiter"]
    assert now["members"] == ["ann", "bo", "cy"]
