"""Touch: cohorts and who belongs to them, and which of the staff looks after whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

OVER = "over"
HANDOVER = "handover"
"""Why somebody stopped looking after somebody: it was not needed any more, or went to a colleague."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A group that a partition of members is divided into; `id` is `partition/number`.

    `key` is what its members share, most important first; an empty one is the partition's fallback. `host` is who
    looks after it now.
    """

    id: str
    partition: str
    number: int
    key: tuple[str, ...]
    size: int
    opened_at: datetime
    closed_at: datetime | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A cohort that is to open."""

    partition: str
    number: int
    key: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{self.partition}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who of the staff looks after a member (or a cohort) in which relation: contact, host, tutor."""

    member: str
    relation: str
    role: str
    person: str
    since: datetime
    ended_at: datetime | None = None
    ended_why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Whom somebody in a role looks after: `members` of their own or in their cohorts, and how many cohorts."""

    role: str
    person: str
    members: int = 0
    cohorts: int = 0
    still_here: bool = True  # False: has left the role and still has somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One duty of somebody who leaves a role: whom they looked after, and who does now (None: nobody has room)."""

    member: str
    relation: str
    to: str | None = None
    role: str | None = None


class Touch(Protocol):
    """Everything is of one community at a time."""

    def cohorts(self, community: str, partition: str | None = None, *, closed: bool = False) -> Sequence[Cohort]:
        """Cohorts by partition and number, those that have closed only if asked for."""
        ...

    def members_of(
        self, community: str, cohorts: Collection[str], *, at: datetime | None = None
    ) -> Mapping[str, Sequence[str]]:
        """Who belongs to cohorts now, or belonged at a moment, by the cohort's id."""
        ...

    def belonging(self, community: str, partition: str, *, at: datetime | None = None) -> Sequence[str]:
        """Everybody who belongs to a cohort of a partition now, or belonged at a moment."""
        ...

    def cohorts_of(self, community: str, member: str) -> Mapping[str, str]:
        """The cohorts that a member belongs to now, by partition."""
        ...

    def hold(self, community: str, partition: str) -> int:
        """Let nobody else change a partition until the end of the transaction; returns the next free number."""
        ...

    def regroup(
        self,
        community: str,
        opened: Sequence[Opened],
        joined: Mapping[str, str],
        left: Mapping[str, str],
        *,
        at: datetime,
    ) -> Sequence[str]:
        """Open cohorts, take members out (`left`) and in (`joined`, member to cohort); empty cohorts close.

        Whoever leaves is not asked for anything in runs about that cohort any more. Returns the cohorts that closed.
        """
        ...

    def assignments(
        self, community: str, *, member: str | None = None, person: str | None = None, ended: bool = False
    ) -> Sequence[Assignment]:
        """Who looks after whom, of one member or one of the staff; with `ended` also who did, oldest first."""
        ...

    def loads(self, community: str) -> Sequence[Load]:
        """Everybody in a role, and whoever still looks after somebody in one."""
        ...

    def leave(
        self, community: str, role: str, person: str, *, chain: Sequence[tuple[str, int | None]], at: datetime
    ) -> Sequence[Handed]:
        """Somebody leaves a role: whomever they looked after in it goes to the least loaded who has room.

        What they are asked in open phases of runs about these members, whoever has it now is asked instead. Whom
        nobody has room for stays with the leaver until somebody has.

        Args:
            chain: roles and their capacities, the first that has room.
        """
        ...

    def given_by_tiers(self, community: str, ladder: str, relations: Collection[str]) -> Sequence[tuple[str, str]]:
        """Members and relations in which they have somebody now whom a tier of this ladder gave them."""
        ...

    def given_by_runs(self, community: str, member: str) -> Sequence[str]:
        """Relations in which a member has somebody now whom a run gave them, not a tier or a rule."""
        ...

    def runs_about(self, community: str, subjects: Collection[str]) -> Sequence[str]:
        """Runs under way that are about these members or cohorts."""
        ...

    def runs_of(self, community: str, task: str) -> tuple[Sequence[datetime], int]:
        """When runs of a task ended, and how many are under way or about to be."""
        ...

    def end(self, community: str, member: str, relations: Collection[str], *, at: datetime) -> int:
        """Nobody looks after a member (or cohort) in these relations any more. Returns how many ended."""
        ...
