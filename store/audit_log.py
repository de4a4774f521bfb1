"""The audit log and the follow-ups in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from operations.errors import Refusal
from operations.ports.audit import DECLINED, DONE, OPEN, Entry, FollowUp
from store.tables.audit import audit_entry, follow_up
from store.transaction import transaction


class SqlAuditLog:
    """The port `AuditLog`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.noted = 0

    def note(
        self,
        community: str,
        *,
        actor: str,
        verb: str,
        what: str,
        at: datetime,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        row = {
            "community": community,
            "at": at,
            "actor": actor,
            "verb": verb,
            "what": what,
            "details": dict(details or {}),
        }
        with transaction(self._engine) as connection:
            connection.execute(insert(audit_entry).values(**row))
        self.noted += 1

    def entries(
        self,
        community: str,
        *,
        actor: str | None = None,
        what: str | None = None,
        verb: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Entry]:
        query = select(audit_entry).where(audit_entry.c.community.in_([community, ""]))
        if actor is not None:
            query = query.where(audit_entry.c.actor == actor)
        if what is not None:
            below = audit_entry.c.what.startswith(f"{what}/", autoescape=True)
            query = query.where(or_(audit_entry.c.what == what, below))
        if verb is not None:
            query = query.where(audit_entry.c.verb == verb)
        if since is not None:
            query = query.where(audit_entry.c.at >= since)
        query = query.order_by(audit_entry.c.seq.desc()).limit(limit)
        with transaction(self._engine) as connection:
            return [
                Entry(at=row.at, actor=row.actor, verb=row.verb, what=row.what, details=row.details)
                for row in connection.execute(query)
            ]


class SqlFollowUps:
    """The port `FollowUps`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, follow_ups: Sequence[FollowUp]) -> int:
        rows = [
            {
                "community": one.community,
                "id": one.id,
                "form": one.form,
                "field": one.field,
                "run": one.run,
                "text": one.text,
                "owner": one.owner,
                "opened_at": one.opened_at,
                "opened_by": one.opened_by,
                "due": one.due,
                "state": one.state,
            }
            for one in follow_ups
        ]
        if not rows:
            return 0
        put = upsert(follow_up).values(rows).on_conflict_do_nothing().returning(follow_up.c.id)
        with transaction(self._engine) as connection:
            return len(connection.execute(put).all())

    def get(self, community: str, id: str) -> FollowUp | None:
        with transaction(self._engine) as connection:
            row = connection.execute(_one(community, id)).first()
        return _follow_up(row) if row is not None else None

    def find(
        self, community: str, *, run: str | None = None, state: str | None = None, owner: str | None = None
    ) -> Sequence[FollowUp]:
        query = select(follow_up).where(follow_up.c.community == community)
        for column, value in ((follow_up.c.run, run), (follow_up.c.state, state), (follow_up.c.owner, owner)):
            if value is not None:
                query = query.where(column == value)
        query = query.order_by(follow_up.c.due.nulls_last(), follow_up.c.id)
        with transaction(self._engine) as connection:
            return [_follow_up(row) for row in connection.execute(query)]

    def tell(
        self,
        community: str,
        id: str,
        *,
        state: str,
        reason: str | None,
        until: datetime | None,
        by: str,
        at: datetime,
    ) -> FollowUp:
        with transaction(self._engine) as connection:
            row = connection.execute(_one(community, id).with_for_update()).first()
            if row is None:
                raise Refusal(f"There is no follow-up {id!r}.", "See `trellis follow-ups`.")
            if row.state in (DONE, DECLINED) and row.state != state:
                raise Refusal(f"{id} is over: {row.state}, said by {row.told_by}.")
            if state == OPEN:
                raise Refusal(f"{id} was {row.state} and cannot become unanswered again.")
            told = (
                update(follow_up)
                .where(follow_up.c.community == community, follow_up.c.id == id)
                .values(state=state, reason=reason, until=until, told_by=by, told_at=at)
                .returning(follow_up)
            )
            return _follow_up(connection.execute(told).one())


def _one(community: str, id: str) -> Any:
    return select(follow_up).where(follow_up.c.community == community, follow_up.c.id == id)


def _follow_up(row: Row[Any]) -> FollowUp:
    return FollowUp(
        community=row.community,
        id=row.id,
        form=row.form,
        field=row.field,
        text=row.text,
        owner=row.owner,
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        run=row.run,
        due=row.due,
        state=row.state,
        reason=row.reason,
        until=row.until,
        told_at=row.told_at,
        told_by=row.told_by,
    )
