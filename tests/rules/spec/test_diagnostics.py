"""What people read when a spec is wrong: every .yaml in diagnostics/ beside the exact words in its .out.

A file takes the place of the document of its kind in the smallest community (a mode, task or broken document is added).
To accept new words after looking at them: TRELLIS_ACCEPT=1 pytest tests/rules/spec/test_diagnostics.py
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from rules.spec import load
from workflows.phases import discover

HERE = Path(__file__).parent / "diagnostics"
SMALLEST = Path(__file__).parents[2] / "specs" / "smallest"
FILES = {p.relative_to(SMALLEST).as_posix(): p.read_bytes() for p in sorted(SMALLEST.rglob("*.yaml"))}
WRONG = sorted(HERE.glob("*.yaml"))


def community_with(file: Path) -> dict[str, bytes]:
    """The smallest community with a file in place of its document of the same kind."""
    content = file.read_bytes()
    schema = re.match(rb"schema: ([a-z]+)/v1", content.removeprefix(b"\xef\xbb\xbf"))
    kind = schema[1].decode() if schema else ""
    files = dict(FILES)
    files.pop({"calendar": "calendars/office.yaml", "cases": "cases/cases.yaml"}.get(kind, f"{kind}.yaml"), None)
    return {**files, file.name: content}


def words(files: dict[str, bytes], file: str) -> str:
    """Everything said about a file, as `trellis check` prints it."""
    out = []
    for d in load(files, discover()).diagnostics:
        if d.file == file:
            frame = "".join(f"    {line}\n" for line in d.frame.splitlines())
            out.append(f"{d.line}:{d.column}: {d.message}  [{d.code}]\n{frame}" + (f"    {d.hint}\n" if d.hint else ""))
    return "\n".join(out)


@pytest.mark.parametrize("file", WRONG, ids=lambda p: p.stem)
def test_each_mistake_is_told_in_these_words(file: Path) -> None:
    golden = file.with_suffix(".out")
    said = words(community_with(file), file.name)
    if os.environ.get("TRELLIS_ACCEPT"):
        golden.write_text(said, "utf-8")
    assert said == golden.read_text("utf-8")


@pytest.mark.parametrize("file", WRONG, ids=lambda p: p.stem)
def test_a_mistake_in_one_file_says_nothing_about_others(file: Path) -> None:
    others = [d for d in load(community_with(file), discover()).diagnostics if d.file != file.name]

    assert others == []
