"""Ledgers: accounts of points, budgets and stock. Nothing goes below zero: one statement refuses itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from operations.ports.effects import Deed
from operations.ports.inbox import Item
from store.bulk import insert_many
from store.tables.effects import balance, ledger
from store.tables.resources import parcel
from store.tables.standings import standing

Refused = dict[str, str]
"""Deeds that cannot be done, and why."""

SPEC, CARRIED, LAPSED = "spec", "carried", "lapsed"
"""By whom a line of a budget was written that is no spending."""


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
    member: str | None = None,
    line: str | None = None,
) -> bool:
    """One line in the ledger and the balance that follows; False when it would go below zero."""
    new = {"community": community, "key": key, "kind": kind, "account": account, "period": period}
    known = connection.execute(
        insert(ledger)
        .values(**new, amount=amount, at=at, by=by, member=member, line=line)
        .on_conflict_do_nothing()
        .returning(ledger.c.seq)
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
            ledger.c.by == SPEC,
        )
    ).scalar_one()
    if int(granted) != funds:
        key = f"grant/{budget}/{period}/{granted}-{funds}"
        difference = funds - int(granted)
        enter(connection, community, "budget", budget, difference, key=key, at=at, period=period, by=SPEC)


def money(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """Money out of a budget's period."""
    refused: Refused = {}
    for deed in deeds:
        why = charge(
            connection, community, deed.key, int(deed.details["amount"]), deed.details, at=deed.at, member=deed.member
        )
        if why:
            refused[deed.key] = why
    return refused


def charge(
    connection: Connection,
    community: str,
    key: str,
    amount: int,
    details: Mapping[str, Any],
    *,
    at: datetime,
    member: str | None,
) -> str | None:
    """Take money out of a budget's period, in the line of the member's tier; why not, if it cannot be."""
    budget = details.get("budget")
    if budget is None or not amount:
        return None
    hold(connection, community, f"budget/{budget}")
    period = details["period"]
    if is_closed(connection, community, budget, period):
        return f"{period} of budget {budget} is closed"
    fund(connection, community, details, at)
    line = _line(connection, community, member, details)
    known = {"key": f"{key}#budget", "at": at, "period": period, "member": member, "line": line}
    if enter(connection, community, "budget", budget, -amount, **known):
        return None
    return f"budget {budget} has not {amount // 100}.{amount % 100:02d} left in {period}"


def is_closed(connection: Connection, community: str, budget: str, period: str) -> bool:
    """Whether a period of a budget has been closed."""
    found = connection.execute(
        select(ledger.c.seq).where(
            ledger.c.community == community,
            ledger.c.kind == "budget",
            ledger.c.account == budget,
            ledger.c.period == period,
            ledger.c.by == LAPSED,
        )
    ).first()
    return found is not None


def _line(connection: Connection, community: str, member: str | None, details: Mapping[str, Any]) -> str | None:
    """The tier in which a member stands now: the line of the plan in which what is spent on them counts."""
    ladder = details.get("ladder")
    if member is None or ladder is None or member.startswith("role:"):
        return None
    at = connection.execute(
        select(standing.c.at).where(
            standing.c.community == community,
            standing.c.ladder == ladder,
            standing.c.value == "",
            standing.c.member == member,
        )
    ).scalar_one_or_none()
    return at or details.get("lowest")


def gift(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """A piece out of stock, its cost out of the budget, and a parcel where it is posted: all or nothing."""
    refused: Refused = {}
    parcels = []
    for deed in deeds:
        item, details = deed.details["item"], deed.details
        if not enter(connection, community, "stock", item, -1, key=f"{deed.key}#stock", at=deed.at, member=deed.member):
            refused[deed.key] = f"no {item} left in stock"
            continue
        cost = int(details.get("cost", 0))
        why = charge(connection, community, deed.key, cost, details, at=deed.at, member=deed.member)
        if why:
            enter(connection, community, "stock", item, 1, key=f"{deed.key}#stock-back", at=deed.at)
            refused[deed.key] = why
        elif details.get("post") and deed.member is not None:
            parcels.append(
                {
                    "community": community,
                    "key": deed.key,
                    "member": deed.member,
                    "item": item,
                    "count": 1,
                    "run": deed.run,
                    "keeper": details["keeper"],
                    "asked_at": deed.at,
                    "due": datetime.fromisoformat(details["post"]),
                }
            )
    if parcels:
        insert_many(connection, parcel, parcels)
    return refused


def left_in_stock(connection: Connection, community: str, item: str) -> int:
    """How many pieces there are now."""
    found = connection.execute(
        select(balance.c.amount).where(
            balance.c.community == community, balance.c.kind == "stock", balance.c.account == item
        )
    ).scalar_one_or_none()
    return found or 0


def reorders(
    connection: Connection, community: str, stock: Mapping[str, Mapping[str, Any]], *, at: datetime
) -> list[Item]:
    """What keepers are asked to order: one thing to do for each item that is low, until it has been filled up.

    Args:
        stock: items that went out, with `keeper` and `reorder_at`.
    """
    items = []
    for item, details in sorted(stock.items()):
        mark = details.get("reorder_at")
        if mark is None or (left := left_in_stock(connection, community, item)) > int(mark):
            continue
        filled = connection.execute(
            select(func.count()).where(
                ledger.c.community == community,
                ledger.c.kind == "stock",
                ledger.c.account == item,
                ledger.c.key.startswith("stocked/"),
            )
        ).scalar_one()
        items.append(
            Item(
                community=community,
                id=f"reorder/{item}/{filled}",
                asked=(details["keeper"],),
                title={"en": f"Order more {item}: {left} left", "zh": f"补货 {item}：仅剩 {left}"},
                opened_at=at,
                about=item,
                details={"item": item, "left": left, "reorder_at": int(mark)},
            )
        )
    return items
