"""The outbox in PostgreSQL: notices wait here from the transaction they belong to until they have left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select, text, tuple_, update

from operations.ports.notices import Notice, Waiting
from store.bulk import insert_many
from store.tables.notices import notice
from store.transaction import transaction

_LOOK_AT = 20_000  # waiting notices looked at in one claim, most urgent of the oldest day first

_WAITS = notice.c.sent_at.is_(None) & notice.c.dropped_at.is_(None)
_DROPPED = text(
    "UPDATE notice n SET dropped_at = n.at FROM member m WHERE n.community = :community AND n.key = ANY (:keys)"
    " AND m.community = n.community AND m.id = n.member AND m.attributes ->> 'consent' IN ('false', '0')"
)


class SqlOutbox:
    """The port `Outbox`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, community: str, notices: Sequence[Notice]) -> int:
        if not notices:
            return 0
        rows = [
            {
                "community": community,
                "key": one.key,
                "member": one.member,
                "what": one.what,
                "values": dict(one.values),
                "urgency": one.urgency,
                "at": one.at,
                "due": one.due,
                "to_staff": one.to_staff,
            }
            for one in notices
        ]
        with transaction(self._engine) as connection:
            new = insert_many(connection, notice, rows, returning="key")
            if new:  # whoever took consent back is told nothing, whatever says so
                connection.execute(_DROPPED, {"community": community, "keys": new})
            return len(new)

    def claim(
        self, community: str, *, zone: ZoneInfo, today: date, per_day: int, limit: int
    ) -> Sequence[tuple[Waiting, date]]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(notice)
                .where(notice.c.community == community, notice.c.sent_at.is_(None), notice.c.dropped_at.is_(None))
                .order_by(func.date(func.timezone(str(zone), notice.c.at)), notice.c.urgency, notice.c.seq)
                .limit(max(limit, _LOOK_AT))
            ).all()
            taken = self._taken(connection, community, {row.member for row in rows})
        leaving: list[tuple[Waiting, date]] = []
        for row in rows:
            day = row.at.astimezone(zone).date()
            while not row.to_staff and taken.get((row.member, day), 0) >= per_day:
                day += timedelta(days=1)
            if day > today:
                continue
            if not row.to_staff:
                taken[row.member, day] = taken.get((row.member, day), 0) + 1
            leaving.append((_waiting(row), day))
            if len(leaving) == limit:
                break
        return leaving

    def _taken(self, connection: Any, community: str, members: set[str]) -> dict[tuple[str, date], int]:
        rows = connection.execute(
            select(notice.c.member, notice.c.sent_on, func.count().label("count"))
            .where(
                notice.c.community == community,
                notice.c.sent_on.is_not(None),
                ~notice.c.to_staff,
                notice.c.member == func.any(sorted(members)),
            )
            .group_by(notice.c.member, notice.c.sent_on)
        )
        return {(row.member, row.sent_on): row.count for row in rows}

    def sent(self, community: str, left: Mapping[str, date], *, at: datetime) -> None:
        with transaction(self._engine) as connection:
            for day in set(left.values()):
                keys = [key for key, on in left.items() if on == day]
                connection.execute(
                    update(notice)
                    .where(notice.c.community == community, notice.c.key == func.any(keys), notice.c.sent_at.is_(None))
                    .values(sent_on=day, sent_at=at, trouble=None)
                )

    def failed(self, community: str, key: str, reason: str) -> None:
        with transaction(self._engine) as connection:
            connection.execute(
                update(notice)
                .where(tuple_(notice.c.community, notice.c.key) == (community, key))
                .values(attempts=notice.c.attempts + 1, trouble=reason[:500])
            )

    def pending(self, community: str) -> int:
        counts = self.counts(community)
        return counts["waiting"] + counts["failing"]

    def counts(self, community: str) -> Mapping[str, int]:
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(
                    func.count().filter(_WAITS, notice.c.attempts == 0).label("waiting"),
                    func.count().filter(_WAITS, notice.c.attempts > 0).label("failing"),
                    func.count().filter(notice.c.sent_at.is_not(None)).label("sent"),
                ).where(notice.c.community == community)
            ).one()
        return {"waiting": row.waiting, "failing": row.failing, "sent": row.sent}

    def of(self, community: str, member: str, *, limit: int = 50) -> Sequence[Waiting]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(notice)
                .where(notice.c.community == community, notice.c.member == member)
                .order_by(notice.c.at.desc(), notice.c.seq.desc())
                .limit(limit)
            ).all()
        return [_waiting(row) for row in rows]


def _waiting(row: Any) -> Waiting:
    return Waiting(
        key=row.key,
        member=row.member,
        what=row.what,
        at=row.at,
        values=row.values,
        urgency=row.urgency,
        attempts=row.attempts,
    )
