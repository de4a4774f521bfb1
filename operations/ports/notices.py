"""Notices: what people are told, kept in an outbox until it has left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to one person, written in the transaction of what it tells about.

    `urgency`: 0 is most urgent (an invitation with a deadline), 5 is usual. `values` fill the placeholders.
    `to_staff`: to somebody who works for the brand, and not counted against what one member may be told in a day.
    """

    key: str
    member: str
    what: str  # message:id, or run.brief, or a work
    at: datetime
    values: Mapping[str, str] = field(default_factory=dict)
    urgency: int = 5
    due: datetime | None = None
    to_staff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A notice that has not left yet, as the sender sees it."""

    key: str
    member: str
    what: str
    at: datetime
    values: Mapping[str, str]
    urgency: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A notice in words, by language, as whoever carries it receives it. `key` is the idempotency key."""

    key: str
    member: str
    what: str
    title: Mapping[str, str]
    text: Mapping[str, str]


class Carrier(Protocol):
    """One way out: Apprise, a webhook, a log."""

    def send(self, letter: Letter) -> None:
        """Hand the letter over. Raises OSError when it could not be handed over and may be tried again."""
        ...


class Outbox(Protocol):
    def put(self, community: str, notices: Sequence[Notice]) -> int:
        """Write notices; known keys are left alone. Returns how many were new."""
        ...

    def claim(
        self, community: str, *, zone: ZoneInfo, today: date, per_day: int, limit: int
    ) -> Sequence[tuple[Waiting, date]]:
        """Notices that may leave now, each with the local day it counts for: most urgent first within a day.

        At most `per_day` to one member count for one day; the rest waits for the next. Days are those of the notices'
        own times, so that a rehearsed season keeps its limits too.
        """
        ...

    def sent(self, community: str, left: Mapping[str, date], *, at: datetime) -> None:
        """These keys left, counting for these days."""
        ...

    def failed(self, community: str, key: str, reason: str) -> None:
        """This could not be handed over this time."""
        ...

    def pending(self, community: str) -> int:
        """How many have not left."""
        ...

    def counts(self, community: str) -> Mapping[str, int]:
        """`waiting`, `sent`, `failing`."""
        ...

    def of(self, community: str, member: str, *, limit: int = 50) -> Sequence[Waiting]:
        """What one member was or will be told, latest first."""
        ...
