"""Cohorts: whom a partition divides, by what is known of them, and what its groups are called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.desk import Desk, member_frame
from operations.ports.touch import Cohort
from operations.who import DecisionResolver
from rules.cohorts import Key
from rules.names import attribute_type
from rules.values import Value, ValueType, show

if TYPE_CHECKING:
    from rules.spec import Community
    from rules.spec.documents.community import Cohorts


def traits(desk: Desk, community: Community, partition: Cohorts, at: datetime) -> dict[str, Key]:
    """Everybody a partition divides, with what is known of the attributes that it divides by."""
    people = list(DecisionResolver(desk, community, subject=None, at=at).people(partition.of))
    if not people:
        return {}
    names = [*partition.by, "consent"]
    frame = member_frame(
        desk, community, at, readings=frozenset(), subjects=sorted(people), names=names, foremost=False
    )
    types = {name: attribute_type(community, name) or ValueType("text") for name in partition.by}
    found = {}
    for row in frame.iter_rows(named=True):
        if row.get("consent") is not False:
            found[str(row["subject"])] = _trait([_text(row.get(name), types[name]) for name in partition.by])
    return found


def _trait(values: Sequence[str | None]) -> Key:
    known: list[str] = []
    for value in values:
        if value is None:
            break
        known.append(value)
    return tuple(known)


def _text(value: Any, type_: ValueType) -> str | None:
    """A value as one word; of several the first in the order of their list."""
    if isinstance(value, list | frozenset):
        order = {name: place for place, name in enumerate(type_.listed)}
        value = min(value, key=lambda one: (order.get(one, len(order)), one), default=None)
    if value is None:
        return None
    known: Value = value
    return str(show(known, type_)) if not isinstance(known, bool) else str(known).lower()


def name_of(community: Community, cohort: Cohort) -> dict[str, str]:
    """What a cohort is called: what its members share, or the partition's word for the rest."""
    partition = community.cohorts.get(cohort.partition)
    names = {}
    for language in ("en", "zh"):
        if partition is None:
            names[language] = cohort.id
        elif not cohort.key:
            names[language] = f"{getattr(partition.fallback, language)} {cohort.number}"
        else:
            words = [
                _word(community, name, value, language) for name, value in zip(partition.by, cohort.key, strict=False)
            ]
            names[language] = f"{' · '.join(words)} {cohort.number}"
    return names


def _word(community: Community, name: str, value: str, language: str) -> str:
    declared = community.attributes.get(name)
    listed = community.lists.get(declared.one_of) if declared and isinstance(declared.one_of, str) else None
    item = next((item for item in listed.items if item.id == value), None) if listed is not None else None
    return str(getattr(item.title, language)) if item is not None else value
