"""Ledgers: accounts of points, budgets and stock. Nothing goes below zero: one statement refuses itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from operations.ports.effects import Deed
from store.bulk import insert_many
from store.tables.effects import balance, ledger

Refused = dict[str, str]
"""Deeds that cannot be done, and why."""


def hold(connection: Connection, community: str, what: str) -> None:
    """Let nobody else count the same seats or loads until this transaction is over."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 7))"), {"what": f"{community}/{what}"}
    )


def enter(
    connection: Connection,
    community: str,
    kind: str,
    account: str,
    amount: int,
    *,
    key: str,
    at: datetime,
    period: str = "",
    by: str | None = None,
) -> bool:
    """One line in the ledger and the balance that follows; False when it would go below zero."""
    line = {"community": community, "key": key, "kind": kind, "account": account, "period": period}
    known = connection.execute(
        insert(ledger).values(**line, amount=amount, at=at, by=by).on_conflict_do_nothing().returning(ledger.c.seq)
    ).one_or_none()
    if known is None:
        return True
    here = (
        (balance.c.community == community)
        & (balance.c.kind == kind)
        & (balance.c.account == account)
        & (balance.c.period == period)
    )
    changed = connection.execute(
        update(balance)
        .where(here, balance.c.amount + amount >= 0)
        .values(amount=balance.c.amount + amount)
        .returning(balance.c.amount)
    ).one_or_none()
    if changed is None and amount >= 0:
        first = insert(balance).values(community=community, kind=kind, account=account, period=period, amount=amount)
        changed = connection.execute(
            first.on_conflict_do_update(
                index_elements=["community", "kind", "account", "period"],
                set_={"amount": balance.c.amount + amount},
            ).returning(balance.c.amount)
        ).one()
    if changed is None:
        connection.execute(ledger.delete().where(ledger.c.community == community, ledger.c.key == key))
        return False
    return True


def points(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """Points into members' accounts; a cap counts what this effect gave the member in the window."""
    refused: Refused = {}
    amounts: dict[str, int] = {}
    given: dict[tuple[str, str | None], int] = {}
    for deed in deeds:
        amount = int(deed.details["amount"])
        cap = deed.details.get("cap")
        if cap is not None:
            account = (deed.details["effect"], deed.member)
            if account not in given:
                hold(connection, community, f"cap/{deed.member}")
                given[account] = _given(connection, community, deed, cap["since"])
            amount = min(amount, int(cap["points"]) - given[account])
            given[account] += max(0, amount)
        if amount <= 0:
            refused[deed.key] = f"the limit of {cap['points'] if cap else 0} points is reached"
            continue
        amounts[deed.key] = amount
    lines = [
        {
            "community": community,
            "key": f"{deed.key}#points",
            "kind": "points",
            "account": deed.member,
            "period": "",
            "amount": amounts[deed.key],
            "at": deed.at,
            "by": deed.details.get("effect"),
        }
        for deed in deeds
        if deed.key in amounts
    ]
    if lines:
        insert_many(connection, ledger, lines)
        totals: dict[str, int] = {}
        for deed in deeds:
            if deed.key in amounts:
                totals[str(deed.member)] = totals.get(str(deed.member), 0) + amounts[deed.key]
        insert_many(
            connection,
            balance,
            [
                {"community": community, "kind": "points", "account": member, "period": "", "amount": amount}
                for member, amount in sorted(totals.items())
            ],
            on_conflict="(community, kind, account, period) DO UPDATE SET amount = balance.amount + excluded.amount",
        )
    return refused


def _given(connection: Connection, community: str, deed: Deed, since: str) -> int:
    total = connection.execute(
        select(func.coalesce(func.sum(ledger.c.amount), 0)).where(
            ledger.c.community == community,
            ledger.c.kind == "points",
            ledger.c.account == deed.member,
            ledger.c.by == deed.details["effect"],
            ledger.c.at >= datetime.fromisoformat(since),
        )
    ).scalar_one()
    return int(total)


def fund(connection: Connection, community: str, details: Mapping[str, Any], at: datetime) -> None:
    """Bring a budget's period to what the spec grants it; what was granted already counts."""
    budget, period, funds = details["budget"], details["period"], int(details["funds"])
    granted = connection.execute(
        select(func.coalesce(func.sum(ledger.c.amount), 0)).where(
            ledger.c.community == community,
            ledger.c.kind == "budget",
            ledger.c.account == budget,
            ledger.c.period == period,
            ledger.c.by == "spec",
        )
    ).scalar_one()
    if int(granted) != funds:
        key = f"grant/{budget}/{period}/{granted}-{funds}"
        difference = funds - int(granted)
        enter(connection, community, "budget", budget, difference, key=key, at=at, period=period, by="spec")


def money(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """Money out of a budget's period."""
    refused: Refused = {}
    for deed in deeds:
        why = _charge(connection, community, deed, int(deed.details["amount"]))
        if why:
            refused[deed.key] = why
    return refused


def _charge(connection: Connection, community: str, deed: Deed, amount: int) -> str | None:
    budget = deed.details.get("budget")
    if budget is None or not amount:
        return None
    hold(connection, community, f"budget/{budget}")
    fund(connection, community, deed.details, deed.at)
    key, period = f"{deed.key}#budget", deed.details["period"]
    if enter(connection, community, "budget", budget, -amount, key=key, at=deed.at, period=period):
        return None
    return f"budget {budget} has not {amount // 100}.{amount % 100:02d} left in {period}"


def gift(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """A piece out of stock, its cost out of the budget: both or neither."""
    refused: Refused = {}
    for deed in deeds:
        item = deed.details["item"]
        if not enter(connection, community, "stock", item, -1, key=f"{deed.key}#stock", at=deed.at):
            refused[deed.key] = f"no {item} left in stock"
            continue
        why = _charge(connection, community, deed, int(deed.details.get("cost", 0)))
        if why:
            enter(connection, community, "stock", item, 1, key=f"{deed.key}#stock-back", at=deed.at)
            refused[deed.key] = why
    return refused
