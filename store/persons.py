"""Persons in PostgreSQL: accounts, sightings, joins with the journal that undoes them, what is known of somebody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from operations.errors import Refusal
from operations.ports.decisions import Decisions
from operations.ports.persons import Account, Joining, Noted, Released, Sighting
from rules.spec import Community
from store import erasing, person_rows, released
from store.bulk import insert_many
from store.fact_names import rename, token
from store.fact_names import restore as restore_facts
from store.merging import merge, unmerge
from store.metric_register import doubt
from store.numbers import exclusive
from store.tables.identities import account, joining, privacy, sighting
from store.tables.members import member
from store.transaction import transaction

if TYPE_CHECKING:
    from store.facts import SqlFacts

_ERASING = text("SET LOCAL trellis.erasing = 'on'")
"""Lets the triggers of append-only tables pass for as long as the transaction lasts."""


class SqlPersons:
    """The port `Persons`. `facts` gives the port of one community's facts."""

    def __init__(self, engine: Engine, facts: Callable[[Community], SqlFacts], decisions: Decisions) -> None:
        self._engine = engine
        self._facts = facts
        self._decisions = decisions

    # ------------------------------------------------------------------------------------------------------- accounts
    def whose(self, community: str, source: str, ids: Collection[str]) -> Mapping[str, str]:
        query = select(account.c.id, account.c.member).where(
            account.c.community == community, account.c.source == source, account.c.id == func.any(list(ids))
        )
        with transaction(self._engine) as connection:
            return {row.id: row.member for row in connection.execute(query)}

    def attach(self, community: str, accounts: Sequence[Account]) -> int:
        rows: list[dict[str, Any]] = [
            {"community": community, "source": one.source, "id": one.id, "member": one.member, "origin": one.origin}
            | dict[str, Any](since=one.since)
            for one in accounts
        ]
        with transaction(self._engine) as connection:
            return len(insert_many(connection, account, rows, returning="id")) if rows else 0

    def accounts(self, community: str, member: str) -> Sequence[Account]:
        query = select(account).where(account.c.community == community, account.c.member == member)
        with transaction(self._engine) as connection:
            return [
                Account(source=row.source, id=row.id, member=row.member, origin=row.origin, since=row.since)
                for row in connection.execute(query.order_by(account.c.source, account.c.id))
            ]

    # ------------------------------------------------------------------------------------------------------ sightings
    def sighted(self, community: str, sightings: Sequence[Sighting]) -> int:
        rows: list[dict[str, Any]] = [
            {"community": community, "key": one.key, "member": one.member, "origin": one.origin, "place": one.place}
            | dict[str, Any](evidence=one.evidence, topic=one.topic, by=one.by, at=one.at)
            for one in sightings
        ]
        with transaction(self._engine) as connection:
            return len(insert_many(connection, sighting, rows, returning="key")) if rows else 0

    def sightings(self, community: str, members: Collection[str] | None = None) -> Mapping[str, Sequence[Sighting]]:
        query = select(sighting).where(sighting.c.community == community).order_by(sighting.c.at, sighting.c.number)
        if members is not None:
            query = query.where(sighting.c.member == func.any(list(members)))
        found: dict[str, list[Sighting]] = {}
        with transaction(self._engine) as connection:
            for row in connection.execute(query):
                found.setdefault(row.member, []).append(
                    Sighting(
                        key=row.key,
                        member=row.member,
                        origin=row.origin,
                        at=row.at,
                        place=row.place,
                        evidence=row.evidence,
                        topic=row.topic,
                        by=row.by,
                    )
                )
        return found

    def tags(self, community: str, members: Collection[str]) -> Mapping[str, str]:
        with transaction(self._engine) as connection:
            found = connection.execute(text(_TAGS), {"community": community, "members": list(members)})
            return {row.id: row.tag for row in found if row.tag is not None}

    def contributions(self, community: str, member: str) -> Mapping[str, int]:
        with transaction(self._engine) as connection:
            found = connection.execute(text(_CONTRIBUTIONS), {"community": community, "member": member})
            return {row.task: int(row.credit) for row in found}

    # ---------------------------------------------------------------------------------------------------------- joins
    def join(self, spec: Community, kept: str, other: str, *, at: datetime, by: str, reason: str) -> Joining:
        with transaction(self._engine) as connection:
            exclusive(connection, spec.id)
            connection.execute(_ERASING)
            self._may_join(connection, spec.id, kept, other)
            journal: dict[str, Any] = {"facts": rename(self._facts(spec), connection, other, kept)}
            journal["rows"] = person_rows.hand_over(connection, spec.id, other, kept)
            journal["merged"] = merge(connection, spec, kept, other, at)
            row = connection.execute(
                insert(joining)
                .values(community=spec.id, kept=kept, other=other, at=at, by=by, reason=reason, journal=journal)
                .returning(joining)
            ).one()
            self._doubt(connection, spec)
            self.note(spec.id, "joined", kept, at=at, by=by, reason=reason, details={"other": other})
            return _joining(row)

    def separate(self, spec: Community, other: str, *, at: datetime, by: str, reason: str) -> Joining:
        with transaction(self._engine) as connection:
            exclusive(connection, spec.id)
            connection.execute(_ERASING)
            row = self._active(connection, spec.id, other)
            journal = row.journal
            done = update(joining).where(joining.c.community == spec.id, joining.c.number == row.number)
            after = connection.execute(done.values(separated_at=at, separated_by=by).returning(joining)).one()
            facts = self._facts(spec)
            places = {key: list(where) for key, where in journal["facts"].items()}
            for key, where in journal.get("later", {}).items():
                places[key] = [*places.get(key, []), *where]
            unmerge(connection, spec, journal["merged"], row.kept, other)
            restore_facts(facts, connection, other, row.kept, places)
            person_rows.give_back(connection, spec.id, other, row.kept, journal["rows"])
            self._doubt(connection, spec)
            self.note(spec.id, "separated", row.kept, at=at, by=by, reason=reason, details={"other": other})
            return _joining(after)

    def joins(self, community: str, member: str | None = None) -> Sequence[Joining]:
        query = select(joining).where(joining.c.community == community).order_by(joining.c.number)
        if member is not None:
            query = query.where((joining.c.kept == member) | (joining.c.other == member))
        with transaction(self._engine) as connection:
            return [_joining(row) for row in connection.execute(query)]

    def _active(self, connection: Connection, community: str, other: str) -> Any:
        here = select(joining).where(joining.c.community == community, joining.c.separated_at.is_(None))
        row = connection.execute(here.where(joining.c.other == other).with_for_update()).one_or_none()
        if row is None:
            raise Refusal(f"{other} is joined to nobody.", "`trellis accounts` shows who is joined to whom.")
        over = connection.execute(here.where(joining.c.other == row.kept)).one_or_none()
        if over is not None:
            raise Refusal(
                f"{row.kept}, to whom {other} was joined, is joined to {over.kept}.",
                f"First: trellis separate {row.kept}",
            )
        return row

    def _may_join(self, connection: Connection, community: str, kept: str, other: str) -> None:
        if kept == other:
            raise Refusal(f"{kept} is one member already.", "Name two members.")
        there = set(
            connection.execute(
                select(member.c.id)
                .where(member.c.community == community, member.c.id.in_([kept, other]))
                .with_for_update()
            ).scalars()
        )
        for one in (kept, other):
            if one not in there:
                raise Refusal(f"{community} has no member {one}.", "`trellis members` lists them.")
        busy = connection.execute(text(_BUSY), {"community": community, "member": other}).scalars().first()
        if busy is not None:
            raise Refusal(
                f"{other} is in the middle of something: {busy}.",
                f"Wait until it is over or cancel it, or join the other way round: trellis join {other} {kept}",
            )

    def _doubt(self, connection: Connection, spec: Community) -> None:
        names = {"age", "days_member", "stage", "staff", "bot", *spec.ladders, *spec.attributes}
        doubt(connection, spec, names)

    # ----------------------------------------------------------------------------------------------------------- data
    def release(self, spec: Community, member: str, *, at: datetime) -> Released:
        with transaction(self._engine) as connection:
            return released.release(connection, spec, member, at)

    def held(self, spec: Community, member: str) -> Mapping[str, Any]:
        with transaction(self._engine) as connection:
            return erasing.held(connection, self._facts(spec), spec, member)

    def erase(self, spec: Community, member: str, *, at: datetime, by: str, reason: str) -> Mapping[str, Any]:
        with transaction(self._engine) as connection:
            exclusive(connection, spec.id)
            connection.execute(_ERASING)
            pseudonym = erasing.pseudonym_of()
            decisions = self._decisions.reduce(spec, member, pseudonym, at=at)
            counts = erasing.erase(connection, self._facts(spec), spec, member, pseudonym, at)
            self._doubt(connection, spec)
            done = {"pseudonym": pseudonym, "decisions": decisions, **counts}
            named = token(member)
            by, reason = named.sub(pseudonym, by), named.sub(pseudonym, reason)
            self.note(spec.id, "erased", pseudonym, at=at, by=by, reason=reason, details=done)
            return done

    def note(
        self,
        community: str,
        what: str,
        member: str,
        *,
        at: datetime,
        by: str,
        reason: str,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        values = {"community": community, "at": at, "what": what, "member": member, "actor": by, "reason": reason}
        with transaction(self._engine) as connection:
            connection.execute(insert(privacy).values(**values, details=dict(details or {})))

    def log(self, community: str, member: str | None = None) -> Sequence[Noted]:
        query = select(privacy).where(privacy.c.community == community).order_by(privacy.c.number)
        if member is not None:
            query = query.where(privacy.c.member == member)
        with transaction(self._engine) as connection:
            return [
                Noted(
                    number=row.number,
                    at=row.at.astimezone(UTC),
                    what=row.what,
                    member=row.member,
                    actor=row.actor,
                    reason=row.reason,
                    details=row.details,
                )
                for row in connection.execute(query)
            ]


_BUSY = """
    SELECT 'they are asked about ' || to_at FROM membership
     WHERE community = :community AND member = :member AND state <> 'ended'
    UNION ALL
    SELECT 'the run ' || id FROM run WHERE community = :community AND subject = :member AND status = 'running'
    UNION ALL
    SELECT 'they take part in ' || p.run FROM part p JOIN run r ON r.id = p.run
     WHERE p.community = :community AND p.member = :member AND p.live AND r.status = 'running'
"""

_TAGS = """
    SELECT m.id, coalesce((SELECT c.before #>> '{}' FROM member_change c
                            WHERE c.community = m.community AND c.member = m.id AND c.name = 'origin'
                            ORDER BY c.at LIMIT 1), m.attributes ->> 'origin') AS tag
      FROM member m WHERE m.community = :community AND m.id = ANY(:members)
"""

_CONTRIBUTIONS = """
    SELECT r.task, sum(c.weight) AS credit FROM contribution c JOIN run r ON r.id = c.run
     WHERE c.community = :community AND c.member = :member
     GROUP BY r.task HAVING sum(c.weight) > 0 ORDER BY credit DESC, r.task
"""


def _joining(row: Any) -> Joining:
    return Joining(
        number=row.number,
        kept=row.kept,
        other=row.other,
        at=row.at.astimezone(UTC),
        by=row.by,
        reason=row.reason,
        separated_at=row.separated_at and row.separated_at.astimezone(UTC),
        separated_by=row.separated_by,
    )
