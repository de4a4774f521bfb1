"""Every code has a page and every page a code; what a page calls wrong gives its code, and what is right gives none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules.spec import load
from rules.spec.diagnostics import CODES
from workflows.phases import discover

ROOT = Path(__file__).parents[3]
PAGES = {page.stem: page.read_text("utf-8") for page in (ROOT / "docs" / "codes").glob("TRL*.md")}
SMALLEST = ROOT / "tests" / "specs" / "smallest"
FILES = {p.relative_to(SMALLEST).as_posix(): p.read_bytes() for p in sorted(SMALLEST.rglob("*.yaml"))}
STRUCTURE = sorted(code for code in PAGES if code < "TRL3" and "## Wrong" in PAGES[code])


def example(page: str, title: str) -> bytes:
    found = re.search(rf"## {title}\n\n```yaml\n(.*?)```", PAGES[page], re.DOTALL)
    assert found is not None, f"{page} has no example under {title}"
    return found[1].encode()


def codes_of(content: bytes) -> set[str]:
    """The codes said about a document that takes the place of its kind in the smallest community."""
    kind = re.search(rb"schema: ([a-z]+)/", content)
    files = {k: v for k, v in FILES.items() if kind is None or k != f"{kind[1].decode()}.yaml"}
    return {
        d.code for d in load({**files, "example.yaml": content}, discover()).diagnostics if d.file == "example.yaml"
    }


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert sorted(PAGES) == sorted(CODES)


def test_the_list_of_codes_names_each_with_what_it_is_about() -> None:
    listed = (ROOT / "docs" / "codes" / "README.md").read_text("utf-8").splitlines()

    assert [line for line in listed if line.startswith("- ")] == [
        f"- [{code}]({code}.md) {about}" for code, about in CODES.items()
    ]


@pytest.mark.parametrize("code", sorted(PAGES))
def test_a_page_is_headed_by_its_code(code: str) -> None:
    assert PAGES[code].startswith(f"# {code}: {CODES[code]}\n")


@pytest.mark.parametrize("code", STRUCTURE)
def test_the_wrong_example_of_a_page_gives_its_code(code: str) -> None:
    assert codes_of(example(code, "Wrong")) >= {code}


@pytest.mark.parametrize("code", STRUCTURE)
def test_the_right_example_of_a_page_gives_no_code_of_structure(code: str) -> None:
    assert not {found for found in codes_of(example(code, "Right")) if found < "TRL3"}
