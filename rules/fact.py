"""Fact: what happened, to whom and when, as it is remembered; and which kinds of facts there are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from rules.errors import Unfit
from rules.suspicion import Suspicion
from rules.values import BOOLEAN, TEXT, Value, ValueType

_DIGITS = frozenset("0123456789abcdef")


class Unfitting(Unfit):
    """A fact that is of no known kind, or has a field that its kind does not have or cannot hold."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened.

    Args:
        id: its identity for ever; recording the same id again with the same content changes nothing.
        kind: one of the community's or the engine's kinds.
        member: whom it is about; None where it is about a work, a run or the community.
        at: when it happened, UTC.
        recorded_at: when it was written down, if that is told; the later of two versions of a fact holds.
        fields: scaled values by name, the common ones (`by`, `run`, `space`, …) among them; missing is unknown.
    """

    id: str
    kind: str
    member: str | None
    at: datetime
    recorded_at: datetime | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)

    @property
    def key(self) -> UUID:
        """The identity as it is kept."""
        return fact_key(self.id)


@dataclass(frozen=True, slots=True)
class FactField:
    """A field of a fact.

    Args:
        type: what it holds.
        refers: what it names: member, work, team, run, space, cohort; empty for a mere value.
        optional: whether a form or an import may leave it out.
        low, high: the lowest and highest value, scaled; None where anything goes.
    """

    type: ValueType
    refers: str = ""
    optional: bool = True
    low: int | None = None
    high: int | None = None


COMMON: Mapping[str, FactField] = MappingProxyType(
    {
        "by": FactField(TEXT, "member"),
        "via": FactField(TEXT, "member"),
        "task": FactField(TEXT),
        "mode": FactField(TEXT),
        "phase": FactField(TEXT),
        "run": FactField(TEXT, "run"),
        "space": FactField(TEXT, "space"),
        "work": FactField(TEXT, "work"),
        "team": FactField(TEXT, "team"),
        "cohort": FactField(TEXT, "cohort"),
        "source": FactField(TEXT),
        "suspect": FactField(BOOLEAN),
    }
)
"""Fields that any fact may have besides those of its kind; `suspect` is told, or found by `rules.suspicion`."""


@dataclass(frozen=True, slots=True)
class FactKind:
    """A kind of fact: its own fields, the common ones that it does not define itself, and what makes it suspect."""

    id: str
    about: str
    own: Mapping[str, FactField]
    imported: bool = True
    suspicion: Suspicion | None = None

    @property
    def fields(self) -> Mapping[str, FactField]:
        """All fields that a fact of this kind may have."""
        return {**COMMON, **self.own}


def fact_key(id_: str) -> UUID:
    """The 16 bytes under which a fact is kept; see `key_digits`."""
    return UUID(hex=key_digits(id_))


def key_digits(id_: str) -> str:
    """The key of a fact as 32 hexadecimal digits: the beginning of the BLAKE2b hash of its id.

    An id that is such a key already, as `Facts.find` gives it (`=` and 32 digits), stands for itself.
    """
    if len(id_) == 33 and id_[0] == "=" and _DIGITS.issuperset(id_[1:]):
        return id_[1:]
    return hashlib.blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def tie(key: UUID) -> int:
    """A fixed order among facts of the same instant: the key's first eight bytes as a signed number."""
    return int.from_bytes(key.bytes[:8], "big", signed=True)
