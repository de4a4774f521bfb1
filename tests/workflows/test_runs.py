"""Runs on real servers: modes that nobody has programmed, real people at the desk, late ones, quitters, crashes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations.errors import Refusal
from operations.ports.runs import Run
from tests.waiting import PATIENCE, pace
from tests.workflows.made_up import AT
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import RunResult

pytestmark = pytest.mark.servers

DISH = {"name": "soup"}


def ended(room: Any, run: Run) -> tuple[str, list[str]]:
    """How a run ended, and the phases it went through."""
    result = room.gateway.result(run.id, PATIENCE, RunResult)
    return result.end, [visit.phase for visit in room.memory.runs.visits(run.id)]


def test_a_mode_that_nobody_has_programmed_runs_from_its_file_alone(
    founded: Any, working: None, launcher: Launcher
) -> None:
    run = launcher.start("harvest", at=AT, scale="1d=30ms", rehearsed=True, seed=3)

    end, path = ended(founded, run)

    round_ = ["courses", "dishes", "tasting"]
    assert end == "end"
    assert path[:2] == ["guests", "rest"]
    assert [phase for phase in path if phase in round_][:3] == round_
    assert path.count("courses") == 2 * path.count("rest")
    assert path[-1] == "thanks"
    visits = founded.memory.runs.visits(run.id)
    rounds = [visit.opened_at for visit in visits if visit.phase == "courses"]
    assert rounds[1] - rounds[0] >= timedelta(days=4) - timedelta(hours=1)
    guests = next(visit for visit in visits if visit.phase == "guests").results["members"]
    facts = founded.memory.facts("village")
    greeted = facts.find(kinds=["greeted"], limit=500)
    assert {fact.member for fact in greeted if fact.fields["run"] == run.id} == set(guests)
    finished = [fact for fact in facts.find(kinds=["finished"], limit=500) if fact.fields["run"] == run.id]
    assert {fact.member for fact in finished} >= set(guests)


def test_people_hand_in_score_and_answer_and_the_run_goes_on_when_all_is_in(
    founded: Any, working: None, launcher: Launcher, desk: Desk, eventually: Any
) -> None:
    runs = founded.memory.runs
    run = launcher.start("best-dish", scale=pace("1d=3s"))
    eventually(lambda: runs.visit(run.id, "pieces"))
    first = desk.submit(run.id, "pieces", member="m01", fields={**DISH, "hot": True})
    second = desk.submit(run.id, "pieces", member="m02", fields=DISH)
    desk.submit(run.id, "pieces", member="m01", fields=DISH)

    with pytest.raises(Refusal, match="2 works are the most"):
        desk.submit(run.id, "pieces", member="m01", fields=DISH)
    with pytest.raises(Refusal, match="name is missing"):
        desk.submit(run.id, "pieces", member="m03", fields={"hot": True})
    with pytest.raises(Refusal, match="is not among those who may take part"):
        desk.submit(run.id, "pieces", member="stranger", fields=DISH)

    eventually(lambda: runs.visit(run.id, "best"))
    with pytest.raises(Refusal, match=r"pieces of .* is closed since .*Europe/Berlin"):
        desk.submit(run.id, "pieces", member="m03", fields=DISH)
    works = runs.visit(run.id, "pieces").results["works"]
    assert set(works) > {first.id, second.id}
    for judge in ("role:elder", "role:clerk"):
        for work in works:
            taste = 9 if work == second.id else 3
            desk.score(run.id, work=work, by=judge, scores={"taste": taste, "looks": 5})
    eventually(lambda: runs.visit(run.id, "word"))
    best = runs.visit(run.id, "best")
    assert best.results["ranking"][0] == second.id
    assert best.results["winners"] == ["m02"]
    item = eventually(lambda: founded.memory.inbox.find("village", role="clerk", run=run.id))[0]
    desk.claim("village", item.id, by="ann")
    with pytest.raises(Refusal, match="is with ann"):
        desk.complete("village", item.id, outcome="done", fields={"text": "well done"}, by="bob")
    desk.complete("village", item.id, outcome="done", fields={"text": "well done"}, by="ann")

    end, path = ended(founded, run)

    assert (end, path) == ("end", ["pieces", "thanks", "best", "word"])
    assert founded.memory.inbox.item("village", item.id).state == "done"
    notes = founded.memory.facts("village").find(kinds=["note"], limit=10)
    assert notes[0].fields["text"] == "well done"
    word = runs.visit(run.id, "word")
    assert word.closed_at < word.deadline


def test_a_cancelled_run_takes_back_what_it_did_in_reverse_order(
    founded: Any, working: None, launcher: Launcher, desk: Desk, eventually: Any
) -> None:
    run = launcher.start("best-dish", scale=pace("1d=1s"))
    eventually(lambda: founded.memory.runs.visit(run.id, "pieces"))
    desk.submit(run.id, "pieces", member="m05", fields=DISH)
    eventually(lambda: founded.memory.runs.visit(run.id, "best"))
    facts = founded.memory.facts("village")

    def greeted() -> list[Any]:
        return [fact for fact in facts.find(kinds=["greeted"], limit=900) if fact.fields["run"] == run.id]

    assert [fact.member for fact in greeted()] == ["m05"]
    assert founded.gateway.cancel(run.id)
    eventually(lambda: founded.memory.runs.run(run.id).status == "cancelled")

    assert greeted() == []
    assert founded.memory.inbox.find("village", run=run.id) == []
    assert founded.memory.runs.load("village", ["m05"]) == {}
    with pytest.raises(Refusal, match="is over"):
        desk.score(run.id, work="x", by="role:elder", scores={"taste": 1, "looks": 1})


def test_nobody_takes_part_in_more_runs_than_the_community_allows(
    founded: Any, working: None, launcher: Launcher, desk: Desk, eventually: Any
) -> None:
    for subject in ("m06", "m07", "m08"):
        key = f"busy-{subject}"
        run = launcher.start("call", subject=subject, key=key)
        assert launcher.start("call", subject=subject, key=key).id == run.id
        founded.memory.runs.take_part(run.id, {"m09": "guest"})
    contest = launcher.start("best-dish")
    eventually(lambda: founded.memory.runs.visit(contest.id, "pieces"))

    with pytest.raises(Refusal, match="takes part in 3 runs already"):
        desk.submit(contest.id, "pieces", member="m09", fields=DISH)
    with pytest.raises(Refusal, match="runs already"):
        launcher.start("best-dish")
    founded.gateway.cancel(contest.id)
    eventually(lambda: founded.memory.runs.run(contest.id).status == "cancelled")


def test_a_run_about_a_member_ends_when_consent_is_taken_back(
    founded: Any, working: None, launcher: Launcher, eventually: Any
) -> None:
    from operations.ports.members import Member

    run = launcher.start("call", subject="m10", scale=pace("1d=300ms"))
    eventually(lambda: founded.memory.runs.visit(run.id, "hello"))
    members = founded.memory.members("village")
    members.enlist([Member("m10", None, {"consent": False})], at=datetime.now(UTC))
    founded.gateway.poke(run.id)

    assert ended(founded, run)[0] == "end:stopped"


def test_what_cannot_run_yet_is_refused_plainly(launcher: Launcher) -> None:
    with pytest.raises(Refusal, match="Did you mean harvest"):
        launcher.start("harves")
    with pytest.raises(Refusal, match="is for one member"):
        launcher.start("call")
    with pytest.raises(Refusal, match="no member"):
        launcher.start("call", subject="nobody")
    with pytest.raises(Refusal, match="no clock scale"):
        launcher.start("harvest", scale="fast")


@pytest.mark.parametrize(
    "history", sorted((Path(__file__).parents[1] / "histories").glob("process-*.json")), ids=lambda path: path.stem
)
def test_a_recorded_history_replays(history: Path) -> None:
    import asyncio

    from temporalio.client import WorkflowHistory
    from temporalio.worker import Replayer

    from workflows.process import Process
    from workflows.runtime import converter

    replayer = Replayer(workflows=[Process], data_converter=converter())
    recorded = WorkflowHistory.from_json(history.stem, history.read_text("utf-8"))

    asyncio.run(replayer.replay_workflow(recorded))
