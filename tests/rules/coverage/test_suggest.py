"""Suggested cases: pasting them covers what was missing, in every community that the project comes with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from operations.examine import Examination, examine, suggested
from rules.coverage.suggest import Suggested
from rules.coverage.write import document
from rules.rulebook import compile_rulebook
from rules.spec import load
from rules.spec.community import Community
from store.folder import read_folder
from workflows.paper.verdict import judge_play
from workflows.phases import discover

SPECS = Path(__file__).parents[3] / "specs"
FOLDERS = sorted(str(file.parent.relative_to(SPECS)) for file in SPECS.rglob("community.yaml"))
WITH_AUTO_SLOW = [pytest.param(one, marks=pytest.mark.slow) if one == "auto" else one for one in FOLDERS]
"""Every play of nearly thirty tasks is tried in `auto`, years of councils among them: a minute of computing."""

AT = "2027-03-01 05:00"
NOT_SUGGESTED = {
    "modes/farewell.yaml": ("titles ",),
    "modes/council.yaml": ("vote.block ", "settle.works "),
    "modes/circle.yaml": ("run.retention ",),
    "modes/group.yaml": ("without-it.reason ",),
    "modes/onboarding-private.yaml": ("public_works ",),
}
"""A wait that nobody acts out, votes that somebody must block, reasons that somebody must give, figures that change
while the run goes on: they take steps, which only a person can write. By file, how such conditions begin."""


def loaded(files: dict[str, bytes]) -> Community:
    read = load(files, discover())
    assert [f"{d.file}:{d.line}: {d.message}" for d in read.diagnostics if d.severity == "error"] == []
    assert read.community is not None
    return read.community


def uncased(name: str) -> dict[str, bytes]:
    """A community without its cases."""
    return {file: content for file, content in read_folder(SPECS / name).items() if not file.startswith("cases/")}


def examined(community: Community) -> tuple[Examination, Suggested]:
    rulebook = compile_rulebook(community)
    examination = examine(community, rulebook, judge_play)
    return examination, suggested(community, rulebook, examination, judge_play, AT)


@cache
def suggested_for(name: str) -> Suggested:
    """What is suggested for a community without its cases."""
    return examined(loaded(uncased(name)))[1]


@pytest.mark.parametrize("name", WITH_AUTO_SLOW)
def test_pasting_what_is_suggested_covers_every_condition(name: str) -> None:
    found = suggested_for(name)
    again, left = examined(loaded({**uncased(name), "cases/suggested.yaml": document(AT, found.cases).encode()}))
    assert [one.verdict.wrong for one in again.failing] == []
    unsettled = [(spot.where, spot.text, truth) for spot, truth in found.without]
    assert [(spot.where, spot.text, truth) for spot, truth in again.watch.missing()] == unsettled
    assert left.cases == ()
    assert [one for one in unsettled if not one[1].startswith(NOT_SUGGESTED.get(one[0].partition(":")[0], ()))] == []


@pytest.mark.parametrize("name", WITH_AUTO_SLOW)
def test_the_same_is_suggested_every_time(name: str) -> None:
    again = examined(loaded(uncased(name)))[1]
    assert document(AT, again.cases) == document(AT, suggested_for(name).cases)
