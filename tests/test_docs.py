"""Every example in the pages about specs is loaded and checked, so that nobody learns what does not work."""

import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from operations.decide import decide
from operations.facts_file import read_facts
from rules.cases import judge
from rules.gate import Gate
from rules.rulebook import compile_rulebook
from rules.spec import Loaded, load
from rules.spec.diagnostics import Diagnostic
from rules.spec.documents.cases import Cases, Play
from rules.time import moment
from store.folder import read_folder
from workflows.paper.verdict import judge_play
from workflows.phases import discover

ROOT = Path(__file__).parents[1]
PAGES = ("specs/README.md", "docs/spec-guide.md")
FENCE = re.compile(r"^```(?P<kind>yaml|diff|text)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page: str) -> list[tuple[str, str, str]]:
    """The fenced blocks of a page: kind, what the first line says it is, and the rest."""
    found = []
    for block in FENCE.finditer((ROOT / page).read_text("utf-8")):
        first, _, rest = block["body"].partition("\n")
        said = first.startswith("# ")
        found.append((block["kind"], first[2:] if said else "", rest if said else block["body"]))
    return found


def parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


@cache
def auto() -> dict[str, bytes]:
    return read_folder(ROOT / "specs" / "auto")


def inside(part: Any, whole: Any) -> bool:
    """Whether an example occurs in a document: as a list's items, a mapping's keys, or somewhere deeper."""
    if part == whole or (isinstance(part, list) and isinstance(whole, list) and all(one in whole for one in part)):
        return True
    if isinstance(part, dict) and isinstance(whole, dict) and all(whole.get(k) == v for k, v in part.items()):
        return True
    deeper = whole.values() if isinstance(whole, dict) else whole if isinstance(whole, list) else ()
    return any(inside(part, one) for one in deeper)


def edited(edit: str, files: dict[str, bytes], name: str) -> dict[str, bytes]:
    """The files after an edit written as lines taken out (`-`) and put in (`+`)."""
    lines = edit.splitlines()
    out = "\n".join(line[2:] for line in lines if line.startswith("- "))
    put = "\n".join(line[2:] for line in lines if line.startswith("+ "))
    text = files[name].decode()
    assert text.count(out) == 1, f"{name} does not say, or says twice: {out}"
    return {**files, name: text.replace(out, put).encode()}


def sheet(diagnostic: Diagnostic) -> str:
    frame = "\n".join("    " + line for line in diagnostic.frame.splitlines())
    place = f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}"
    return f"{place}: {diagnostic.message}  [{diagnostic.code}]\n{frame}\n    {diagnostic.hint}\n"


TAKEN = [
    (page, said.removeprefix("auto/"), text)
    for page in PAGES
    for kind, said, text in examples(page)
    if kind == "yaml" and said.startswith("auto/")
]


@pytest.mark.parametrize(("page", "file", "text"), TAKEN)
def test_an_example_is_taken_from_the_specs(page: str, file: str, text: str) -> None:
    assert inside(parsed(text), parsed(auto()[file].decode())), f"{file} no longer says this"


def test_the_handbook_has_an_example_of_every_kind_of_document() -> None:
    kinds = {parsed(auto()[file].decode())["schema"] for page, file, _ in TAKEN if page == PAGES[0]}
    assert kinds == {f"{kind}/v1" for kind in (
        "community", "metrics", "tiers", "lifecycle", "rules", "sla", "resources", "calendar", "mode", "task", "cases",
    )}  # fmt: skip


@pytest.mark.parametrize("text", [text for _, said, text in examples(PAGES[1]) if said == "condition"])
def test_a_condition_of_the_guide_can_be_asked(text: str) -> None:
    rule = "schema: rules/v1\ntitle: { en: Try, zh: 试 }\nreview: { every: day }\nrules:\n"
    rule += "  - id: from-the-guide\n    when:\n"
    rule += "".join(f"      {line}\n" for line in text.splitlines())
    rule += "    then: [{ nominate: { who: subject, tier: active } }]\n"
    assert_clean(load({**auto(), "guide.yaml": rule.encode()}, discover()))


def test_the_edits_of_the_guide_are_clean_together_and_their_cases_hold() -> None:
    files = auto()
    for kind, said, text in examples(PAGES[1]):
        if kind == "diff" and said.startswith("auto/"):
            files = edited(text, files, said.removeprefix("auto/"))
        elif kind == "yaml" and said.startswith("new: auto/"):
            files = {**files, said.removeprefix("new: auto/"): text.encode()}
    loaded = load(files, discover())
    assert_clean(loaded)
    community = loaded.community
    assert community is not None
    book = compile_rulebook(community)
    told = [
        (document.model.at, case)
        for document in community.documents
        if isinstance(document.model, Cases) and document.source.file in ("cases/quiz.yaml", "cases/guide.yaml")
        for case in document.model.cases
    ]
    held = []
    for at, case in told:
        now = moment(at, community.zone)
        if isinstance(case, Play):
            held.append(judge_play(community, book, case, now, None))
        else:
            held.append(judge(community, book, case, now))
    assert [verdict.wrong for verdict in held] == [()] * 5


MISTAKES = [
    pytest.param(said.removeprefix("mistake: auto/"), text, examples(PAGES[1])[number + 1][2], id=text.split()[-1])
    for number, (kind, said, text) in enumerate(examples(PAGES[1]))
    if said.startswith("mistake: auto/")
]


@pytest.mark.parametrize(("file", "edit", "shown"), MISTAKES)
def test_a_mistake_of_the_guide_is_told_as_the_guide_shows(file: str, edit: str, shown: str) -> None:
    loaded = load(edited(edit, auto(), file), discover())
    assert [sheet(diagnostic) for diagnostic in loaded.diagnostics] == [shown]


def test_the_members_of_the_guide_are_decided_as_it_shows() -> None:
    text = (ROOT / PAGES[1]).read_text("utf-8")
    given, said = (
        json.loads(block) for block in re.findall(r"^```json\n(\{\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    )
    community = load(auto(), discover()).community
    assert community is not None
    book = compile_rulebook(community)
    facts = read_facts(json.dumps(given).encode(), Gate(community, book), community.zone, "members.json")
    assert facts.at is not None

    decided = decide(book, facts, facts.at).data()

    assert decided["decisions"] == said["decisions"]
    assert set(said) <= set(decided)


def test_the_guide_shows_mistakes() -> None:
    assert len(MISTAKES) == 2


def assert_clean(loaded: Loaded) -> None:
    assert [sheet(diagnostic) for diagnostic in loaded.diagnostics] == []
