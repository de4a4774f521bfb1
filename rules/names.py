"""Names: what each name of a community holds, as the type that values are gated and compared by."""

from collections.abc import Mapping
from typing import Any

from rules.errors import NotDecidable
from rules.spec.community import Community
from rules.spec.documents.metrics import Named
from rules.spec.fields import FieldSpec
from rules.spec.parts import Slot
from rules.spec.phase import every_phase
from rules.spec.vocabulary import ENGINE_ATTRIBUTES, ENVELOPE, ORIGINS, SUBJECT_ATTRIBUTES
from rules.values import BOOLEAN, DATE, DURATION, INTEGER, SET, TEXT, ValueType

_PLAIN = {"integer": INTEGER, "boolean": BOOLEAN, "date": DATE, "duration": DURATION, "set": SET}
_HUNDREDTHS = ValueType("decimal", 2)  # of facts that the engine records


def metric_type(community: Community, metric: str) -> ValueType:
    """What a metric reads as.

    Raises:
        NotDecidable: there is no such metric.
    """
    declared = community.metrics.get(metric)
    if declared is None:
        raise NotDecidable(f"there is no metric {metric!r}")
    if isinstance(declared, Named):
        return BOOLEAN
    if declared.type == "decimal":
        return ValueType("decimal", 0 if declared.places is None else declared.places)
    return _PLAIN.get(declared.type, TEXT)


def attribute_type(community: Community, name: str) -> ValueType | None:
    """What an attribute holds: a member's by its bare name, `author.stage`, `work.mode`; None if there is none."""
    kind, dot, bare = name.partition(".")
    if not dot:
        return _member(community, name)
    if kind in ("author", "member", "subject"):
        return _member(community, bare)
    if kind == "work" and bare not in SUBJECT_ATTRIBUTES["work"]:
        return _form(community, bare)
    if kind == "team" and bare in _slots(community):
        return ValueType("member")
    if kind == "cohort" and any(bare in partition.by for partition in community.cohorts.values()):
        shared = _member(community, bare)  # of several values the one that the cohort was made by
        return None if shared is None else ValueType("text", listed=shared.listed)
    declared = SUBJECT_ATTRIBUTES.get(kind, {}).get(bare)
    return None if declared is None else word_type(community, declared)


def _slots(community: Community) -> set[str]:
    """Parts that teams have in any mode, or get from a task: each names who is in it."""
    found = {
        slot.id
        for mode in community.modes.values()
        for _, phase in every_phase(mode.phases)
        for slot in getattr(phase, "slots", None) or ()
        if not isinstance(slot, str)
    }
    for task in community.tasks.values():
        for value in task.with_.values():
            found |= {slot.id for slot in value if isinstance(slot, Slot)} if isinstance(value, tuple | list) else set()
    return found


def field_type(community: Community, field: FieldSpec) -> ValueType:
    """What a field of a fact, an attribute or a parameter holds."""
    if field.many:
        return ValueType("set", listed=_listed(community, field))
    match field.type:
        case "decimal":
            return ValueType("decimal", 0 if field.places is None else field.places)
        case "money":
            return ValueType("money", 2, unit=community.document.currency)
        case "member":
            return ValueType("member")
        case _:
            return _PLAIN.get(field.type) or ValueType("text", listed=_listed(community, field))


def fact_fields(community: Community, kind: str) -> Mapping[str, ValueType]:
    """The fields of a kind of fact, its envelope (`member`, `by`, `mode`, …) included."""
    found = {name: word_type(community, word) for name, word in ENVELOPE.items()}
    own = community.facts.get(kind)
    if own is not None:
        found |= {field.id: field_type(community, field) for field in own.fields}
    for name, word in community.engine_facts.get(kind, {}).items():
        found[name] = word_type(community, word)
    return found


def word_type(community: Community, word: str) -> ValueType:
    """The type that the engine's own vocabulary calls by a word."""
    match word:
        case "stage":
            stages = () if community.lifecycle is None else tuple(stage.id for stage in community.lifecycle.stages)
            return ValueType("text", listed=stages)
        case "origin":
            return ValueType("text", listed=ORIGINS)
        case "tier":
            return tier_type(community, "tier") or TEXT
        case "member":
            return ValueType("member")
        case "decimal":
            return _HUNDREDTHS
        case "money":
            return ValueType("money", 2, unit=community.document.currency)
        case _:
            return _PLAIN.get(word, TEXT)


def tier_type(community: Community, ladder: str) -> ValueType | None:
    """The tiers of a ladder as a type; None if there is no such ladder."""
    declared = community.ladders.get(ladder)
    return None if declared is None else ValueType("tier", listed=tuple(tier.id for tier in declared.tiers))


def _member(community: Community, name: str) -> ValueType | None:
    ladder = tier_type(community, name)
    if ladder is not None:
        return ladder
    own = community.attributes.get(name)
    if own is not None:
        return field_type(community, own)
    word = ENGINE_ATTRIBUTES.get(name) or community.attribute_types.get(name)
    if word == "tier":
        return None  # a standing without its ladder
    return None if word is None else word_type(community, word)


def _form(community: Community, name: str) -> ValueType | None:
    """A field of a work's form, if all forms agree on what it holds."""
    types = {
        field_type(community, field)
        for kind in community.facts.values()
        if kind.about == "work"
        for field in kind.fields
        if field.id == name
    }
    return types.pop() if len(types) == 1 else None


def _listed(community: Community, field: FieldSpec) -> tuple[str, ...]:
    match field.one_of:
        case None:
            return ()
        case str(id_):
            vocabulary: Any = community.lists.get(id_)
            return () if vocabulary is None else tuple(item.id for item in vocabulary.items)
        case values:
            return tuple(values)
