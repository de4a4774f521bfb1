"""What a name in a condition is, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

NUMBERS: Final = frozenset({"integer", "decimal", "duration", "date", "money"})
TEXTS: Final = frozenset(
    {"text", "link", "stage", "origin", "work", "team", "run", "space", "cohort", "role", "mode", "task", "phase",
     "outcome", "part", "community", "member", "title", "follow_ups", "spec_edits"}
)  # fmt: skip

_ALWAYS = frozenset({"is", "is_not", "is_known"})
_AMONG = frozenset({"one_of", "none_of"})
_ORDERED = frozenset({"at_least", "at_most"})
COMPARISONS: Final[dict[str, frozenset[str]]] = {
    "number": _ALWAYS | _AMONG | _ORDERED | {"more_than", "less_than", "between"},
    "tier": _ALWAYS | _AMONG | _ORDERED,
    "text": _ALWAYS | _AMONG | {"contains", "starts_with"},
    "set": _AMONG | {"contains", "is_known"},
    "boolean": _ALWAYS,
    "member": _ALWAYS,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a name holds.

    Args:
        kind: `integer`, `text`, `tier`, `set`, …; `any` when it cannot be told and nothing is checked.
        listed: the only values it can have; None allows any.
        windowed: whether it is read over a window.
        per: the values at which it is kept; None when it is not kept per value, empty when any will do.
        many: of a `set`: what its elements are called in messages.
    """

    kind: str
    listed: tuple[str, ...] | None = None
    windowed: bool = False
    per: tuple[str, ...] | None = None

    @property
    def family(self) -> str:
        """Which comparisons may be asked: those of numbers, texts, ladders, sets, true/false or members."""
        if self.kind in NUMBERS:
            return "number"
        return self.kind if self.kind in COMPARISONS else "text"

    def among(self, values: Iterable[str]) -> Asked:
        """The same, with only these values."""
        return replace(self, listed=tuple(values))


ANY: Final = Asked("any", windowed=True, per=())
INTEGER: Final = Asked("integer")
BOOLEAN: Final = Asked("boolean")
TEXT: Final = Asked("text")


def words(kind: str) -> str:
    """A kind as people call it."""
    return {"boolean": "true or false", "tier": "a standing", "set": "a set", "integer": "a whole number",
            "decimal": "a decimal", "any": "anything"}.get(kind, f"a {kind.replace('_', ' ')}")  # fmt: skip
