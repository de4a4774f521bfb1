"""Suggested cases: pasting them covers what was missing, in every community that the project comes with."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.cases import judge
from rules.coverage.suggest import Suggester
from rules.coverage.watch import Watch
from rules.coverage.write import document
from rules.rulebook import compile_rulebook
from rules.spec import load
from rules.spec.community import Community
from rules.spec.documents.cases import Cases
from rules.time import moment
from store.folder import read_folder
from workflows.phases import discover

SPECS = Path(__file__).parents[3] / "specs"
FOLDERS = sorted(str(file.parent.relative_to(SPECS)) for file in SPECS.rglob("community.yaml"))
AT = "2027-03-01 05:00"


def loaded(files: dict[str, bytes]) -> Community:
    read = load(files, discover())
    assert [f"{d.file}:{d.line}: {d.message}" for d in read.diagnostics if d.severity == "error"] == []
    assert read.community is not None
    return read.community


def uncased(name: str) -> dict[str, bytes]:
    """A community without its cases."""
    return {file: content for file, content in read_folder(SPECS / name).items() if not file.startswith("cases/")}


def watched(community: Community) -> Watch:
    """What the cases of a community see; all of them must hold."""
    rulebook = compile_rulebook(community)
    watch = Watch(community, rulebook)
    for one in community.documents:
        if isinstance(one.model, Cases):
            for case in one.model.cases:
                assert judge(community, rulebook, case, moment(one.model.at, community.zone), watch).wrong == ()
    return watch


@pytest.mark.parametrize("name", FOLDERS)
def test_pasting_what_is_suggested_covers_every_condition_that_decides(name: str) -> None:
    files = uncased(name)
    community = loaded(files)
    rulebook = compile_rulebook(community)
    watch = Watch(community, rulebook)
    found = Suggester(community, rulebook, watch, moment(AT, community.zone)).suggest(watch.missing())
    pasted = loaded({**files, "cases/suggested.yaml": document(AT, found.cases).encode()})
    assert [(spot.where, truth) for spot, truth in watched(pasted).missing()] == [
        (spot.where, truth) for spot, truth in found.without
    ]
    assert [spot.where for spot, _ in found.without if not spot.file.startswith("modes/")] == []


@pytest.mark.parametrize("name", FOLDERS)
def test_the_same_is_suggested_every_time(name: str) -> None:
    community = loaded(uncased(name))
    rulebook = compile_rulebook(community)
    texts = set()
    for _ in range(2):
        watch = Watch(community, rulebook)
        found = Suggester(community, rulebook, watch, moment(AT, community.zone)).suggest(watch.missing())
        texts.add(document(AT, found.cases))
    assert len(texts) == 1
