"""A workbench for misspelt keys: what a community says when one key of one file is edited.

Reading a whole community for every edit would take days. The workbench keeps everything that an edit leaves as it
was: the other documents, the other items of a list, and, when reading puts a misspelt key right so that the document
says the same as before, everything that was concluded from it. `Workbench.whole` does it the long way, from bytes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rules.spec import load
from rules.spec.checks import _document
from rules.spec.checks.at import At
from rules.spec.checks.cases import Desk, cases
from rules.spec.checks.index import index
from rules.spec.checks.readings import readings
from rules.spec.checks.tasks import made_up, task
from rules.spec.community import Document
from rules.spec.diagnostics import Diagnostic, Place, Problems
from rules.spec.documents.cases import Cases
from rules.spec.documents.metrics import Metrics, Named
from rules.spec.documents.mode import Mode
from rules.spec.documents.task import Task
from rules.spec.load import _model, _schema
from rules.spec.node import Context
from rules.spec.reader import read
from rules.spec.source import Items, Source, Written, walk
from rules.spec.source import Path as Path_
from workflows.phases import discover

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-"
KINDS = ("tiers", "lifecycle", "rules", "titles")
SPLIT = {
    "cases/v1": ("cases",),
    "metrics/v1": ("facts", "metrics"),
    "rules/v1": ("rules",),
    "community/v1": ("roles", "lists", "attributes", "titles", "goals", "messages", "channels", "spaces"),
}
NEARBY = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl",
    "p": "ol", "a": "qsz", "s": "adw", "d": "sfe", "f": "dgr", "g": "fht", "h": "gjy", "j": "hku", "k": "jli",
    "l": "kop", "z": "xa", "x": "zcs", "c": "xvd", "v": "cbf", "b": "vng", "n": "bmh", "m": "nj", "_": "-",
    "-": "_", "0": "19", "1": "20", "2": "31", "3": "42", "4": "53", "5": "64", "6": "75", "7": "86", "8": "97",
    "9": "80", ".": "_,",
}  # fmt: skip


def edits(key: str, letters: str | None = None) -> list[str]:
    """Every word one edit away from a key: a letter left out, doubled, put in, replaced, or two swapped.

    `letters` are put in and put in place of others; without it those near by on the keyboard.
    """
    found: dict[str, None] = {}
    for n, c in enumerate(key):
        found[key[:n] + key[n + 1 :]] = None
        found[key[: n + 1] + key[n:]] = None
        if n:
            found[key[: n - 1] + c + key[n - 1] + key[n + 1 :]] = None
        for other in letters or NEARBY.get(c, "x") + c.upper():
            found[key[:n] + other + key[n + 1 :]] = None
        for other in letters or NEARBY.get(c, "x") + "_":
            found[key[:n] + other + key[n:]] = None
    for other in letters or "s_":
        found[key + other] = None
    found.pop(key, None)
    found.pop("", None)
    return list(found)


@dataclass(frozen=True)
class Spot:
    """One key of one file."""

    file: str
    path: tuple[str | int, ...]  # of the mapping it stands in
    key: str
    place: Place
    siblings: frozenset[str]
    sort: str  # spots of one sort stand in the same mapping of the language, beside the same keys

    def __str__(self) -> str:
        return f"{self.file}:{self.place.line}:{self.place.column} '{self.key}'"


@dataclass
class Workbench:
    """A community that checks clean, to be edited one key at a time."""

    folder: Path
    files: dict[str, bytes] = field(init=False)
    documents: dict[str, Document] = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = discover()
        self.files = {str(p.relative_to(self.folder)): p.read_bytes() for p in sorted(self.folder.rglob("*.yaml"))}
        loaded = load(self.files, self.kinds)
        assert loaded.community is not None, loaded.diagnostics
        self.documents = {d.source.file: d for d in loaded.community.documents}
        self.names = index(self._places(Problems()), loaded.community.document, frozenset())
        self.tasks = [(d, d.model) for d in self.documents.values() if isinstance(d.model, Task)]
        self.modes = {d.model.id: d for d in self.documents.values() if isinstance(d.model, Mode)}
        self.bound = {m.id: self._bound(d, m, Problems()) for d, m in self.tasks}
        self.models = [d.model for d in self.documents.values()]
        self.desk = Desk(self.names, self.models, {k: v for k, v in self.bound.items() if v is not None})
        self.read = {kind: self.desk.read(kind) for kind in KINDS}

    def _places(self, problems: Problems) -> list[tuple[At, Any]]:
        return [(At(problems, d.source), d.model) for d in self.documents.values()]

    def _bound(self, document: Document, model: Task, problems: Problems) -> Mode | None:
        found = self.modes[model.mode]
        return task(At(problems, document.source), model, self.names, At(problems, found.source), self.kinds)

    # ------------------------------------------------------------------------------------------------------- spots
    def spots(self, file: str) -> Iterator[Spot]:
        """Every key of a file."""
        document = self.documents[file]
        for path, node in walk(document.source.tree):
            if isinstance(node, Written):
                outside = _sort(document.source.tree, path)
                for key in node:
                    beside = frozenset(k for k in node if k != key)
                    sort = f"{document.schema} {outside} {sorted(beside)} {key} {_shape(node[key])}"
                    yield Spot(file, path, key, node.key_places[key], beside, sort)

    # -------------------------------------------------------------------------------------------------- the long way
    def edited(self, spot: Spot, new: str) -> bytes:
        """The file with the key written another way."""
        lines = self.files[spot.file].decode().split("\n")
        line, start = lines[spot.place.line - 1], spot.place.column - 1
        start += line[start] in "\"'"
        assert line[start : start + len(spot.key)] == spot.key, spot
        lines[spot.place.line - 1] = line[:start] + new + line[start + len(spot.key) :]
        return "\n".join(lines).encode()

    def whole(self, spot: Spot, new: str) -> tuple[Diagnostic, ...]:
        """What `load` says about the whole community with one key written another way."""
        return load({**self.files, spot.file: self.edited(spot, new)}, self.kinds).diagnostics

    # ------------------------------------------------------------------------------------------------- the short way
    def short(self, spot: Spot, new: str) -> tuple[Diagnostic, ...]:
        """The same without reading again what the edit leaves as it was."""
        return self.changed(spot.file, spot.path, lambda mapping: _renamed(mapping, spot.key, new))

    def changed(self, file: str, at: Path_, change: Callable[[Any], Any]) -> tuple[Diagnostic, ...]:
        """What is said when one node of a document is changed."""
        original = self.documents[file]
        before, path = _part(original, at)
        tree = _changed(before, path, change)
        problems = Problems()
        context = Context(problems, self.kinds)
        source = Source(file, tree, [])
        schema = _schema(source, context)
        if schema != original.schema:
            return problems.found()
        lost: set[str] = set()
        model = _model(source, schema, context, lost)
        if len(problems) and source.tree == before:
            return problems.found()
        if model is not None:
            self._across(original, source, model, problems, frozenset(lost))
        return problems.found()

    def _across(self, original: Document, source: Source, model: Any, problems: Problems, lost: frozenset[str]) -> None:
        names, at = self.names, At(problems, source)
        if lost:
            names = copy.copy(names)
            names.lost = lost
        if isinstance(model, Cases):
            cases(at, model, self.desk)
            return
        _document(at, model, names)
        if isinstance(model, Task):
            found = self.modes.get(model.mode)
            task(at, model, names, At(problems, found.source) if found is not None else None, self.kinds)
        elif isinstance(model, Mode):
            made_up(at, model, names, self.kinds)
            for document, its in self.tasks:
                if its.mode == model.id:
                    names = copy.copy(names)
                    names.ids = {**names.ids, "mode": {**names.ids["mode"], model.id: model}}
                    task(At(problems, document.source), its, names, at, self.kinds)
        elif not self._reads_the_same(original, model):
            problems.at("TRL371", Place("cases", 1, 1), "cases read something else now")

    def _reads_the_same(self, original: Document, model: Any) -> bool:
        """Whether decisions still read what they read before, so that every case is as right as it was."""
        names = self.names
        models = [original.model]
        if isinstance(model, Metrics):
            if not any(isinstance(m, Named) for m in model.metrics):
                return True
            names = copy.copy(names)
            names.ids = {**names.ids, "metric": {**names.ids["metric"], **{m.id: m for m in model.metrics}}}
            return all(_covers(readings(kind, self.models, names), self.read[kind]) for kind in KINDS)
        part = _only(models[0], model)
        return all(_covers(readings(kind, [model], names), readings(kind, [part], names)) for kind in KINDS)


def _covers(now: dict[str, set[str]], before: dict[str, set[str]]) -> bool:
    return "?" in now or all(name in now and windows <= now[name] for name, windows in before.items())


def _only(original: Any, part: Any) -> Any:
    """The original with only the items of lists that its part has."""
    keep = {}
    for name in type(original).model_fields:
        old, new = getattr(original, name), getattr(part, name)
        if isinstance(old, tuple) and isinstance(new, tuple) and old and hasattr(old[0], "id"):
            ids = {x.id for x in new}
            keep[name] = tuple(x for x in old if x.id in ids)
    return original.model_copy(update=keep)


def _part(document: Document, path: tuple[str | int, ...]) -> tuple[Written, tuple[str | int, ...]]:
    """The piece of a document that can be read by itself around a path, and the path in it."""
    tree: Written = document.source.tree
    lists = SPLIT.get(document.schema, ())
    if len(path) < 2 or path[0] not in lists or not isinstance(path[1], int):
        return tree, path
    small = Written(tree.place)
    for key, value in tree.items():
        if key == path[0]:
            value = Items.of(value.place, [value[path[1]]], [value.places[path[1]]])
        elif key in lists and isinstance(value, Items):
            value = Items.of(value.place, value[:1], value.places[:1])
        small.put(key, value, tree.key_places[key], tree.value_places[key])
    return small, (path[0], 0, *path[2:])


def _copied(node: Any) -> Any:
    if isinstance(node, Written):
        return Written(node.place, ((k, _copied(v), node.key_places[k], node.value_places[k]) for k, v in node.items()))
    if isinstance(node, Items):
        return Items.of(node.place, [_copied(v) for v in node], node.places)
    return node


def _changed(node: Any, path: Path_, change: Callable[[Any], Any]) -> Any:
    """A copy of everything on the way to a node, with that node changed; the rest is shared."""
    if not path:
        return change(_copied(node))
    step = path[0]
    if isinstance(node, Written):
        new = Written.copy(node)
        new[str(step)] = _changed(node[str(step)], path[1:], change)
        return new
    return Items.of(
        node.place, [_changed(v, path[1:], change) if n == step else v for n, v in enumerate(node)], node.places
    )


def _renamed(mapping: Written, key: str, new: str) -> Written:
    mapping.rename(key, new)
    return mapping


def _sort(tree: Any, path: tuple[str | int, ...]) -> str:
    steps = []
    for step in path:
        tree = tree[step]
        steps.append("*" if isinstance(step, int) else step)
        if isinstance(tree, Written) and isinstance(tree.get("kind"), str):
            steps.append(f"<{tree['kind']}>")
    return ".".join(steps)


def _shape(value: Any) -> str:
    if isinstance(value, Written):
        return "{" + ",".join(sorted(value)) + "}"
    return "[]" if isinstance(value, Items) else type(value).__name__


def is_plain(word: str) -> bool:
    """Whether a word stands for itself as a YAML key."""
    problems = Problems()
    source = read("x.yaml", f"{word}: 1\n".encode(), problems)
    return not len(problems) and source is not None and source.tree == {word: 1}
