"""Persons: who members are beyond their id: accounts elsewhere, what spotted them, two who are one, their data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rules.spec import Community

PUBLIC, PRIVATE = "public_domain", "private_domain"
ORIGINS = (PUBLIC, PRIVATE)

FORGOTTEN = "gone-"
"""How the pseudonym of whoever was forgotten begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account elsewhere. `source` is the platform, forum or group, `id` the name there."""

    source: str
    id: str
    member: str
    origin: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One thing that spotted somebody: evidence, which is only ever added to.

    `key` makes it be there once: of the fact, or of the account.
    """

    key: str
    member: str
    origin: str
    at: datetime
    place: str | None = None
    evidence: str | None = None
    topic: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """Two members that were found to be one person; `kept` goes on."""

    number: int
    kept: str
    other: str
    at: datetime
    by: str
    reason: str
    separated_at: datetime | None = None
    separated_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One line of what was done about a person and their data; never changed."""

    number: int
    at: datetime
    what: str  # consented, withdrew, exported, erased, joined, separated
    member: str
    actor: str
    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a withdrawal ended at once.

    Args:
        notices: that had not left and never will.
        moves: for which somebody's word is awaited; whoever calls concludes them.
        items: of the inbox that only the member was asked.
        parts: runs the member took part in.
        runs: that have to look again now: about the member, or waiting for them.
    """

    notices: int
    moves: tuple[str, ...]
    items: int
    parts: int
    runs: tuple[str, ...]


class Persons(Protocol):
    """Who members are. Every call is one transaction."""

    # ------------------------------------------------------------------------------------------------------- accounts
    def whose(self, community: str, source: str, ids: Collection[str]) -> Mapping[str, str]:
        """Accounts of a source that are known, and whose they are."""
        ...

    def attach(self, community: str, accounts: Sequence[Account]) -> int:
        """Say whose accounts are; one that is known already stays as it is. Returns how many were new."""
        ...

    def accounts(self, community: str, member: str) -> Sequence[Account]:
        """The accounts of a member, by source and name."""
        ...

    # ------------------------------------------------------------------------------------------------------ sightings
    def sighted(self, community: str, sightings: Sequence[Sighting]) -> int:
        """Add what spotted people; returns how many were new."""
        ...

    def sightings(self, community: str, members: Collection[str] | None = None) -> Mapping[str, Sequence[Sighting]]:
        """What spotted people, by member, in the order in which it became known."""
        ...

    def tags(self, community: str, members: Collection[str]) -> Mapping[str, str]:
        """Where members were found first, which never changes: what was known first of their origin.

        Of two who were joined it is that of whoever was there before the other. Whoever of whom no origin was ever
        known is left out.
        """
        ...

    def contributions(self, community: str, member: str) -> Mapping[str, int]:
        """The credit a member has in the ledger of contributions, by task, the largest first."""
        ...

    # ---------------------------------------------------------------------------------------------------------- joins
    def join(self, spec: Community, kept: str, other: str, *, at: datetime, by: str, reason: str) -> Joining:
        """Make two members one: facts, standings, ledgers, accounts of `other` are those of `kept` from now on.

        Raises:
            Refusal: one of them is not there, or something is under way with `other` that would lose its subject.
        """
        ...

    def separate(self, spec: Community, other: str, *, at: datetime, by: str, reason: str) -> Joining:
        """Undo a join: whatever was `other`'s, and came for `other` since, is theirs again; nothing is lost.

        Raises:
            Refusal: `other` is joined to nobody, or another join has to be undone first.
        """
        ...

    def joins(self, community: str, member: str | None = None) -> Sequence[Joining]:
        """Joins, of one member or all, oldest first."""
        ...

    # ----------------------------------------------------------------------------------------------------------- data
    def release(self, spec: Community, member: str, *, at: datetime) -> Released:
        """End all contact that has begun: notices, invitations, questions, parts in runs."""
        ...

    def held(self, spec: Community, member: str) -> Mapping[str, Any]:
        """Everything that is kept about a person, as plain data by area."""
        ...

    def erase(self, spec: Community, member: str, *, at: datetime, by: str, reason: str) -> Mapping[str, Any]:
        """Take a person out: facts, works and contact data are gone; decisions and ledgers stay under a pseudonym.

        Returns counts and the `pseudonym`.
        """
        ...

    def note(
        self,
        community: str,
        what: str,
        member: str,
        *,
        at: datetime,
        by: str,
        reason: str,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep what was done about a person."""
        ...

    def log(self, community: str, member: str | None = None) -> Sequence[Noted]:
        """What was done about persons, oldest first."""
        ...
