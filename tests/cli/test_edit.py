"""`trellis edit` as people and programs meet it."""

import json
import shlex
from pathlib import Path

import pytest

from cli.main import main
from operations.edit import meanings
from rules.spec.layout import layout
from rules.spec.paths import find
from rules.spec.splice import splice

ROOT = Path(__file__).parents[2]
SMALLEST = ROOT / "tests" / "specs" / "smallest"


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


def test_an_edit_changes_one_line_and_says_which(community, capsys):
    tiers = community / "tiers.yaml"
    before = tiers.read_text().splitlines()

    assert trellis("edit", tiers, "tiers[active].grace", "21d") == 0

    after = tiers.read_text().splitlines()
    assert [(a, b) for a, b in zip(before, after, strict=True) if a != b] == [("    grace: 14d", "    grace: 21d")]
    assert "tiers[active].grace is 21d, was 14d." in capsys.readouterr().out


def test_a_dry_run_shows_the_change_and_leaves_the_file(community, capsys):
    tiers = community / "tiers.yaml"
    before = tiers.read_bytes()

    assert trellis("edit", tiers, "tiers[active].grace", "21d", "--dry-run", "--json") == 0

    said = json.loads(capsys.readouterr().out)
    assert tiers.read_bytes() == before
    assert (said["before"], said["after"], said["changed"], said["written"]) == ("14d", "21d", True, False)
    assert "+    grace: 21d" in said["diff"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("tiers[active].grace", "soon", "'soon' is not a duration"),
        ("tiers[active].grace", "-5", "is not a duration"),
        ("tiers[active].grase", "21d", "did you mean 'grace'?"),
        ("tiers[active]", "21d", "tiers[active] is a mapping"),
        ("tiers[active].earn.all[0].posts.over", "[1d]", "takes one plain value"),
    ],
)
def test_what_would_not_check_is_refused_and_the_file_is_as_it_was(community, capsys, path, value, said):
    tiers = community / "tiers.yaml"
    before = tiers.read_bytes()

    assert trellis("edit", tiers, path, value) == 2

    assert said in capsys.readouterr().err
    assert tiers.read_bytes() == before


def test_a_word_that_names_nothing_is_refused_by_the_other_documents(community, capsys):
    assert trellis("edit", community / "tasks" / "photos.yaml", "mode", "contst", "--json") == 2

    out = json.loads(capsys.readouterr().out)
    assert [d["file"] for d in out["diagnostics"]] == [(community / "tasks" / "photos.yaml").as_posix()]
    assert out["ok"] is False


@pytest.mark.parametrize(("name", "said"), [("none.yaml", "cannot be read"), ("notes.txt", "not a spec file")])
def test_a_file_that_is_none_of_ours_is_one_sentence(community, capsys, name, said):
    assert trellis("edit", community / name, "title.en", "x") == 2
    assert said in capsys.readouterr().err


def test_the_edits_of_the_guide_can_be_made():
    guide = (ROOT / "docs" / "spec-guide.md").read_text("utf-8")
    commands = [shlex.split(line) for line in guide.splitlines() if line.startswith("trellis edit specs/")]

    assert len(commands) >= 4
    for _, _, file, path, value, *_ in commands:
        content = (ROOT / file).read_bytes()
        old = layout(file, content)
        steps = find(old.source.tree, path)
        meant = next(meanings(value, old.source.at(steps), where=path))
        assert type(meant) is type(old.source.at(steps))
        assert splice(content, steps, meant) != content
