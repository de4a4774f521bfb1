"""Kept trees: a file that was read without a word, written so that it need not be parsed again.

A tree as plain lists, with the place of everything in it; it goes through the models and the checks as if it had
been parsed. What a file says decides which tree belongs to it, so a kept tree is never out of date. A document is kept
beside it with its model, for as long as neither the models nor the libraries change; it goes through the checks alone.
"""

from __future__ import annotations

import functools
import hashlib
import io
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pydantic

from rules.spec.diagnostics import Place
from rules.spec.node import Node
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

    def find_document(self, name: bytes) -> bytes | None:
        """What was kept under a name; nothing if there is nothing."""
        ...

    def keep_document(self, name: bytes, document: bytes) -> None:
        """Keep a document under a name."""
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


def named(file: str, content: bytes, kinds: Mapping[str, type[Any]]) -> bytes:
    """The name of a document: what its file says and is called, and all that decides which model comes of it."""
    return hashlib.sha256(_models(tuple(kinds.items())) + file.encode() + b"\0" + content).digest()


@functools.lru_cache(maxsize=8)
def _models(kinds: tuple[tuple[str, type[Any]], ...]) -> bytes:
    """A hash of the code of all models, of the kinds of phases, and of the versions of what they are made with."""
    here = Path(__file__).parent
    files = {*here.rglob("*.py"), *(Path(str(sys.modules[kind.__module__].__file__)) for _, kind in kinds)}
    code = [sys.version.encode(), pydantic.VERSION.encode(), repr(kinds).encode()]
    code.extend(file.read_bytes() for file in sorted(files))
    return hashlib.sha256(b"\0".join(code)).digest()


def packed_document(schema: str, model: Node, tree: Any) -> bytes:
    """A document with its model."""
    return pickle.dumps((schema, model, tree), pickle.HIGHEST_PROTOCOL)


def unpacked_document(kept: bytes, kinds: Mapping[str, type[Any]]) -> tuple[str, Node, Any]:
    """Schema, model and tree of the document that was kept. Nothing but models and trees is made of it.

    Raises:
        ValueError: it was not kept by `packed_document`.
    """
    try:
        schema, model, tree = _Documents(kept, frozenset(kind.__module__ for kind in kinds.values())).load()
    except Exception as error:  # unpickling what lies in a cache may raise anything
        raise ValueError("no document was kept here") from error
    if isinstance(model, Node) and isinstance(schema, str):
        return schema, model, tree
    raise ValueError("no document was kept here")


class _Documents(pickle.Unpickler):
    """Makes models, the pieces of trees, and nothing else."""

    def __init__(self, kept: bytes, modules: frozenset[str]) -> None:
        super().__init__(io.BytesIO(kept))
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith(f"{__package__}.") or module in self._modules:
            found = getattr(sys.modules.get(module), name, None)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a document")
