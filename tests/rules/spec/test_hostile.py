"""Whatever is in a file, reading ends, soon, with diagnostics that point into the file and never with an exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.spec import Loaded, load
from workflows.phases import discover

SMALLEST = Path(__file__).parents[2] / "specs" / "smallest"
FILES = {p.relative_to(SMALLEST).as_posix(): p.read_bytes() for p in sorted(SMALLEST.rglob("*.yaml"))}
KINDS = discover()


def assert_points_into(files: dict[str, bytes], loaded: Loaded) -> None:
    assert loaded.ok == (not any(d.severity == "error" for d in loaded.diagnostics))
    for d in loaded.diagnostics:
        assert d.message
        if d.file in files:
            text = files[d.file].decode("utf-8", "replace").removeprefix("\ufeff")
            lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            assert 1 <= d.line <= len(lines), d
            assert 1 <= d.column <= len(lines[d.line - 1]) + 1, d


def alone(content: bytes) -> Loaded:
    files = {"community.yaml": content}
    loaded = load(files, KINDS)
    assert_points_into(files, loaded)
    return loaded


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_refused_with_a_reason(content: bytes) -> None:
    assert not alone(content).ok


@given(st.text(alphabet=" \n\t:-[]{}#&*!|>'\"%@`,?abc01~.\\é中\ufeff", max_size=80))
@example("\ufeff\ufeff")  # nothing but marks of byte order
@settings(max_examples=400, deadline=None)
def test_any_text_is_refused_with_a_reason(text: str) -> None:
    assert not alone(text.encode()).ok


SPECIAL = ["\t", ":", ": ", "- ", "[", "]", "{", "}", "#",
           "&a ", "*a", "!!x ", "'", '"', "|", ">", "\n", "\n\n", "  ", ",",
           "null", "~", "yes", "1.5", "\ufeff", "---\n", "...", "%YAML 1.1\n", "<<: ", "$x", "0x1", "2027-01-01", "中",
           "\u2028"]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, bytes]:
    name = draw(st.sampled_from(sorted(FILES)))
    text = FILES[name].decode()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.sampled_from([0, 0, 1, 2, 5, 40])))
        text = text[:at] + draw(st.sampled_from(["", *SPECIAL])) + text[end:]
    return {**FILES, name: text.encode()}


@given(mutated())
@settings(max_examples=250, deadline=None)
def test_a_mangled_community_is_told_where(files: dict[str, bytes]) -> None:
    assert_points_into(files, load(files, KINDS))


VALUES = ["1", "true", "''", "[]", "{}", "[[]]", "{a: 1}", "[1, 2, 3]", "x", "$x", "-5", "99999999999999999999",
          "[{}]", "{a: {a: {a: 1}}}",
          "'all'", "sla:x", "a.b", '"2027-01-01"', "{all: [], any: []}",
          "{not: {not: {not: x}}}", "{kind: do}"]  # fmt: skip


@st.composite
def replaced(draw: st.DrawFn) -> dict[str, bytes]:
    """A community with what stands after one colon replaced by something of another shape."""
    name = draw(st.sampled_from(sorted(FILES)))
    text = FILES[name].decode()
    colons = [n for n in range(len(text) - 1) if text[n : n + 2] == ": "]
    at = draw(st.sampled_from(colons)) + 2
    end = at
    depth = 0
    while end < len(text) and not (depth == 0 and text[end] in ",}]\n"):
        depth += (text[end] in "[{") - (text[end] in "]}")
        end += 1
    return {**FILES, name: (text[:at] + draw(st.sampled_from(VALUES)) + text[end:]).encode()}


@given(replaced())
@settings(max_examples=250, deadline=None)
def test_a_value_of_another_shape_is_told_where(files: dict[str, bytes]) -> None:
    assert_points_into(files, load(files, KINDS))


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=40), max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_files_are_refused_with_a_reason(files: dict[str, bytes]) -> None:
    assert not load(files, KINDS).ok


BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (c, c, b", ".join([b"*%c" % (c - 1)] * 9)) for c in range(ord("b"), ord("j"))
)
HOSTILE = {
    "a wrong byte after a line end of old": (b"\r\x80", "TRL101", 2),
    "empty": (b"", "TRL103", 1),
    "only a comment": (b"# soon\n", "TRL103", 1),
    "two megabytes": (b"schema: community/v1\n" + b"# " + b"x" * 2 * 1024 * 1024, "TRL102", 1),
    "binary": (b"\x7fELF\x02\x01\x01\x00\x00\x00", "TRL101", 1),
    "latin-1": ("schema: community/v1\ntitle: café\n".encode("latin-1"), "TRL101", 2),
    "utf-16": ("schema: community/v1\n".encode("utf-16"), "TRL101", 1),
    "deep lists": (b"[" * 5000, "TRL114", 1),
    "deep mappings": (b"".join(b" " * n + b"a:\n" for n in range(400)), "TRL114", None),
    "a tag that would run": (b"schema: !!python/object/apply:os.system ['id']\n", "TRL107", 1),
    "a recursive alias": (b"schema: community/v1\nroles: &a [*a]\n", "TRL106", 2),
    "a merge": (b"schema: community/v1\n<<: { id: x }\n", "TRL106", 2),
    "a directive": (b"%YAML 1.1\n---\nschema: community/v1\n", "TRL107", None),
    "a huge number": (b"schema: community/v1\nid: " + b"9" * 900_000, "TRL111", 2),
    "a key that is a list": (b"? [a, b]\n: c\n", "TRL116", 1),
    "many values": (b"schema: [" + b"x," * 400_000 + b"]", "TRL102", 1),
    "a control character": (b"schema: community/v1\nid: a\x07b\n", "TRL101", 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_at_once(name: str) -> None:
    content, code, line = HOSTILE[name]
    loaded = alone(content)
    assert code in {d.code for d in loaded.diagnostics}, loaded.diagnostics
    assert line is None or any(d.code == code and d.line == line for d in loaded.diagnostics), loaded.diagnostics


def test_a_bomb_of_aliases_is_read_as_what_it_weighs() -> None:
    loaded = alone(BOMB)
    assert {d.code for d in loaded.diagnostics} >= {"TRL106"}


def test_a_file_of_nothing_but_slips_ends_too() -> None:
    loaded = alone(b"schema: sla/v1\nslas: []\n" + b"".join(b"k%d: 1\n" % n for n in range(20_000)))
    assert len(loaded.diagnostics) == 1000


def test_too_many_files_are_refused_in_one_sentence() -> None:
    loaded = load({f"{n}.yaml": b"x" for n in range(2001)}, KINDS)
    assert [d.code for d in loaded.diagnostics] == ["TRL102"]


def test_nothing_to_read_is_said_in_one_sentence() -> None:
    assert [d.code for d in load({}, KINDS).diagnostics] == ["TRL100"]


@pytest.mark.parametrize("ending", [b"\r\n", b"\r"], ids=["windows", "old-mac"])
def test_line_endings_of_other_systems_change_nothing(ending: bytes) -> None:
    same = load(FILES, KINDS)
    other = load({name: content.replace(b"\n", ending) for name, content in FILES.items()}, KINDS)
    assert same.community is not None
    assert other.community is not None
    assert other.community.digest == same.community.digest


def test_a_byte_order_mark_changes_nothing() -> None:
    same = load(FILES, KINDS)
    other = load({name: b"\xef\xbb\xbf" + content for name, content in FILES.items()}, KINDS)
    assert same.community is not None
    assert other.community is not None
    assert other.community.digest == same.community.digest
