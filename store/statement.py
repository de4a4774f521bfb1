"""Statement: each book of a community in one line per account: what came in, what went out and what is left of it.

What came in and went out is counted from what caused it (what was put in, deeds, claims, accepted works), and what is
left from the account itself: so the two sides come from different tables.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from operations.ports.effects import Line

_GIVEN = """d.refused IS NULL AND coalesce(
    (SELECT p.cancelled_at IS NULL FROM parcel p WHERE (p.community, p.key) = (d.community, d.key)),
    d.undone_at IS NULL)"""
"""Deeds that stand: done, and not taken back. Of what is posted its parcel says so: what had left already when a run
was cancelled stays given, and what had not when its receiver withdrew or was forgotten came back.
"""

_STOCK = f"""
    SELECT 'stock', b.account,
           (SELECT coalesce(sum(l.amount), 0) FROM ledger l WHERE l.community = b.community AND l.kind = 'stock'
              AND l.account = b.account AND l.key LIKE 'stocked/%'),
           (SELECT count(*) FROM deed d WHERE d.community = b.community AND d.kind = 'gift'
              AND d.details ->> 'item' = b.account AND {_GIVEN})
         + (SELECT coalesce(sum(c.amount), 0) FROM claim c WHERE c.community = b.community AND c.kind = 'stock'
              AND c.resource = b.account AND c.state = 'served'),
           b.amount
    FROM balance b WHERE b.community = :community AND b.kind = 'stock'"""

_BUDGETS = f"""
    SELECT 'budget', a.account,
           (SELECT coalesce(sum(l.amount), 0) FROM ledger l WHERE l.community = :community AND l.kind = 'budget'
              AND l.account = a.account AND l.by IN ('spec', 'carried', 'lapsed')),
           (SELECT coalesce(sum((d.details ->> CASE d.kind WHEN 'money' THEN 'amount' ELSE 'cost' END)::bigint), 0)
              FROM deed d WHERE d.community = :community AND d.kind IN ('money', 'gift')
              AND d.details ->> 'budget' = a.account AND {_GIVEN})
         + (SELECT coalesce(sum(c.amount), 0) FROM claim c WHERE c.community = :community AND c.kind = 'budget'
              AND c.resource = a.account AND c.state = 'served'),
           a.amount
    FROM (SELECT account, sum(amount) AS amount FROM balance
          WHERE community = :community AND kind = 'budget' GROUP BY account) a"""

_BOOKINGS = """
    SELECT 'booking', c.resource, count(*), count(*) FILTER (WHERE b.state <> 'booked'),
           count(*) FILTER (WHERE b.state = 'booked')
    FROM claim c LEFT JOIN booking b USING (community, key)
    WHERE c.community = :community AND c.kind = 'fleet' AND c.state IN ('served', 'back') GROUP BY c.resource"""

_POINTS = """
    SELECT 'points', 'members',
           (SELECT coalesce(sum(l.amount), 0) FROM deed d JOIN ledger l ON l.community = d.community
              AND l.key = d.key || '#points'
            WHERE d.community = :community AND d.kind = 'points' AND d.refused IS NULL AND d.undone_at IS NULL),
           0, (SELECT coalesce(sum(amount), 0) FROM balance WHERE community = :community AND kind = 'points')"""

_CONTRIBUTIONS = """
    SELECT 'contributions', r.id,
           (SELECT coalesce(sum(w.credit), 0) FROM work w WHERE w.run = r.id AND w.state = 'accepted'
              AND w.credit IS NOT NULL AND w.author NOT LIKE 'role:%'),
           0, sum(c.weight)
    FROM run r JOIN contribution c ON c.run = r.id WHERE r.community = :community GROUP BY r.id"""

_REWARDS = """
    SELECT 'rewards', s.run, sum(s.whole), sum(s.given), 0
    FROM (SELECT d.origin ->> 'run' AS run, (d.details ->> 'whole')::bigint AS whole,
                 sum(l.amount) AS given
          FROM deed d LEFT JOIN ledger l ON l.community = d.community AND l.key = d.key || '#points'
          WHERE d.community = :community AND d.kind = 'points' AND d.details ->> 'split' = 'credit'
            AND NOT d.details ? 'cap' AND d.undone_at IS NULL
          GROUP BY 1, 2, d.source, d.details ->> 'among') s
    WHERE s.run IS NOT NULL GROUP BY s.run"""

_BOOKS = text(" UNION ALL ".join((_STOCK, _BUDGETS, _BOOKINGS, _POINTS, _CONTRIBUTIONS, _REWARDS)))


def statement(connection: Connection, community: str) -> list[Line]:
    """All books, each account in one line, in a fixed order."""
    rows = connection.execute(_BOOKS, {"community": community})
    lines = [Line(book, account, int(came), int(went or 0), int(left)) for book, account, came, went, left in rows]
    return sorted(lines, key=lambda line: (line.book, line.account))
