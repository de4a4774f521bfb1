"""One mistake in the smallest community: one diagnostic, where it is written, with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from rules.spec import Diagnostic, load
from rules.spec.diagnostics import CODES
from workflows.phases import discover

HERE = Path(__file__).parent
FILES = {str(p.relative_to(HERE / "smallest")): p.read_text() for p in sorted((HERE / "smallest").rglob("*.yaml"))}
MISTAKES = YAML(typ="safe", pure=True).load((HERE / "mistakes.yaml").read_text())


def checked(files: dict[str, str]) -> tuple[Diagnostic, ...]:
    return load({name: text.encode() for name, text in files.items()}, discover()).diagnostics


def pointed_at(files: dict[str, str], found: Diagnostic) -> str:
    return files[found.file].split("\n")[found.line - 1][found.column - 1 :] + "\n"


def test_the_smallest_community_is_right():
    assert checked(FILES) == ()


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{m['code']} {m['wrong'].strip()[:40]}" for m in MISTAKES])
def test_one_mistake_is_said_once_where_it_is_written(mistake):
    text = FILES[mistake["file"]]
    assert text.count(mistake["right"]) == 1, "what stands there stands there once"
    files = {**FILES, mistake["file"]: text.replace(mistake["right"], mistake["wrong"])}

    found = checked(files)

    shown = "\n".join(f"{d.file}:{d.line}:{d.column} {d.code} {d.message} | {d.hint}" for d in found)
    assert len(found) == 1, shown
    assert (found[0].code, found[0].file) == (mistake["code"], mistake["file"]), shown
    assert pointed_at(files, found[0]).startswith(mistake["at"]), shown
    assert mistake["hint"] in found[0].hint, shown


def test_every_check_across_documents_has_a_mistake_here():
    across = {code for code in CODES if code.startswith("TRL3")}

    assert {m["code"] for m in MISTAKES} >= across


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("TRL3")])
def test_every_check_across_documents_has_a_page(code):
    page = (HERE.parents[1] / "docs" / "codes" / f"{code}.md").read_text()

    assert page.startswith(f"# {code}: {CODES[code]}\n")
