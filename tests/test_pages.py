"""The documents are whole: each page is reached from the README, and what they name is there and is named somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer

from cli.main import build

ROOT = Path(__file__).parents[1]
PACKAGES = ("cli", "operations", "rules", "store", "web", "workflows")
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for folder in ("docs", "specs", *PACKAGES) for page in (ROOT / folder).rglob("*.md"))]
)
CODE = [ROOT / "worker.py", *(file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))]

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<to>[^)\s]+)\)")
FENCED = re.compile(r"^```[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`(trellis [^`]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
VARIABLE = re.compile(r"(?<![A-Z_])TRELLIS_[A-Z]+(?:_[A-Z]+)*")
LEFT_OUT = "…"
A_WORD = re.compile(r"[a-z][a-z-]*")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Where a page leads to: the file or folder, and the heading in it."""
    for found in LINK.finditer(FENCED.sub("", page.read_text("utf-8"))):
        to, _, heading = found["to"].partition("#")
        if "://" not in to:
            yield ((page.parent / to).resolve() if to else page), heading


def headings(page: Path) -> set[str]:
    """The anchors of a page, as a browser has them."""
    texts = (re.sub(r"[^\w\s-]", "", found[1].lower()) for found in HEADING.finditer(page.read_text("utf-8")))
    return {re.sub(r"\s", "-", text.strip()) for text in texts}


def test_every_page_is_reached_from_the_readme() -> None:
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached:
            continue
        reached.add(page)
        for to, _ in links(page):
            ahead.extend(to.rglob("*.md") if to.is_dir() else [to] if to.suffix == ".md" else [])

    assert [named(page) for page in PAGES if page not in reached] == []


def test_a_link_into_a_page_meets_a_heading_of_it() -> None:
    wrong = [
        (named(page), heading)
        for page in PAGES
        for to, heading in links(page)
        if heading and to.suffix == ".md" and heading not in headings(to)
    ]

    assert wrong == []


# ------------------------------------------------------------------------------------------------------------ variables
def test_each_variable_is_told_once_in_the_page_on_running() -> None:
    rows = [
        name
        for line in (ROOT / "docs" / "running.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
        for name in VARIABLE.findall(line.split("|")[1])
    ]
    read = {name for file in CODE for name in VARIABLE.findall(file.read_text("utf-8"))}

    assert sorted(rows) == sorted(read)


def test_no_page_names_a_variable_that_nothing_reads() -> None:
    files = [*CODE, *(ROOT / "tests").rglob("*.py")]
    read = {name for file in files for name in VARIABLE.findall(file.read_text("utf-8"))}

    assert {name for page in PAGES for name in VARIABLE.findall(page.read_text("utf-8"))} <= read


# ------------------------------------------------------------------------------------------------------------- commands
@cache
def commands() -> dict[str, Any]:
    """Every command by its name, those of a group after the name of the group."""
    found: dict[str, Any] = {}

    def gather(name: str, command: Any) -> None:
        found[name] = command
        for below, one in getattr(command, "commands", {}).items():
            gather(f"{name} {below}".strip(), one)

    gather("", typer.main.get_command(build()))
    return found


def told(page: Path) -> Iterator[list[str]]:
    """Each command line of a page, in words; `a|b` of a list of commands is several lines."""
    text = page.read_text("utf-8")
    lines = [found[1].replace("\\|", "|") for found in SPAN.finditer(FENCED.sub("", text))]
    for block in FENCED.finditer(text):
        body = re.sub(r"\s*\\\n\s*", " ", block["body"])
        lines += [found[1] for found in re.finditer(r"^(?:\$ )?(trellis .*)$", body, re.MULTILINE)]
    for line in lines:
        words = shlex.split(line, comments=True)
        yield [word.strip("[],.;") for word in words[1:]]


def asked(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The commands of a line, and the rest of its words."""
    name, rest = "", words
    while rest and hasattr(commands()[name], "commands"):
        word, rest = rest[0], rest[1:]
        if "|" in word:
            for one in word.split("|"):
                yield f"{name} {one}".strip(), []
            return
        if not A_WORD.fullmatch(word):
            rest = [word, *rest]
            break
        name = f"{name} {word}".strip()
        if name not in commands():
            break
    yield name, rest


def refused(name: str, words: list[str]) -> str | None:
    """What the command itself says against a line; where an option is only named, its value may be missing."""
    command = commands()[name]
    try:
        _, left, _ = command.make_parser(command.context_class(command, info_name=name)).parse_args(list(words))
    except Exception as error:
        return None if "requires an argument" in str(error) else str(error)
    return f"takes no {' '.join(left)}" if left and LEFT_OUT not in left else None


def test_pages_show_lines_that_the_commands_take() -> None:
    wrong = []
    for where, name, rest in ((page, *one) for page in PAGES for words in told(page) for one in asked(words)):
        command = commands().get(name)
        if command is None:
            wrong.append((named(where), name))
            continue
        if against := refused(name, rest):
            wrong.append((named(where), f"{name}: {against}"))

    assert wrong == []


def test_every_command_is_told_in_a_page() -> None:
    spoken = {name for page in PAGES for words in told(page) for name, _ in asked(words)}
    wanted = {name for name, command in commands().items() if not hasattr(command, "commands")}

    assert sorted(wanted - spoken) == []


def test_every_command_answers_programs_too() -> None:
    silent = [
        name
        for name, command in commands().items()
        if not hasattr(command, "commands") and not any("--json" in one.opts for one in command.params)
    ]

    assert silent == []


# --------------------------------------------------------------------------------------------------------- capabilities
def test_what_a_capability_names_is_there() -> None:
    rows = [line.split(" | ") for line in (ROOT / "docs" / "capabilities.md").read_text("utf-8").splitlines()]
    where = [row[2] for row in rows if len(row) == 4 and re.fullmatch(r"\| [A-Z]{2}\d\d", row[0])]
    documents = {one for text in where for one in re.findall(r"\b(?:modes|tasks)/[a-z-]+\b", text)}
    modules = {one for text in where for one in re.findall(r"\b[a-z_]+/[a-z_]+\.py\b", text)}
    rules = {one for text in where for one in re.findall(r"\brules: ([a-z]+(?:-[a-z]+)+)", text)}
    written = (ROOT / "specs" / "auto" / "rules.yaml").read_text("utf-8")

    assert len(where) > 100
    assert [one for one in sorted(rules) if not re.search(rf"\bid: {one}\b", written)] == []
    assert [one for one in sorted(documents) if not (ROOT / "specs" / "auto" / f"{one}.yaml").is_file()] == []
    assert [one for one in sorted(modules) if not (ROOT / one).is_file()] == []
