"""Formatting: one way to lay out a spec file, by moving what stands there and never by writing it anew.

What is put right: lines end alike and without blanks, no more than one empty line between others, two blanks for
each level, lists one level below their key, `{ a: 1, b: 2 }` and `[a, b]`, double quotes where either would do,
decimals, dates and times in quotes, `schema:` first. What is left to people: comments, the order of everything
else, where lines are broken, and blanks that put things under each other.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from rules.spec.diagnostics import Diagnostic, Problems
from rules.spec.layout import NotEditable
from rules.spec.reader import read
from rules.spec.source import Source, Written
from rules.spec.splice import quoted, same
from rules.spec.tokens import STEP, Level, Token, comments_of, tokens_of

_MENDED = re.compile(r"the (decimal|date|time) (\S.*) is not quoted")
_Edit = tuple[int, int, str]  # from, to, what stands there instead


class NotReadable(NotEditable):
    """A file that the reader refuses, so that nobody can say what its layout means."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        first = diagnostics[0]
        super().__init__(f"{first.file}:{first.line}:{first.column}: {first.message}", first.hint)
        self.diagnostics = diagnostics


def formatted(file: str, content: bytes) -> bytes:
    """The same file laid out as it should be. Doing it again changes nothing.

    Args:
        file: its name, for messages.
        content: its bytes.

    Raises:
        NotReadable: the reader refuses it, for more than missing quotes around a decimal, a date or a time.
        NotEditable: it uses a layout that is not known here; it stays as it is.
    """
    quoted_text = _with_quotes(file, content)
    before = _read(file, quoted_text)
    text = _in_shape(_schema_first(quoted_text, before.tree))
    if text == quoted_text:
        return text.encode("utf-8")
    after = _read(file, text)
    if not _says_the_same(before.tree, after.tree) or sorted(comments_of(text)) != sorted(comments_of(quoted_text)):
        raise NotEditable(f"{file} is laid out in a way that cannot be moved safely", "lay it out by hand")
    return text.encode("utf-8")


@functools.lru_cache(maxsize=4)
def _read(file: str, text: str) -> Source:
    problems = Problems()
    source = read(file, text.encode("utf-8"), problems)
    if source is None or problems.found():
        raise NotReadable(problems.found())
    return source


def _says_the_same(a: Any, b: Any) -> bool:
    if isinstance(a, Written) and isinstance(b, Written) and "schema" in a and "schema" in b:
        a, b = ({"schema": x["schema"], **{k: v for k, v in x.items() if k != "schema"}} for x in (a, b))
    return same(a, b)


# ---------------------------------------------------------------------------------------------------------- quotes
def _with_quotes(file: str, content: bytes) -> str:
    """The text with lines ended alike, and quotes around what must have them."""
    try:
        text = content.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        _read(file, text)
        found: tuple[Diagnostic, ...] = ()
    except UnicodeDecodeError:
        problems = Problems()
        read(file, content, problems)
        raise NotReadable(problems.found()) from None
    except NotReadable as refusal:
        found = refusal.diagnostics
    if any(not _MENDED.fullmatch(d.message) for d in found):
        raise NotReadable(found)
    starts = _starts(text)
    edits: list[_Edit] = []
    for d in found:
        match = _MENDED.fullmatch(d.message)
        assert match is not None
        start = starts[d.line - 1] + d.column - 1
        edits.append((start, start + len(match[2]), f'"{match[2]}"'))
    text = _apply(text, edits)
    edits = []
    for token in tokens_of(text):
        raw = text[token.start : token.end]
        if token.style == "'" and "\n" not in raw:
            put = quoted(token.value)
            if put[0] == '"':
                edits.append((token.start, token.end, put))
    return _apply(text, edits)


# ----------------------------------------------------------------------------------------------------------- shape
def _schema_first(text: str, tree: Any) -> str:
    """The text with the line `schema: …` before all other keys."""
    if not isinstance(tree, Written) or "schema" not in tree or next(iter(tree)) == "schema":
        return text
    first, place = tree.key_places[next(iter(tree))], tree.key_places["schema"]
    lines = text.split("\n")
    if tree.value_places["schema"].line != place.line or place.column != first.column or "{" in lines[first.line - 1]:
        return text
    line = lines.pop(place.line - 1)
    lines.insert(first.line - 1, line)
    return "\n".join(lines)


