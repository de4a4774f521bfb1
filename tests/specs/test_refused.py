"""Refused as it is read: what names nothing, says one thing twice or does not add up; with the line and the reason."""

from __future__ import annotations

import pytest

from rules.spec import load
from tests.specs.test_checks import FILES
from workflows.phases import discover

AGAIN = "  - { id: active, title: { en: A, zh: 甲 } }\n  - id: active\n"
EARN = "    earn:\n      all:\n        - posts: { at_least: 3, over: 30d }\n"


@pytest.mark.parametrize(
    ("file", "right", "wrong", "at", "reason"),
    [
        ("tiers.yaml", "falls_to: base", "falls_to: bottom", "falls_to: bottom", "unknown tier 'bottom'"),
        ("tiers.yaml", "- quality: {", "- goodness: {", "- goodness:", "goodness"),
        ("tiers.yaml", "posts: { at_least: 3, over", "posts: { atleast: 3, over", "posts: { atleast", "atleast"),
        ("tiers.yaml", EARN, "    earn: { posts: { at_least: 9 } }\n" + EARN, EARN, "earn"),
        ("tiers.yaml", "  - id: active\n", AGAIN, "- id: active", "active"),
        ("tasks/photos.yaml", "weight: 60", "weight: 50", "rubric:", "50 + 40"),
    ],
    ids=["unknown tier", "unknown metric", "unknown operator", "two rules for one step", "a step twice", "weights"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_at_its_line_with_the_reason(
    file: str, right: str, wrong: str, at: str, reason: str
) -> None:
    assert FILES[file].count(right) == 1
    files = {**FILES, file: FILES[file].replace(right, wrong)}

    loaded = load({name: text.encode() for name, text in files.items()}, discover())

    lines = files[file].split("\n")
    said = [(one.file, lines[one.line - 1], f"{one.message} {one.hint}") for one in loaded.diagnostics]
    assert loaded.community is None, said
    assert [one for one in said if one[0] == file and at.split("\n")[0].strip() in one[1] and reason in one[2]], said
