"""Packs: installable families of named predicates and scores, written in the spec language itself.

A pack is a folder with `pack.yaml`: what it reads of a community, and what it concludes from that, in chains. A
community takes a conclusion over by one line, `{ id: promising, …, pack: spotting/promising_in_public }`, and from
there on it is a metric like any other: every reading of the rules sees what it is made of.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.resources
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from rules import packs as ours
from rules.errors import RuleRefusal
from rules.spec.conditions import Reading, leaves
from rules.spec.diagnostics import Problems, did_you_mean
from rules.spec.documents.metrics import Counted, Metric, Named, Packed, Ratio, Score
from rules.spec.fields import Places
from rules.spec.kept import Trees, named, packed_document, unpacked_document
from rules.spec.labels import Label
from rules.spec.node import Context, Node, mistake
from rules.spec.reader import read
from rules.spec.scalars import Id, words
from rules.spec.source import as_written, plain
from rules.spec.translate import translate
from rules.spec.vocabulary import ENGINE_ATTRIBUTES

GROUP = "trellis.packs"
"""Entry points of installed distributions: name of the pack → its package."""


class BrokenPack(RuleRefusal):
    """A pack that cannot be used as it stands."""


class Need(Node):
    """A metric that a community must have for the pack to read."""

    id: Id
    title: Label
    type: Annotated[str, words("integer", "decimal", "boolean", "duration", "text", "date")]
    places: Places | None = None
    note: Label | None = None  # what should be counted, and what not


class PackDocument(Node):
    """A rule pack: what it reads, and what it concludes."""

    schema_: Literal["pack/v1"] = Field(alias="schema")
    id: Id
    title: Label
    note: Label | None = None
    needs: Annotated[tuple[Need, ...], Field(min_length=1)]
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _sense(self) -> PackDocument:
        needed = [need.id for need in self.needs]
        known = [*needed, *ENGINE_ATTRIBUTES]
        concluded: list[str] = []
        for n, metric in enumerate(self.metrics):
            if metric.id in (*known, *concluded):
                raise mistake("TRL312", f"'{metric.id}' is there twice", "ids are unique in a pack")
            if isinstance(metric, Counted | Packed):
                raise mistake("TRL211", f"'{metric.id}' is no conclusion", "a pack concludes by when, score or ratio")
            may = [*known, *concluded] if isinstance(metric, Named) else needed
            for name, about in _named(metric):
                if name not in may:
                    later = any(name == m.id for m in self.metrics[n:])
                    hint = "put it before this one" if later else did_you_mean(name, may)
                    raise mistake("TRL301", f"'{metric.id}' reads '{name}', which is not there", hint)
                if name in concluded and about != "truth":
                    raise mistake(
                        "TRL306", f"'{metric.id}' may only ask whether '{name}' is true or false", "write { is: true }"
                    )
            if isinstance(metric, Named):
                concluded.append(metric.id)
        return self


def _named(metric: Named | Score | Ratio) -> Iterator[tuple[str, str]]:
    """What a conclusion reads: each name, and whether it is only asked for its truth."""
    if isinstance(metric, Ratio):
        yield from ((name, "number") for name in metric.ratio)
    elif isinstance(metric, Score):
        yield from ((part.metric, "number") for part in metric.score)
    else:
        for _, leaf in leaves(metric.when):
            asked = leaf.test.comparisons()
            plainly = set(asked) <= {"is", "is_not"} and leaf.test.over is None and leaf.test.until is None
            yield leaf.name, "truth" if plainly and len(asked) == 1 else "number"
            for bound in asked.values():
                while isinstance(bound, Reading):
                    if isinstance(bound.of, str):
                        yield bound.of, "number"
                    bound = bound.of


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was read.

    Args:
        id: its name.
        document: as it was written: conclusions name each other.
        conclusions: each written out: of needs and attributes only.
        reads: of each conclusion the needs that it reads, also through others.
    """

    id: str
    document: PackDocument
    conclusions: Mapping[str, Named | Score | Ratio]
    reads: Mapping[str, frozenset[str]]

    @property
    def needs(self) -> dict[str, Need]:
        return {need.id: need for need in self.document.needs}


def read_pack(name: str, content: bytes, trees: Trees | None = None) -> Pack:
    """Read the `pack.yaml` of a pack, or take what was kept of it.

    Args:
        trees: where packs that were read before are kept.

    Raises:
        BrokenPack: it says something else than a pack of this name; with file, line and column.
    """
    file = f"{name}/pack.yaml"
    if trees is not None and (kept := trees.find_document(named(file, content, {}))) is not None:
        with contextlib.suppress(ValueError, TypeError):
            _, known, (conclusions, reads) = unpacked_document(kept, {})
            if isinstance(known, PackDocument):
                return Pack(name, known, MappingProxyType(conclusions), MappingProxyType(reads))
    pack = _read(name, file, content)
    if trees is not None:
        told = (dict(pack.conclusions), dict(pack.reads))
        trees.keep_document(named(file, content, {}), packed_document("pack/v1", pack.document, told))
    return pack


