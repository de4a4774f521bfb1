"""Planted faults: each file under faults/ has one, at the line that says which code belongs there."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules.proof import Report, prove
from rules.spec import Community, load
from store.folder import read_folder
from workflows.phases import discover

HERE = Path(__file__).parent
FAULTS = sorted((HERE / "faults").glob("*.yaml"))
MARK = re.compile(r"# ← (TRL[0-9]+)")
AT = datetime(2026, 11, 2, 11, tzinfo=UTC)


def community(content: bytes) -> tuple[Community, str]:
    """The sound community with one of its files in another version, and that file's name."""
    files = read_folder(HERE / "base")
    schema = re.search(rb"^schema: ([a-z]+)/v1", content)
    assert schema is not None
    kind = schema[1].decode()
    id_ = re.search(rb"^id: ([a-z-]+)", content, re.MULTILINE)
    file = f"{kind}s/{id_[1].decode()}.yaml" if kind in ("mode", "task") and id_ is not None else f"{kind}.yaml"
    assert file in files
    loaded = load({**files, file: content}, discover())
    assert loaded.community is not None, loaded.diagnostics
    return loaded.community, file


def proved(file: Path) -> tuple[Report, str]:
    spec, name = community(file.read_bytes())
    return prove(spec, AT, strict=True), name


def test_a_sound_community_is_left_in_peace() -> None:
    loaded = load(read_folder(HERE / "base"), discover())
    assert loaded.community is not None

    report = prove(loaded.community, AT, strict=True)

    assert report.findings == ()
    assert report.undecided == ()


@pytest.mark.parametrize("file", FAULTS, ids=lambda file: file.stem)
def test_every_planted_fault_is_found_where_it_is_and_nothing_else(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    planted = [(n, mark[1]) for n, line in enumerate(lines, 1) if (mark := MARK.search(line))]
    assert len(planted) == 1

    report, name = proved(file)

    assert [(f.place.file, f.place.line, f.code) for f in report.findings] == [(name, *planted[0])]
    assert report.undecided == ()
    assert report.findings[0].frame


def test_whoever_may_earn_a_tier_only_once_does_not_bounce() -> None:
    content = (HERE / "faults" / "bounce-after-a-year.yaml").read_text("utf-8")
    earn = "earn: { posts: { at_least: 6, over: 30d } }"
    once = "earn: { all: [{ posts: { at_least: 6, over: 30d } }, { tier_held: { none_of: [active] } }] }"
    assert earn in content
    spec, _ = community(content.replace(earn, once).encode())

    report = prove(spec, AT, strict=True)

    assert report.findings == ()


def test_what_cannot_be_told_is_listed_and_never_passed_over() -> None:
    content = (HERE / "base" / "community.yaml").read_text("utf-8")
    some = "{ where: { posts: { at_least: 9, over: 30d } }, first: 3, order: [{ highest: posts }] }"
    few = f"held_by: {{ from: [{some}] }}"
    content = content.replace("held_by: { where: { posts: { at_least: 9, over: 30d } } }", few)
    assert few in content
    rules = """schema: rules/v1
title: { en: Rules, zh: 规则 }
review: { every: day, at: "06:30" }
rules:
  - id: give
    when: { titles: { contains: star } }
    then: [{ award: { to: subject, give: [{ title: friend }] } }]
  - id: take
    when: { posts: { at_least: 1, over: 30d } }
    then: [{ revoke: { from: subject, title: friend } }]
"""
    files = {**read_folder(HERE / "base"), "community.yaml": content.encode(), "rules.yaml": rules.encode()}
    loaded = load(files, discover())
    assert loaded.community is not None, loaded.diagnostics

    report = prove(loaded.community, AT, strict=True)

    assert report.findings == ()
    (left,) = report.undecided
    assert left.question == "whether 'give' and 'take' fire together"
    assert left.why == "it depends on what only a look at everybody can tell"
