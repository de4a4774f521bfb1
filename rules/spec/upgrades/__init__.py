"""Upgrades: one module for each version of the language that is read no more: `v0` takes a document from v0 to v1.

A module has `upgrade(draft)`: it says which keys are called otherwise and which values are written otherwise, and
notes what only a person can decide. The text is spliced, so comments and layout stay. Modules are found by name.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from rules.spec.diagnostics import nearest
from rules.spec.documents import DOCUMENTS
from rules.spec.layout import NotEditable, layout
from rules.spec.paths import written
from rules.spec.source import Path, Written, walk
from rules.spec.splice import Scalar, change

CURRENT = 1
"""The version of the language that is read: `tiers/v1`."""

_SCHEMA = re.compile(r"([a-z]+)/v(0|[1-9][0-9]{0,3})")


@dataclass(slots=True)
class Draft:
    """A document on its way to the next version.

    Args:
        kind: of the document, such as `tiers`.
        tree: what it says, not to be changed.
        values: path → new value.
        keys: path of a value → new name of its key.
        notes: what a person must decide, each with the path it is about.
    """

    kind: str
    tree: Any
    values: dict[Path, Scalar] = field(default_factory=dict)
    keys: dict[Path, str] = field(default_factory=dict)
    notes: list[tuple[Path, str]] = field(default_factory=list)

    def everywhere(self, key: str) -> list[Path]:
        """The path of every value under a key of this name, at any depth."""
        return [path for path, _ in walk(self.tree) if path and path[-1] == key]

    def at(self, path: Path) -> Any:
        """What stands at a path."""
        node = self.tree
        for step in path:
            node = node[step]
        return node

    def rename(self, path: Path, key: str) -> None:
        """Call the key at a path otherwise, unless the new name is there already."""
        if key in self.at(path[:-1]):
            self.notes.append((path, f"'{path[-1]}' is called '{key}' now, and both are there: keep one"))
        else:
            self.keys[path] = key


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A file in the present version of the language.

    Args:
        content: as it should be.
        version: in which it was written.
        changes: what was changed, in words.
        notes: what only a person can decide, with the place in the new text.
    """

    content: bytes
    version: int
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def upgraded(file: str, content: bytes) -> Upgraded:
    """A file in the present version of the language; comments and layout kept.

    Args:
        file: its name, for messages.
        content: its bytes.

    Raises:
        NotEditable: it cannot be read, does not say what it is, is newer than this Trellis, or too old.
    """
    first: int | None = None
    changes: list[str] = []
    while True:
        tree = layout(file, content).source.tree
        kind, version = version_of(file, tree)
        first = version if first is None else first
        if version == CURRENT:
            return Upgraded(content, first, tuple(changes), tuple(_by_hand(file, content, first)))
        upgrade = upgrades().get(version)
        if upgrade is None:
            raise NotEditable(f"{file} is {kind}/v{version}, which nothing here upgrades", f"known: {known_versions()}")
        draft = Draft(kind, tree)
        upgrade(draft)
        draft.values[("schema",)] = f"{kind}/v{version + 1}"
        changes += [f"{written(tree, path)} is called {new}" for path, new in draft.keys.items()]
        changes += [f"{written(tree, path)} is {new}, was {draft.at(path)}" for path, new in draft.values.items()]
        content = change(content, draft.values, keys=draft.keys, file=file)


def bring_up(tree: Written, kind: str, version: int) -> None:
    """Read a document of an older version as one of the present: its tree is changed, the file is not."""
    for step in range(version, CURRENT):
        draft = Draft(kind, tree)
        upgrades()[step](draft)
        for path, value in draft.values.items():
            draft.at(path[:-1])[path[-1]] = value
        for path, key in draft.keys.items():
            draft.at(path[:-1]).rename(path[-1], key)


def _by_hand(file: str, content: bytes, first: int) -> list[str]:
    """What the upgrades since a version leave to people, as it stands in the new text."""
    source = layout(file, content).source
    kind = str(source.tree["schema"]).partition("/")[0]
    found = []
    for version in range(first, CURRENT):
        draft = Draft(kind, source.tree)
        upgrades()[version](draft)
        for path, note in draft.notes:
            found.append(f"{file}:{source.value_place(path).line}: {note}")
    return found


def version_of(file: str, tree: Any) -> tuple[str, int]:
    """The kind of a document and the version of the language in which it is written.

    Raises:
        NotEditable: it says none, or one that is newer than this Trellis.
    """
    said = tree.get("schema") if isinstance(tree, dict) else None
    match = _SCHEMA.fullmatch(said) if isinstance(said, str) else None
    if match is None:
        raise NotEditable(f"{file} does not say which kind of document it is", "begin with schema: such as tiers/v1")
    kind, version = match[1], int(match[2])
    kinds = sorted({name.partition("/")[0] for name in DOCUMENTS})
    if version > CURRENT:
        raise NotEditable(
            f"{file} is {said}, newer than this Trellis reads (v{CURRENT})",
            f"install the Trellis it was written for, or write {kind}/v{CURRENT} if that is what it is",
        )
    if kind not in kinds:
        near = nearest(kind, kinds)
        raise NotEditable(f"{file} is {said}, which is no kind of document", f"did you mean '{near}'?" if near else "")
    return kind, version


def upgrades() -> Mapping[int, Callable[[Draft], None]]:
    """Every upgrade there is: the version it starts from → what it does."""
    found: dict[int, Callable[[Draft], None]] = {}
    for module in pkgutil.iter_modules(__path__):
        if match := re.fullmatch(r"v([0-9]+)", module.name):
            found[int(match[1])] = importlib.import_module(f"{__name__}.{module.name}").upgrade
    return MappingProxyType(dict(sorted(found.items())))


def known_versions() -> str:
    """The versions that can be brought to the present one."""
    return ", ".join(f"v{version}" for version in upgrades())
