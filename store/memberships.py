"""Memberships in PostgreSQL: who is being asked about whom, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Select, func, select, update

from operations.errors import Refusal
from operations.ports.reviews import Membership
from store.bulk import insert_many
from store.tables.standings import membership
from store.transaction import transaction

_NAMES = {"from_": "from_at", "to": "to_at"}
_FIELDS = (
    "community", "id", "member", "ladder", "value", "from_", "to", "transition", "digest", "review", "opened_at",
    "state", "item", "invited_at", "due", "answer", "answered_at", "outcome", "ended_at", "again_from", "scale", "seed",
)  # fmt: skip


class SqlMemberships:
    """The port `Memberships`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, memberships: Sequence[Membership]) -> int:
        if not memberships:
            return 0
        rows = [{_NAMES.get(name, name): getattr(one, name) for name in _FIELDS} for one in memberships]
        with transaction(self._engine) as connection:
            return len(insert_many(connection, membership, rows, returning="id"))

    def unstarted(self, community: str, *, limit: int = 200) -> Sequence[Membership]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(membership)
                .where(membership.c.community == community, membership.c.state == "asked")
                .order_by(membership.c.opened_at, membership.c.id)
                .limit(limit)
            )
            return [_membership(row) for row in rows]

    def started(self, community: str, ids: Sequence[str]) -> None:
        with transaction(self._engine) as connection:
            connection.execute(
                update(membership)
                .where(membership.c.community == community, membership.c.id == func.any(list(ids)))
                .where(membership.c.state == "asked")
                .values(state="started")
            )

    def get(self, community: str, id: str) -> Membership | None:
        return self._one(select(membership).where(membership.c.community == community, membership.c.id == id))

    def held(self, community: str, id: str) -> Membership | None:
        one = select(membership).where(membership.c.community == community, membership.c.id == id)
        return self._one(one.with_for_update())

    def _one(self, query: Select[Any]) -> Membership | None:
        with transaction(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _membership(row)

    def update(self, community: str, id: str, **changes: Any) -> None:
        with transaction(self._engine) as connection:
            connection.execute(
                update(membership)
                .where(membership.c.community == community, membership.c.id == id)
                .values({_NAMES.get(name, name): value for name, value in changes.items()})
            )

    def answer(self, community: str, id: str, *, answer: str, at: datetime) -> Membership:
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(membership).where(membership.c.community == community, membership.c.id == id).with_for_update()
            ).one_or_none()
            if row is None:
                raise Refusal(f"There is no invitation {id}.", "`trellis invitations` lists those that are open.")
            if row.answer == answer:
                return _membership(row)
            if row.answer is not None:
                raise Refusal(f"The invitation {id} was answered with {row.answer} already.")
            if row.state != "inviting":
                state = f"is over: {row.outcome}" if row.state == "ended" else "has not been sent yet"
                raise Refusal(f"The invitation {id} {state}.")
            answered = connection.execute(
                update(membership)
                .where(membership.c.community == community, membership.c.id == id)
                .values(answer=answer, answered_at=at)
                .returning(membership)
            ).one()
            return _membership(answered)

    def invitations(self, community: str, member: str | None = None) -> Sequence[Membership]:
        query = select(membership).where(membership.c.community == community, membership.c.state == "inviting")
        if member is not None:
            query = query.where(membership.c.member == member)
        with transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(membership.c.due, membership.c.id))
            return [_membership(row) for row in rows]

    def resting(self, community: str, ladder: str, value: str, *, at: datetime) -> set[tuple[str, str]]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(membership.c.member, membership.c.to_at, membership.c.transition).where(
                    membership.c.community == community,
                    membership.c.ladder == ladder,
                    membership.c.value == value,
                    membership.c.again_from > at,
                )
            )
            return {(row.member, row.transition or row.to_at) for row in rows}

    def counts(self, community: str) -> Mapping[str, int]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(membership.c.outcome, func.count())
                .where(membership.c.community == community)
                .group_by(membership.c.outcome)
            )
            return {"open": 0, **{outcome or "open": number for outcome, number in rows}}


def _membership(row: Any) -> Membership:
    values: dict[str, Any] = {}
    for name in _FIELDS:
        value = getattr(row, _NAMES.get(name, name))
        values[name] = value.astimezone(UTC) if isinstance(value, datetime) else value
    return Membership(**values)
