"""Released: what ends at once when a member wants no contact any more, and who has to look again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, text

from operations.ports.persons import Released
from rules.spec import Community
from store.tables.teams import team
from store.teams import follow

_NOTICES = """
    UPDATE notice SET dropped_at = :at
     WHERE community = :community AND member = :member AND sent_at IS NULL AND dropped_at IS NULL
"""
_MOVES = """
    SELECT id FROM membership WHERE community = :community AND member = :member AND state <> 'ended'
     ORDER BY id FOR UPDATE
"""
_ITEMS = """
    UPDATE work_item SET state = 'gone', wake_at = NULL
     WHERE community = :community AND state = 'open' AND asked = ARRAY[:member] RETURNING run
"""
_ABOUT = """
    UPDATE work_item w SET state = 'gone', wake_at = NULL FROM deed d
     WHERE w.community = :community AND w.state = 'open' AND w.about = :member
       AND d.community = w.community AND d.key = w.id AND d.kind = 'open'
"""
_MISSED = """
    UPDATE work_item i SET state = 'gone', wake_at = NULL FROM run r
     WHERE i.community = :community AND i.state = 'open' AND i.about = :member AND i.details ->> 'missed' IS NOT NULL
       AND r.id = i.details ->> 'run' AND r.subject = :member AND r.mode = ANY (:modes)
"""
"""What was missed in a run that ends with consent is made up for by nobody; a car that is not back is still sought."""
_ALSO = """
    UPDATE work_item SET asked = array_remove(asked, :member)
     WHERE community = :community AND state = 'open' AND :member = ANY (asked) AND cardinality(asked) > 1
"""
_ASKED = """
    UPDATE visit SET asked = array_remove(asked, :member), never = array_append(never, :member)
     WHERE community = :community AND state = 'open' AND :member = ANY (asked) RETURNING run
"""
_PARTS = """
    DELETE FROM part p USING run r WHERE r.id = p.run AND r.status = 'running'
       AND p.community = :community AND p.member = :member AND p.live RETURNING p.run
"""
_WORKS = """
    UPDATE work w SET state = 'withdrawn' FROM run r WHERE r.id = w.run AND r.status = 'running'
       AND w.community = :community AND w.author = :member AND w.state = 'open' AND w.unit IS NULL RETURNING w.run
"""
_SEATS = """
    UPDATE seat s SET until = greatest(:at, s.since), "left" = 'consent' FROM team t
     WHERE t.id = s.team AND t.community = :community AND s.member = :member AND s.until IS NULL RETURNING t.id
"""
_HELD_BACK = """
    UPDATE deed SET waiting = false
     WHERE community = :community AND waiting AND kind = 'publish'
       AND (member = :member OR details -> 'authors' @> to_jsonb(CAST(:member AS text)))
"""
_MINE = "SELECT id FROM run WHERE community = :community AND subject = :member AND status = 'running'"
_PARCELS = """
    UPDATE parcel p SET cancelled_at = :at
     WHERE p.community = :community AND p.member = :member AND p.posted_at IS NULL AND p.cancelled_at IS NULL
       AND NOT EXISTS (SELECT FROM work_item i
                        WHERE i.community = p.community AND i.id = p.key AND i.state = 'done')
    RETURNING p.key
"""
"""Whoever has completed the item of a parcel has posted it."""
_POSTINGS = """
    UPDATE work_item SET state = 'gone', wake_at = NULL
     WHERE community = :community AND state = 'open' AND id = ANY (:keys)
"""


def release(connection: Connection, spec: Community, member: str, at: datetime) -> Released:
    """End all contact that has begun. Asks count as silence at once: nobody waits for this member any more.

    What rules had asked others to do about the member, such as getting to know them, is not asked any more.
    Works that were accepted stay with their credit; those that were not are taken back. What an embargo holds back is
    not published afterwards. Gifts that have not been posted stay in stock.
    """
    modes = [one.id for one in spec.modes.values() if one.while_ is not None and "'consent'" in repr(one.while_)]
    given = {"community": spec.id, "member": member, "at": at, "modes": modes}

    def done(query: str) -> list[str]:
        found = connection.execute(text(query), given)
        return [str(row[0]) for row in found if row[0] is not None] if found.returns_rows else [""] * found.rowcount

    moves = tuple(sorted(done(_MOVES)))
    notices = len(done(_NOTICES))
    items, _, _, _ = done(_ITEMS), done(_ALSO), done(_ABOUT), done(_MISSED)
    runs = [*items, *done(_ASKED)]
    parts = done(_PARTS)
    runs += [*parts, *done(_WORKS), *_without(connection, done(_SEATS)), *done(_MINE)]
    done(_HELD_BACK)
    parcels = done(_PARCELS)
    for key in parcels:
        _to_stock(connection, spec.id, key, at)
    keys = [one for key in parcels for one in (key, f"{key}#late")]
    connection.execute(text(_POSTINGS), {"community": spec.id, "keys": keys})
    return Released(
        notices=notices,
        moves=moves,
        items=len(items),
        parts=len(set(parts)),
        runs=tuple(sorted(set(runs))),
    )


def _without(connection: Connection, teams: list[str]) -> list[str]:
    """Teams that somebody is not in any more: nobody is asked as one of them who is not; the runs that they are of."""
    found = connection.execute(select(team).where(team.c.id.in_(teams)).order_by(team.c.id)).all()
    for one in found:
        follow(connection, one)
    return [one.run for one in found]


def _to_stock(connection: Connection, community: str, key: str, at: datetime) -> None:
    """What will not be posted goes back where it came from: piece and money."""
    from store.ledgers import enter

    lines = connection.execute(
        text("SELECT * FROM ledger WHERE community = :community AND key IN (:stock, :budget)"),
        {"community": community, "stock": f"{key}#stock", "budget": f"{key}#budget"},
    ).all()
    for line in lines:
        enter(
            connection,
            community,
            line.kind,
            line.account,
            -line.amount,
            key=f"{line.key}#undone",
            at=at,
            period=line.period,
            by=line.by,
            member=line.member,
            line=line.line,
        )
