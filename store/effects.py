"""Effects in PostgreSQL: deeds done once, with their ledgers, facts, notices and work items in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from operations.deed_facts import facts_of, items_of
from operations.embargo import item_of, told_of
from operations.errors import Refusal
from operations.ports.effects import Balance, Candidate, Deed, Done, Holding, Line
from operations.ports.inbox import Item
from operations.ports.notices import Notice, Outbox
from store import deeds as kinds
from store.audit import audit
from store.bulk import insert_many
from store.held_back import held_back, hold_back, let_go
from store.ledgers import enter, left_in_stock, reorders
from store.loads import load_of_everybody
from store.proposals import withdraw
from store.statement import statement
from store.tables.effects import (
    assignment,
    balance,
    candidate,
    deed,
    holding,
    ledger,
    publication,
    staff,
)
from store.transaction import anew, once, transaction

if TYPE_CHECKING:
    from operations.ports.facts import Facts
    from operations.ports.inbox import Inbox


_STAFF = (
    select(staff.c.role, staff.c.person)
    .where(staff.c.community == bindparam("of"))
    .order_by(staff.c.role, staff.c.person)
)


_ASSIGNED = (
    select(assignment.c.relation, assignment.c.person)
    .where(assignment.c.community == bindparam("of"), assignment.c.member == bindparam("who"))
    .where(assignment.c.ended_at.is_(None))
)


class SqlEffects:
    """The port `Effects`. `facts` gives the port of one community's facts."""

    def __init__(self, engine: Engine, *, facts: Callable[[str], Facts], inbox: Inbox, outbox: Outbox) -> None:
        self._engine = engine
        self._facts = facts
        self._inbox = inbox
        self._outbox = outbox

    # ----------------------------------------------------------------------------------------------- doing
    def do(self, community: str, deeds: Sequence[Deed]) -> Done:
        if not deeds:
            return Done()
        once = {one.key: one for one in deeds}
        with transaction(self._engine) as connection:
            new = self._enter(connection, community, list(once.values()))
            refused: dict[str, str] = {}
            for kind in dict.fromkeys(one.kind for one in new):
                writer = kinds.WRITERS.get(kind)
                if writer is not None:
                    refused.update(writer(connection, community, [one for one in new if one.kind == kind]))
            if refused:
                self._note_refusals(connection, community, refused)
                early = hold_back(connection, community, [one for one in new if one.key in refused])
                self._inbox.open(told_of(community, early))
            done = [one for one in new if one.key not in refused]
            self._tell(community, done)
            self._reorder(connection, community, [one for one in done if one.kind == "gift"])
        return Done(new=len(new), known=len(once) - len(new), refused=tuple(refused.items()))

    def _enter(self, connection: Connection, community: str, deeds: Sequence[Deed]) -> list[Deed]:
        rows = [
            {
                "community": community,
                "key": one.key,
                "kind": one.kind,
                "source": one.source,
                "member": one.member,
                "at": one.at,
                "details": dict(one.details),
                "origin": {"run": one.run, "task": one.task, "mode": one.mode, "phase": one.phase},
                "waiting": one.kind == "start",
            }
            for one in deeds
        ]
        new = set(insert_many(connection, deed, rows, returning="key"))
        return [one for one in deeds if one.key in new]

    def _note_refusals(self, connection: Connection, community: str, refused: Mapping[str, str]) -> None:
        connection.execute(
            text(
                "UPDATE deed d SET refused = u.reason, waiting = false"
                " FROM unnest(CAST(:keys AS text[]), CAST(:reasons AS text[])) AS u (key, reason)"
                " WHERE d.community = :community AND d.key = u.key"
            ),
            {"community": community, "keys": list(refused), "reasons": list(refused.values())},
        )

    def _tell(self, community: str, done: Sequence[Deed]) -> None:
        """What done deeds leave with others: facts, notices and work items."""
        facts = facts_of(done)
        if facts:
            self._facts(community).record(facts)
        notices = [
            Notice(
                key=one.key,
                member=one.member,
                what=one.details["what"],
                at=one.at,
                values=one.details.get("says", {}),
                urgency=int(one.details.get("urgency", 5)),
            )
            for one in done
            if one.kind == "notify" and one.member is not None
        ]
        if notices:
            self._outbox.put(community, notices)
        items = items_of(community, done, now=datetime.now(UTC))
        if items:
            self._inbox.open(items)

    def _reorder(self, connection: Connection, community: str, gifts: Sequence[Deed]) -> None:
        if gifts:
            low = {one.details["item"]: one.details for one in gifts}
            self._inbox.open(reorders(connection, community, low, at=max(one.at for one in gifts)))

    def held_back(self, community: str, *, run: str | None = None) -> Sequence[Deed]:
        with transaction(self._engine) as connection:
            return [_deed(row) for row in held_back(connection, community, run)]

    def publish_now(self, community: str, keys: Sequence[str], *, at: datetime) -> int:
        with transaction(self._engine) as connection:
            deeds = [_deed(row) for row in let_go(connection, community, keys, at)]
            if deeds:
                kinds.publish(connection, community, deeds)
                self._tell(community, deeds)
                self._inbox.close(community, sorted({item_of(one.source) for one in deeds}))
        return len(deeds)

    def refuse(self, community: str, deed_: Deed, reason: str) -> None:
        with transaction(self._engine) as connection:
            self._enter(connection, community, [deed_])
            self._note_refusals(connection, community, {deed_.key: reason})

    # --------------------------------------------------------------------------------------------- undoing
    def undo(self, community: str, source: str, *, at: datetime) -> int:
        within = (deed.c.source == source) | deed.c.source.startswith(f"{source}/", autoescape=True)
        with transaction(self._engine) as connection:
            rows = connection.execute(
                update(deed)
                .where(
                    deed.c.community == community,
                    within,
                    deed.c.undone_at.is_(None),
                    deed.c.refused.is_(None) | deed.c.waiting,
                )
                .values(undone_at=at, waiting=False)
                .returning(deed)
            ).all()
            never = {item_of(row.source) for row in rows if row.refused is not None}  # was held back, and stays so
            rows = [row for row in rows if row.refused is None]
            for row in sorted(rows, key=lambda row: -row.seq):
                self._take_back(connection, community, row, at)
            facts = [fact.id for fact in facts_of([_deed(row) for row in rows])]
            if facts:
                self._facts(community).withdraw(facts, reason=f"{source} was cancelled", at=at)
            opened = [item.id for item in items_of(community, [_deed(row) for row in rows])]
            if opened or never:
                self._inbox.close(community, [*opened, *sorted(never)])
        return len(rows)

    def _take_back(self, connection: Connection, community: str, row: Any, at: datetime) -> None:
        if row.kind == "gift" and not self._call_back(connection, community, row, at):
            return  # it is on its way: what it cost is spent
        for line in connection.execute(
            select(ledger).where(
                ledger.c.community == community,
                ledger.c.key.in_([f"{row.key}#points", f"{row.key}#budget", f"{row.key}#stock"]),
            )
        ).all():
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
        mine = {"community": community, "key": row.key}
        for table, column in ((holding, "ended_at"), (assignment, "ended_at"), (publication, "withdrawn_at")):
            connection.execute(
                update(table)
                .where(table.c.community == community, table.c.key == row.key, table.c[column].is_(None))
                .values({column: at})
            )
        connection.execute(candidate.delete().where(*(candidate.c[name] == value for name, value in mine.items())))
        if row.kind == "propose":
            withdraw(connection, community, row.key)
        connection.execute(  # what was revoked is held again, unless something newer took its place
            text(
                "UPDATE holding h SET ended_at = NULL, ended_by = NULL"
                " WHERE h.community = :community AND h.ended_by = :key AND NOT EXISTS (SELECT FROM holding o"
                " WHERE o.community = h.community AND o.kind = h.kind AND o.item = h.item AND o.value = h.value"
                " AND o.member = h.member AND o.ended_at IS NULL)"
            ),
            mine,
        )

    def _call_back(self, connection: Connection, community: str, row: Any, at: datetime) -> bool:
        """Stop a parcel that has not left; False: it has, and its keeper is asked to get it back."""
        posted = connection.execute(
            text(
                "UPDATE parcel p SET cancelled_at = CASE WHEN p.posted_at IS NULL AND i.id IS NULL THEN :at END"
                " FROM parcel q LEFT JOIN work_item i"
                "   ON i.community = q.community AND i.id = q.key AND i.state = 'done'"
                " WHERE (p.community, p.key) = (q.community, q.key) AND p.community = :community AND p.key = :key"
                " RETURNING p.cancelled_at IS NULL AS gone"
            ),
            {"community": community, "key": row.key, "at": at},
        ).scalar_one_or_none()
        if not posted:
            return True
        item, keeper = row.details["item"], row.details["keeper"]
        title = {"en": f"Get {item} back from {row.member}", "zh": f"向 {row.member} 追回 {item}"}
        back = Item(
            community=community,
            id=f"{row.key}#get-back",
            asked=(keeper,),
            title=title,
            opened_at=at,
            about=row.member,
            details={"item": item},
        )
        self._inbox.open([back])
        return False

    # ---------------------------------------------------------------------------------------------- starts
    def to_start(self, community: str, *, limit: int = 100) -> Sequence[Deed]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(deed)
                .where(deed.c.community == community, deed.c.waiting, deed.c.kind == "start")
                .order_by(deed.c.seq)
                .limit(limit)
            ).all()
        return [_deed(row) for row in rows]

    def started(self, community: str, key: str, *, run: str | None, reason: str | None = None) -> None:
        with transaction(self._engine) as connection:
            connection.execute(
                update(deed)
                .where(deed.c.community == community, deed.c.key == key)
                .values(waiting=False, started=run, refused=reason)
            )

    # ------------------------------------------------------------------------------------- stock and staff
    def stocked(self, community: str, item: str, count: int, *, by: str, at: datetime, key: str) -> int:
        with transaction(self._engine) as connection:
            if not enter(connection, community, "stock", item, count, key=f"stocked/{key}", at=at, by=by):
                left = left_in_stock(connection, community, item)
                raise Refusal(f"There are {left} {item} in stock; {-count} cannot be taken out.")
            return left_in_stock(connection, community, item)

    def staff(self, community: str, role: str, people: Sequence[str]) -> None:
        with transaction(self._engine) as connection:
            anew(connection, ("staff", community))
            connection.execute(staff.delete().where(staff.c.community == community, staff.c.role == role))
            if people:
                rows = [{"community": community, "role": role, "person": person} for person in dict.fromkeys(people)]
                connection.execute(insert(staff), rows)

    def people(self, community: str, role: str) -> Sequence[str]:
        with transaction(self._engine) as connection:
            return [*once(connection, ("staff", community), lambda: _in_roles(connection, community)).get(role, ())]

    def looked_after(self, community: str) -> Mapping[tuple[str, str], int]:
        with transaction(self._engine) as connection:
            return {(one.role, one.person): one.members for one in load_of_everybody(connection, community)}

    def assigned(self, community: str, member: str) -> Mapping[str, str]:
        with transaction(self._engine) as connection:
            rows = connection.execute(_ASSIGNED, {"of": community, "who": member})
            return {row.relation: row.person for row in rows}

    # --------------------------------------------------------------------------------------------- looking
    def holdings(self, community: str, member: str | None = None, *, at: datetime | None = None) -> Sequence[Holding]:
        query = select(holding).where(holding.c.community == community).order_by(holding.c.since, holding.c.key)
        if member is not None:
            query = query.where(holding.c.member == member)
        if at is not None:
            query = query.where(
                holding.c.since <= at,
                holding.c.until.is_(None) | (holding.c.until > at),
                holding.c.ended_at.is_(None) | (holding.c.ended_at > at),
            )
        with transaction(self._engine) as connection:
            return [_holding(row) for row in connection.execute(query)]

    def expired(self, community: str, *, at: datetime) -> Sequence[Holding]:
        query = select(holding).where(
            holding.c.community == community,
            holding.c.kind == "title",
            holding.c.ended_at.is_(None),
            holding.c.until <= at,
        )
        with transaction(self._engine) as connection:
            return [_holding(row) for row in connection.execute(query.order_by(holding.c.item, holding.c.member))]

    def renew(self, community: str, key: str, *, until: datetime) -> None:
        with transaction(self._engine) as connection:
            connection.execute(
                update(holding).where(holding.c.community == community, holding.c.key == key).values(until=until)
            )

    def candidates(self, community: str, list: str | None = None, of: str | None = None) -> Sequence[Candidate]:
        query = select(candidate).where(candidate.c.community == community).order_by(candidate.c.at, candidate.c.key)
        if list is not None:
            query = query.where(candidate.c.list == list)
        if of is not None:
            query = query.where(candidate.c.of == of)
        with transaction(self._engine) as connection:
            return [
                Candidate(member=row.member, list=row.list, of=row.of, at=row.at, source=row.source)
                for row in connection.execute(query)
            ]

    def certificates(self, community: str, member: str) -> Sequence[Deed]:
        query = select(deed).where(
            deed.c.community == community,
            deed.c.kind == "certificate",
            deed.c.member == member,
            deed.c.undone_at.is_(None),
            deed.c.refused.is_(None),
        )
        with transaction(self._engine) as connection:
            return [_deed(row) for row in connection.execute(query.order_by(deed.c.seq))]

    def balances(self, community: str, kind: str | None = None) -> Sequence[Balance]:
        query = (
            select(balance)
            .where(balance.c.community == community)
            .order_by(balance.c.kind, balance.c.account, balance.c.period)
        )
        if kind is not None:
            query = query.where(balance.c.kind == kind)
        with transaction(self._engine) as connection:
            return [
                Balance(kind=row.kind, account=row.account, period=row.period, amount=row.amount)
                for row in connection.execute(query)
            ]

    def totals(self, community: str) -> Mapping[str, int]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(deed.c.kind, deed.c.refused.is_not(None).label("no"), func.count().label("many"))
                .where(deed.c.community == community, deed.c.undone_at.is_(None))
                .group_by(deed.c.kind, text("no"))
            ).all()
        totals: dict[str, int] = {"refused": 0}
        for row in rows:
            name = "refused" if row.no else row.kind
            totals[name] = totals.get(name, 0) + row.many
        return totals

    def audit(self, community: str) -> Sequence[str]:
        with transaction(self._engine) as connection:
            return audit(connection, community)

    def statement(self, community: str) -> Sequence[Line]:
        with transaction(self._engine) as connection:
            return statement(connection, community)


def _holding(row: Any) -> Holding:
    return Holding(
        kind=row.kind,
        member=row.member,
        item=row.item,
        value=row.value,
        since=row.since,
        until=row.until,
        ended_at=row.ended_at,
        key=row.key,
    )


def _in_roles(connection: Connection, community: str) -> dict[str, list[str]]:
    """Everybody of the staff by role: whoever asks for one role asks for others too."""
    found: dict[str, list[str]] = {}
    for row in connection.execute(_STAFF, {"of": community}):
        found.setdefault(row.role, []).append(row.person)
    return found


def _deed(row: Any) -> Deed:
    return Deed(
        key=row.key,
        kind=row.kind,
        at=row.at,
        source=row.source,
        member=row.member,
        details=row.details,
        **{name: value for name, value in row.origin.items() if value is not None},
    )
