"""Facts: the door through which whatever happened enters the memory, once, and feeds the metrics."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from rules.fact import Fact, Unfitting

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Fact", "Facts", "Recorded", "Unfitting"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch: each fact was new, known already, or changed what was known under its id.

    `known` includes withdrawn facts, which stay away, and older versions (an earlier `recorded_at`) of what is known.
    """

    new: int = 0
    known: int = 0
    changed: int = 0

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(self.new + other.new, self.known + other.known, self.changed + other.changed)


class Arrivals(Protocol):
    """Word that facts came in, for communities in which something is reviewed `every: fact`."""

    def take(self) -> set[str]:
        """The communities that facts were recorded for since somebody asked last; each word is given to one only.

        It is a hint: whoever takes it and is lost leaves it to the schedule, which looks every few minutes.
        """


class Facts(Protocol):
    """Facts of one community. Every call is one transaction: facts and metrics together, or nothing."""

    def record(self, facts: Sequence[Fact]) -> Recorded:
        """Take facts in; a fact that is there already (by id) with the same content changes nothing.

        A fact with the id of another content replaces it, unless both say when they were recorded and it is older.

        Raises:
            Unfitting: a fact is of no kind that the spec knows, or a field is unknown or has a value of another type.
        """

    def record_columns(self, kinds: dict[str, pl.DataFrame]) -> Recorded:
        """Take in what an import has gated: for each kind a frame with the columns of `operations.fact_gate.Gated`."""

    def withdraw(self, ids: Collection[str], *, reason: str, at: datetime) -> int:
        """Take facts back; returns how many there were. The same facts stay away when they come again."""

    def find(
        self, *, member: str | None = None, kinds: Collection[str] | None = None, limit: int = 100
    ) -> Sequence[Fact]:
        """The latest facts, newest first; their ids are the keys under which they are kept."""

    def moments(self, member: str, kind: str, *, after: datetime, until: datetime) -> Sequence[datetime]:
        """When facts of one kind about a member happened, in order."""

    def any_by(self, at: datetime | None) -> bool:
        """Whether any fact is of this moment or earlier; None: whether there is any."""

    def strangers(self) -> int:
        """How many members facts name who have not been imported; no review looks at them until they are."""

    def count(self) -> int:
        """How many facts there are."""
