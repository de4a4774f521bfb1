"""Resources: who claims what of budgets, stock, fleets and benefits, what became of it, and what was posted.

A *claim* is one receiver's wish in one visit of a phase. It waits until it is settled: served, or not. Amounts are
pieces, or hundredths of the currency. Everything that is given is written in one transaction with the claim, and the
database refuses what is not there: money beyond the budget, pieces below zero, a car that is with somebody else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

WAITING = "waiting"
SERVED = "served"
UNSERVED = "unserved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a phase wants of a resource, as it is written: for each receiver so much, of a car for so long."""

    kind: str
    resource: str
    each: Any = 1
    book: str | None = None
    spend: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who wants what. `state` is `waiting`, `served`, `unserved`, `withdrawn` or `back` (served, and given back).

    `member` is the one person it serves, if it is one; `work` the work it is for. `settle_at` is when it is looked at
    next, `until` how long it waits (None: now or not), `begins_at` when a booked car is there. `why` explains how it
    was settled: place in the queue, what the order read, what was left.
    """

    community: str
    key: str
    kind: str
    resource: str
    receiver: str
    run: str
    phase: str
    visit: int
    amount: int
    asked_at: datetime
    settle_at: datetime
    until: datetime | None = None
    member: str | None = None
    work: str | None = None
    book: str | None = None
    spend: bool = False
    state: str = WAITING
    settled_at: datetime | None = None
    begins_at: datetime | None = None
    back_at: datetime | None = None
    why: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A car with somebody. It has to be back at `ends_at` and can be with somebody else from `free_at` on.

    `state` is `booked`, `back` or `cancelled`; `unit` is the single car.
    """

    community: str
    key: str
    fleet: str
    unit: str
    run: str
    begins_at: datetime
    ends_at: datetime
    free_at: datetime
    member: str | None = None
    state: str = "booked"
    back_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One gift on its way to one member; `key` is that of the deed or claim that gave it."""

    community: str
    key: str
    member: str
    item: str
    count: int
    keeper: str
    asked_at: datetime
    due: datetime
    run: str | None = None
    posted_at: datetime | None = None
    posted_by: str | None = None
    tracking: str | None = None
    late_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One period of a budget, in hundredths: granted by the spec (with what was carried over), spent, lapsed, left.

    `lines` is what was spent by tier ("" where it cannot be told). Spent is what went out less what came back.
    """

    budget: str
    period: str
    granted: int
    carried: int
    spent: int
    lapsed: int
    left: int
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether the period is over: what remained of it has lapsed."""
        return self.lapsed > 0


class Resources(Protocol):
    """The ledgers of what is scarce. Whatever is written may be written again without a second effect."""

    def hold(self, community: str, resource: str) -> None:
        """Let nobody else settle this resource until the transaction is over."""
        ...

    def ask(self, claims: Sequence[Claim]) -> None:
        """Put claims into the queue; known ones stay as they are."""
        ...

    def waiting(self, community: str, resource: str, *, at: datetime) -> Sequence[Claim]:
        """Claims that wait and are due to be looked at, in order of arrival."""
        ...

    def of_phase(self, run: str, phase: str, *, since: int = 1, until: int | None = None) -> Sequence[Claim]:
        """Claims of the visits of a phase, in order of arrival."""
        ...

    def claims(
        self, community: str, resource: str | None = None, *, state: str | None = None, limit: int = 200
    ) -> Sequence[Claim]:
        """Claims, latest first."""
        ...

    def pay(self, claim: Claim, charge: Mapping[str, Any], *, at: datetime) -> str | None:
        """Take money out of a budget's period for a claim; why not, if it cannot be."""
        ...

    def hand_out(self, claim: Claim, stock: Mapping[str, Any], *, at: datetime) -> str | None:
        """Take pieces out of stock for a claim; why not, if there are too few."""
        ...

    def book(self, booking: Booking) -> str | None:
        """Book a car; why not, if it is with somebody else then."""
        ...

    def entitle(self, claim: Claim, right: Mapping[str, Any], *, at: datetime) -> str | None:
        """Give a benefit to a member, or note one use of it; why not, if all are held or used up."""
        ...

    def use(
        self, community: str, benefit: str, member: str, *, key: str, right: Mapping[str, Any], at: datetime
    ) -> str | None:
        """Note one use of a benefit that the member holds; why not, if it is used up."""
        ...

    def uses(self, community: str, benefit: str, period: str) -> Mapping[str, int]:
        """How often each member used a benefit in a period."""
        ...

    def used(self, community: str, *, since: datetime | None, until: datetime) -> Mapping[tuple[str, str], int]:
        """How often each member used each benefit in a time, by member and benefit."""
        ...

    def settled(
        self, claim: Claim, *, state: str, at: datetime, begins_at: datetime | None, why: Mapping[str, Any]
    ) -> None:
        """Note how a claim was settled."""
        ...

    def postponed(self, claim: Claim, *, until: datetime, why: Mapping[str, Any]) -> None:
        """The claim waits on, and is looked at again then."""
        ...

    def release(self, run: str, *, at: datetime) -> int:
        """A run is over: what was only lent goes back, in reverse order; what waits is withdrawn. Returns how many."""
        ...

    def bookings(self, community: str, fleet: str | None = None, *, since: datetime | None = None) -> Sequence[Booking]:
        """Bookings that are not cancelled, in order of time; with `since` those that last beyond it or are not back."""
        ...

    def parcels(self, community: str, *, open_only: bool = False, limit: int = 200) -> Sequence[Parcel]:
        """Parcels, oldest first."""
        ...

    def posted(self, community: str, keys: Collection[str], *, by: str, at: datetime, tracking: str | None) -> int:
        """Note that parcels left; those that left or were cancelled before stay as they are. Returns how many."""
        ...

    def late(self, community: str, *, at: datetime) -> Sequence[Parcel]:
        """Parcels that should have left by then and are noticed now; each is told of once."""
        ...

    def accounts(self, community: str, budget: str | None = None) -> Sequence[Account]:
        """Every period of every budget that anything happened in."""
        ...

    def close(self, community: str, budget: str, period: str, *, funds: int, at: datetime, carry_to: str | None) -> int:
        """End a period of a budget, for which the spec grants `funds`: what remains lapses, or is carried over once.

        Returns what remained.
        """
        ...
