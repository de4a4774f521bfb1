"""Spots: every comparison that decides something in a community's specs, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rules.spec import conditions as spec
from rules.spec.community import Community, Document
from rules.spec.diagnostics import Place
from rules.spec.documents.community import CommunityDocument
from rules.spec.documents.lifecycle import Lifecycle
from rules.spec.documents.metrics import Metrics, Named
from rules.spec.documents.mode import Mode
from rules.spec.documents.rules import Rules
from rules.spec.documents.tiers import Tiers
from rules.spec.people import Selection
from rules.spec.phase import every_phase
from rules.spec.source import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """One whole condition as somebody wrote it.

    Args:
        document: the file.
        path: where in it the condition stands.
        written: the condition.
        owner: whose it is, in words: `tier core, earn`, `rule star-mentor`.
        key: the same for the machine: ("earn", ladder, tier), ("rule", id), …
    """

    document: Document
    path: Path
    written: Any
    owner: str
    key: tuple[str, ...]

    @property
    def file(self) -> str:
        """The file as it was given to `load`."""
        return self.document.source.file


@dataclass(frozen=True, slots=True)
class Spot:
    """One comparison: `reviews: { at_least: 5, over: 365d }` is one, a leaf of two comparisons is two.

    Args:
        file: the file it stands in.
        path: where in the file, the comparison's word last.
        owner: whose condition it is part of.
        text: the comparison in words: `reviews at_least 5 over 365d`.
        place: line and column of the leaf's name.
    """

    file: str
    path: Path
    owner: str = field(compare=False)
    text: str = field(compare=False)
    place: Place = field(compare=False)

    @property
    def where(self) -> str:
        """`tiers.yaml:33:11`."""
        return f"{self.file}:{self.place.line}:{self.place.column}"


def asked(community: Community) -> Iterator[Asked]:
    """Every condition that decides, in the order of files and of what is written in them.

    Exemptions, floors, `earn` and `keep` of tiers; `when` of transitions, rules and named metrics; `where` of
    `held_by` and `while` of titles; `while` of modes, `only_if` of phases and `until` of waits.
    """
    for document in community.documents:
        for path, written, owner, key in _of(document.model):
            if written is not None and not isinstance(written, str):
                yield Asked(document, path, written, owner, key)


def _of(model: Any) -> Iterator[tuple[Path, Any, str, tuple[str, ...]]]:
    match model:
        case Tiers():
            yield ("exempt",), model.exempt, "exempt", ("exempt", model.id)
            for n, floor in enumerate(model.floors):
                yield ("floors", n, "when"), floor.when, f"floor {floor.tier}", ("floor", model.id, str(n))
            for n, tier in enumerate(model.tiers):
                for word in ("earn", "keep"):
                    owner, key = f"tier {tier.id}, {word}", (word, model.id, tier.id)
                    yield ("tiers", n, word), getattr(tier, word), owner, key
        case Lifecycle():
            for n, way in enumerate(model.transitions):
                yield ("transitions", n, "when"), way.when, f"transition {way.id}", ("transition", way.id)
        case Rules():
            for n, rule in enumerate(model.rules):
                yield ("rules", n, "when"), rule.when, f"rule {rule.id}", ("rule", rule.id)
        case Metrics():
            for n, metric in enumerate(model.metrics):
                if isinstance(metric, Named):
                    yield ("metrics", n, "when"), metric.when, f"metric {metric.id}", ("metric", metric.id)
        case CommunityDocument():
            for n, title in enumerate(model.titles):
                if isinstance(title.held_by, Selection):
                    path: Path = ("titles", n, "held_by", "where")
                    yield path, title.held_by.where, f"title {title.id}, held_by", ("held_by", title.id)
                yield ("titles", n, "while"), title.while_, f"title {title.id}, while", ("while", title.id)
        case Mode():
            yield ("while",), model.while_, f"mode {model.id}, while", ("mode", model.id, "while")
            for path, phase in every_phase(model.phases):
                for word in ("only_if", "until"):
                    owner = f"mode {model.id}, {phase.id}.{word}"
                    yield (*path, word), getattr(phase, word, None), owner, ("phase", model.id, phase.id, word)


def spots(whole: Asked) -> Iterator[Spot]:
    """Every comparison of a condition."""
    for path, leaf in spec.leaves(whole.written):
        for word in leaf.test.comparisons():
            yield spot(whole, (*whole.path, *path, word), leaf, word)


def spot(whole: Asked, path: Path, leaf: spec.Leaf, word: str) -> Spot:
    """The spot of one comparison.

    Args:
        path: from the beginning of the file; the comparison's word last.
    """
    place = whole.document.source.key_place(path[:-1])
    return Spot(whole.file, path, whole.owner, in_words(leaf, word), place)


def in_words(leaf: spec.Leaf, word: str) -> str:
    """A comparison in words: `posts_read at_least 25 percent of community.posts over 100d`."""
    test = leaf.test
    over = f" over {test.over}" if test.over else ""
    until = f", until {test.until}" if test.until else ""
    of = f" of {test.of}" if test.of else ""
    return f"{leaf.name}{of} {word} {_right(test.comparisons()[word])}{over}{until}"


def _right(value: Any) -> str:
    match value:
        case spec.Reading():
            share = "" if value.percent == 100 else f"{value.percent} percent of "
            over = f" over {value.over}" if value.over else ""
            until = f", until {value.until}" if value.until else ""
            return f"{share}{_right(value.of)}{over}{until}"
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(map(_right, value))}]"
    return str(value)
