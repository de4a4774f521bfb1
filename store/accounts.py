"""Accounts: what was granted, spent and left of a budget, period by period, and the end of a period."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from operations.ports.resources import Account
from store.ledgers import CARRIED, LAPSED, enter, fund, hold

_PERIODS = text("""
    SELECT account, period,
           coalesce(sum(amount) FILTER (WHERE by = 'spec'), 0)::bigint AS granted,
           coalesce(sum(amount) FILTER (WHERE by = 'carried'), 0)::bigint AS carried,
           -coalesce(sum(amount) FILTER (WHERE by = 'lapsed'), 0)::bigint AS lapsed,
           -coalesce(sum(amount) FILTER (WHERE by IS NULL), 0)::bigint AS spent,
           sum(amount)::bigint AS remains
      FROM ledger
     WHERE community = :community AND kind = 'budget' AND (CAST(:budget AS text) IS NULL OR account = :budget)
     GROUP BY account, period ORDER BY account, period
""")
_LINES = text("""
    SELECT account, period, coalesce(line, '') AS line, -sum(amount)::bigint AS spent
      FROM ledger
     WHERE community = :community AND kind = 'budget' AND by IS NULL
       AND (CAST(:budget AS text) IS NULL OR account = :budget)
     GROUP BY account, period, coalesce(line, '') HAVING sum(amount) <> 0 ORDER BY 1, 2, 3
""")
_LEFT = text("""
    SELECT amount FROM balance
     WHERE (community, kind, account, period) = (:community, 'budget', :budget, :period)
""")


def accounts_of(connection: Connection, community: str, budget: str | None) -> list[Account]:
    """Every period of a budget (of all of them) that anything happened in."""
    asked = {"community": community, "budget": budget}
    lines: dict[tuple[str, str], dict[str, int]] = {}
    for row in connection.execute(_LINES, asked):
        lines.setdefault((row.account, row.period), {})[row.line] = row.spent
    return [
        Account(
            budget=row.account,
            period=row.period,
            granted=row.granted,
            carried=row.carried,
            spent=row.spent,
            lapsed=row.lapsed,
            left=row.remains,
            lines=lines.get((row.account, row.period), {}),
        )
        for row in connection.execute(_PERIODS, asked)
    ]


def close_period(
    connection: Connection,
    community: str,
    budget: str,
    period: str,
    *,
    funds: int,
    at: datetime,
    carry_to: str | None,
) -> int:
    """What remains of a period lapses; with `carry_to` its own part goes on there, but not what was carried before.

    `funds` is what the spec grants for the period. Returns what remained, in hundredths.
    """
    hold(connection, community, f"budget/{budget}")
    if not _closed_before(connection, community, budget, period):
        fund(connection, community, {"budget": budget, "period": period, "funds": funds}, at)
    left = connection.execute(_LEFT, {"community": community, "budget": budget, "period": period}).scalar() or 0
    if not left:
        return 0
    key, times = f"close/{budget}/{period}", _closed_before(connection, community, budget, period)
    if carry_to is not None and not times:
        own = next(one for one in accounts_of(connection, community, budget) if one.period == period)
        carried = min(left, own.granted)
        enter(
            connection,
            community,
            "budget",
            budget,
            carried,
            key=f"carry/{budget}/{period}",
            at=at,
            period=carry_to,
            by=CARRIED,
        )
    enter(connection, community, "budget", budget, -left, key=f"{key}/{times + 1}", at=at, period=period, by=LAPSED)
    return int(left)


def _closed_before(connection: Connection, community: str, budget: str, period: str) -> int:
    found = text(
        "SELECT count(*) FROM ledger WHERE (community, kind, account, period, by)"
        " = (:community, 'budget', :budget, :period, 'lapsed')"
    )
    return int(connection.execute(found, {"community": community, "budget": budget, "period": period}).scalar() or 0)
