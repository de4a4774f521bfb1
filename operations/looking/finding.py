"""Finding: what columns say must change, before anybody's reasons are put into words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from operations.desk import Desk, member_frame
from operations.ports.reviews import Plan, Verdict
from rules.columns import evidence_of
from rules.reading import Reading
from rules.rulebook import Rulebook
from rules.values import Evidence

if TYPE_CHECKING:
    from rules.spec import Community

CHANGES: Mapping[str, Any] = {
    "row": pl.UInt32,
    "subject": pl.String,
    "rule": pl.String,
    "kind": pl.String,
    "to": pl.String,
    "leaves": pl.String,
    "outcome": pl.String,
    "because": pl.String,
    "ask": pl.Boolean,
    "seats": pl.Boolean,
}
"""What must change: the row of the frame that was read, and what `Verdict` says of its subject."""
ROW = "·place"


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at one part found.

    Args:
        counts: how many came out how.
        changes: see `CHANGES`.
        frame: everything that was read, a row for each subject; what was judged of it has names with a dot before.
    """

    counts: Mapping[str, int]
    changes: pl.DataFrame
    frame: pl.DataFrame


class Looking(ABC):
    """Reads one part of a review."""

    def __init__(self, desk: Desk, plan: Plan, community: Community, rulebook: Rulebook) -> None:
        self.desk = desk
        self.plan = plan
        self.community = community
        self.rulebook = rulebook
        self.counts: dict[str, int] = {}

    @abstractmethod
    def readings(self) -> frozenset[Reading]:
        """Every reading it needs."""

    def attributes(self) -> frozenset[str]:
        """Every attribute of a member that it reads."""
        return frozenset(self.rulebook.attributes())

    @abstractmethod
    def find(self, subjects: Sequence[str] | None) -> Found:
        """Who must change how, by columns."""

    @abstractmethod
    def verdicts(self, found: Found) -> Iterator[Verdict]:
        """The same with the reasons of everybody, from the reference reading, which thereby checks the columns."""

    def count(self, name: str, number: int = 1) -> None:
        """Add to a count."""
        if number:
            self.counts[name] = self.counts.get(name, 0) + number

    def frame(self, ladder: str | None, value: str, subjects: Sequence[str] | None) -> pl.DataFrame:
        """Members with their attributes, standings and readings."""
        frame = member_frame(
            self.desk,
            self.community,
            self.plan.at,
            ladder=ladder,
            value=value,
            readings=self.readings(),
            subjects=subjects,
            names=self.attributes(),
        )
        return frame.with_row_index(ROW)

    def found(self, frame: pl.DataFrame, parts: Sequence[pl.DataFrame]) -> Found:
        """What was found, in this order."""
        return Found(self.counts, pl.concat([pl.DataFrame(schema=dict(CHANGES)), *parts]), frame)

    def rows_of(self, found: Found, kinds: Sequence[str]) -> Iterator[tuple[dict[str, Any], Evidence]]:
        """The changes of some kinds, each with what was read of its subject."""
        changes = found.changes.filter(pl.col("kind").is_in(kinds))
        read = found.frame.select(name for name in found.frame.columns if not name.startswith("·"))
        keys = {reading.key: reading for reading in self.readings()}
        rows = read[changes["row"]].iter_rows(named=True)
        for change, row in zip(changes.iter_rows(named=True), rows, strict=True):
            yield change, evidence_of(row, keys)


def changes(
    rows: pl.DataFrame,
    rule: str,
    kind: str,
    *,
    to: pl.Expr | None = None,
    leaves: pl.Expr | None = None,
    outcome: pl.Expr | None = None,
    because: pl.Expr | None = None,
    ask: pl.Expr | None = None,
    seats: pl.Expr | None = None,
) -> pl.DataFrame:
    """Rows of a frame that was read as changes of one kind."""
    nothing = pl.lit(None, dtype=pl.String)
    no = pl.lit(value=False)
    return rows.select(
        pl.col(ROW).alias("row"),
        "subject",
        pl.lit(rule).alias("rule"),
        pl.lit(kind).alias("kind"),
        (nothing if to is None else to).alias("to"),
        (nothing if leaves is None else leaves).alias("leaves"),
        (nothing if outcome is None else outcome).alias("outcome"),
        (nothing if because is None else because).alias("because"),
        (no if ask is None else ask).alias("ask"),
        (no if seats is None else seats).alias("seats"),
    )
