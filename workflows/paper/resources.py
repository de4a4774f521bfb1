"""Resources on paper: the same queue and the same bookings, and always enough of everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from operations.ports.resources import SERVED, WAITING, Booking, Claim


class PaperResources:
    """As much of `operations.ports.resources.Resources` as runs ask for."""

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}
        self._bookings: dict[str, Booking] = {}

    def hold(self, community: str, resource: str) -> None:
        pass

    def ask(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            self._claims.setdefault(claim.key, replace(claim, seq=len(self._claims) + 1))

    def waiting(self, community: str, resource: str, *, at: datetime) -> Sequence[Claim]:
        mine = (one for one in self._claims.values() if one.resource == resource and one.state == WAITING)
        return [one for one in mine if one.settle_at <= at]

    def of_phase(self, run: str, phase: str, *, since: int = 1, until: int | None = None) -> Sequence[Claim]:
        last = 10**9 if until is None else until
        return [
            one for one in self._claims.values() if (one.run, one.phase) == (run, phase) and since <= one.visit <= last
        ]

    def pay(self, claim: Claim, charge: Mapping[str, Any], *, at: datetime) -> str | None:
        return None

    def hand_out(self, claim: Claim, stock: Mapping[str, Any], *, at: datetime) -> str | None:
        return None

    def entitle(self, claim: Claim, right: Mapping[str, Any], *, at: datetime) -> str | None:
        return None

    def book(self, booking: Booking) -> str | None:
        self._bookings[booking.key] = booking
        return None

    def bookings(self, community: str, fleet: str | None = None, *, since: datetime | None = None) -> Sequence[Booking]:
        mine = (one for one in self._bookings.values() if fleet in (None, one.fleet))
        return sorted(mine, key=lambda one: (one.begins_at, one.unit))

    def settled(
        self, claim: Claim, *, state: str, at: datetime, begins_at: datetime | None, why: Mapping[str, Any]
    ) -> None:
        self._claims[claim.key] = replace(claim, state=state, settled_at=at, begins_at=begins_at, why=dict(why))

    def postponed(self, claim: Claim, *, until: datetime, why: Mapping[str, Any]) -> None:
        self._claims[claim.key] = replace(claim, settle_at=until, why=dict(why))

    def release(self, run: str, *, at: datetime) -> int:
        lent = [one for one in self._claims.values() if one.run == run and one.state == SERVED and not one.spend]
        for claim in lent:
            self._bookings.pop(claim.key, None)
            self._claims[claim.key] = replace(claim, state="back", back_at=at)
        return len(lent)
