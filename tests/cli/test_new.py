"""`trellis new`: what it begins passes every check and its own tests the moment it is made."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import main
from operations.errors import Refusal
from operations.scaffold import scaffold

ROOT = Path(__file__).parents[2]
PACKAGES = ("rules", "operations", "workflows", "store", "cli", "web")
LONG = "a_name_as_long_as_a_name_may_b"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the code with the tests that look for packs and phases."""
    top = tmp_path_factory.mktemp("checkout")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, top / package, ignore=shutil.ignore_patterns("__pycache__"))
    for tests in ("tests/rules/packs", "tests/workflows/phases"):
        shutil.copytree(ROOT / tests, top / tests, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "worker.py", "tests/waiting.py", "tests/rules/deciding/here.py"):
        (top / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, top / file)
    for kind in ("pack", "phase"):
        for name in ("fair_play", LONG):
            with pytest.raises(SystemExit) as left:
                main(["new", kind, name, "--in", str(top)])
            assert not left.value.code
    return top


def run(top: Path, *command: str) -> None:
    path = {"PYTHONPATH": str(top), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=top,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **path},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def new_folders() -> list[str]:
    return [f"{home}/{name}" for home in ("rules/packs", "workflows/phases") for name in ("fair_play", LONG)]


def test_a_new_pack_and_a_new_phase_pass_their_own_tests(copy):
    own = "fair_play or explains_itself or " + LONG
    run(copy, "pytest", "-q", "-p", "no:cacheprovider", "tests/rules/packs", "tests/workflows/phases", "-k", own)


def test_a_new_pack_and_a_new_phase_are_formatted_and_clean(copy):
    run(copy, "ruff", "format", "--check", "--no-cache", *new_folders())
    run(copy, "ruff", "check", "--no-cache", *new_folders())


@pytest.mark.slow
def test_a_new_pack_and_a_new_phase_keep_types_and_layers(copy):
    run(copy, "mypy", "--cache-dir", str(copy / ".mypy"), *new_folders())
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=copy, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_new_phase_can_be_used_in_a_mode_and_published_in_the_schemas(copy):
    run(copy, "cli.main", "schema", "--out", "schemas")
    schema = json.loads((copy / "schemas" / "mode-v1.schema.json").read_text())
    assert "fair_play" in schema["$defs"]["Phase"]["properties"]["kind"]["enum"]


@pytest.mark.parametrize("kind", ["pack", "phase"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Fair", "is not a name"),
        ("fair-play", "is not a name"),
        ("../x", "is not a name"),
        ("", "is not a name"),
        ("a" * 31, "is not a name"),
        ("_x", "is not a name"),
        ("class", "is a word that is taken"),
        ("next", "is a word that is taken"),
        ("there", "already"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(kind, name, said):
    with pytest.raises(Refusal, match=said):
        scaffold(kind, name, ["there"])


def test_a_folder_that_is_there_is_never_written_into(copy, capsys):
    with pytest.raises(SystemExit) as left:
        main(["new", "pack", "spotting", "--in", str(copy)])

    assert left.value.code == 2
    assert "there is a pack 'spotting' already" in capsys.readouterr().err


def test_outside_a_checkout_it_says_where_to_go(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main(["new", "pack", "fair_play", "--in", str(tmp_path)])

    assert left.value.code == 2
    assert "run this at the top of the checkout" in capsys.readouterr().err
