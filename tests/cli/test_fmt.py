"""`trellis fmt` as people and programs meet it."""

import json
from pathlib import Path

import pytest

from cli.main import main

SMALLEST = Path(__file__).parents[1] / "specs" / "smallest"


def trellis(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    return int(left.value.code or 0)


@pytest.fixture
def community(tmp_path):
    for file in SMALLEST.rglob("*.yaml"):
        copy = tmp_path / file.relative_to(SMALLEST)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return tmp_path


def test_what_is_in_shape_stays_and_is_fine(community, capsys):
    before = {f: f.read_bytes() for f in community.rglob("*.yaml")}

    assert trellis("fmt", community) == 0
    assert trellis("fmt", community, "--check") == 0

    assert {f: f.read_bytes() for f in community.rglob("*.yaml")} == before
    assert "is laid out as it should be: 13 files." in capsys.readouterr().out


def test_a_check_names_the_files_and_changes_nothing(community, capsys):
    tiers = community / "tiers.yaml"
    shipped = tiers.read_bytes()
    messy = shipped.replace(b"\n", b"  \r\n") + b"\n\n"
    tiers.write_bytes(messy)

    assert trellis("fmt", community, "--check", "--json") == 3
    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "changed": [tiers.as_posix()],
        "unchanged": 12,
        "written": False,
    }
    assert tiers.read_bytes() == messy

    assert trellis("fmt", tiers) == 0
    assert tiers.read_bytes() == shipped


def test_a_file_that_cannot_be_read_leaves_all_as_they_are(community, capsys):
    (community / "sla.yaml").write_text("schema: sla/v1\nslas: [\n")
    tiers = community / "tiers.yaml"
    tiers.write_bytes(tiers.read_bytes() + b"\n\n")
    before = tiers.read_bytes()

    assert trellis("fmt", community) == 2

    assert "sla.yaml:" in capsys.readouterr().err
    assert tiers.read_bytes() == before


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert trellis("fmt", tmp_path / "none") == 2
    assert "there is nothing there" in capsys.readouterr().err


def test_a_file_of_another_kind_is_left_alone(tmp_path, capsys):
    (tmp_path / "notes.md").write_text("a:   1\n")

    assert trellis("fmt", tmp_path / "notes.md") == 2
    assert "is not a spec file" in capsys.readouterr().err
