"""Audit: whether what effects left behind adds up; every finding is one sentence."""

from __future__ import annotations

from sqlalchemy import Connection, text

_QUESTIONS = (
    (
        """SELECT w.id, w.credit, coalesce(sum(c.weight), 0)::bigint
           FROM work w LEFT JOIN contribution c ON c.work = w.id
           WHERE w.community = :community AND w.state = 'accepted' AND w.credit IS NOT NULL
             AND w.author NOT LIKE 'role:%'
           GROUP BY w.id, w.credit, w.community HAVING w.credit <> coalesce(sum(c.weight), 0)""",
        "{0}: its credit is {1}, its lines in the ledger of contributions add up to {2}",
    ),
    (
        """SELECT t.id, part ->> 'id', count(*), part ->> 'limit'
           FROM team t JOIN seat s ON s.team = t.id AND s."until" IS NULL, jsonb_array_elements(t.slots) AS part
           WHERE t.community = :community AND s.slot = part ->> 'id'
           GROUP BY t.id, part HAVING count(*) > (part ->> 'limit')::integer""",
        "{0}: {2} have the part {1}, which {3} may have",
    ),
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
        """SELECT l.key FROM ledger l
             LEFT JOIN deed d ON d.community = l.community
              AND d.key = regexp_replace(l.key, '#(points|stock|budget|stock-back)(#undone)?$', '')
             LEFT JOIN claim c ON c.community = l.community
              AND c.key = regexp_replace(l.key, '#(stock|budget)(-back)?$', '')
           WHERE l.community = :community AND d.key IS NULL AND c.key IS NULL
             AND l.key NOT LIKE 'stocked/%' AND l.key NOT LIKE 'grant/%'
             AND l.key NOT LIKE 'close/%' AND l.key NOT LIKE 'carry/%'""",
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
             AND NOT EXISTS (SELECT FROM notice n WHERE n.community = d.community AND n.key = d.key)
             AND NOT EXISTS (SELECT FROM privacy p WHERE (p.community, p.member) = (d.community, d.member)
               AND p.what = 'erased')""",
        "{0}: somebody should be told and no notice was written",
    ),
    (
        """SELECT c.key, c.kind FROM claim c WHERE c.community = :community AND c.kind IN ('budget', 'stock')
             AND c.state IN ('served', 'back') AND (SELECT -coalesce(sum(l.amount), 0) FROM ledger l
               WHERE l.community = c.community
                 AND l.key IN (c.key || '#' || c.kind, c.key || '#' || c.kind || '-back'))
             <> CASE c.state WHEN 'served' THEN c.amount ELSE 0 END""",
        "{0}: what was claimed of a {1} and what its ledger says are not the same",
    ),
    (
        """SELECT c.key FROM claim c WHERE c.community = :community AND c.state IN ('waiting', 'unserved', 'withdrawn')
             AND (EXISTS (SELECT FROM ledger l WHERE l.community = c.community
                            AND l.key IN (c.key || '#budget', c.key || '#stock'))
               OR EXISTS (SELECT FROM booking b WHERE (b.community, b.key) = (c.community, c.key)))""",
        "{0}: something was given for a claim that was not served",
    ),
    (
        """SELECT c.key FROM claim c WHERE c.community = :community AND c.kind = 'fleet' AND c.state = 'served'
             AND NOT EXISTS (SELECT FROM booking b WHERE (b.community, b.key) = (c.community, c.key))""",
        "{0}: a car was promised and none is booked",
    ),
    (
        """SELECT a.key, b.key, a.unit FROM booking a JOIN booking b ON a.community = b.community
             AND a.vehicle = b.vehicle AND a.key < b.key AND a.during && b.during
           WHERE a.community = :community AND a.state <> 'cancelled' AND b.state <> 'cancelled'""",
        "{0} and {1} have {2} at the same time",
    ),
    (
        """SELECT b.key, b.unit FROM booking b JOIN run r ON r.id = b.run
           WHERE b.community = :community AND b.state = 'booked' AND r.status <> 'running'""",
        "{0}: the run is over and {1} is still booked",
    ),
    (
        """SELECT c.key, c.state FROM claim c JOIN run r ON r.id = c.run
           WHERE c.community = :community AND r.status <> 'running'
             AND (c.state = 'waiting' OR (c.state = 'served' AND NOT c.spend))""",
        "{0}: the run is over and the claim is still {1}",
    ),
    (
        """SELECT d.key FROM deed d WHERE d.community = :community AND d.kind = 'gift' AND d.refused IS NULL
             AND d.details ? 'post'
             AND NOT EXISTS (SELECT FROM parcel p WHERE (p.community, p.key) = (d.community, d.key))""",
        "{0}: a gift has to be posted and there is no parcel",
    ),
    (
        """SELECT p.key FROM parcel p WHERE p.community = :community
             AND NOT EXISTS (SELECT FROM deed d WHERE (d.community, d.key) = (p.community, p.key)
                               AND d.refused IS NULL)
             AND NOT EXISTS (SELECT FROM claim c WHERE (c.community, c.key) = (p.community, p.key)
                               AND c.state = 'served')""",
        "{0}: a parcel of which nobody knows what for",
    ),
    (
        """SELECT u.benefit, u.member, u.period, count(*), max(u.most) FROM benefit_use u
           WHERE u.community = :community GROUP BY u.benefit, u.member, u.period HAVING count(*) > max(u.most)""",
        "{1} used {0} {3} times in {2}, and {4} are the most",
    ),
    (
        """SELECT d.source, d.kind, sum((d.details ->> 'amount')::bigint)::bigint, (d.details ->> 'whole')::bigint
           FROM deed d WHERE d.community = :community AND d.details ? 'whole' AND NOT d.details ? 'cap'
           GROUP BY d.source, d.kind, d.details ->> 'among', d.details ->> 'whole'
           HAVING sum((d.details ->> 'amount')::bigint) <> (d.details ->> 'whole')::bigint""",
        "{0}: {2} of {1} were divided, and {3} were there to be divided",
    ),
    (
        """SELECT d.source, d.member FROM deed d JOIN run r ON r.id = d.origin ->> 'run'
           WHERE d.community = :community AND d.details ->> 'split' = 'credit'
             AND d.details ->> 'among' LIKE '%' || chr(58) || 'None'
             AND EXISTS (SELECT FROM contribution c WHERE c.run = r.id)
             AND NOT EXISTS (SELECT FROM contribution c WHERE c.run = r.id AND c.member = d.member)
             AND NOT EXISTS (SELECT FROM seat s JOIN team t ON t.id = s.team WHERE t.run = r.id
                               AND s.member = d.member)""",
        "{0}: {1} was rewarded by credit and has contributed nothing",
    ),
    (
        """SELECT s.source, s.member, s.amount, s.weight, s.total, s.whole FROM (
             SELECT d.source, d.member, (d.details ->> 'amount')::bigint AS amount,
                    (d.details ->> 'whole')::bigint AS whole, c.weight, sum(c.weight) OVER (
                      PARTITION BY d.source, d.kind, d.details ->> 'among', d.details ->> 'whole')::bigint AS total
             FROM deed d CROSS JOIN LATERAL (SELECT coalesce(sum(c.weight), 0)::bigint AS weight FROM contribution c
               WHERE c.run = d.origin ->> 'run' AND c.member = d.member AND c.at <= d.at) c
             WHERE d.community = :community AND d.details ->> 'split' = 'credit'
               AND d.details ->> 'among' LIKE '%' || chr(58) || 'None'
               AND NOT EXISTS (SELECT FROM seat JOIN team t ON t.id = seat.team, jsonb_array_elements(t.slots) part
                                WHERE t.run = d.origin ->> 'run' AND seat.member = d.member
                                  AND part ->> 'id' = seat.slot AND part ->> 'share' IS NOT NULL)) s
           WHERE s.total > 0 AND abs(s.amount * s.total - s.whole * s.weight) >= s.total""",
        "{0}: {1} was given {2} of {5} for {3} of {4} in the ledger of contributions",
    ),
    (
        """SELECT w.id, w.state FROM work w LEFT JOIN contribution c ON c.community = w.community AND c.work = w.id
           WHERE w.community = :community AND w.state IN ('refused', 'withdrawn')
           GROUP BY w.id, w.state HAVING coalesce(sum(c.weight), 0) <> 0""",
        "{0} is {1} and still counts in the ledger of contributions",
    ),
)


def audit(connection: Connection, community: str, limit: int = 20) -> list[str]:
    """What does not add up, at most `limit` of each sort."""
    findings: list[str] = []
    for question, sentence in _QUESTIONS:
        rows = connection.execute(text(f"{question} LIMIT {limit}"), {"community": community})
        findings.extend(sentence.format(*row) for row in rows)
    return findings
