"""`trellis test`: a community's cases, what is said of those that fail, and what they have not seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

SPECS = Path(__file__).parents[2] / "specs"


def trellis(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    return int(left.value.code or 0)


@pytest.fixture
def maintainers(tmp_path: Path) -> Path:
    """A copy of a shipped community."""
    shutil.copytree(SPECS / "maintainers", tmp_path / "maintainers")
    return tmp_path / "maintainers"


def edited(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any]:
    code = trellis("test", *arguments, "--json")
    return code, json.loads(capsys.readouterr().out)


def test_cases_that_hold_are_fine(maintainers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = told(capsys, maintainers)
    assert code == 0
    assert said["ok"] is True
    assert said["cases"]["failed"] == 0
    assert said["failing"] == []


def test_a_case_that_fails_says_where_what_was_expected_and_why(
    maintainers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(maintainers, "tiers.yaml", "at_least: 10, over: 365d", "at_least: 11, over: 365d")
    assert trellis("test", maintainers) == 3
    shown = capsys.readouterr().out
    line = next(n for n, text in enumerate((maintainers / "cases/tiers.yaml").open(), 1) if "每一条都刚好满足" in text)
    assert f"{maintainers}/cases/tiers.yaml:{line - 1}:5: 每一条都刚好满足，成为审阅者" in shown
    assert "expected: promote to reviewer" in shown
    assert "but comes out as none, because of changes" in shown
    assert "changes over 365d = 10, at_least 11: false" in shown
    code, said = told(capsys, maintainers)
    assert code == 3
    first = said["failing"][0]
    assert (first["line"], first["came"], first["wrong"][0]) == (
        line - 1,
        "none",
        "comes out as none, because of changes",
    )
    assert {"metric": "changes", "over": "365d", "value": 10, "comparison": "at_least", "threshold": 11,
            "truth": "false"} in first["trace"]  # fmt: skip


def test_a_condition_no_case_has_seen_fail_is_listed_with_its_place(
    maintainers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (maintainers / "cases/rules.yaml").unlink()
    (maintainers / "cases/plays.yaml").unlink()
    code, said = told(capsys, maintainers)
    assert code == 0  # no case fails, and nobody asked how much must be covered
    gaps = {(one["owner"], one["condition"]): one for one in said["coverage"]["uncovered"]}
    gap = gaps["rule first-change", "changes between [1, 3] over 365d"]
    assert gap["missing"] == ["true", "false"]
    text = (maintainers / "rules.yaml").read_text(encoding="utf-8").splitlines()
    assert text[gap["line"] - 1][gap["column"] - 1 :].startswith("changes:")


def test_too_little_coverage_is_a_finding_when_it_was_asked_for(maintainers: Path) -> None:
    (maintainers / "cases/rules.yaml").unlink()
    assert trellis("test", maintainers, "--min-coverage", 100) == 3
    assert trellis("test", maintainers, "--min-coverage", 10) == 0


def test_specs_with_mistakes_are_no_failing_cases(maintainers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(maintainers, "tiers.yaml", "earn:", "urn:")
    assert trellis("test", maintainers) == 2
    assert "trellis check" in capsys.readouterr().err


def test_a_folder_without_cases_says_so(maintainers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(maintainers / "cases")
    assert trellis("test", maintainers) == 2
    assert "has no cases" in capsys.readouterr().err


def test_suggested_cases_cover_what_was_missing_once_they_are_written_down(
    maintainers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (maintainers / "cases/rules.yaml").unlink()
    (maintainers / "cases/tiers.yaml").unlink()
    (maintainers / "cases/plays.yaml").unlink()
    (maintainers / "cases/timelines.yaml").unlink()
    file = maintainers / "cases/boundaries.yaml"
    assert trellis("test", maintainers, "--suggest", file) == 0
    assert "cases were written to" in capsys.readouterr().out
    code, said = told(capsys, maintainers)
    assert code == 0
    assert said["coverage"]["uncovered"] == []
    assert said["suggested"] == []


def test_a_file_that_is_there_is_never_written_over(maintainers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = maintainers / "cases/tiers.yaml"
    before = file.read_bytes()
    assert trellis("test", maintainers, "--suggest", file) == 2
    assert "is there already" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_what_is_suggested_stands_at_the_threshold_with_everything_beside_it_satisfied(
    maintainers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (maintainers / "cases/tiers.yaml").unlink()
    (maintainers / "cases/timelines.yaml").unlink()
    _, said = told(capsys, maintainers)
    about = {
        one["covers"][0]["condition"]: one for one in said["suggested"] if "tiers.yaml" in one["covers"][0]["file"]
    }
    fourteen = about["reviews at_least 15 over 365d"]["case"]
    assert fourteen["subject"]["metrics"] == {
        "changes": {"365d": 10},
        "reviews": {"365d": 14},
        "review_days": {"365d": 5},
        "fault_share": {"365d": "0.20"},
    }
    assert fourteen["expect"] == {"outcome": "none", "because": ["reviews"]}
