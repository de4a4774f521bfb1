"""Counted: the kinds of facts and the `from` metrics of one spec, every name resolved and typed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any, cast

from rules import condition as tree
from rules.compile import compile_condition
from rules.errors import NotDecidable
from rules.fact import COMMON, FactField, FactKind
from rules.metric import AT_FIELD, Limit, MetricFromFacts, Period, Take
from rules.names import attribute_type, field_type, metric_type, word_type
from rules.spec import Community
from rules.spec.conditions import leaves
from rules.spec.documents.metrics import Counted, Suspect
from rules.spec.fields import FieldSpec
from rules.spec.vocabulary import ORIGINS
from rules.suspicion import Burst, GivenBack, Suspicion
from rules.time import Duration
from rules.values import TEXT, ValueType

PRESENT = "present"
"""The virtual kind: one fact for every present member, counted when it is asked for and never stored."""

THINGS = ("member", "work", "team", "run", "space", "cohort")
_MEMBER = ValueType("member")
_FORMAT = 2  # raise when cells change their meaning: every metric is then rebuilt at the next publication


@lru_cache(maxsize=64)
def _fact_kinds(community: ByDigest) -> Mapping[str, FactKind]:
    spec = community.taken()
    found = {id_: _engine_kind(spec, id_, fields) for id_, fields in spec.engine_facts.items()}
    for id_, kind in spec.facts.items():
        engines = found[id_].own if id_ in found else {}  # a community may add fields to a kind of the engine's
        own = {**engines, **{field.id: bounded_field(spec, field) for field in kind.fields}}
        if kind.about not in ("member", "community"):
            own.setdefault(kind.about, FactField(TEXT, kind.about, optional=False))
        engine = found[id_].own if id_ in found else {}
        found[id_] = FactKind(id_, kind.about, {**engine, **own}, suspicion=_suspicion(kind.suspect))
    return found


@lru_cache(maxsize=64)
def _counted(community: ByDigest) -> Mapping[str, MetricFromFacts]:
    spec = community.taken()
    return {id_: _metric(spec, written) for id_, written in spec.metrics.items() if isinstance(written, Counted)}


@lru_cache(maxsize=64)
def _definitions(community: ByDigest) -> Mapping[str, str]:
    spec = community.taken()
    return {id_: definition(metric, str(spec.zone)) for id_, metric in counted(spec).items()}


def definitions(community: Community) -> Mapping[str, str]:
    """The `definition` of every metric that is computed from facts, by id."""
    return _definitions(ByDigest(community))


def fact_kinds(community: Community) -> Mapping[str, FactKind]:
    """Every kind of fact that may be recorded in a community, the engine's among them, by id."""
    return _fact_kinds(ByDigest(community))


def counted(community: Community) -> Mapping[str, MetricFromFacts]:
    """Every metric of a community that is computed from facts, by id.

    Raises:
        NotDecidable: the spec was not checked: a name in it cannot be resolved.
    """
    return _counted(ByDigest(community))


def definition(metric: MetricFromFacts, zone: str) -> str:
    """A hash of everything that the metric's cells depend on; a metric with another one must be rebuilt."""
    kinds = {
        id_: {name: [field.type.kind, field.type.places, field.refers] for name, field in sorted(kind.fields.items())}
        for id_, kind in sorted(metric.kinds.items())
    }
    parts = [
        _FORMAT, zone, metric.take, metric.subject, metric.key, metric.field, metric.by, metric.period,
        metric.dated_by, sorted(metric.ignore), [[x.count, x.every, x.of] for x in metric.limits], kinds,
        {kind: repr(condition) for kind, condition in sorted((metric.where or {}).items())},
        sorted((metric.steps or {}).items()), metric.type.kind,
    ]  # fmt: skip
    if reads_suspect(metric):  # nothing is added where nothing is found, so that older definitions stay as they are
        parts += [[id_, repr(kind.suspicion)] for id_, kind in sorted(metric.kinds.items()) if kind.suspicion]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class ByDigest:
    """A spec as the key of what is remembered of it: two with the same digest are the same, and none is held for it."""

    def __init__(self, spec: Community) -> None:
        self._key, self._spec = (spec.digest, spec.id), spec

    def taken(self) -> Community:
        """The spec, once: the key lets go of it."""
        spec = self._spec
        del self._spec
        return spec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByDigest) and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)


def _suspicion(written: Suspect | None) -> Suspicion | None:
    if written is None:
        return None
    back, ring = written.reciprocal, written.ring
    return Suspicion(
        None if back is None else GivenBack(Duration.parse(back.within).seconds, back.field, back.whole),
        tuple(Burst(one.count, Duration.parse(one.within).seconds, one.from_, one.whole) for one in written.burst),
        None if ring is None else GivenBack(Duration.parse(ring.within).seconds, ring.field, ring.whole),
    )


