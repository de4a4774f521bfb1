"""Members: who belongs to a community and what is known of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from rules.values import Value, ValueType

if TYPE_CHECKING:
    import polars as pl


JOINED_AT = "joined_at"
"""The name under which the very moment of joining is asked for."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member. `attributes` are scaled values by name; what is not there is unknown."""

    id: str
    joined: datetime | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enlisted:
    """What became of a batch: how many members were new, known already, or changed."""

    new: int = 0
    known: int = 0
    changed: int = 0

    def __add__(self, other: Enlisted) -> Enlisted:
        return Enlisted(self.new + other.new, self.known + other.known, self.changed + other.changed)


class Members(Protocol):
    """Members of one community."""

    def attributes(self) -> Mapping[str, ValueType]:
        """What may be told of a member, with types: the declared attributes and some of the engine's."""

    def enlist(self, members: Sequence[Member], *, at: datetime) -> Enlisted:
        """Take members in, in one transaction; an attribute that is given replaces what was known.

        Args:
            members: `joined` None keeps what is known, or for somebody new means `at`.
            at: since when changed attributes hold; the first value of an attribute holds since ever.
        """

    def find(self, ids: Collection[str] | None = None, *, limit: int | None = None) -> Sequence[Member]:
        """Members by id (all without ids), in the order of their ids."""

    def frame(
        self,
        at: datetime,
        *,
        subjects: Collection[str] | None = None,
        names: Collection[str] | None = None,
        ordered: bool = True,
    ) -> pl.DataFrame:
        """All who had joined by `at`, as columns: `subject`, then one column per attribute, or those of some names.

        Besides the declared attributes and the engine's true/false ones: `joined` (date), `age` (seconds),
        `days_member`. Scaled values; null is unknown; sets are lists of text. In the order of their ids, unless
        `ordered` is false: then in any order, which is quicker. JOINED_AT is there only if it is named.
        """

    def evidence(self, at: datetime, ids: Collection[str]) -> Mapping[str, Mapping[str, Value]]:
        """The same for a few members as mappings; what is unknown is not there."""

    def count(self) -> int:
        """How many members there are."""
