"""The shape of the repository, kept by tests: layers, names, docs that cannot drift."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ["rules", "operations", "workflows", "store", "web", "cli"]


def tracked(*patterns: str) -> list[Path]:
    """Files under version control, so that a developer's own leftovers do not fail a test."""
    out = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).exists()]


def test_every_import_contract_holds() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:]
    assert "0 broken" in run.stdout


def test_no_folder_is_named_after_a_leftover() -> None:
    named = {part for path in tracked("*.py") for part in path.relative_to(ROOT).parts}
    assert not named & {"utils", "common", "core", "models", "services", "helpers", "misc"}


@pytest.mark.parametrize("package", CODE)
def test_every_module_says_what_it_is_for(package: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked(f"{package}/**/*.py", f"{package}/*.py")
        if not re.match(r'(#!.*\n)?("""|r""")\S', path.read_text(encoding="utf-8"))
    ]
    assert not silent


def test_one_configuration_file() -> None:
    strays = {"setup.cfg", "setup.py", "tox.ini", "mypy.ini", "pytest.ini", ".importlinter", "ruff.toml", "noxfile.py"}
    assert not strays & {path.name for path in tracked()}


def test_the_lock_pins_every_dependency_with_hashes_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--find-links" not in lock
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    locked = {re.match(r"[A-Za-z0-9_.-]+", e).group().lower().replace(".", "-") for e in entries}  # type: ignore[union-attr]
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert {re.match(r"[A-Za-z0-9_.-]+", w).group().lower().replace(".", "-") for w in wanted} <= locked  # type: ignore[union-attr]


def test_relative_links_in_the_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)} → {target}"
        for page in tracked("*.md")
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken
