"""`trellis decide` on the command line: exit codes, one JSON document, the same bytes every time."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOLD = {
    "at": "2026-11-21T06:00:00+08:00",
    "members": [
        {"id": "m2", "attributes": {"tier": "base"}, "metrics": {"active_days": {"30d": 2}}},
        {"id": "车主1", "attributes": {"tier": "active"}, "metrics": {"strikes": {"180d": 0}}},
    ],
}


def run(facts: Path, *more: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "cli.main", "decide", "specs/auto", "--facts", str(facts), *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(TOLD), encoding="utf-8")

    first, second = run(facts, "--json"), run(facts, "--json")

    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    found = json.loads(first.stdout)
    assert [decision["member"] for decision in found["decisions"] if decision["rule"] == "tier"] == ["m2", "车主1"]


def test_a_mistake_in_the_file_exits_2_and_names_it(tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text('{"members": [\n{"id": "m2",\n "metrics": {"active_days": {"30d": "two"}}}]}', encoding="utf-8")

    answer = run(facts)

    assert answer.returncode == 2
    said = answer.stderr.decode()
    assert f"{facts}:3: member m2: active_days over 30d: expected a whole number" in said
    assert "Traceback" not in said


def test_a_missing_file_or_folder_exits_2(tmp_path: Path) -> None:
    answer = run(tmp_path / "nothing.json")
    assert answer.returncode == 2
    assert b"cannot be read" in answer.stderr
