"""Proposals in PostgreSQL: opened once by their deed, decided once by somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from operations.ports.effects import Deed
from operations.ports.proposals import BROKEN, OPEN, PLANNING, UNDECIDED, WITHDRAWN, Proposal
from store.ledgers import Refused, hold
from store.tables.proposals import proposal
from store.transaction import transaction


class SqlProposals:
    """The port `Proposals`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self, community: str, *, state: str | None = None) -> Sequence[Proposal]:
        query = select(proposal).where(proposal.c.community == community).order_by(proposal.c.number.desc())
        if state is not None:
            query = query.where(proposal.c.state == state)
        with transaction(self._engine) as connection:
            return [_proposal(row) for row in connection.execute(query)]

    def one(self, community: str, number: int) -> Proposal | None:
        query = select(proposal).where(proposal.c.community == community, proposal.c.number == number)
        with transaction(self._engine) as connection:
            row = connection.execute(query).first()
            return None if row is None else _proposal(row)

    def planned(self, community: str, number: int, *, base: str, digest: str, plan: Mapping[str, Any]) -> None:
        self._update(community, number, state=OPEN, base=base, digest=digest, plan=dict(plan), problem=None)

    def broken(self, community: str, number: int, problem: str) -> None:
        self._update(community, number, state=BROKEN, base=None, digest=None, plan=None, problem=problem)

    def decide(
        self, community: str, number: int, state: str, *, by: str, reason: str, at: datetime, version: int | None = None
    ) -> bool:
        return self._update(
            community, number, state=state, decided_by=by, reason=reason, decided_at=at, version=version
        )

    def _update(self, community: str, number: int, **values: Any) -> bool:
        with transaction(self._engine) as connection:
            changed = connection.execute(
                update(proposal)
                .where(proposal.c.community == community, proposal.c.number == number)
                .where(proposal.c.state.in_(UNDECIDED))
                .values(**values)
            )
            return bool(changed.rowcount)


def open_proposals(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """Write proposals down, each with the next number of the community."""
    hold(connection, community, "proposals")
    numbers = select(func.coalesce(func.max(proposal.c.number), 0)).where(proposal.c.community == community)
    number = connection.execute(numbers).scalar_one()
    for deed in deeds:
        values = {
            "community": community,
            "number": number + 1,
            "key": deed.key,
            "at": deed.at,
            "given": bool(deed.details.get("given")),
            "run": deed.run,
            "phase": deed.phase,
            "source": deed.details.get("source"),
            "edits": deed.details["edits"],
            "state": PLANNING,
        }
        done = connection.execute(insert(proposal).values(values).on_conflict_do_nothing().returning(proposal.c.key))
        number += 1 if done.first() is not None else 0
    return {}


def withdraw(connection: Connection, community: str, key: str) -> None:
    """Take a proposal back that nobody has decided about; a decision stands."""
    connection.execute(
        update(proposal)
        .where(proposal.c.community == community, proposal.c.key == key, proposal.c.state.in_(UNDECIDED))
        .values(state=WITHDRAWN)
    )


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        community=row.community,
        number=row.number,
        key=row.key,
        at=row.at,
        given=row.given,
        edits=tuple((file, path, value) for file, path, value in row.edits),
        state=row.state,
        run=row.run,
        phase=row.phase,
        source=row.source,
        base=row.base,
        digest=row.digest,
        plan=row.plan,
        problem=row.problem,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        version=row.version,
    )