def _in_shape(text: str) -> str:
    """The text with every line where it should stand and blanks as they should be."""
    tokens = tokens_of(text)
    edits = list(_gaps(text, tokens))
    lines = text.split("\n")
    starts = _starts(text)
    inner, blocks = _inner_lines(text, tokens, starts)
    columns = _Columns(lines, starts, edits)
    new = _indents(lines, tokens, inner, blocks, columns)
    edits += _moved(lines, starts, new, blocks)
    edits += _line_ends(lines, starts, tokens, inner, columns)
    edits += _empty_lines(lines, starts, inner)
    ends_open = tokens and tokens[-1].style in ("|", ">") and "+" in text[tokens[-1].start :].partition("\n")[0]
    done = _apply(text, edits)
    return done if ends_open and done.endswith("\n") else done.rstrip("\n") + "\n"


def _gaps(text: str, tokens: tuple[Token, ...]) -> Iterator[_Edit]:
    """Blanks between neighbours in one line."""
    for a, b in itertools.pairwise(tokens):
        between = text[a.end : b.start]
        if between.strip(" ") or a.style in ("|", ">"):
            continue
        wanted = _gap(a, b, len(between))
        if wanted != len(between):
            yield a.end, b.start, " " * wanted


def _gap(a: Token, b: Token, present: int) -> int:
    if b.kind in (",", ":") or a.kind == "[" or b.kind == "]":
        return 0
    if a.kind == "{" or b.kind == "}":
        return 0 if (a.kind, b.kind) == ("{", "}") else 1
    if a.kind == "-":
        return 1
    return max(1, present)


def _inner_lines(text: str, tokens: tuple[Token, ...], starts: list[int]) -> tuple[set[int], dict[int, Token]]:
    """Lines that begin inside a scalar; and of those in block texts, which one."""
    inner: set[int] = set()
    blocks: dict[int, Token] = {}
    for token in tokens:
        if token.kind == "scalar" and (count := text.count("\n", token.start, token.end)):
            lines = range(token.line + 1, token.line + 1 + count)
            inner |= set(lines)
            if token.style in ("|", ">"):
                blocks |= dict.fromkeys(lines, token)
    return inner, blocks


class _Columns:
    """Where things come to stand when blanks inside their line have changed."""

    def __init__(self, lines: list[str], starts: list[int], edits: list[_Edit]) -> None:
        self.starts = starts
        self.by_line: dict[int, list[_Edit]] = {}
        line = 0
        for edit in edits:
            while line + 1 < len(starts) and starts[line + 1] <= edit[0]:
                line += 1
            self.by_line.setdefault(line, []).append(edit)

    def grown(self, line: int, column: int) -> int:
        """By how much what stands in a column moves to the right for changes before it in its line."""
        at = self.starts[line] + column
        return sum(len(put) - (end - start) for start, end, put in self.by_line.get(line, ()) if end <= at)


def _indents(
    lines: list[str], tokens: tuple[Token, ...], inner: set[int], blocks: dict[int, Token], columns: _Columns
) -> list[int]:
    """The new indentation of every line."""
    old = [len(line) - len(line.lstrip(" ")) for line in lines]
    new: list[int | None] = [None] * len(lines)
    first: dict[int, Token] = {}
    for token in tokens:
        first.setdefault(token.line, token)
    opened: Token | None = None  # the outermost { or [ that lines go on in
    shift = 0
    for n, token in enumerate(tokens):
        line = token.line
        if first[line] is token and line not in inner and token.flow == 0 and token.kind not in ("}", "]"):
            level = token.level
            new[line] = 0 if level is None else level.new + (0 if token.leads else STEP)
        if token.flow == 0 and token.kind in ("{", "["):
            opened = token
            lead = tokens[n + 1] if n + 1 < len(tokens) and tokens[n + 1].line == line else token
            here = new[line]
            base = 0 if here is None else here - old[line]
            shift = base + columns.grown(line, lead.column)
        if token.kind in ("}", "]") and token.flow == 0 and opened is not None:
            for more in range(opened.line + 1, line + 1):
                if more not in inner or more not in blocks:
                    new[more] = _not_left_of(old[more] + shift, opened.level)
        if token.kind == "scalar" and token.style not in ("|", ">") and token.flow == 0:
            here = new[line]
            moved = (0 if here is None else here - old[line]) + columns.grown(line, token.column)
            more = line + 1
            while more in inner and (more not in first or first[more].start > token.end) and more not in blocks:
                new[more] = _not_left_of(old[more] + moved, token.level)
                if columns.starts[more] + len(lines[more]) >= token.end:
                    break
                more += 1
    _comment_lines(lines, old, new, first, inner)
    return [have if want is None else want for have, want in zip(old, new, strict=True)]


def _not_left_of(column: int, level: Level | None) -> int:
    """A column for what goes on in a later line: to the right of the block it belongs to."""
    return max(column, 0 if level is None else level.new + 1)


