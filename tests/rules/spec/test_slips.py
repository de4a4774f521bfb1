"""A slip in one word gives one diagnostic, at that word, and reading goes on as if the right word stood there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.spec import Diagnostic, load
from rules.spec.diagnostics import Place, alike, close, code_frame, columns, did_you_mean
from workflows.phases import discover

SMALLEST = Path(__file__).parents[2] / "specs" / "smallest"
FILES = {p.relative_to(SMALLEST).as_posix(): p.read_text("utf-8") for p in sorted(SMALLEST.rglob("*.yaml"))}


def told(file: str, right: str, wrong: str) -> tuple[Diagnostic, str]:
    """The one diagnostic for something written wrong at its first place, and what it points at."""
    assert right in FILES[file]
    files = {**FILES, file: FILES[file].replace(right, wrong, 1)}
    found = load({name: text.encode() for name, text in files.items()}, discover()).diagnostics
    assert len(found) == 1, found
    return found[0], files[found[0].file].split("\n")[found[0].line - 1][found[0].column - 1 :]


@pytest.mark.parametrize(
    ("file", "right", "wrong", "hint"),
    [
        ("tiers.yaml", "schema:", "schma:", "'schema'"),
        ("tiers.yaml", "tiers/v1", "teirs/v1", "'tiers/v1'"),
        ("modes/contest.yaml", "kind: submit", "knd: submit", "'kind'"),
        ("modes/contest.yaml", "kind: submit", "kind: sumbit", "'submit'"),
        ("modes/contest.yaml", "phases:", "phase:", "'phases'"),
        ("modes/contest.yaml", "if_silent:", "ifsilent:", "'if_silent'"),
        ("modes/contest.yaml", "\nid: contest", "\nid : contest\nid_: x", ""),
        ("metrics.yaml", "ratio: [", "ration: [", "'ratio'"),
        ("metrics.yaml", "when: {", "wen: {", "'when'"),
        ("resources.yaml", "kind: ", "kin: ", "'kind'"),
        ("rules.yaml", "    when: {", "    then: {", "'when'"),
        ("rules.yaml", "- record:", "- recrod:", "'record'"),
        ("lifecycle.yaml", "all: [", "al: [", "'all'"),
        ("tiers.yaml", "review: {", "Review: {", "'review'"),
        ("community.yaml", "\ntitles:", "\ntitle:", "'titles'"),
    ],
)
def test_one_slip_is_one_diagnostic(file: str, right: str, wrong: str, hint: str) -> None:
    found, pointed_at = told(file, right, wrong)

    assert hint in found.hint
    slip = wrong.strip(" -\n").split(":")[0].rstrip()
    assert pointed_at.startswith((slip, "id_", wrong.split("/")[0])) or found.code in ("TRL201", "TRL212")


@pytest.mark.parametrize(
    ("file", "right", "wrong", "code", "message"),
    [
        ("modes/contest.yaml", "form: $form\n", "form: $form\n    limit: 0\n", "TRL207", "0 is not a number from 1"),
        ("calendars/office.yaml", "09:00-17:00", "24:00-24:00", "TRL206", "is not hours"),
        ("calendars/office.yaml", "09:00-17:00", "00:00-24:30", "TRL206", "is not hours"),
        ("calendars/office.yaml", "09:00-17:00", "17:00-09:00", "TRL215", "end before they begin"),
        ("community.yaml", "set_by: role:planner", "set_by: everyone", "TRL305", "set by a role"),
        ("community.yaml", "set_by: role:planner", "set_by: tier:active", "TRL305", "set by a role"),
        ("rules.yaml", "{ fact: struck, with", "{ fact: struck, about: run.starter, with", "TRL303", "there is no run"),
        ("rules.yaml", "by: role:planner", "by: run.owner", "TRL303", "there is no run"),
        ("rules.yaml", "who: author", "who: { from: [run.participants] }", "TRL303", "there is no run"),
        ("tiers.yaml", "to: subject, what", "to: run.participants, what", "TRL303", "there is no run"),
        ("lifecycle.yaml", "from: role:helper", "from: run.owner", "TRL303", "there is no run"),
    ],
)
def test_what_would_do_nothing_or_mean_nobody_is_said(
    file: str, right: str, wrong: str, code: str, message: str
) -> None:
    found, _ = told(file, right, wrong)

    assert found.code == code
    assert message in found.message


def test_rounds_in_one_unit_are_no_more_than_can_be_told_apart() -> None:
    weekly = "  - id: weekly\n    kind: repeat\n    every: 7d\n    phases:\n      - {"
    daily = (
        "  - id: apart\n    kind: each\n    of: subject.members\n    phases:\n"
        "    - id: years\n      kind: repeat\n      every: 365d\n      times: 4\n      phases:\n"
        "      - id: days\n        kind: repeat\n        every: 1d\n        times: 250\n        phases:\n          - {"
    )

    found, pointed_at = told("modes/care.yaml", weekly, daily)

    assert (found.code, pointed_at) == ("TRL207", "250")
    assert found.message == "'days' comes round 1,000 times in one unit, and 999 times is the most"


@pytest.mark.parametrize(
    ("file", "right", "fine"),
    [
        ("calendars/office.yaml", "09:00-17:00", "00:00-24:00"),
        ("modes/contest.yaml", "form: $form\n", "form: $form\n    limit: 2\n"),
        ("modes/contest.yaml", "    by: role:helper\n", "    by: run.starter\n"),
        ("rules.yaml", "of: work, when: { likes: { at_least: 5, over: 7d } }, then: [{ nominate: { who: author",
         "of: run, when: { days: { at_least: 5 } }, then: [{ nominate: { who: run.participants"),
    ],
)  # fmt: skip
def test_what_means_something_is_not_said(file: str, right: str, fine: str) -> None:
    assert right in FILES[file]
    files = {**FILES, file: FILES[file].replace(right, fine, 1)}

    assert load({name: text.encode() for name, text in files.items()}, discover()).diagnostics == ()


def test_words_from_elsewhere_are_understood() -> None:
    found, pointed_at = told("tiers.yaml", "at_least: 3", "gte: 3")

    assert (found.code, found.hint) == ("TRL202", "did you mean 'at_least'?")
    assert pointed_at.startswith("gte")


def test_when_it_cannot_be_told_which_was_meant_both_are_named() -> None:
    assert alike("nne_of", ["one_of", "none_of"]) == ["none_of", "one_of"]
    assert did_you_mean("nne_of", ["one_of", "none_of"]) == "did you mean 'none_of' or 'one_of'?"


def test_a_required_key_is_meant_rather_than_another() -> None:
    assert alike("bf", ["of", "by"], preferred=["by"])[0] == "by"


@given(st.text("abc_", max_size=6), st.integers(0, 6), st.sampled_from("abc_"))
def test_a_word_is_close_to_itself_and_to_one_with_a_letter_more(word: str, at: int, letter: str) -> None:
    at = min(at, len(word))
    more = word[:at] + letter + word[at:]
    assert close(word, word)
    assert close(word, more)
    assert close(more, word)


@given(st.text("ab", max_size=5), st.text("abc", max_size=5))
def test_words_are_close_when_one_edit_makes_one_of_the_other(a: str, b: str) -> None:
    assert close(a, b) == (b in {a, *_edited(a)})
    assert close(a, b) == close(b, a)


def _edited(word: str) -> Iterator[str]:
    """Everything that one edit makes of a word."""
    for n in range(len(word) + 1):
        yield from (word[:n] + letter + word[n:] for letter in "abc")
        yield from (word[:n] + letter + word[n + 1 :] for letter in "abc")
        yield word[:n] + word[n + 1 :]
        yield word[:n] + word[n : n + 2][::-1] + word[n + 2 :]


def test_the_marker_stands_under_the_word_also_after_chinese() -> None:
    frame = code_frame(["title: { en: A, zh: 摄影 }, kid: x"], Place("f", 1, 27))

    line, marker = frame.splitlines()
    assert columns(line[: line.index("kid")]) == marker.index("^")


def test_a_long_line_is_shown_around_the_place() -> None:
    frame = code_frame(["x" * 5000], Place("f", 1, 4000))

    line, marker = frame.splitlines()
    assert len(line) < 130
    assert marker.index("^") < len(line)
