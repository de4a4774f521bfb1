"""The examples say what other people's policies say: they check, their cases hold, and nothing is untried."""

from functools import cache
from pathlib import Path

import pytest

from cli.main import main
from operations.examine import Examination, examine
from rules.rulebook import compile_rulebook
from rules.spec import load
from rules.spec.community import Community
from store.folder import read_folder
from workflows.paper.verdict import judge_play
from workflows.phases import discover

EXAMPLES = Path(__file__).parents[2] / "specs" / "examples"
FOLDERS = sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir())


@cache
def loaded(name: str) -> Community:
    found = load(read_folder(EXAMPLES / name), discover())
    assert found.diagnostics == ()
    assert found.community is not None
    return found.community


@cache
def examined(name: str) -> Examination:
    return examine(loaded(name), compile_rulebook(loaded(name)), judge_play)


def test_there_are_four_examples() -> None:
    assert FOLDERS == ["forum", "infrastructure", "kos", "wiki"]


@pytest.mark.parametrize("name", FOLDERS)
def test_every_case_of_an_example_holds(name: str) -> None:
    assert [(one.place.line, one.verdict.wrong) for one in examined(name).failing] == []


@pytest.mark.parametrize("name", FOLDERS)
def test_the_cases_of_an_example_see_every_condition_both_ways(name: str) -> None:
    assert [f"{one.spot.file}: {one.spot}" for one in examined(name).coverage.uncovered] == []
    assert examined(name).coverage.whole.conditions > 20


@pytest.mark.parametrize("name", FOLDERS)
def test_an_example_is_yaml_and_nothing_else(name: str) -> None:
    assert {path.suffix for path in (EXAMPLES / name).rglob("*") if path.is_file()} == {".yaml"}


def test_the_readme_names_every_example() -> None:
    text = (EXAMPLES / "README.md").read_text()
    assert [name for name in FOLDERS if f"[`{name}`]({name})" not in text] == []


@pytest.mark.parametrize("name", FOLDERS)
def test_nothing_can_be_proved_against_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["prove", str(EXAMPLES / name)])
    assert left.value.code in (0, None), capsys.readouterr().out
