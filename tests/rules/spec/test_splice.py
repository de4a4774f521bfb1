"""Splice: an edit changes the characters of one value, and the file says what it said but for that."""

import functools
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.spec.diagnostics import Problems
from rules.spec.formatting import formatted
from rules.spec.layout import NotEditable, layout
from rules.spec.paths import find, written
from rules.spec.reader import read
from rules.spec.source import plain
from rules.spec.splice import Scalar, change, replacement, same, splice

SPECS = Path(__file__).parents[3] / "specs"
FILES = sorted(SPECS.glob("*/**/*.yaml"))
NASTY = 'no: "yes" # {one}, [two] \\ it\'s'


@functools.cache
def shipped(file):
    return layout(file.name, file.read_bytes())


def another(value: Scalar, n: int) -> Scalar:
    """A value of the same type that is not this one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1 + n % 10
    return [f"{value}x", "0.75", "2027-01-01", "true", "12", NASTY, "新的值"][n % 7]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(SPECS).as_posix())
def test_an_edit_of_any_value_of_a_shipped_file_changes_exactly_its_line(file):
    old = shipped(file)
    for n, path in enumerate(old.values):
        spot, put = replacement(old, path, another(old.source.at(path), n))
        was = old.text[spot.start : spot.end]

        assert put != was
        assert "\n" not in was + put  # all before and after stays, so exactly this line is another


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(SPECS).as_posix())
def test_every_value_of_a_shipped_file_can_be_changed_at_once_is_read_as_meant_and_leaves_nothing_to_format(file):
    old = shipped(file)
    content = old.text.encode()
    wanted = {path: another(old.source.at(path), n) for n, path in enumerate(old.values)}

    changed = change(content, wanted)
    new = read(file.name, changed, Problems())

    assert formatted(file.name, changed) == changed
    assert all(same(new.at(path), value) for path, value in wanted.items())


@pytest.mark.parametrize("file", FILES[::6], ids=lambda f: f.relative_to(SPECS).as_posix())
def test_one_edit_of_a_file_can_be_taken_back_to_the_byte(file):
    old = shipped(file)
    content = old.text.encode()
    path = random.Random(file.name).choice([p for p, s in old.values.items() if s.style != "'"])

    there = splice(content, path, another(old.source.at(path), 0))

    assert there != content
    assert splice(there, path, old.source.at(path)) == content


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(SPECS).as_posix())
def test_every_value_has_a_name_that_leads_back_to_it(file):
    old = shipped(file)
    names = {written(old.source.tree, path): path for path in old.values}

    assert len(names) == len(old.values)
    assert all(find(old.source.tree, name) == path for name, path in names.items())


LADDER = b"""\
schema: tiers/v1   # the ladder
tiers:
  - id: core
    grace: 30d  # a month
    earn:
      all:
        - days_in_tier: { at_least: 90 }    # observed
        - mean_quality: { at_least: "0.70", over: 90d }
        - any: [{ wins: { is: 1 } }]
        - reached: { community.posts: { at_least: 500 } }
    may_enter: [contest, group]
    told: |
      first
        second
"""


@pytest.mark.parametrize(
    ("name", "value", "before", "after"),
    [
        ("tiers[core].grace", "14d", "grace: 30d  # a month", "grace: 14d  # a month"),
        ("tiers[0].grace", "30 d: # x", "grace: 30d  #", 'grace: "30 d: # x"  #'),
        ("tiers[core].earn.all[0].days_in_tier.at_least", 120, "at_least: 90 }    #", "at_least: 120 }    #"),
        ("tiers[core].earn.all.days_in_tier.at_least", "0.50", "{ at_least: 90 }", '{ at_least: "0.50" }'),
        ("tiers[core].earn.all.mean_quality.at_least", "0.75", '"0.70"', '"0.75"'),
        ("tiers[core].earn.all.mean_quality.at_least", 1, '"0.70"', "1"),
        ("tiers[core].earn.all.any.wins.is", True, "is: 1 }", "is: true }"),
        ("tiers[core].earn.all.reached.community.posts.at_least", 5, "500", "5"),
        ("tiers[core].may_enter[contest]", "yes", "[contest,", '["yes",'),
        ("tiers[core].earn.all.any.wins.is", ":", "is: 1 }", 'is: ":" }'),
        ("tiers[core].may_enter[1]", "a, b", "group]", '"a, b"]'),
        ("tiers[core].told", "one\n\ntwo\n", "first\n        second", "one\n\n      two"),
        ("tiers[core].told", "one", "|\n      first\n        second", "|-\n      one"),
        ("tiers[core].told", " one", "|\n      first\n        second", '" one"'),
    ],
)
def test_only_the_value_that_was_named_is_written_anew(name, value, before, after):
    path = find(layout("tiers.yaml", LADDER).source.tree, name)

    assert splice(LADDER, path, value).decode() == LADDER.decode().replace(before, after)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("tier[core].grace", "'tier[core].grace' leads nowhere: the document has no 'tier'", "did you mean 'tiers'?"),
        ("tiers[cor].grace", "tiers has no 'cor'", "did you mean 'core'?"),
        ("tiers[core].earn.all.mean_qualty.at_least", "no 'mean_qualty'", "did you mean 'mean_quality'?"),
        ("tiers[3].grace", "tiers has no item 3", "it has 1, counted from 0"),
        ("tiers[core].grace.x", "goes on behind a value", "end at tiers[core].grace"),
        ("tiers[core", "is not a path", "in brackets"),
        ("", "the path is empty", "name one value"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_at_the_step_that_is_wrong(name, message, hint):
    with pytest.raises(NotEditable) as refusal:
        find(layout("tiers.yaml", LADDER).source.tree, name)

    assert message in refusal.value.message
    assert hint in refusal.value.hint


CASES = b"""\
schema: cases/v1
cases:
  - name: Ann rises to core
    expect: { outcome: promote }
  - { name: "Bob rises, too", expect: { outcome: keep } }
  - { name: Bob rises, expect: { outcome: none } }
