"""`trellis prove`: what people and programs get to see, and that a witness is judged the same by `trellis decide`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

ROOT = Path(__file__).parents[2]
PROOF = ROOT / "tests" / "rules" / "proof"


def trellis(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    return int(left.value.code or 0)


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A community in which whoever is promoted today starts grace tomorrow."""
    folder = tmp_path / "community"
    shutil.copytree(PROOF / "base", folder)
    shutil.copy(PROOF / "faults" / "keep-asks-for-another-window.yaml", folder / "tiers.yaml")
    return folder


@pytest.mark.parametrize("name", ["auto", "maintainers", "examples/forum", "examples/wiki", "examples/infrastructure"])
def test_nothing_is_wrong_with_the_shipped_communities(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert trellis("prove", ROOT / "specs" / name, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    assert found["findings"] == []
    assert found["undecided"] == []


def test_a_finding_shows_its_line_the_way_out_and_somebody_made_up(
    faulty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trellis("prove", faulty) == 3
    said = capsys.readouterr().out
    assert f"{faulty.as_posix()}/tiers.yaml:10:5: earn of 'active' does not imply keep" in said
    assert "[TRL401]" in said
    assert "10 |     keep: { posts: { at_least: 3, over: 30d } }" in said
    assert "tomorrow: days_in_tier: 1, tier: active, posts over 30d: " in said
    assert "→ today: tier promote to active" in said
    assert "→ tomorrow: tier grace" in said


def test_the_data_are_the_same_every_time_and_a_witness_is_decided_the_same_by_decide(
    faulty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trellis("prove", faulty, "--json") == 3
    first = capsys.readouterr().out
    assert trellis("prove", faulty, "--json") == 3
    assert capsys.readouterr().out == first
    (finding,) = json.loads(first)["findings"]
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(finding["witness"]["facts"]))

    assert trellis("decide", faulty, "--facts", facts, "--json") == 0

    decided: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["decisions"]
    tiers = {d["member"]: d["outcome"] for d in decided if d["rule"] == "tier"}
    assert tiers == {"today": "promote", "tomorrow": "grace"}
    assert tiers == {d["member"]: d["outcome"] for d in finding["witness"]["decisions"]}


def test_specs_with_mistakes_are_for_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(PROOF / "base", tmp_path / "c")
    (tmp_path / "c" / "tiers.yaml").write_text("schema: tiers/v1\n")
    assert trellis("prove", tmp_path / "c") == 2
    assert "have mistakes" in capsys.readouterr().err
    assert trellis("prove", tmp_path / "nowhere") == 2


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (
            "    go: { short: second-call }\n",
            "    go: { done: judging, short: cancel }\n",
            "TRL325",
        ),  # second-call: never reached
        ("    if_silent: done\n    go: { short: end }", "    if_silent: done\n    go: { short: entries }", "TRL323"),
        ("    if_silent: done\n    go: { short: end }", "    go: { short: end }", "TRL203"),
        ("    if_silent: done\n    go: { short: end }", "    if_silent: done", "TRL321"),
    ],
)
def test_a_phase_never_reached_a_loop_without_bound_and_silence_without_outcome_are_refused_at_once(
    old: str, new: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(PROOF / "base", tmp_path / "c")
    mode = tmp_path / "c" / "modes" / "contest.yaml"
    assert old in mode.read_text("utf-8")
    mode.write_text(mode.read_text("utf-8").replace(old, new), "utf-8")

    assert trellis("prove", tmp_path / "c", "--json") == 2

    assert [d["code"] for d in json.loads(capsys.readouterr().out)["diagnostics"]] == [code]


def test_check_warns_of_what_can_be_counted_also_where_there_is_no_solver(tmp_path: Path) -> None:
    shutil.copytree(PROOF / "base", tmp_path / "c")
    shutil.copy(PROOF / "faults" / "seats-beyond-a-benefit.yaml", tmp_path / "c" / "tiers.yaml")
    program = "import sys; sys.modules['z3'] = None; from cli.main import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", program, "check", str(tmp_path / "c"), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["ok"] is True
    assert [(d["code"], d["severity"]) for d in found["diagnostics"]] == [("TRL450", "warning")]
