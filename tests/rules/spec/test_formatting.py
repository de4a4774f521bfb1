"""Formatting: one layout for what a file says, reached in one step, comments and meaning kept."""

import functools
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rules.spec import load
from rules.spec.diagnostics import Problems
from rules.spec.formatting import NotReadable, formatted
from rules.spec.layout import NotEditable
from rules.spec.reader import read
from rules.spec.splice import same
from rules.spec.tokens import comments_of
from store.folder import read_folder
from workflows.phases import discover

SPECS = Path(__file__).parents[3] / "specs"
FILES = sorted(SPECS.glob("*/**/*.yaml"))


def tree(content: bytes):
    problems = Problems()
    source = read("-", content, problems)
    assert source is not None
    assert not problems.found()
    return source.tree


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(SPECS).as_posix())
def test_the_shipped_files_are_laid_out_as_they_should_be(file):
    assert formatted(file.name, file.read_bytes()) == file.read_bytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:   1  \n\n\n\nb: 2", "a:   1\n\nb: 2\n"),
        ("\n\na: 1\r\nb: 2\r\n\r\n", "a: 1\nb: 2\n"),
        ("\ufeffa: 1\n", "a: 1\n"),
        ("a : {b : 1,c: 2 ,  d: [ x,u ] , e: { }}\n", "a: { b: 1, c: 2,  d: [x, u], e: {} }\n"),
        ("a:\n- x\n-   u\n- k: 1\n  l: 2\n", "a:\n  - x\n  - u\n  - k: 1\n    l: 2\n"),
        ("a:\n      b:\n       c: 1\n       # under c\n      d: 1\n", "a:\n  b:\n    c: 1\n    # under c\n  d: 1\n"),
        ("a:\n    - - x\n      - u\n    - z\n", "a:\n  - - x\n    - u\n  - z\n"),
        (
            "a: [x, u,\n     z, # last\n     w]\nb:\n    c: [x,\n        u]\n",
            "a: [x, u,\n     z, # last\n     w]\nb:\n  c: [x,\n      u]\n",
        ),
        ("a:\n  \"x\n  y\"\nb: 'z'\nc: 'say \"x\"'\n", 'a:\n  "x\n  y"\nb: "z"\nc: \'say "x"\'\n'),
        ("a: 0.70\nb: [2027-03-08, 10:00]\nc: '0.5'\n", 'a: "0.70"\nb: ["2027-03-08", "10:00"]\nc: "0.5"\n'),
        ("a:\n    b: |\n          x\n            y\n\n\n    c: 1\n", "a:\n  b: |\n    x\n      y\n\n  c: 1\n"),
        ("a:\n    b: >2-\n        x\n       y\n", "a:\n  b: >2-\n      x\n     y\n"),
        ("a: |+\n  x\n\n\n", "a: |+\n  x\n\n\n"),
        ("b: 1  # one\n# of schema\nschema: x/v1 # first\n", "schema: x/v1 # first\nb: 1  # one\n# of schema\n"),
        (
            "a: 1        # a comment\n            # that goes on\nb:\n    c:   1   # another\n             # too\n",
            "a: 1        # a comment\n            # that goes on\nb:\n  c:   1   # another\n           # too\n",
        ),
        ("# head\n\n\n# two\na: 1\n  # odd\n\nb:\n # inside\n    c: 1\n", None),
    ],
)
def test_a_layout_is_put_right(before, after):
    found = formatted("-", before.encode()).decode()

    if after is None:
        after = "# head\n\n# two\na: 1\n# odd\n\nb:\n  # inside\n  c: 1\n"
    assert found == after
    assert formatted("-", found.encode()).decode() == found


@pytest.mark.parametrize("text", ["a: [1\n", "a: *b\n", "a: yes\n", "a: 1_000\n", "", "\xff"])
def test_what_cannot_be_read_is_left_alone(text):
    with pytest.raises(NotReadable) as refusal:
        formatted("tiers.yaml", text.encode("latin-1"))

    assert refusal.value.diagnostics


def test_keys_marked_with_a_question_are_left_alone():
    with pytest.raises(NotEditable, match="marked with"):
        formatted("tiers.yaml", b"? a\n: 1\n")


@pytest.mark.parametrize("name", [pytest.param("auto", marks=pytest.mark.slow), "maintainers"])
def test_formatting_publishes_nothing_new(name):
    files = read_folder(SPECS / name)
    messy = {file: disturbed(content.decode(), 7).encode() for file, content in files.items()}
    again = {file: formatted(file, content) for file, content in messy.items()}

    before, after = load(files, discover()).community, load(again, discover()).community

    assert before is not None
    assert after is not None
    assert before.digest == after.digest


@functools.cache
def pieces():
    return [file.read_text() for file in FILES if file.stat().st_size < 3000]


def disturbed(text: str, seed: int) -> str:
    """The same document with another layout: deeper, wider, with blanks and empty lines here and there."""
    lines = []
    wider = 1 + seed % 3
    for n, line in enumerate(text.split("\n")):
        words = line.lstrip(" ")
        indent = len(line) - len(words)
        if words.startswith("- "):
            words = "-" + " " * (2 * wider - 1) + words[2:]
        line = " " * (indent * wider) + words
        if (n + seed) % 7 == 0 and line.strip():
            line += "   "
        if (n * seed) % 11 == 3 and line.strip() and not line.lstrip().startswith("#"):
            line = line.replace(", ", " ,  ", 1) if "{" in line and not set('"#') & set(line) else line
        lines.append(line)
        if (n * seed) % 13 == 5 and line.strip() and lines[-1].rstrip()[-1:] != ",":
            lines += ["", "  "]
    return ("\r\n" if seed % 2 else "\n").join(lines)


@given(st.integers(0, 10**6), st.integers(0, 30))
@settings(max_examples=25, deadline=None)
def test_however_a_shipped_file_was_disturbed_it_says_the_same_and_settles_at_once(which, seed):
    text = pieces()[which % len(pieces())]

    found = formatted("-", disturbed(text, seed).encode())

    assert same(tree(found), tree(text.encode()))
    assert sorted(comments_of(found.decode())) == sorted(comments_of(text))
    assert formatted("-", found) == found


words = st.text(st.sampled_from("abc :#-'\"{}[],\n 新"), max_size=10) | st.sampled_from(["0.70", "2027-01-01", "a: b"])
values = st.recursive(
    words | st.integers(-5, 99) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdef", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text("ghijk", min_size=1, max_size=4), values, min_size=1, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_another_program_wrote_says_the_same_and_settles_at_once(document, data):
    yaml = YAML(typ="rt", pure=True)
    yaml.default_flow_style = data.draw(st.sampled_from([False, True, None]))
    yaml.indent(**data.draw(st.sampled_from([{}, {"mapping": 4, "sequence": 6, "offset": 3}, {"mapping": 3}])))
    yaml.width = data.draw(st.sampled_from([20, 4096]))
    yaml.version = None
    out = io.StringIO()
    yaml.dump(document, out)
    written = out.getvalue()
    problems = Problems()
    before = read("-", written.encode(), problems)
    if before is None or problems.found():  # such as an empty text that stands plain
        return

    found = formatted("-", written.encode())

    assert same(tree(found), before.tree)
    assert formatted("-", found) == found
