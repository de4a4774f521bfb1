"""Audit: who did what by hand, and what became of the advice and the actions that people agreed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

OPERATOR = "operator"
"""Whoever works at the installation itself and does not say who they are."""

OPEN, IN_WORK, DONE, DECLINED = "open", "in-work", "done", "declined"
STATES = (OPEN, IN_WORK, DONE, DECLINED)
"""States of a follow-up; answered is whatever is not open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that somebody did. `verb` is a command or an act, `what` the run, item, member, … it was done to."""

    at: datetime
    actor: str
    verb: str
    what: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """One piece of advice, or one action, from the form in which it was written down to its answer.

    `owner` is the role or person who answers, by `due`; `until` is when what is in work should be done.
    """

    community: str
    id: str
    form: str
    field: str
    text: str
    owner: str
    opened_at: datetime
    opened_by: str | None = None
    run: str | None = None
    due: datetime | None = None
    state: str = OPEN
    reason: str | None = None
    until: datetime | None = None
    told_at: datetime | None = None
    told_by: str | None = None


class AuditLog(Protocol):
    noted: int
    """How many entries were written here."""

    def note(
        self,
        community: str,
        *,
        actor: str,
        verb: str,
        what: str,
        at: datetime,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down what somebody did, with whatever it changed in one transaction."""
        ...

    def entries(
        self,
        community: str,
        *,
        actor: str | None = None,
        what: str | None = None,
        verb: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Entry]:
        """What was done by hand, latest first. `what` also means everything below it (a run: its phases, items)."""
        ...


class FollowUps(Protocol):
    def open(self, follow_ups: Sequence[FollowUp]) -> int:
        """Keep follow-ups; known ones stay as they are. Returns how many were new."""
        ...

    def get(self, community: str, id: str) -> FollowUp | None: ...

    def find(
        self, community: str, *, run: str | None = None, state: str | None = None, owner: str | None = None
    ) -> Sequence[FollowUp]:
        """Follow-ups, those that are due first."""
        ...

    def tell(
        self,
        community: str,
        id: str,
        *,
        state: str,
        reason: str | None,
        until: datetime | None,
        by: str,
        at: datetime,
    ) -> FollowUp:
        """Say what became of one.

        Raises:
            operations.errors.Refusal: there is none, or it is over with another answer.
        """
        ...
