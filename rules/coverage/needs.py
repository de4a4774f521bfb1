"""Needs: what the leaves of a condition must come out as, so that one of them decides how the whole comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Condition,
    ExactlyOne,
    Fixed,
    Held,
    Leaf,
    Named,
    Not,
    Titles,
)
from rules.coverage.spots import Asked, Spot
from rules.spec import conditions as spec
from rules.spec.source import Path


@dataclass(frozen=True, slots=True)
class Need:
    """A leaf that must come out true, or false."""

    leaf: Leaf
    truth: bool


@dataclass(frozen=True, slots=True)
class Title:
    """A stored title that must be held, or must not."""

    names: tuple[str, ...]
    held: bool


Needs = tuple[Need | Title, ...]


def ways(condition: Condition, want: bool) -> Iterator[Needs]:
    """Ways in which a condition comes out so, the plainest first."""
    match condition:
        case Leaf(source=Named(node=node), comparison="is" | "is_not" as word, bounds=(bool() as bound,)):
            yield from ways(node, want == (bound == (word == "is")))
        case Leaf():
            yield (Need(condition, want),)
        case Titles(node=node):
            yield from ways(node, want)
        case Held():
            yield from _held(condition, want)
        case Fixed(truth):
            if truth is want:
                yield ()
        case Not(node):
            yield from ways(node, not want)
        case AllOf(nodes):
            yield from every(nodes, True) if want else _one(nodes, False)
        case AnyOf(nodes):
            yield from _one(nodes, True) if want else every(nodes, False)
        case ExactlyOne(nodes):
            counts = (1,) if want else (0, 2)
            for count in counts:
                yield from _so_many(nodes, count)
        case AtLeastOf(count, nodes):
            yield from _so_many(nodes, count if want else count - 1)


def every(nodes: Sequence[Condition], want: bool) -> Iterator[Needs]:
    """Ways in which all of these come out so."""
    if not nodes:
        yield ()
        return
    for first in ways(nodes[0], want):
        for rest in every(nodes[1:], want):
            yield first + rest


def _one(nodes: Sequence[Condition], want: bool) -> Iterator[Needs]:
    for node in nodes:
        yield from ways(node, want)


def _so_many(nodes: Sequence[Condition], count: int) -> Iterator[Needs]:
    """The first so many hold, the rest fail."""
    if 0 <= count <= len(nodes):
        for held in every(nodes[:count], True):
            for failed in every(nodes[count:], False):
                yield held + failed


def _held(held: Held, want: bool) -> Iterator[Needs]:
    if not want:
        yield from ways(held.held_by, False) if held.held_by is not None else iter([(Title(held.names, False),)])
        return
    given: Iterator[Needs] = (
        ways(held.held_by, True) if held.held_by is not None else iter([(Title(held.names, True),)])
    )
    for needs in given:
        for awake in ways(held.rests_unless, True) if held.rests_unless is not None else [()]:
            yield needs + awake


# -------------------------------------------------------------------------------------------------- towards one spot
@dataclass(frozen=True, slots=True)
class Aim:
    """One comparison that is to come out so, everything beside it out of its way.

    Args:
        target: the comparison.
        want: how it shall come out.
        known: written conditions by key, to look behind named metrics and titles.
    """

    target: Spot
    want: bool
    known: Mapping[tuple[str, ...], Asked]

    def ways(self, whole: Asked, condition: Condition) -> Iterator[Needs]:
        """Ways to it in a whole condition; none when it is not in there."""
        yield from self._inside(whole, whole.path, whole.written, condition)

    def _inside(self, whole: Asked, path: Path, written: object, condition: Condition) -> Iterator[Needs]:
        match written, condition:
            case spec.Leaf(), _:
                yield from self._leaf(whole, path, written, condition)
            case spec.Not(), Not(node):
                yield from self._inside(whole, (*path, "not"), written.not_, node)
            case _, AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
                words, parts = spec.parts(written)
                for n, part in enumerate(parts):
                    node = nodes[n]
                    inner = node.node if isinstance(written, spec.None_) and isinstance(node, Not) else node
                    for mine in self._inside(whole, (*path, *words, n), part, inner):
                        for beside in _beside(condition, n):
                            yield mine + beside

    def _leaf(self, whole: Asked, path: Path, leaf: spec.Leaf, condition: Condition) -> Iterator[Needs]:
        words = list(leaf.test.comparisons())
        nodes = condition.nodes if len(words) > 1 and isinstance(condition, AllOf) else (condition,)
        for n, (word, node) in enumerate(zip(words, nodes, strict=True)):
            others = (*nodes[:n], *nodes[n + 1 :])
            mine = (*path, leaf.name, word)
            hit = (whole.file, mine) == (self.target.file, self.target.path)
            found = ways(node, self.want) if hit else self._behind(node)
            for needs in found:
                for beside in every(others, True):
                    yield needs + beside

    def _behind(self, node: Condition) -> Iterator[Needs]:
        """Ways through the condition that a metric names, or through a title."""
        match node:
            case Leaf(source=Named(reading=reading, node=inner)):
                if (whole := self.known.get(("metric", reading.metric))) is not None:
                    yield from self.ways(whole, inner)
            case Titles(node=inner) | Not(inner):
                yield from self._behind(inner)
            case AnyOf(nodes) | AllOf(nodes):
                for n, part in enumerate(nodes):
                    for mine in self._behind(part):
                        for beside in _beside(node, n):
                            yield mine + beside
            case Held():
                yield from self.title(node)

    def title(self, held: Held) -> Iterator[Needs]:
        """Ways through the conditions of a title."""
        whole = self.known.get(("held_by", held.title))
        if whole is not None and isinstance(held.held_by, AllOf):
            for mine in self.ways(whole, held.held_by.nodes[1]):
                for awake in ways(held.rests_unless, True) if held.rests_unless is not None else [()]:
                    yield mine + awake
        whole = self.known.get(("while", held.title))
        if whole is not None and held.rests_unless is not None:
            stored: Iterator[Needs] = iter([(Title(held.names, True),)])
            for has in ways(held.held_by, True) if held.held_by is not None else stored:
                for mine in self.ways(whole, held.rests_unless):
                    yield has + mine


def _beside(condition: Condition, place: int) -> Iterator[Needs]:
    """Ways in which the parts beside one leave it to that one how the whole comes out."""
    match condition:
        case AllOf(nodes):
            yield from every((*nodes[:place], *nodes[place + 1 :]), True)
        case AnyOf(nodes) | ExactlyOne(nodes):
            yield from every((*nodes[:place], *nodes[place + 1 :]), False)
        case AtLeastOf(count, nodes):
            yield from _so_many((*nodes[:place], *nodes[place + 1 :]), count - 1)