def _read(name: str, file: str, content: bytes) -> Pack:
    problems = Problems()
    source = read(file, content, problems)
    document: PackDocument | None = None
    if source is not None and not problems.any_error:
        try:
            document = PackDocument.model_validate(source.tree, context=Context(problems))
        except ValidationError as error:
            translate(error, source, problems)
    first = next(iter(problems.found()), None)
    if first is not None or document is None or source is None:
        said = f"{first.file}:{first.line}:{first.column}: {first.message}" if first else f"{file} is empty"
        raise BrokenPack(f"the pack '{name}' cannot be used: {said}", first.hint if first else "")
    if document.id != name:
        raise BrokenPack(f"the pack in the folder '{name}' says that it is '{document.id}'", f"write id: {name}")
    trees = {metric["id"]: metric for metric in plain(source.tree)["metrics"]}
    return _written_out(document, trees)


def _written_out(document: PackDocument, trees: Mapping[str, Any]) -> Pack:
    needed = {need.id for need in document.needs}
    whens: dict[str, Any] = {}
    conclusions: dict[str, Named | Score | Ratio] = {}
    reads: dict[str, frozenset[str]] = {}
    for metric in document.metrics:
        assert isinstance(metric, Named | Score | Ratio)
        names = {name for name, _ in _named(metric)}
        reads[metric.id] = frozenset(names & needed).union(*(reads[name] for name in names & set(reads)))
        if isinstance(metric, Named):
            whens[metric.id] = _inlined(trees[metric.id]["when"], whens)
            conclusions[metric.id] = Named.model_validate(as_written({**trees[metric.id], "when": whens[metric.id]}))
        else:
            conclusions[metric.id] = metric
    return Pack(document.id, document, MappingProxyType(conclusions), MappingProxyType(reads))


def _inlined(when: Any, known: Mapping[str, Any]) -> Any:
    """A condition in which earlier conclusions are replaced by what they mean."""
    if isinstance(when, list):
        return [_inlined(one, known) for one in when]
    if not isinstance(when, dict):
        return when
    (word, inside), *more = when.items()
    if not more and word in known:
        (comparison, truth), *_ = inside.items()
        return known[word] if truth == (comparison == "is") else {"not": known[word]}
    return {key: _inlined(value, known) for key, value in when.items()}


_TREES: list[Trees] = []


def keep_packs_in(trees: Trees) -> None:
    """Take packs from where they are kept, from now on, so that a command that reads one starts quickly."""
    _TREES[:] = [trees]


@functools.cache
def packs() -> Mapping[str, Pack | BrokenPack]:
    """Every pack there is, by name: those that come with Trellis and those that are installed; broken ones say why."""
    found: dict[str, Pack | BrokenPack] = {}
    for name, package in sorted(_packages().items()):
        try:
            content = importlib.resources.files(package).joinpath("pack.yaml").read_bytes()
            found[name] = read_pack(name, content, next(iter(_TREES), None))
        except BrokenPack as broken:
            found[name] = broken
        except (OSError, ImportError) as error:
            found[name] = BrokenPack(f"the pack '{name}' cannot be read: {error}", "every pack has a pack.yaml")
    return MappingProxyType(found)


def _packages() -> dict[str, str]:
    """Where packs are: name → package. Ours stand above installed ones of the same name."""
    installed = {point.name: point.value for point in importlib.metadata.entry_points(group=GROUP)}
    own = {m.name: f"{ours.__name__}.{m.name}" for m in pkgutil.iter_modules(ours.__path__) if m.ispkg}
    return {**installed, **own}


def pack_of(metric: Packed) -> tuple[Pack | BrokenPack | None, str]:
    """The pack that a metric names, and the conclusion in it."""
    name, _, conclusion = metric.pack.partition("/")
    return packs().get(name), conclusion


def taken_over(metric: Packed) -> Named | Score | Ratio | None:
    """What a community's metric from a pack means, under the community's own id; None if nobody knows."""
    pack, conclusion = pack_of(metric)
    if not isinstance(pack, Pack) or conclusion not in pack.conclusions:
        return None
    meant = pack.conclusions[conclusion]
    own: dict[str, Any] = {"id": metric.id, "title": metric.title}
    if not isinstance(meant, Named):
        own |= {"places": metric.places if metric.places is not None else meant.places}
    return meant.model_copy(update=own)


def meant(metric: Metric) -> Metric:
    """A metric as it is computed: one from a pack as what it means there, if that is known."""
    return (taken_over(metric) or metric) if isinstance(metric, Packed) else metric
