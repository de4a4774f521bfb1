"""Audit: whether what effects left behind adds up; every finding is one sentence."""

from __future__ import annotations

from sqlalchemy import Connection, text

_QUESTIONS = (
    (
        """SELECT b.kind || ' ' || b.account || ' ' || b.period, b.amount, coalesce(sum(l.amount), 0)::bigint
           FROM balance b LEFT JOIN ledger l USING (community, kind, account, period)
           WHERE b.community = :community GROUP BY 1, b.amount, b.community, b.kind, b.account, b.period
           HAVING b.amount <> coalesce(sum(l.amount), 0)""",
        "{0}: the balance is {1}, its ledger adds up to {2}",
    ),
    (
        """SELECT l.kind || ' ' || l.account || ' ' || l.period, sum(l.amount)::bigint
           FROM ledger l LEFT JOIN balance b USING (community, kind, account, period)
           WHERE l.community = :community AND b.amount IS NULL GROUP BY l.kind, l.account, l.period
           HAVING sum(l.amount) <> 0""",
        "{0}: the ledger has {1}, but there is no balance",
    ),
    (
        "SELECT kind || ' ' || account || ' ' || period, amount FROM balance"
        " WHERE community = :community AND amount < 0",
        "{0} is overdrawn: {1}",
    ),
    (
        """SELECT d.key FROM deed d WHERE d.community = :community AND d.kind = 'points' AND d.refused IS NULL
           AND NOT EXISTS (SELECT FROM ledger l WHERE l.community = d.community AND l.key = d.key || '#points')""",
        "{0}: points were awarded without a line in the ledger",
    ),
    (
        """SELECT d.key FROM deed d WHERE d.community = :community AND d.kind = 'gift' AND d.refused IS NULL
           AND NOT EXISTS (SELECT FROM ledger l WHERE l.community = d.community AND l.key = d.key || '#stock')""",
        "{0}: a gift was given without a line in the ledger",
    ),
    (
        """SELECT d.key FROM deed d WHERE d.community = :community AND d.kind = 'money' AND d.refused IS NULL
           AND d.details ? 'budget'
           AND NOT EXISTS (SELECT FROM ledger l WHERE l.community = d.community AND l.key = d.key || '#budget')""",
        "{0}: money was spent without a line in the ledger",
    ),
    (
        """SELECT l.key FROM ledger l LEFT JOIN deed d ON d.community = l.community
             AND d.key = regexp_replace(l.key, '#(points|stock|budget|stock-back)(#undone)?$', '')
           WHERE l.community = :community AND d.key IS NULL
             AND l.key NOT LIKE 'stocked/%' AND l.key NOT LIKE 'grant/%'""",
        "{0}: a line in the ledger that comes from nothing",
    ),
    (
        """SELECT d.key FROM deed d WHERE d.community = :community AND d.kind IN ('title', 'benefit')
             AND d.refused IS NULL AND d.undone_at IS NULL
             AND NOT EXISTS (SELECT FROM holding h WHERE h.community = d.community AND h.kind = d.kind
               AND h.member = d.member AND h.item = d.details ->> 'item')""",
        "{0}: a title or benefit was given that nobody holds",
    ),
    (
        """SELECT d.key FROM deed d WHERE d.community = :community AND d.kind = 'notify' AND d.refused IS NULL
             AND NOT EXISTS (SELECT FROM notice n WHERE n.community = d.community AND n.key = d.key)""",
        "{0}: somebody should be told and no notice was written",
    ),
)


def audit(connection: Connection, community: str, limit: int = 20) -> list[str]:
    """What does not add up, at most `limit` of each sort."""
    findings: list[str] = []
    for question, sentence in _QUESTIONS:
        rows = connection.execute(text(f"{question} LIMIT {limit}"), {"community": community})
        findings.extend(sentence.format(*row) for row in rows)
    return findings
