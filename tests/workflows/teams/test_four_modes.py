"""Who may do what in the modes of the sample: tiers and modes, one entry each and in time, contests before teams."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from operations.errors import Refusal
from operations.ports.runs import Run
from operations.ports.teams import Seat, Slot, Team
from rules.fact import Fact
from rules.spec import load
from tests.workflows.teams.crewed import AT, Clock, auto, settle
from workflows.conduct import Conduct
from workflows.desk import Desk
from workflows.eligibility import eligibility
from workflows.launch import Launcher
from workflows.phases import discover
from workflows.steps import CheckPhase, OpenPhase

FOUR = ("contest", "group", "mentorship", "co-creation")


@pytest.fixture(scope="module")
def spec(memory: Any) -> Any:
    return settle(memory, 24, core=6)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(memory: Any, clock: Clock) -> Desk:
    return Desk(memory.house, now=clock)


def begun(memory: Any, task: str, *phases: str, at: datetime = AT, **args: Any) -> Run:
    """A run without a workflow, with these phases opened one after the other."""
    run = Launcher(memory.house, memory).begin(task, community="auto", at=at, args=args, key=f"{task}/{at}/{args}")
    conduct = Conduct(memory.house, now=lambda: at)
    for phase in phases:
        conduct.open(OpenPhase(run=run.id, phase=phase, visit=1, scope="", at=at))
    return run


def test_the_four_modes_are_files_and_each_tier_names_those_that_its_members_may_enter(
    memory: Any, spec: Any, desk: Desk
) -> None:
    assert set(FOUR) <= set(spec.modes)
    lowest, *_, highest = spec.ladders["tier"].tiers
    assert "contest" in lowest.may_enter
    assert "group" not in lowest.may_enter
    assert set(FOUR) <= set(highest.may_enter)

    run = begun(memory, "twenty-four-hours", "call", "joining", who="everyone")
    with pytest.raises(Refusal, match=r"members of the tier .* do not take part in group"):
        desk.enrol(run.id, member="m023", fields={})
    assert desk.enrol(run.id, member="m007", fields={}).accepted


def test_a_mode_that_is_no_file_is_refused_and_a_new_file_is_a_new_mode() -> None:
    files = dict(auto()[0])
    task = files["tasks/most-beautiful-lines.yaml"]
    tiers = files["tiers.yaml"]

    def problems(**changed: bytes) -> list[tuple[str, str]]:
        again = {**files, **{name.replace("__", "/") + ".yaml": text for name, text in changed.items()}}
        return [(one.file, one.message) for one in load(again, discover()).diagnostics if one.severity == "error"]

    wrong = {"tasks__most-beautiful-lines": task.replace(b"mode: contest", b"mode: duel")}
    assert [file for file, said in problems(**wrong) if "duel" in said] == ["tasks/most-beautiful-lines.yaml"]
    listed = {"tiers": tiers.replace(b"may_enter: [broadcast, contest,", b"may_enter: [broadcast, duel,", 1)}
    assert [file for file, said in problems(**listed) if "duel" in said] == ["tiers.yaml"]
    duel = files["modes/contest.yaml"].replace(b"id: contest", b"id: duel", 1)
    assert problems(**{"modes__duel": duel, **wrong}) == []


def test_everybody_has_one_entry_of_their_own_and_a_team_has_none(
    memory: Any, spec: Any, clock: Clock, desk: Desk
) -> None:
    run = begun(memory, "most-beautiful-lines", "call", "entries")
    clock.now = AT + timedelta(days=1)
    fields = entry(spec, desk, run)

    film = begun(memory, "twenty-four-hours", "call", who="everyone")
    team = f"{film.id}/teams/1/1"
    seats = tuple(
        Seat(team=team, slot=slot, member=who, since=AT, why={"how": "solve"})
        for slot, who in (("script", "m001"), ("camera", "m002"))
    )
    slots = (Slot(id="script"), Slot(id="camera"))
    memory.teams.found(
        [Team(id=team, community="auto", run=film.id, phase="teams", visit=1, number=1, formed_at=AT, slots=slots,
              seats=seats)]
    )  # fmt: skip

    first = desk.submit(run.id, "entries", member="m001", fields=fields)
    with pytest.raises(Refusal, match="1 work is the most that one may hand in here"):
        desk.submit(run.id, "entries", member="m001", fields=fields)
    with pytest.raises(Refusal, match="is not among those who may take part here"):
        desk.submit(run.id, "entries", member=team, fields=fields)
    second = desk.submit(run.id, "entries", member="m002", fields=fields)

    works = memory.runs.works_by_id("auto", [first.id, second.id])
    assert [(one.author, one.unit, one.written_by) for one in (works[first.id], works[second.id])] == [
        ("m001", None, ("m001",)),
        ("m002", None, ("m002",)),
    ], "team-mates elsewhere, each alone here"
    assert spec.tasks[run.task].brief.theme is not None


def test_nothing_is_handed_in_before_the_start_or_after_the_deadline(
    memory: Any, spec: Any, clock: Clock, desk: Desk
) -> None:
    at = AT + timedelta(days=100)
    memory.runs.finish(begun(memory, "most-beautiful-lines").id, end="end", at=AT)
    run = begun(memory, "most-beautiful-lines", "call", at=at)
    fields = entry(spec, desk, run)
    clock.now = at
    with pytest.raises(Refusal, match=r"entries of .* has not begun yet"):
        desk.submit(run.id, "entries", member="m001", fields=fields)

    conduct = Conduct(memory.house, now=clock)
    opened = conduct.open(OpenPhase(run=run.id, phase="entries", visit=1, scope="", at=at))
    assert opened.deadline is not None
    clock.now = opened.deadline - timedelta(seconds=1)
    assert desk.submit(run.id, "entries", member="m001", fields=fields).accepted
    clock.now = opened.deadline
    with pytest.raises(Refusal, match=r"entries of .* is closed since"):
        desk.submit(run.id, "entries", member="m002", fields=fields)
    conduct.check(CheckPhase(run=run.id, phase="entries", visit=1, at=opened.deadline, due=True))
    with pytest.raises(Refusal, match=r"entries of .* is closed since"):
        desk.submit(run.id, "entries", member="m003", fields=fields)
    assert [work.author for work in memory.runs.works_of(run.id)] == ["m001"]


def test_nobody_is_teamed_without_a_contest_behind_them_unless_the_task_says_so(
    memory: Any, spec: Any, clock: Clock, desk: Desk
) -> None:
    fact = Fact("c1", "judged", "m003", AT - timedelta(days=30), None, {"mode": "contest", "place": 2, "of": 9})
    memory.facts(spec).record([fact])
    run = begun(memory, "ultimate-buying-guide", "call", "joining")
    clock.now = AT + timedelta(hours=1)

    assert desk.enrol(run.id, member="m003", fields={}).accepted
    with pytest.raises(Refusal, match="m004 is not among those who may take part here"):
        desk.enrol(run.id, member="m004", fields={})
    told = {who: eligibility(memory.house, run.id, who, now=clock.now)[0].data() for who in ("m003", "m004")}
    asks = {who: {one["metric"]: (one["value"], one["truth"]) for one in told[who]["conditions"]} for who in told}
    assert (asks["m003"]["contest_results"], told["m003"]["may"]) == ((1, "true"), True)
    assert (asks["m004"]["contest_results"], told["m004"]["may"]) == ((0, "false"), False)

    memory.runs.finish(run.id, end="end", at=AT)
    open_ = begun(memory, "ultimate-buying-guide", "call", "joining", who={"from": ["tier:active", "tier:core"]})
    assert desk.enrol(open_.id, member="m004", fields={}).accepted


def entry(spec: Any, desk: Desk, run: Run) -> dict[str, Any]:
    """A filled form of an entry, made up as simulated participants do."""
    from operations.rehearsal import Crowd

    setting = desk.settings.of(run.id, "entries", at=AT)
    crowd = Crowd(1, "x", run=run.id, people=list, size=None, form=setting.form)
    return dict(crowd.fill(setting.phase.form, "m001"))
