"""Kept trees: a file that was read without a word, written so that it need not be parsed again.

A tree as plain lists, with the place of everything in it; it goes through the models and the checks as if it had
been parsed. What a file says decides which tree belongs to it, so a kept tree is never out of date.
"""

from __future__ import annotations

from typing import Any, Protocol

from rules.spec.diagnostics import Place
from rules.spec.reader import plain_lines
from rules.spec.source import Items, Source, Written

LISTED = 1


class Trees(Protocol):
    """Where trees are kept between runs of the program."""

    def find(self, content: bytes) -> Any | None:
        """The tree that was kept of a file that says this; nothing if there is none or it cannot be read."""
        ...

    def keep(self, content: bytes, tree: Any) -> None:
        """Keep a file's tree; a failure to do so is no mistake of anybody's."""
        ...


def packed(node: Any) -> Any:
    """A tree as lists, texts, numbers and truths.

    A mapping is `[line, column, key, line, column, value, line, column, …]`, a list `[1, [line, column, item,
    line, column, …]]`: each with its own place first, then key, place, value, place.
    """
    if isinstance(node, Written):
        out: list[Any] = [node.place.line, node.place.column]
        for key, value in node.items():
            at, stands = node.key_places[key], node.value_places[key]
            out += (key, at.line, at.column, packed(value), stands.line, stands.column)
        return out
    if isinstance(node, Items):
        out = [node.place.line, node.place.column]
        for value, stands in zip(node, node.places, strict=True):
            out += (packed(value), stands.line, stands.column)
        return [LISTED, out]
    return node


def unpacked(file: str, content: bytes, kept: Any) -> Source:
    """The document that was kept, as it stands in this file.

    Raises:
        ValueError, TypeError, IndexError: it was not kept by `packed`.
    """
    return Source(file, _node(file, kept), plain_lines(content.decode()).split("\n"))


def _node(file: str, kept: Any) -> Any:
    if not isinstance(kept, list):
        if not isinstance(kept, str | int):
            raise TypeError(f"a {type(kept).__name__} is never written")
        return kept
    if kept[0] == LISTED and isinstance(kept[1], list):
        flat = kept[1]
        items = [_node(file, value) for value in flat[2::3]]
        places = [Place(file, line, column) for line, column in zip(flat[3::3], flat[4::3], strict=True)]
        if len(items) != len(places):
            raise ValueError("an item without a place")
        return Items.of(Place(file, flat[0], flat[1]), items, places)
    whole = Written(Place(file, kept[0], kept[1]))
    for n in range(2, len(kept), 6):
        key, line, column, value, value_line, value_column = kept[n : n + 6]
        whole.put(key, _node(file, value), Place(file, line, column), Place(file, value_line, value_column))
    return whole
