"""Import facts: take a file of facts in, each once, and say of every row what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from operations.fact_gate import FactGate
from operations.ports.facts import Facts, Recorded
from operations.rejects import RejectFile
from operations.rows import Reject, read_rows
from rules.counted import fact_kinds
from rules.spec import Community

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to.

    Args:
        new: rows taken in.
        known: rows that were there already, and came to nothing.
        changed: rows that replaced what was there under their id.
        rejected: rows that do not fit; `rejects` names their file, `first` the first of them.
        ignored: columns that nothing reads.
        strangers: how many members facts name who have not been imported.
    """

    new: int
    known: int
    changed: int
    rejected: int
    rejects: Path | None
    first: tuple[Reject, ...]
    ignored: tuple[str, ...]
    strangers: int = 0

    @property
    def rows(self) -> int:
        """All rows of the file."""
        return self.new + self.known + self.changed + self.rejected


def import_facts(
    path: Path, community: Community, facts: Facts, seen: Callable[[int], None] = lambda _: None
) -> Imported:
    """Import a CSV, CSV.gz or NDJSON file; each batch is one transaction, so it may be broken off and run again.

    Columns: `id` (else the row itself is the identity), `member` or `member_id`, `kind`, `at` or `occurred_at`,
    `recorded_at`; every other column is the field of that name.

    Args:
        community: the current spec; rows are judged by its kinds of facts.
        seen: told how many bytes of the file were read.

    Raises:
        Refusal: the file cannot be read at all.
    """
    gate = FactGate(fact_kinds(community), community.zone)
    total, ignored = Recorded(), set[str]()
    with RejectFile(path) as rejects:
        for gated in ahead(gate.take(batch) for batch in read_rows(path, seen)):
            total += facts.record_columns(gated.kinds) if gated.kinds else Recorded()
            rejects.add(gated.rejects)
            ignored |= gated.ignored
    return Imported(
        total.new,
        total.known,
        total.changed,
        rejects.count,
        rejects.path if rejects.count else None,
        tuple(rejects.first),
        tuple(sorted(ignored)),
        facts.strangers(),
    )


def ahead(made: Iterable[T]) -> Iterator[T]:
    """The same, with the next one being made while the present one is being worked on."""
    source = iter(made)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, source, None)
        while (present := coming.result()) is not None:
            coming = pool.submit(next, source, None)
            yield present
