"""`trellis check` and `trellis schema`: what people and programs get to see."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

SPECS = Path(__file__).parents[2] / "specs"
SMALLEST = Path(__file__).parents[1] / "specs" / "smallest"


def trellis(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    return int(left.value.code or 0)


def data(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def community(tmp_path: Path) -> Path:
    """A copy of the smallest community."""
    for file in SMALLEST.rglob("*.yaml"):
        copy = tmp_path / file.relative_to(SMALLEST)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return tmp_path


@pytest.mark.parametrize("name", ["auto", "maintainers"])
def test_the_shipped_communities_are_fine(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert trellis("check", SPECS / name) == 0
    assert f"{name} is fine: " in capsys.readouterr().out


def test_what_is_fine_is_ok_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert trellis("check", SMALLEST, "--json") == 0
    assert data(capsys) == {"ok": True, "diagnostics": []}


def test_a_slip_is_shown_with_its_line_and_the_way_out(community: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiers = community / "tiers.yaml"
    tiers.write_text(tiers.read_text().replace("review:", "reveiw:", 1))

    assert trellis("check", community) == 2
    said = capsys.readouterr().out
    assert f"{tiers.as_posix()}:" in said.replace("\n", "")
    assert "unknown key 'reveiw'  [TRL202]" in said
    assert "did you mean 'review'?" in said
    assert "1 problem in " in said


def test_a_slip_has_the_contracted_shape_for_programs(community: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiers = community / "tiers.yaml"
    tiers.write_text(tiers.read_text().replace("review:", "reveiw:", 1))

    assert trellis("check", community, "--json") == 2
    answer = data(capsys)
    assert answer["ok"] is False
    (found,) = answer["diagnostics"]
    assert set(found) == {"code", "severity", "file", "line", "column", "message", "hint"}
    assert found["code"] == "TRL202"
    assert found["file"] == tiers.as_posix()
    assert tiers.read_text().splitlines()[found["line"] - 1][found["column"] - 1 :].startswith("reveiw")


def test_all_problems_come_in_one_run(community: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sla = community / "sla.yaml"
    sla.write_text(sla.read_text().replace("claim: 4bh", "claim: [4bh"))
    tiers = community / "tiers.yaml"
    tiers.write_text(tiers.read_text().replace("review:", "reveiw:", 1))

    assert trellis("check", community, "--json") == 2
    assert [d["code"] for d in data(capsys)["diagnostics"]] == ["TRL104", "TRL202"]


def test_one_file_stands_for_its_community(community: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trellis("check", community / "modes" / "contest.yaml") == 0
    assert "is fine" in capsys.readouterr().out


BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (c, c, b", ".join([b"*%c" % (c - 1)] * 9)) for c in range(ord("b"), ord("j"))
)
HOSTILE = {
    "an empty file": (b"", "the file is empty"),
    "a file of two megabytes": (b"schema: community/v1\n#" + b"x" * 2 * 2**20, "the file is larger than"),
    "a bomb": (BOMB, "the anchor &a is not used"),
    "a binary file": (b"\x00\x01\x02ELF", "the file is binary"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("whole", [True, False], ids=["as a folder", "by itself"])
def test_one_sentence_is_said_about(name: str, whole: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, sentence = HOSTILE[name]
    file = tmp_path / ("community.yaml" if whole else "anything.yaml")
    file.write_bytes(content)

    assert trellis("check", tmp_path if whole else file, "--json") == 2
    (found,) = data(capsys)["diagnostics"]
    assert sentence in found["message"]


@pytest.mark.parametrize("where", ["nowhere", "x" * 300, "there/../nowhere"])
def test_a_folder_that_is_not_there_is_one_sentence(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trellis("check", tmp_path / where) == 2
    told = capsys.readouterr()
    assert "cannot be read" in told.err
    assert "Traceback" not in told.err
    assert trellis("check", tmp_path / where, "--json") == 2
    assert [d["code"] for d in data(capsys)["diagnostics"]] == ["TRL100"]


def test_a_yml_file_is_told_its_name(community: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (community / "more.yml").write_text("schema: sla/v1\n")

    assert trellis("check", community) == 2
    assert "rename it to more.yaml" in capsys.readouterr().err


def test_schemas_are_written_one_for_each_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trellis("schema", "--out", tmp_path / "schemas") == 0
    written = sorted(p.name for p in (tmp_path / "schemas").iterdir())
    assert len(written) == 12  # one for each kind of document, and the one that leads to them
    assert json.loads((tmp_path / "schemas" / "mode-v1.schema.json").read_text())["title"] == "mode/v1"


def test_schemas_are_listed_without_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert trellis("schema") == 0
    assert "mode/v1" in capsys.readouterr().out


def test_several_folders_are_checked_at_once_and_other_files_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert trellis("check", *sorted((SPECS / "examples").iterdir())) == 0
    said = capsys.readouterr().out
    assert [f"examples/{name} is fine: " in said for name in ("forum", "infrastructure", "wiki")] == [True] * 3


def test_one_wrong_folder_among_several_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert trellis("check", SMALLEST, SPECS / "nowhere", "--json") == 2
    assert [one["file"] for one in data(capsys)["diagnostics"]] == [str(SPECS / "nowhere")]


def test_a_tier_that_nobody_can_earn_is_refused_with_the_lines_that_exclude_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kos"
    shutil.copytree(SPECS / "examples" / "kos", folder)
    tiers = folder / "tiers.yaml"
    line = "        - lessons: { at_least: 4 }\n"
    tiers.write_text(tiers.read_text("utf-8").replace(line, f"{line}        - lessons: {{ at_most: 2 }}\n"), "utf-8")

    assert trellis("check", folder, "--json") == 2
    (said,) = (one for one in data(capsys)["diagnostics"] if one["severity"] == "error")
    assert (said["code"], said["file"], said["line"]) == ("TRL400", str(tiers), 11)
    assert "nobody can earn the tier 'publisher'" in said["message"]
    assert "lessons: { at_least: 4 } (line 14), lessons: { at_most: 2 } (line 15)" in said["hint"]

    assert trellis("apply", folder, "-m", "never") == 2
    assert "Nothing was published." in capsys.readouterr().err
