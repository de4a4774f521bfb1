"""Hands: what operators did to standings, written down once and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select

from operations.ports.standings import ByHand, Place
from store.tables.standings import by_hand


def write_down(
    connection: Connection,
    community: str,
    what: str,
    place: Place,
    *,
    at: datetime,
    from_: str | None,
    to: str | None,
    by: str,
    reason: str,
    until: datetime | None = None,
) -> ByHand:
    """Add one act."""
    values = {
        "community": community,
        "at": at,
        "what": what,
        "ladder": place.ladder,
        "value": place.value,
        "member": place.member,
        "from_at": from_,
        "to_at": to,
        "until": until,
        "actor": by,
        "reason": reason,
    }
    number = connection.execute(insert(by_hand).values(**values).returning(by_hand.c.number)).scalar_one()
    return ByHand(number=number, what=what, place=place, at=at, from_=from_, to=to, by=by, reason=reason, until=until)


def acts_of(connection: Connection, community: str, member: str) -> Sequence[ByHand]:
    """What was done to one member's standings, in order."""
    query = select(by_hand).where(by_hand.c.community == community, by_hand.c.member == member)
    return [
        ByHand(
            number=row.number,
            what=row.what,
            place=Place(member=row.member, ladder=row.ladder, value=row.value),
            at=row.at,
            from_=row.from_at,
            to=row.to_at,
            by=row.actor,
            reason=row.reason,
            until=row.until,
        )
        for row in connection.execute(query.order_by(by_hand.c.number))
    ]
