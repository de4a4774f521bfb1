"""Ranking: who comes first, by the lines of an `order`, with a fixed order last of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from operations.rehearsal import lot
from rules.compile import Compiler
from rules.condition import Attribute, Best, Measured, Source, within
from rules.evaluate import read
from rules.reading import Reading
from rules.values import Evidence, show

if TYPE_CHECKING:
    from rules.spec import Community

_LAST = 2**62
"""What is unknown comes after everything that is known."""


class Ranking:
    """An `order`, compiled: gives each subject a key that sorts best first."""

    def __init__(
        self, community: Community, order: Sequence[Any], *, value: str | None = None, per: str | None = None
    ) -> None:
        compiler = Compiler(community, value, per)
        self._lines: list[tuple[int, Source | None]] = []
        for line in order:
            name = line.highest or line.lowest
            source = compiler.source(name, line.over or "all") if name else None
            self._lines.append((-1 if line.highest else 1, source))

    @property
    def readings(self) -> frozenset[Reading]:
        """The base readings it needs."""
        return frozenset(
            part.reading
            for _, source in self._lines
            if source is not None
            for part in within(source)
            if isinstance(part, Measured)
        )

    @property
    def attributes(self) -> frozenset[str]:
        """The attributes it needs, under every name they may be given."""
        found: set[str] = set()
        for _, source in self._lines:
            for part in () if source is None else within(source):
                if isinstance(part, Attribute):
                    found.update(part.names)
                elif isinstance(part, Best):
                    found.update((part.whole, *part.names))
        return frozenset(found)

    def values(self, evidence: Evidence) -> list[Any]:
        """What each line reads, as it is written in the language; None where it is unknown or a lot is drawn."""
        return [None if source is None else show(read(source, evidence), source.type) for _, source in self._lines]

    def key(self, subject: str, evidence: Evidence, seed: str) -> tuple[int | str, ...]:
        """Sorts best first; a draw depends on the seed and the subject only."""
        found: list[int | str] = []
        for sign, source in self._lines:
            if source is None:
                found.append(lot(seed, subject) >> 1)
                continue
            value = read(source, evidence)
            if value is None:
                found.append(_LAST)
            elif source.type.kind == "tier":
                found.append(sign * source.type.rank(str(value)))
            else:
                found.append(sign * int(value) if isinstance(value, int) else str(value))
        return (*found, subject)
