"""Readings: which metrics the conditions of a community read, and over which windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from rules.spec.checks.at import repaired
from rules.spec.checks.names import Names
from rules.spec.checks.scene import OTHERS, Scene, Wrong
from rules.spec.conditions import Leaf, Reading, leaves
from rules.spec.documents.community import CommunityDocument
from rules.spec.documents.lifecycle import Lifecycle
from rules.spec.documents.metrics import Named, Ratio, Score
from rules.spec.documents.rules import Rules
from rules.spec.documents.tiers import Tiers
from rules.spec.people import Selection

UNSURE = "?"
"""Among what is read: something was named that cannot be told, so anything may be read."""

WHOSE: Final = frozenset({"", "community", "author", *OTHERS})
"""What may stand before the point of a metric's name."""

Windows = dict[str, set[str]]
"""Metric as conditions name it → the windows it is read over, as cases write them: `90d`, `90d, 7d ago`."""


def conditions_of(kind: str, documents: Iterable[Any]) -> Iterator[Any]:
    """Every condition that decides in decisions of a kind: `tiers`, `lifecycle`, `rules`, `titles`."""
    for document in documents:
        if kind == "tiers" and isinstance(document, Tiers):
            yield document.exempt
            yield from (floor.when for floor in document.floors)
            for tier in document.tiers:
                yield from (tier.earn, tier.keep)
        elif kind == "lifecycle" and isinstance(document, Lifecycle):
            yield from (transition.when for transition in document.transitions)
        elif kind == "rules" and isinstance(document, Rules):
            yield from (rule.when for rule in document.rules)
        elif kind == "titles" and isinstance(document, CommunityDocument):
            for title in document.titles:
                yield from (title.while_, title.renew)
                if isinstance(title.held_by, Selection):
                    yield title.held_by.where


def readings(kind: str, documents: Iterable[Any], names: Names) -> Windows:
    """What decisions of a kind read: the metrics they name, and everything those are made of."""
    found: Windows = defaultdict(set)
    if names.lost:
        found[UNSURE] = set()  # a condition that could not be read may read anything
    for written in conditions_of(kind, documents):
        if written is None:
            continue
        for _, leaf in leaves(written):
            _leaf(leaf, found, names, frozenset())
    return found


def readings_in(mode: Any, names: Names) -> Windows:
    """What the conditions of a mode read, of whatever they look at: metric as it is declared → windows."""
    found: Windows = defaultdict(set)
    for leaf in _every_leaf(mode):
        _leaf(leaf, found, names, frozenset())
    told: Windows = defaultdict(set)
    for name, windows in found.items():
        told[name if name == UNSURE else name.rpartition(".")[2]] |= windows
    return told


def _every_leaf(value: Any) -> Iterator[Leaf]:
    if isinstance(value, Leaf):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _every_leaf(getattr(value, name))
    elif isinstance(value, Mapping | tuple | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _every_leaf(one)


def _leaf(leaf: Leaf, found: Windows, names: Names, seen: frozenset[str]) -> None:
    over = leaf.test.over or "all"
    _read(leaf.name, over, leaf.test.until, found, names, seen)
    for right in leaf.test.comparisons().values():
        for value in right if isinstance(right, tuple) else (right,):
            while isinstance(value, Reading):
                if isinstance(value.of, Reading):
                    value = value.of
                    continue
                until = value.until or (None if value.over else leaf.test.until)
                _read(value.of, value.over or over, until, found, names, seen)
                break


def _read(name: str, over: str, until: str | None, found: Windows, names: Names, seen: frozenset[str]) -> None:
    head, dot, tail = name.rpartition(".")
    metric = names.of("metric").get(tail)
    if metric is None or head not in WHOSE:
        _no_metric(name, over, until, found, names, seen)
        return
    found[name].add(f"{over}, {until}" if until else over)
    if name in seen:
        return
    seen |= {name}
    scope = f"{head}." if dot else ""
    if isinstance(metric, Ratio):
        for part in metric.ratio:
            _read(scope + part, over, until, found, names, seen)
    elif isinstance(metric, Score):
        for weighted in metric.score:
            _read(scope + weighted.metric, weighted.over or over, until, found, names, seen)
    elif isinstance(metric, Named):
        for _, leaf in leaves(metric.when):
            _leaf(leaf, found, names, seen)


def _no_metric(name: str, over: str, until: str | None, found: Windows, names: Names, seen: frozenset[str]) -> None:
    """An attribute, or a misspelt metric: then whatever may have been meant is read."""
    found.setdefault(name, set())
    scene = Scene(names, about="any")
    if not isinstance(scene.reads(name), Wrong):
        return
    guesses = set(repaired(name, scene.readable())) - seen - {name}
    for guess in sorted(guesses):
        _read(guess, over, until, found, names, seen | {name})
    if not guesses:
        found.setdefault(UNSURE, set())