"""


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("cases[Ann rises to core].expect.outcome", 0),
        ("cases['rises to CORE'].expect.outcome", 0),
        ('cases["rises, too"].expect.outcome', 1),
        ("cases[Bob rises].expect.outcome", 2),
        ("cases[2].expect.outcome", 2),
    ],
)
def test_a_case_is_named_by_its_number_its_name_or_words_of_it(name, place):
    assert find(layout("cases.yaml", CASES).source.tree, name) == ("cases", place, "expect", "outcome")


def test_words_of_several_cases_name_none():
    with pytest.raises(NotEditable) as several:
        find(layout("cases.yaml", CASES).source.tree, "cases[rises].expect.outcome")
    with pytest.raises(NotEditable) as nothing:
        find(layout("cases.yaml", CASES).source.tree, "cases[Ann rises to cor3].expect.outcome")

    assert (several.value.message, several.value.hint) == ("cases has 3 items 'rises'", "say which: [0], [1], [2]")
    assert nothing.value.hint == "did you mean 'Ann rises to core'?"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("tiers",), "x", "tiers is a list"),
        (("tiers", 0), "x", "tiers[core] is a mapping"),
        (("tiers", 0, "gone"), "x", "there is no value"),
        (("tiers", 0, "grace"), ["14d"], "takes one plain value"),
        (("tiers", 0, "grace"), {"a": 1}, "takes one plain value"),
        (("tiers", 0, "grace"), 0.5, "not a value of this language"),
        (("tiers", 0, "grace"), None, "not a value of this language"),
        (("tiers", 0, "grace"), 2**60, "too large"),
        (("tiers", 0, "grace"), "a\x07b", "U+0007"),
        (("tiers", 0, "grace"), "a\ud800b", "U+D800"),
    ],
    ids=range(10),
)
def test_what_is_no_plain_value_is_refused(path, value, message):
    with pytest.raises(NotEditable) as refusal:
        splice(LADDER, path, value)

    assert message in refusal.value.message


def test_a_file_that_cannot_be_read_is_not_edited():
    with pytest.raises(NotEditable, match=r"tiers.yaml:2:8 the decimal 0.7 is not quoted"):
        splice(b"schema: tiers/v1\nshare: 0.7\n", ("share",), "0.8", file="tiers.yaml")


def test_a_key_is_renamed_in_its_place_and_never_onto_another():
    new = change(LADDER, {}, keys={("tiers", 0, "grace"): "patience"})

    assert new == LADDER.replace(b"grace: 30d  #", b"patience: 30d  #")
    with pytest.raises(NotEditable, match="'told' is already beside 'grace'"):
        change(LADDER, {}, keys={("tiers", 0, "grace"): "told"})


texts = st.text(
    st.characters(min_codepoint=9, max_codepoint=0x9FFF, exclude_characters="\r\x0b\x0c\x85\u2028\u2029").filter(
        lambda c: c in "\t\n" or (c >= " " and not "\x7f" <= c < "\xa0")
    ),
    max_size=30,
) | st.text(st.sampled_from("ab \n:#-?{}[],'\"\\|>&*!%@`0.7~"), max_size=12)
layouts = st.sampled_from(
    [
        "a: {v}\nb: 1\n", "a: 1\nb: {{x: {v}}}  # c\n", "- x\n- [{v},w]\n- z", "a:\n  - k: {v}\n    l: 2 # d\n\n# e\n",
    ]
)  # fmt: skip
styles = st.sampled_from(["old", '"o ld"', "'o''ld'", "7", "true"])
blocks = st.sampled_from(["|\n    o\n    ld\n", ">-\n    o\n\n    ld\n", "|+\n    o\n\n", ">2-  # c\n    o\n"])


@given(layouts, styles, texts | st.integers(-(2**53), 2**53) | st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_value_put_anywhere_is_read_as_that_value_and_the_rest_is_untouched(around, style, value, windows):
    text = around.format(v=style)
    old = (text.replace("\n", "\r\n") if windows else text).encode()
    before = layout("-", old)
    path = next(p for p, s in before.values.items() if before.text[s.start : s.end] == style)
    spot = before.values[path]

    new = splice(old, path, value).decode()

    assert same(layout("-", new.encode()).source.at(path), value)
    assert new.startswith(before.text[: spot.start])
    assert new.endswith(before.text[spot.end :])


@given(blocks, texts)
@settings(max_examples=100, deadline=None)
def test_a_block_text_takes_any_text(block, value):
    old = f"a:\n  b: {block}c: 1  # kept\n".encode()

    new = layout("-", splice(old, ("a", "b"), value))

    assert plain(new.source.tree) == {"a": {"b": value}, "c": 1}
    assert new.text.endswith("c: 1  # kept\n")
