"""Decisions: what was concluded about whom and why, append-only and chained, so that nobody can change the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rules.decision import Decision
    from rules.spec import Community

ERASED: Literal["erased"] = "erased"
"""Rule and outcome of the entry that says which decisions an erasure has reduced, with a digest over what they say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One decision as it stands in the log."""

    seq: int
    review: str
    decision: Decision
    reduced: bool = False  # whom it was about has been erased: a pseudonym, and no reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A place where the log is not what was written."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What reading the whole log again found."""

    decisions: int
    head: str  # the hash that stands for the whole log
    breaks: tuple[Break, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.breaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which decisions are wanted; what is None does not matter.

    `rule` is a ladder, a rule or `lifecycle`; one kept per value stands for all its values, `ladder@value` for one.
    `since` is included, `until` too. `digest` and `review` may be the beginning of one.
    """

    member: str | None = None
    rule: str | None = None
    outcome: str | None = None
    from_: str | None = None
    to: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    digest: str | None = None
    review: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many members one review took from where to where by one rule."""

    review: str
    at: datetime
    rule: str
    outcome: str
    from_: str | None
    to: str | None
    members: int


class Decisions(Protocol):
    def append(self, community: str, review: str, decisions: Sequence[Decision]) -> int:
        """Write decisions at the end of the log; those of a (review, subject, rule) known already are left out.

        Returns how many were new.
        """
        ...

    def of(self, community: str, member: str, *, limit: int = 100) -> Sequence[Recorded]:
        """The latest decisions about one member or other subject, latest first."""
        ...

    def latest(self, community: str, *, limit: int = 100) -> Sequence[Recorded]:
        """The latest decisions, latest first."""
        ...

    def find(
        self, community: str, wanted: Wanted, *, limit: int = 100, before: int | None = None
    ) -> Sequence[Recorded]:
        """The decisions wanted that were written last, latest first.

        Args:
            before: only those before this number in the log, to go on from a page.
        """
        ...

    def count(self, community: str, wanted: Wanted) -> int:
        """How many decisions are wanted."""
        ...

    def each(self, community: str, wanted: Wanted, *, size: int = 5_000) -> Iterator[Sequence[Recorded]]:
        """All decisions wanted in the order of the log, some `size` at a time."""
        ...

    def under(self, community: str, digest: str) -> Sequence[Tally]:
        """What was decided under one version of the specs, review by review, latest first."""
        ...

    def fired(
        self, community: str, rules: Sequence[str], *, since: datetime | None = None
    ) -> Mapping[tuple[str, str], datetime]:
        """When each rule (or `rule@value`) last fired for each subject: (rule, subject) to moment."""
        ...

    def reduce(self, spec: Community, member: str, pseudonym: str, *, at: datetime) -> int:
        """Put a pseudonym into all decisions about a member and take out what was read of them; returns how many.

        An entry of the log keeps a digest over what they still say, so that the log goes on proving itself.
        """
        ...

    def verify(self, community: str) -> Verified:
        """Read the whole log again and compare it with its hashes."""
        ...
