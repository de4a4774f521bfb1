"""`trellis plan` and `trellis apply --plan`, as people call them."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.main import main
from tests.moves.club import AT, FILES, TIERS, facts, people, publish

if TYPE_CHECKING:
    from cli.memory import Memory

pytestmark = pytest.mark.servers

WHEN = ["--at", AT.isoformat()]


def run(*arguments: str) -> int:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


def folder(at: Path, **changed: str) -> Path:
    """The club as a folder, perhaps with other documents."""
    for path, text in {**FILES, **{f"{name}.yaml": text for name, text in changed.items()}}.items():
        (at / path).parent.mkdir(parents=True, exist_ok=True)
        (at / path).write_text(text, encoding="utf-8")
    return at


@pytest.fixture
def memory(remembered: Memory, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Memory:
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.setenv("TRELLIS_HOME", str(tmp_path / "home"))
    community = publish(remembered)
    people(remembered, community, "ann", "bob", joined=AT - timedelta(days=200))
    facts(remembered, community, "posted", "ann", [1, 2])
    return remembered


EASIER = TIERS.replace("at_least: 3, over: 30d", "at_least: 2, over: 30d")


def test_a_plan_is_shown_written_and_held_to(
    memory: Memory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited, plan, members = folder(tmp_path / "edited", tiers=EASIER), tmp_path / "plan.json", tmp_path / "members.csv"

    assert run("plan", str(folder(tmp_path / "same")), *WHEN) == 0
    capsys.readouterr()
    assert run("plan", str(edited), *WHEN, "--out", str(plan), "--members", str(members)) == 3
    shown = capsys.readouterr().out
    assert "tier guest → regular" in shown
    assert "posts over 30d at_least 3" in shown
    said = json.loads(plan.read_text(encoding="utf-8"))
    moves = [
        (one["from"], one["to"], one["members"], one["new"]) for one in said["transitions"] if one["ladder"] == "tier"
    ]
    assert moves == [("guest", "regular", 1, 1)]
    rows = list(csv.DictReader(members.open(encoding="utf-8")))
    assert [row["member"] for row in rows if row["ladder"] == "tier"] == ["ann"]

    facts(memory, memory.specs.current("club"), "posted", "bob", [1, 2])
    capsys.readouterr()
    assert run("apply", str(edited), "-m", "easier", "--plan", str(plan), "--json") == 2
    refused = json.loads(capsys.readouterr().out)
    assert "tier guest → regular: 2 members now, 1 in the plan." in refused["since"]
    assert memory.specs.versions("club")[0].number == 1

    assert run("plan", str(edited), *WHEN, "--out", str(plan)) == 3
    assert run("apply", str(edited), "-m", "easier", "--plan", str(plan)) == 0
    assert memory.specs.versions("club")[0].number == 2


@pytest.mark.parametrize("content", ["", "[]", '{"plan": "plan/v1"}', "schema: tiers/v1"])
def test_a_file_that_is_no_plan_is_told_in_one_sentence(
    memory: Memory, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(content, encoding="utf-8")

    assert run("apply", str(folder(tmp_path / "edited", tiers=EASIER)), "-m", "x", "--plan", str(plan)) == 2
    assert "is not a plan" in capsys.readouterr().err


def test_a_community_that_nobody_knows_and_a_folder_that_is_not_there_are_invalid(
    memory: Memory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = FILES["community.yaml"].replace("id: club", "id: other")

    assert run("plan", str(folder(tmp_path / "other", community=other))) == 2
    assert "No community other is published here." in capsys.readouterr().err
    assert run("plan", str(tmp_path / "nowhere")) == 2


def test_specs_that_name_what_is_not_there_are_refused_with_their_lines(
    memory: Memory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = folder(tmp_path / "wrong", tiers=TIERS.replace("posts: {", "pists: {", 1))

    assert run("plan", str(wrong), *WHEN) == 2
    said = capsys.readouterr()
    assert "tiers.yaml" in said.err
    assert "pists" in said.err
    assert run("plan", str(wrong), *WHEN, "--json") == 2
    assert json.loads(capsys.readouterr().out)["ok"] is False