def _comment_lines(
    lines: list[str], old: list[int], new: list[int | None], first: dict[int, Token], inner: set[int]
) -> None:
    """Comments that have a line of their own go with what they stand above, beside or under."""
    beside: tuple[int, int] | None = None  # column of the comment in the line before, and how far it moves
    around: list[tuple[int, int]] = []  # columns of the blocks that are open, as they are and as they should be
    for n, line in enumerate(lines):
        token = first.get(n)
        if not line.strip():
            beside = None
            continue
        if token is not None or n in inner:
            if token is not None and token.flow == 0 and token.level is not None:
                around = [pair for pair in around if pair[0] < token.level.old]
                around.append((token.level.old, token.level.new))
            moved = (new[n] if new[n] is not None else old[n]) or 0
            at = _comment_column(line)
            beside = None if at is None else (at, moved - old[n])
            continue
        if new[n] is not None:
            continue
        if beside is not None and beside[0] == old[n]:
            new[n] = old[n] + beside[1]
            continue
        beside = None
        after = next((first[m] for m in range(n + 1, len(lines)) if m in first and m not in inner), None)
        choice = list(around)
        if after is not None and after.flow == 0 and after.level is not None:
            choice.append((after.level.old, after.level.new))
        if not choice:
            new[n] = 0
            continue
        deep_enough = [pair for pair in choice if pair[0] >= old[n]]
        new[n] = min(deep_enough)[1] if deep_enough else max(choice)[1]


def _comment_column(line: str) -> int | None:
    """Where a comment at the end of a line seems to begin: only used to see what stands under it."""
    found = [m.start() + len(m[0]) - 1 for m in re.finditer(r"(^|\s)#", line)]
    return found[-1] if found else None


def _moved(lines: list[str], starts: list[int], new: list[int], blocks: dict[int, Token]) -> Iterator[_Edit]:
    """The edits that bring every line to its indentation."""
    shifts: dict[int, int] = {}
    for n, line in enumerate(lines):
        old = len(line) - len(line.lstrip(" "))
        token = blocks.get(n)
        if token is None:
            if line.strip() and old != new[n]:
                yield starts[n], starts[n] + old, " " * new[n]
            continue
        level = token.level
        if token.start not in shifts:
            counted = re.match(r"[|>][+-]?[0-9]", lines[token.line][token.column :])
            to = 0 if level is None else level.new
            was = 0 if level is None else level.old
            shifts[token.start] = to - was if counted or not line.strip() else to + STEP - old
            if not counted and not line.strip():  # empty lines come first: take the first one with words
                words = next((m for m in range(n, len(lines)) if lines[m].strip()), n)
                shifts[token.start] = to + STEP - (len(lines[words]) - len(lines[words].lstrip(" ")))
        shift = shifts[token.start]
        if line and (line.strip() or old > max(0, -shift)):
            yield starts[n], starts[n] + old, " " * max(0, old + shift)


def _line_ends(
    lines: list[str], starts: list[int], tokens: tuple[Token, ...], inner: set[int], columns: _Columns
) -> Iterator[_Edit]:
    """Blanks before comments, which keep their column where there is room, and none at the end of lines."""
    last: dict[int, int] = {}
    for token in tokens:
        line = token.line
        while line + 1 < len(starts) and starts[line + 1] <= token.end - 1:
            last[line] = -1  # it goes on in the next line
            line += 1
        last[line] = -1 if token.style in ("|", ">") else token.end
    for n, written in enumerate(lines):
        end = starts[n] + len(written)
        words = starts[n] + len(written.rstrip())
        if last.get(n) == -1 or (n in inner and n not in last):
            continue
        if n in last and words > last[n]:  # a comment
            at = last[n]
            hash_at = starts[n] + written.index("#", at - starts[n])
            grown = columns.grown(n, at - starts[n])
            gap = max(1, hash_at - at - grown)
            if hash_at - at != gap:
                yield at, hash_at, " " * gap
        if words < end:
            yield (words, end, "") if written.strip() else (starts[n], end, "")


def _empty_lines(lines: list[str], starts: list[int], inner: set[int]) -> Iterator[_Edit]:
    """No empty line at the beginning, and no second one after another."""
    before = True  # as if one had gone before the first
    for n, line in enumerate(lines[:-1]):
        empty = not line.strip() and n not in inner
        if empty and before:
            yield starts[n], starts[n + 1], ""
        before = empty


# ----------------------------------------------------------------------------------------------------------- edits
def _starts(text: str) -> list[int]:
    """Where each line begins."""
    return [0, *(m.end() for m in re.finditer("\n", text))]


def _apply(text: str, edits: Iterable[_Edit]) -> str:
    """The text with edits made, the later in the text first; of two that meet the one that takes more."""
    done = len(text) + 1
    for start, end, put in sorted(edits, key=lambda e: (e[0], e[1]), reverse=True):
        if end > done:
            continue
        text = text[:start] + put + text[end:]
        done = start
    return text
