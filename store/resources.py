"""Resources in PostgreSQL: claims that are settled under a lock, and goods that the database does not give twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from operations.ports.effects import Deed
from operations.ports.resources import SERVED, WAITING, Account, Booking, Claim, Parcel
from store import deeds
from store.accounts import accounts_of, close_period
from store.ledgers import charge, enter, hold, reorders
from store.tables.effects import holding, ledger
from store.tables.resources import benefit_use, booking, claim, parcel
from store.tables.runs import work_item
from store.transaction import transaction

if TYPE_CHECKING:
    from operations.ports.inbox import Inbox

_GIVE_BACK = text("""
    UPDATE booking SET state = CASE WHEN :at <= lower(during) THEN 'cancelled' ELSE 'back' END, back_at = :at,
           during = CASE WHEN :at <= lower(during) OR :at >= ends_at THEN during
                         ELSE tstzrange(lower(during), CAST(:at AS timestamptz) + (upper(during) - ends_at)) END
     WHERE community = :community AND key = :key AND state = 'booked'
""")


class SqlResources:
    """The port `Resources`."""

    def __init__(self, engine: Engine, *, inbox: Inbox) -> None:
        self._engine, self._inbox = engine, inbox

    # ------------------------------------------------------------------------------------------------------ the queue
    def hold(self, community: str, resource: str) -> None:
        with transaction(self._engine) as connection:
            hold(connection, community, f"resource/{resource}")

    def ask(self, claims: Sequence[Claim]) -> None:
        rows = [{name: value for name, value in asdict(one).items() if name not in _LATER} for one in claims]
        if rows:
            with transaction(self._engine) as connection:
                connection.execute(insert(claim).on_conflict_do_nothing(), rows)

    def waiting(self, community: str, resource: str, *, at: datetime) -> Sequence[Claim]:
        return self._claims(
            claim.c.community == community,
            claim.c.resource == resource,
            claim.c.state == WAITING,
            claim.c.settle_at <= at,
        )

    def of_phase(self, run: str, phase: str, *, since: int = 1, until: int | None = None) -> Sequence[Claim]:
        visits = [claim.c.visit >= since] + ([claim.c.visit <= until] if until is not None else [])
        return self._claims(claim.c.run == run, claim.c.phase == phase, *visits)

    def claims(
        self, community: str, resource: str | None = None, *, state: str | None = None, limit: int = 200
    ) -> Sequence[Claim]:
        asked = [claim.c.community == community]
        asked += [claim.c.resource == resource] if resource is not None else []
        asked += [claim.c.state == state] if state is not None else []
        with transaction(self._engine) as connection:
            found = connection.execute(select(claim).where(*asked).order_by(claim.c.seq.desc()).limit(limit))
            return [_claim(row) for row in found]

    def _claims(self, *asked: Any) -> list[Claim]:
        with transaction(self._engine) as connection:
            return [_claim(row) for row in connection.execute(select(claim).where(*asked).order_by(claim.c.seq))]

    def settled(
        self, one: Claim, *, state: str, at: datetime, begins_at: datetime | None, why: Mapping[str, Any]
    ) -> None:
        self._note(one, state=state, settled_at=at, begins_at=begins_at, why=dict(why))

    def postponed(self, one: Claim, *, until: datetime, why: Mapping[str, Any]) -> None:
        self._note(one, settle_at=until, why=dict(why))

    def _note(self, one: Claim, **values: Any) -> None:
        mine = (claim.c.community == one.community, claim.c.key == one.key, claim.c.state == WAITING)
        with transaction(self._engine) as connection:
            connection.execute(update(claim).where(*mine).values(**values))

    # --------------------------------------------------------------------------------------------------------- giving
    def pay(self, one: Claim, details: Mapping[str, Any], *, at: datetime) -> str | None:
        with transaction(self._engine) as connection:
            return charge(connection, one.community, one.key, one.amount, details, at=at, member=one.member)

    def hand_out(self, one: Claim, stock: Mapping[str, Any], *, at: datetime) -> str | None:
        with transaction(self._engine) as connection:
            key, item = f"{one.key}#stock", one.resource
            if not enter(connection, one.community, "stock", item, -one.amount, key=key, at=at, member=one.member):
                return f"there are not {one.amount} {item} left in stock"
            if stock.get("due") and one.member is not None and one.spend:
                values = {
                    "community": one.community,
                    "key": one.key,
                    "member": one.member,
                    "item": item,
                    "count": one.amount,
                    "run": one.run,
                    "keeper": stock["keeper"],
                    "asked_at": at,
                    "due": stock["due"],
                }
                connection.execute(insert(parcel).values(values).on_conflict_do_nothing())
            items = reorders(connection, one.community, {item: stock}, at=at)
            if items:
                self._inbox.open(items)
        return None

    def book(self, one: Booking) -> str | None:
        values = {
            "community": one.community,
            "key": one.key,
            "fleet": one.fleet,
            "unit": one.unit,
            "member": one.member,
            "run": one.run,
            "during": func.tstzrange(one.begins_at, one.free_at),
            "ends_at": one.ends_at,
        }
        with transaction(self._engine) as connection:
            try:
                with connection.begin_nested():
                    connection.execute(insert(booking).values(values).on_conflict_do_nothing(index_elements=_KEY))
            except IntegrityError:
                return f"{one.unit} is with somebody else then"
        return None

    def entitle(self, one: Claim, right: Mapping[str, Any], *, at: datetime) -> str | None:
        with transaction(self._engine) as connection:
            details = {"item": one.resource, "limit": right.get("limit"), "until": right.get("until")}
            given = Deed(key=one.key, kind="benefit", at=at, source=one.run, member=one.member, details=details)
            refused = deeds.WRITERS["benefit"](connection, one.community, [given])
            if refused:
                return refused[one.key]
            if right.get("uses") is None or one.spend or one.member is None:
                return None
            why = _use(connection, one.community, one.resource, one.member, one.key, right, at, one.run)
            if why is not None:
                mine = (holding.c.community == one.community, holding.c.key == one.key)
                connection.execute(holding.delete().where(*mine))
            return why

    def use(
        self, community: str, benefit: str, member: str, *, key: str, right: Mapping[str, Any], at: datetime
    ) -> str | None:
        with transaction(self._engine) as connection:
            return _use(connection, community, benefit, member, key, right, at, None)

    def uses(self, community: str, benefit: str, period: str) -> Mapping[str, int]:
        asked = (
            select(benefit_use.c.member, func.count())
            .where(
                benefit_use.c.community == community,
                benefit_use.c.benefit == benefit,
                benefit_use.c.period == period,
            )
            .group_by(benefit_use.c.member)
            .order_by(benefit_use.c.member)
        )
        with transaction(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(asked)}

    def used(self, community: str, *, since: datetime | None, until: datetime) -> Mapping[tuple[str, str], int]:
        asked = (
            select(benefit_use.c.member, benefit_use.c.benefit, func.count())
            .where(benefit_use.c.community == community, benefit_use.c.at <= until)
            .group_by(benefit_use.c.member, benefit_use.c.benefit)
        )
        if since is not None:
            asked = asked.where(benefit_use.c.at >= since)
        with transaction(self._engine) as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(asked)}

    # ------------------------------------------------------------------------------------------------------ going back
    def release(self, run: str, *, at: datetime) -> int:
        with transaction(self._engine) as connection:
            connection.execute(
                update(claim).where(claim.c.run == run, claim.c.state == WAITING).values(state="withdrawn", back_at=at)
            )
            lent = connection.execute(
                update(claim)
                .where(claim.c.run == run, claim.c.state == SERVED, ~claim.c.spend)
                .values(state="back", back_at=at)
                .returning(claim)
            ).all()
            for row in sorted(lent, key=lambda row: -row.seq):
                self._give_back(connection, row, at)
        return len(lent)

    @staticmethod
    def _give_back(connection: Connection, row: Row[Any], at: datetime) -> None:
        mine = {"community": row.community, "key": row.key}
        keys = [f"{row.key}#budget", f"{row.key}#stock"]
        lines = select(ledger).where(ledger.c.community == row.community, ledger.c.key.in_(keys))
        for line in connection.execute(lines).all():
            enter(
                connection,
                row.community,
                line.kind,
                line.account,
                -line.amount,
                key=f"{line.key}-back",
                at=at,
                period=line.period,
                member=line.member,
                line=line.line,
            )
        connection.execute(_GIVE_BACK, {**mine, "at": at})
        held = (holding.c.community == row.community, holding.c.key == row.key, holding.c.ended_at.is_(None))
        connection.execute(update(holding).where(*held).values(ended_at=at))

    # --------------------------------------------------------------------------------------------------------- looking
    def bookings(self, community: str, fleet: str | None = None, *, since: datetime | None = None) -> Sequence[Booking]:
        begins, free = func.lower(booking.c.during).label("begins_at"), func.upper(booking.c.during).label("free_at")
        asked = select(booking, begins, free).where(booking.c.community == community, booking.c.state != "cancelled")
        if fleet is not None:
            asked = asked.where(booking.c.fleet == fleet)
        if since is not None:
            asked = asked.where((func.upper(booking.c.during) > since) | (booking.c.state == "booked"))
        with transaction(self._engine) as connection:
            return [_booking(row) for row in connection.execute(asked.order_by(begins, booking.c.unit))]

    def parcels(self, community: str, *, open_only: bool = False, limit: int = 200) -> Sequence[Parcel]:
        asked = _PARCELS.where(parcel.c.community == community)
        if open_only:
            asked = asked.where(_LEFT.is_(None), parcel.c.cancelled_at.is_(None))
        with transaction(self._engine) as connection:
            return [_parcel(row) for row in connection.execute(asked.order_by(parcel.c.seq).limit(limit))]

    def posted(self, community: str, keys: Collection[str], *, by: str, at: datetime, tracking: str | None) -> int:
        mine = (parcel.c.community == community, parcel.c.key.in_(list(keys)))
        there = (parcel.c.posted_at.is_(None), parcel.c.cancelled_at.is_(None))
        with transaction(self._engine) as connection:
            left = connection.execute(
                update(parcel).where(*mine, *there).values(posted_at=at, posted_by=by, tracking=tracking)
            ).rowcount
            connection.execute(
                update(work_item)
                .where(work_item.c.community == community, work_item.c.id.in_(list(keys)), work_item.c.state == "open")
                .values(state="done", outcome="done", completed_by=by, completed_at=at)
            )
        return left

    def late(self, community: str, *, at: datetime) -> Sequence[Parcel]:
        with transaction(self._engine) as connection:
            overdue = (
                _PARCELS.with_only_columns(parcel.c.key)
                .where(parcel.c.community == community, parcel.c.due <= at, parcel.c.late_at.is_(None))
                .where(_LEFT.is_(None), parcel.c.cancelled_at.is_(None))
            )
            keys = connection.execute(
                update(parcel)
                .where(parcel.c.community == community, parcel.c.key.in_(overdue), parcel.c.late_at.is_(None))
                .values(late_at=at)
                .returning(parcel.c.key)
            ).scalars()
            asked = _PARCELS.where(parcel.c.community == community, parcel.c.key.in_(list(keys)))
            return [_parcel(row) for row in connection.execute(asked.order_by(parcel.c.seq))]

    def accounts(self, community: str, budget: str | None = None) -> Sequence[Account]:
        with transaction(self._engine) as connection:
            return accounts_of(connection, community, budget)

    def close(self, community: str, budget: str, period: str, *, funds: int, at: datetime, carry_to: str | None) -> int:
        with transaction(self._engine) as connection:
            return close_period(connection, community, budget, period, funds=funds, at=at, carry_to=carry_to)


_LATER = ("seq", "state", "settled_at", "begins_at", "back_at", "why")
_KEY = ["community", "key"]
_LEFT = func.coalesce(parcel.c.posted_at, work_item.c.completed_at)
_DONE = (work_item.c.community == parcel.c.community) & (work_item.c.id == parcel.c.key) & (work_item.c.state == "done")
_PARCELS = select(parcel, _LEFT.label("left_at"), work_item.c.completed_by).outerjoin(work_item, _DONE)
"""Parcels; whoever completes the work item of one has posted it."""


def _use(
    connection: Connection,
    community: str,
    benefit: str,
    member: str,
    key: str,
    right: Mapping[str, Any],
    at: datetime,
    run: str | None,
) -> str | None:
    """Note the next use in the period; the table refuses the same number twice, and one too many."""
    known = select(benefit_use.c.key).where(benefit_use.c.community == community, benefit_use.c.key == key)
    if connection.execute(known).first() is not None:
        return None
    hold(connection, community, f"use/{benefit}/{member}")
    period, most = right["period"], int(right["uses"])
    had = connection.execute(
        select(func.count()).where(
            benefit_use.c.community == community,
            benefit_use.c.benefit == benefit,
            benefit_use.c.member == member,
            benefit_use.c.period == period,
        )
    ).scalar_one()
    if had >= most:
        return f"{member} has used {benefit} {had} times in {period}, which is the most"
    row = {"community": community, "key": key, "benefit": benefit, "member": member, "period": period}
    connection.execute(insert(benefit_use).values(**row, number=had + 1, most=most, at=at, run=run))
    return None


def _claim(row: Row[Any]) -> Claim:
    return Claim(**{name: getattr(row, name) for name in Claim.__dataclass_fields__})


def _booking(row: Row[Any]) -> Booking:
    return Booking(**{name: getattr(row, name) for name in Booking.__dataclass_fields__})


def _parcel(row: Row[Any]) -> Parcel:
    found = {name: getattr(row, name) for name in Parcel.__dataclass_fields__}
    return Parcel(**{**found, "posted_at": row.left_at, "posted_by": row.posted_by or row.completed_by})
