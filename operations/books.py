"""Books: whether everything that was given, spent, held and told adds up, ledger by ledger and fact by fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.desk import Desk
from operations.ports.effects import Line

if TYPE_CHECKING:
    from rules.spec import Community


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What was found; the books balance when there is no finding."""

    findings: Sequence[str]
    decisions: int
    deeds: int
    points: int
    spent: int = 0  # of all budgets, in hundredths
    claims: int = 0  # of scarce goods, settled or waiting
    bookings: int = 0
    parcels: int = 0
    lines: Sequence[Line] = ()  # each book, account by account

    @property
    def balance(self) -> bool:
        return not self.findings


def check_books(desk: Desk, community: Community) -> Books:
    """Go through ledgers, holdings, seats, claims, bookings, parcels, contributions and the chain of decisions.

    Every finding is one sentence.
    """
    findings = list(desk.effects.audit(community.id))
    log = desk.decisions.verify(community.id)
    findings.extend(one.what for one in log.breaks)
    for ladder in community.ladders.values():
        values = [""] if ladder.per is None else [item.id for item in community.lists[ladder.per].items]
        for value in values:
            taken = desk.standings.counts(community.id, ladder.id, value)
            findings.extend(
                f"{tier.id} has {tier.seats} seats and {taken[tier.id]} are taken"
                for tier in ladder.tiers
                if tier.seats is not None and taken.get(tier.id, 0) > tier.seats
            )
    lines = desk.effects.statement(community.id)
    findings.extend(
        f"{one.book} {one.account}: {one.came} came in, {one.went} went out, and {one.left} are left"
        for one in lines
        if not one.balances
    )
    totals = desk.effects.totals(community.id)
    points = sum(balance.amount for balance in desk.effects.balances(community.id, "points"))
    return Books(
        findings=findings,
        decisions=log.decisions,
        deeds=sum(number for kind, number in totals.items() if kind != "refused"),
        points=points,
        spent=sum(one.spent for one in desk.resources.accounts(community.id)),
        claims=len(desk.resources.claims(community.id, limit=1_000_000)),
        bookings=len(desk.resources.bookings(community.id)),
        parcels=len(desk.resources.parcels(community.id, limit=1_000_000)),
        lines=lines,
    )
