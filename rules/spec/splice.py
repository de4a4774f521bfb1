"""Splice: one value of a file is changed, and nothing else of its text.

Comments, alignment, quoting, line endings and the last line stay as they were. The new text is read again and
must say exactly what the old one said but for that value; otherwise the edit is refused.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from rules.spec.diagnostics import Problems
from rules.spec.layout import Layout, NotEditable, Spot, layout
from rules.spec.node import shown
from rules.spec.paths import written
from rules.spec.reader import read
from rules.spec.scalars import BIG
from rules.spec.source import Items, Path, Written

Scalar = str | int | bool

_PLAIN = re.compile(r"[\w$]([^:\n]|:(?=\w))*")  # begins with a letter or digit, each colon is followed by one
_BODY = re.compile(r"([|>])([0-9]?[+-]?|[+-][0-9])(?P<rest>[ \t]*(#[^\r\n]*)?)(\r\n|\n|\r|$)")


def splice(content: bytes, path: Path, value: Scalar, *, file: str = "-") -> bytes:
    """The file with one value changed.

    Args:
        content: the file as it is.
        path: the keys and list places that lead to the value; `rules.spec.paths.find` reads them from text.
        value: the new one. A text is written with quotes where it had them or needs them; numbers and truths plain.
        file: what the file is called, for messages.

    Raises:
        NotEditable: the file cannot be read, the path does not lead to a plain value, or the value cannot stand there.
    """
    return change(content, {path: value}, file=file)


def change(
    content: bytes,
    values: Mapping[Path, Scalar],
    *,
    keys: Mapping[Path, str] | None = None,
    file: str = "-",
) -> bytes:
    """The file with some values and names of keys changed at once, all or nothing.

    Args:
        content: the file as it is.
        values: path → new value.
        keys: path (of a value, with the key's old name) → new name of its key.
        file: what the file is called, for messages.

    Raises:
        NotEditable: as of `splice`; of keys: the new name is there already, or is no plain word.
    """
    old = layout(file, content)
    new_keys = dict(keys or {})
    edits = [replacement(old, path, value) for path, value in values.items()]
    edits += [(_key_spot(old, path, name), name) for path, name in new_keys.items()]
    text = old.text
    for spot, put in sorted(edits, key=lambda e: e[0].start, reverse=True):
        text = text[: spot.start] + put + text[spot.end :]
    result = text.encode("utf-8")
    problems = Problems()
    source = read(file, result, problems)
    if source is None or problems.found() or not same(source.tree, _changed(old.source.tree, values, new_keys)):
        first = next(iter(values), None) or next(iter(new_keys))
        raise NotEditable(
            f"{written(old.source.tree, first)} cannot be changed so without changing what is around it",
            "edit the file by hand",
        )
    return result


def replacement(old: Layout, path: Path, value: Scalar) -> tuple[Spot, str]:
    """Which characters of a file an edit replaces, and by what.

    Raises:
        NotEditable: the path does not lead to a plain value, or the value cannot stand there.
    """
    spot = _value_spot(old, path)
    return spot, _written_value(old, spot, path, value)


def same(a: Any, b: Any) -> bool:
    """Whether two trees say the same: the same keys in the same order, the same values of the same types."""
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple | list):
        return isinstance(b, tuple | list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and bool(a == b)


def quoted(text: str) -> str:
    """A text in quotes: double ones, unless it holds such and single ones can hold it."""
    if ('"' in text or "\\" in text) and _fits_single(text):
        return _single(text)
    return _double(text)


# ------------------------------------------------------------------------------------------------ what is written
def _written_value(old: Layout, spot: Spot, path: Path, value: Scalar) -> str:
    _refuse_odd(value, written(old.source.tree, path))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if spot.style in ("|", ">"):
        return _block(old, spot, old.source.at(path), value) or quoted(value)
    if spot.style == '"':
        return _double(value)
    if spot.style == "'":
        before = old.source.at(path)
        needless = '"' not in before and "\\" not in before  # then single quotes are how this file is written
        return _single(value) if needless and _fits_single(value) else quoted(value)
    return value if stands_plain(value, flow=spot.flow) else quoted(value)


def _refuse_odd(value: Any, where: str) -> None:
    if isinstance(value, dict | list | tuple):
        raise NotEditable(f"{where} takes one plain value", f"{shown(value)} would change the structure of the file")
    if not isinstance(value, str | int):
        hint = 'whole numbers, or decimals as texts such as "0.70"'
        raise NotEditable(f"{value!r} is not a value of this language", hint)
    if isinstance(value, int) and abs(value) > BIG:
        raise NotEditable(f"{value} is too large", "whole numbers go up to 2^53")
    if isinstance(value, str):
        odd = re.search(
            r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]", value
        )
        if odd is not None:
            raise NotEditable(f"the character U+{ord(odd[0]):04X} may not stand in a text", "leave it out")


@functools.lru_cache(maxsize=1024)
def stands_plain(text: str, *, flow: bool) -> bool:
    """Whether a text may stand without quotes and be read as that very text."""
    if not _PLAIN.fullmatch(text) or text != text.strip():
        return False
    wanted: list[Any]
    if flow:
        around, wanted = (
            f"- [{text}, x ,{text}]\n- {{a: {text}}}\n- {{ a: {text} }}",
            [[text, "x", text], *[{"a": text}] * 2],
        )
    else:
        around, wanted = f"- a: {text}\n- {text}\n- a: {text}  # c", [{"a": text}, text, {"a": text}]
    problems = Problems()
    source = read("-", around.encode("utf-8"), problems)
    return source is not None and not problems.found() and same(source.tree, wanted)


def _double(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{plain}"'


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fits_single(text: str) -> bool:
    return "\n" not in text and "\t" not in text


def _block(old: Layout, spot: Spot, before: str, text: str) -> str | None:
    """A block text (`|` or `>`) with other words in it; None if they cannot be written so."""
    header = _BODY.match(old.text, spot.start)
    body = text.rstrip("\n")
    lines = body.split("\n")
    if header is None or not body or any(line[:1] in (" ", "\t") or line != line.rstrip() for line in lines):
        return None
    endings = len(text) - len(body)
    kept = "+" in header[2]
    if endings > 1 and not kept:
        return None
    chomp = "-" if endings == 0 else "+" if endings > 1 else ""
    if header[1] == ">":
        lines = _unfolded(lines)
    lines += [""] * (endings - 1)
    indent = " " * _body_indent(old.text[header.end() : spot.end], before, old, spot)
    return old.newline.join([header[1] + chomp + header["rest"], *(indent + line if line else "" for line in lines)])


def _unfolded(lines: list[str]) -> list[str]:
    """Lines such that folding gives these again: a break is written as a blank line."""
    out: list[str] = []
    for n, line in enumerate(lines):
        out += [line] if n == 0 or not line or not lines[n - 1] else ["", line]
        if not line and n > 0 and lines[n - 1]:
            out.append("")
    return out


def _body_indent(body: str, before: str, old: Layout, spot: Spot) -> int:
    """How far the lines of a block text are indented."""
    raw = next((line for line in body.splitlines() if line.strip()), None)
    was = next((line for line in before.splitlines() if line.strip()), "")
    if raw is not None:
        return len(raw) - len(raw.lstrip(" ")) - (len(was) - len(was.lstrip(" ")))
    line = old.text[old.text.rfind("\n", 0, spot.start) + 1 : spot.start]
    return len(line) - len(line.lstrip(" ")) + 2


# ------------------------------------------------------------------------------------------------ what is meant
def _value_spot(old: Layout, path: Path) -> Spot:
    spot = old.values.get(path)
    if spot is not None:
        return spot
    node = old.source.at(path) if path else old.source.tree
    where = written(old.source.tree, path) if node is not None or not path else ".".join(map(str, path))
    if isinstance(node, Written):
        first = written(old.source.tree, (*path, next(iter(node), "")))
        raise NotEditable(f"{where or 'the document'} is a mapping", f"name one value in it, such as {first}")
    if isinstance(node, Items):
        raise NotEditable(f"{where or 'the document'} is a list", f"name one item of it, such as {where}[0]")
    raise NotEditable(f"there is no value at {where}", "an edit changes a value that is there")


def _key_spot(old: Layout, path: Path, name: str) -> Spot:
    spot = old.keys.get(path)
    if spot is None:
        raise NotEditable(f"there is no key at {'.'.join(map(str, path))}", "")
    around = old.source.at(path[:-1]) if len(path) > 1 else old.source.tree
    if name in around:
        raise NotEditable(f"'{name}' is already beside '{path[-1]}'", "keep one")
    if not stands_plain(name, flow=True):
        raise NotEditable(f"{shown(name)} is not a word for a key", "small letters, digits and _")
    return spot


def _changed(node: Any, values: Mapping[Path, Scalar], keys: Mapping[Path, str], path: Path = ()) -> Any:
    """The tree that the edited text must say."""
    if path in values:
        return values[path]
    if isinstance(node, Written):
        return {keys.get((*path, key), key): _changed(value, values, keys, (*path, key)) for key, value in node.items()}
    if isinstance(node, Items):
        return [_changed(value, values, keys, (*path, n)) for n, value in enumerate(node)]
    return node