def reads_suspect(metric: MetricFromFacts) -> bool:
    """Whether it matters to a metric that a fact is suspect."""
    return "suspect" in (*metric.ignore, metric.field, metric.by) or "'suspect'" in repr(metric.where)


def _engine_kind(community: Community, id_: str, fields: Mapping[str, str]) -> FactKind:
    about = "member" if id_ != "spent" else "run"
    own = {name: _engine_field(community, word) for name, word in fields.items()}
    return FactKind(id_, about, own, imported=id_ != PRESENT)


def _engine_field(community: Community, word: str) -> FactField:
    return FactField(word_type(community, word), word if word in THINGS else "")


def bounded_field(community: Community, field: FieldSpec) -> FactField:
    """A declared field (of a fact, or an attribute of members): its type, its lowest and highest value, scaled."""
    refers = field.type if field.type in THINGS and not field.many else ""
    type_ = field_type(community, field)
    if field.one_of == "origins" and not type_.listed:
        type_ = replace(type_, listed=ORIGINS)
    low = None if field.min is None else ceil(Fraction(str(field.min)) * type_.scale)
    high = None if field.max is None else floor(Fraction(str(field.max)) * type_.scale)
    return FactField(type_, refers, field.optional, low, high)


def _metric(community: Community, written: Counted) -> MetricFromFacts:
    known = fact_kinds(community)
    kinds = {id_: known[id_] for id_ in written.from_}
    steps: dict[str, tuple[str, str]] = {}
    value = None
    if written.field is not None:
        value = {id_: _named(community, kind, written.field, steps) for id_, kind in kinds.items()}
    if written.by is not None:
        for kind in kinds.values():
            _named(community, kind, written.by, steps)
    where = None
    if written.where is not None:
        where = {id_: _where(community, kind, written.where, steps) for id_, kind in kinds.items()}
    return MetricFromFacts(
        id=written.id,
        type=metric_type(community, written.id),
        kinds=kinds,
        take=cast(Take, written.take),
        subject=_subject(kinds, written.key),
        key=written.key,
        field=written.field,
        value={id_: type_ for id_, type_ in value.items() if type_ is not None} if value is not None else None,
        by=written.by,
        where=where,
        steps=steps or None,
        period=cast(Period | None, written.period),
        dated_by=written.dated_by,
        limits=tuple(Limit(x.count, cast(Period, x.every), x.from_) for x in written.limits),
        ignore=frozenset(written.ignore),
        blank=written.if_none == "unknown",
    )


def _subject(kinds: Mapping[str, FactKind], key: str) -> str:
    if key in ("member", "community"):
        return key
    for kind in kinds.values():
        field = kind.fields.get(key)
        if field is not None and field.refers:
            return field.refers
    raise NotDecidable(f"no fact that the metric reads has a field {key} that names somebody or something")


def _named(community: Community, kind: FactKind, name: str, steps: dict[str, tuple[str, str]]) -> ValueType | None:
    """The type of a field of the fact, or of a member's attribute one step through a field; None: it has none."""
    if name == "member":
        return _MEMBER
    field = kind.fields.get(name)
    if field is not None:
        return field.type
    head, dot, tail = name.partition(".")
    through = _MEMBER if head == "member" else kind.fields[head].type if head in kind.fields else None
    if dot and through is not None:
        steps[name] = (head, tail)
        return attribute_type(community, tail)
    return None


def _where(community: Community, kind: FactKind, written: Any, steps: dict[str, tuple[str, str]]) -> tree.Condition:
    """The condition over one kind's fields; a leaf on a field that this kind lacks is unknown."""
    types: dict[str, ValueType] = {"member": _MEMBER}
    types.update({name: _MEMBER if field.refers == "member" else field.type for name, field in kind.fields.items()})
    for name, of in _names(written):
        if name not in types:
            types[name] = _named(community, kind, name, steps) or _elsewhere(community, name) or TEXT
        if of is not None and name in steps:
            head, attribute = steps[name]
            at = f"{AT_FIELD}{of}" if of in types else of
            steps[f"{name}@{of}"] = (head, f"{attribute}@{at}")
            types[f"{name}@{of}"] = types[name]
    return compile_condition(community, written, fields=types)


def _elsewhere(community: Community, name: str) -> ValueType | None:
    """The type that a field has in the first kind that knows it, for a metric over several kinds."""
    for kind in fact_kinds(community).values():
        if name in kind.own:
            return kind.own[name].type
    return COMMON[name].type if name in COMMON else None


def _names(written: Any) -> Iterator[tuple[str, str | None]]:
    """What is read, and at which value: one of the list, or that in a field of the fact."""
    for _, leaf in leaves(written):
        yield leaf.name, leaf.test.of
