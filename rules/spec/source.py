"""Source: one file as it was written, with the place of every key and value.

What the reader builds are plain values in two containers that remember places: `Written` (a mapping) and
`Items` (a list). They travel through the models unchanged, also from a task into its mode when arguments
are put in, so a diagnostic about a bound mode still points at the file where the word was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rules.spec.diagnostics import Place

Path = tuple[str | int, ...]


class Written(dict[str, Any]):
    """A mapping as written: where it begins, where each key and each value stands."""

    __slots__ = ("doubles", "excused", "key_places", "place", "value_places")

    def __init__(self, place: Place, pairs: Iterable[tuple[str, Any, Place, Place]] = ()) -> None:
        super().__init__()
        self.place = place
        self.key_places: dict[str, Place] = {}
        self.value_places: dict[str, Place] = {}
        self.excused: set[str] = set()  # required keys that another diagnostic here already speaks of
        self.doubles: list[tuple[str, Any, Place, Place]] = []  # keys written a second time
        for key, value, key_place, value_place in pairs:
            self.put(key, value, key_place, value_place)

    def put(self, key: str, value: Any, key_place: Place, value_place: Place) -> None:
        self[key] = value
        self.key_places[key] = key_place
        self.value_places[key] = value_place

    def rename(self, old: str, new: str) -> None:
        """Treat a misspelt key as the one that was meant; it keeps its place and its order."""
        pairs = [(k, v, self.key_places[k], self.value_places[k]) for k, v in self.items()]
        self.clear()
        self.key_places, self.value_places = {}, {}
        for k, v, kp, vp in pairs:
            self.put(new if k == old else k, v, kp, vp)

    def drop(self, key: str) -> None:
        del self[key], self.key_places[key], self.value_places[key]

    def copy(self) -> Written:
        new = Written(self.place, ((k, v, self.key_places[k], self.value_places[k]) for k, v in self.items()))
        new.excused = set(self.excused)
        new.doubles = list(self.doubles)
        return new


class Items(tuple[Any, ...]):
    """A list as written: where it begins and where each item stands."""

    place: Place
    places: tuple[Place, ...]
    refused: bool = False  # an item was left out, and it was said why

    @classmethod
    def of(cls, place: Place, items: Iterable[Any], places: Iterable[Place]) -> Items:
        new = cls(items)
        new.place, new.places = place, tuple(places)
        return new

    def without(self, gone: set[int]) -> Items:
        """The same list without some of its items."""
        kept = [i for i in range(len(self)) if i not in gone]
        return Items.of(self.place, (self[i] for i in kept), (self.places[i] for i in kept))


@dataclass(slots=True)
class Source:
    """One document and where everything in it stands."""

    file: str  # as given to `load`, such as "modes/contest.yaml"
    tree: Any  # Written | Items | str | int | bool: what was written, misspelt keys put right
    lines: list[str] = field(default_factory=list, repr=False)
    doubled: list[Written] = field(default_factory=list, repr=False)  # mappings with a key written twice

    def value_place(self, path: Path) -> Place:
        """Where the value at a path begins; of the nearest thing around it if there is none."""
        return self._walk(path)[1]

    def key_place(self, path: Path) -> Place:
        """Where the last key of a path stands (of a list item: the item)."""
        return self._walk(path)[0]

    def at(self, path: Path) -> Any:
        """What is written at a path, or None."""
        node = self.tree
        for step in path:
            if (isinstance(node, Written) and step in node) or (isinstance(node, Items) and _inside(node, step)):
                node = node[step]  # type: ignore[index]
            else:
                return None
        return node

    def _walk(self, path: Path) -> tuple[Place, Place]:
        node = self.tree
        key_place = value_place = place_of(node, Place(self.file, 1, 1))
        for step in path:
            if isinstance(node, Written) and isinstance(step, str) and step in node:
                key_place, value_place, node = node.key_places[step], node.value_places[step], node[step]
            elif isinstance(node, Items) and isinstance(step, int) and _inside(node, step):
                key_place = value_place = node.places[step]
                node = node[step]
            else:
                key_place = value_place
                break
        return key_place, value_place


def _inside(items: Items, step: str | int) -> bool:
    return isinstance(step, int) and 0 <= step < len(items)


def place_of(node: Any, otherwise: Place) -> Place:
    """Where a mapping or a list begins."""
    return node.place if isinstance(node, Written | Items) else otherwise


def as_written(value: Any, file: str = "-") -> Any:
    """Plain Python values as if they had been read from a file; for tests and for values from elsewhere."""
    nowhere = Place(file, 1, 1)
    if isinstance(value, dict):
        return Written(nowhere, ((k, as_written(v, file), nowhere, nowhere) for k, v in value.items()))
    if isinstance(value, list | tuple):
        return Items.of(nowhere, (as_written(v, file) for v in value), (nowhere for _ in value))
    return value


def plain(node: Any) -> Any:
    """The tree as ordinary dicts and lists."""
    if isinstance(node, dict):
        return {k: plain(v) for k, v in node.items()}
    if isinstance(node, tuple | list):
        return [plain(v) for v in node]
    return node


def walk(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every node of a tree with its path, outermost first."""
    yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, (*path, key))
    elif isinstance(node, tuple):
        for n, value in enumerate(node):
            yield from walk(value, (*path, n))
