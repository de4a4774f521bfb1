"""What commands say, where a word too many or a moment that means nothing once led readers astray."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cli.commands import import_, proposals, task
from cli.console import Output
from cli.main import main
from operations.import_facts import Imported
from operations.ports.proposals import Proposal
from worker import Objects

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
SPEC: Any = SimpleNamespace(
    tasks={"spring": SimpleNamespace(title=SimpleNamespace(en="Spring"))}, zone=ZoneInfo("Asia/Shanghai")
)
RUN: Any = SimpleNamespace(id="club/spring/1", task="spring", status="running", end=None, subject=None)


def visit(phase: str, kind: str, **more: Any) -> dict[str, Any]:
    plain = {"scope": "", "state": "open", "outcome": None, "works": 0, "acts": 0, "opened_at": AT, "closed_at": None}
    return {**plain, "deadline": None, "results": {}, "phase": phase, "kind": kind, **more}


def test_a_question_says_nothing_of_a_choice_that_nobody_is_listed_for(capsys: pytest.CaptureFixture[str]) -> None:
    answered = visit("storyline", "ask", outcome="ready", results={"ready": [], "drop": []})
    voted = visit("vote", "ask", outcome="carry", results={"carry": ["ann"], "drop": []})
    read = visit("screening", "review", outcome="done", results={"approved": ["w"], "refused": []})

    task.show(Output(), {"parts": {}, "phases": [answered, voted, read]}, SPEC, RUN)

    said = capsys.readouterr().out
    assert "ready 0" not in said
    assert "drop 0" not in said
    assert "carry 1" in said
    assert "approved 1, refused 0" in said


def test_a_phase_that_waits_for_other_runs_shows_no_end_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    waits = visit("act-one", "run", deadline=AT.replace(year=2036))

    task.show(Output(), {"parts": {}, "phases": [waits]}, SPEC, RUN)

    assert "2036" not in capsys.readouterr().out


def test_a_run_of_a_task_that_the_specs_have_no_more_is_shown_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    task.show(Output(), {"parts": {}, "phases": []}, SimpleNamespace(tasks={}, zone=SPEC.zone), RUN)

    assert "club/spring/1 (a task that is gone)" in capsys.readouterr().out


@pytest.mark.parametrize(("new", "said"), [(1, "1 fact in x.csv"), (2, "2 facts in x.csv")])
def test_one_row_is_one_fact(new: int, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    import_._tell(Output(), tmp_path / "x.csv", "facts", Imported(new, 0, 0, 0, None, (), (), 0))

    assert said in capsys.readouterr().out


def test_a_proposal_shows_who_gets_time_of_grace_by_its_plan(capsys: pytest.CaptureFixture[str]) -> None:
    grace = {"ladder": "tier", "from": "core", "kind": "below", "current": 1, "members": 5, "new": 4, "gone": 0}
    plan = {"members": 64, "transitions": [], "graces": [grace], "observations": []}
    edit = ("tiers.yaml", "tiers[core].keep.all.contribution.at_least", "60")
    one = Proposal(community="club", number=1, key="k", at=AT, edits=(edit,), state="open", plan=plan)

    proposals._show(Output(), one, {"by": [], "insight": {}})

    said = capsys.readouterr().out
    assert "nobody would move otherwise" in said
    assert "grace begins" in said


@pytest.mark.parametrize(
    ("line", "known"),
    [
        (["inbox", "--state", "late"], "One of open, missed, done, gone."),
        (["tasks", "--status", "over"], "One of running, ended, cancelled, failed."),
        (["follow-ups", "--state", "late"], "One of open, in-work, done, declined."),
        (["proposals", "--state", "new"], "One of planning, open, broken, accepted, rejected, withdrawn."),
    ],
)
def test_a_word_that_an_option_does_not_know_is_refused(
    line: list[str], known: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(line)

    assert left.value.code == 2
    assert known in capsys.readouterr().err


def test_a_worker_writes_its_log_for_programs_too() -> None:
    record = logging.LogRecord("trellis.worker", logging.INFO, __file__, 1, "working on %s", ("trellis",), None)

    told = json.loads(Objects().format(record))

    assert (told["level"], told["logger"], told["message"]) == ("INFO", "trellis.worker", "working on trellis")
    assert datetime.fromisoformat(told["at"]).tzinfo is not None
