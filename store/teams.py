"""Teams in PostgreSQL: seats that are never rewritten, and the results of their phase, which follow them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from operations.ports.teams import Contribution, Seat, Slot, Team, seated
from store.bulk import insert_many
from store.numbers import number_of
from store.tables.runs import visit
from store.tables.teams import contribution, seat, team
from store.transaction import anew, transaction

_SIGNS = text("""
    SELECT who, max(at) FROM (
        SELECT w.author AS who, w.at FROM work w WHERE w.run = :run AND w.author = ANY (:members)
        UNION ALL
        SELECT named.who, w.at FROM work w, unnest(w.authors) AS named (who)
         WHERE w.run = :run AND w.authors && CAST(:members AS text[]) AND named.who = ANY (:members)
        UNION ALL
        SELECT a.by_, a.at FROM act a WHERE a.run = :run AND a.by_ = ANY (:members)
    ) signs GROUP BY who
""")
_PAIRS = text("""
    WITH asked AS (
        SELECT s.key, s.id FROM subject s WHERE s.community = :number AND s.kind = 'member' AND s.id = ANY (:members)
    ), slots AS (
        SELECT k.key, s.place - 1 AS place
          FROM fact_kind k, jsonb_array_elements(k.slots) WITH ORDINALITY AS s (slot, place)
         WHERE k.community = :number AND k.id = :kind AND s.slot ->> 0 = ANY (:fields)
    )
    SELECT DISTINCT a.id, other.id
      FROM fact f
      JOIN asked a ON a.key = f.member
      JOIN slots ON slots.key = f.kind
      JOIN asked other ON other.id = split_part(f.fields, E'\\x1f', slots.place::integer + 1)
     WHERE f.community = :number AND a.id <> other.id
""")
CREDIT = """
    SELECT member, sum(weight)::bigint AS weight FROM contribution WHERE run = :run
     GROUP BY member HAVING count(*) FILTER (WHERE line = 'accepted') > count(*) FILTER (WHERE line = 'reversed')
     ORDER BY member
"""
"""Who is credited in a run, and with how much: whoever has something accepted that was not taken back."""
_INSTEAD = text("""
    UPDATE work_item SET asked = array_append(array_remove(asked, :new), :new)
     WHERE run = :run AND state = 'open' AND about = ANY (:about)
""")
_NOT_ASKED = text("""
    UPDATE work_item SET asked = array_remove(asked, :old)
     WHERE run = :run AND state = 'open' AND about = ANY (:about) AND :old = ANY (asked) AND cardinality(asked) > 1
""")


class SqlTeams:
    """The port `Teams`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --------------------------------------------------------------------------------------------------------- writing
    def found(self, teams: Sequence[Team]) -> None:
        if not teams:
            return
        first = teams[0]
        with transaction(self._engine) as connection:
            before = (
                update(team)
                .where(team.c.run == first.run, team.c.phase == first.phase, team.c.visit < first.visit)
                .where(team.c.ended_at.is_(None), team.c.id.notin_([one.id for one in teams]))
            )
            self._over(connection, before, first.formed_at, "formed anew")
            rows = [
                {
                    "id": one.id,
                    "community": one.community,
                    "run": one.run,
                    "phase": one.phase,
                    "visit": one.visit,
                    "number": one.number,
                    "formed_at": one.formed_at,
                    "slots": [
                        {"id": part.id, "needs": part.needs, "limit": part.limit, "share": part.share}
                        for part in one.slots
                    ],
                }
                for one in teams
            ]
            new = set(insert_many(connection, team, rows, returning="id"))
            seats = [_seat_row(one) for founded in teams if founded.id in new for one in founded.seats]
            insert_many(connection, seat, seats)

    def seat(self, new: Seat) -> bool:
        with transaction(self._engine) as connection:
            found = connection.execute(select(team).where(team.c.id == new.team).with_for_update()).first()
            if found is None or found.ended_at is not None:
                return False
            part = next((one for one in _slots(found) if one.id == new.slot), None)
            mine = connection.execute(
                select(seat).where(seat.c.team == new.team, seat.c.member == new.member, seat.c.until.is_(None))
            ).first()
            if part is None or (mine is not None and mine.slot != new.slot):
                return False
            if mine is None:
                taken = connection.execute(
                    select(func.count())
                    .select_from(seat)
                    .where(seat.c.team == new.team, seat.c.slot == new.slot, seat.c.until.is_(None))
                ).scalar_one()
                if taken >= part.limit:
                    return False
                connection.execute(insert(seat).values(_seat_row(new)))
            elif mine.offered_until is not None and new.offered_until is None:
                yes = update(seat).where(seat.c.seq == mine.seq).values(since=new.since, offered_until=None)
                connection.execute(yes)
            follow(connection, found)
            if new.offered_until is None:
                about = [new.team, f"{new.team}#{new.slot}"]
                connection.execute(_INSTEAD, {"run": found.run, "about": about, "new": new.member})
            return True

    def vacate(self, team_id: str, slot: str, member: str, *, at: datetime, why: str) -> bool:
        with transaction(self._engine) as connection:
            found = connection.execute(select(team).where(team.c.id == team_id).with_for_update()).first()
            if found is None:
                return False
            gone = connection.execute(
                update(seat)
                .where(seat.c.team == team_id, seat.c.slot == slot, seat.c.member == member, seat.c.until.is_(None))
                .values(until=func.greatest(at, seat.c.since), left=why)
                .returning(seat.c.seq)
            ).first()
            if gone is not None:
                follow(connection, found)
                about = [team_id, f"{team_id}#{slot}"]
                connection.execute(_NOT_ASKED, {"run": found.run, "about": about, "old": member})
            return gone is not None

    def end(self, run: str, *, at: datetime) -> None:
        with transaction(self._engine) as connection:
            self._over(connection, update(team).where(team.c.run == run, team.c.ended_at.is_(None)), at, "over")

    def _over(self, connection: Connection, which: Any, at: datetime, why: str) -> None:
        ended = list(connection.execute(which.values(ended_at=at).returning(team.c.id)).scalars())
        if ended:
            connection.execute(
                update(seat)
                .where(seat.c.team.in_(ended), seat.c.until.is_(None))
                .values(until=func.greatest(at, seat.c.since), left=why)
            )

    # --------------------------------------------------------------------------------------------------------- reading
    def of_run(self, run: str, *, live: bool = False) -> Sequence[Team]:
        found = select(team).where(team.c.run == run).order_by(team.c.formed_at, team.c.phase, team.c.number)
        return self._teams(found.where(team.c.ended_at.is_(None)) if live else found)

    def team(self, id: str) -> Team | None:
        return next(iter(self._teams(select(team).where(team.c.id == id))), None)

    def of_member(self, community: str, member: str) -> Sequence[Team]:
        mine = select(seat.c.team).where(seat.c.member == member)
        found = select(team).where(team.c.community == community, team.c.id.in_(mine))
        return self._teams(found.order_by(team.c.formed_at, team.c.id))

    def _teams(self, which: Any) -> list[Team]:
        with transaction(self._engine) as connection:
            teams = connection.execute(which).all()
            ids = [row.id for row in teams]
            seats: dict[str, list[Seat]] = {id_: [] for id_ in ids}
            if ids:
                for row in connection.execute(
                    select(seat).where(seat.c.team == func.any(ids)).order_by(seat.c.since, seat.c.seq)
                ):
                    seats[row.team].append(_seat(row))
        return [_team(row, seats[row.id]) for row in teams]

    def signs(self, run: str, members: Collection[str]) -> Mapping[str, datetime]:
        with transaction(self._engine) as connection:
            rows = connection.execute(_SIGNS, {"run": run, "members": list(members)}).all()
        return {row[0]: row[1] for row in rows}

    def pairs(
        self, community: str, kind: str, fields: Collection[str], members: Collection[str]
    ) -> frozenset[frozenset[str]]:
        with transaction(self._engine) as connection:
            number = number_of(connection, community)
            asked = {"number": number, "kind": kind, "members": list(members), "fields": list(fields)}
            return frozenset(frozenset(row) for row in connection.execute(_PAIRS, asked).all())

    # --------------------------------------------------------------------------------------------- the ledger of credit
    def contributions(self, run: str, *, after: int = 0, limit: int = 1_000) -> Sequence[Contribution]:
        query = select(contribution).where(contribution.c.run == run).order_by(contribution.c.seq)
        with transaction(self._engine) as connection:
            return [
                Contribution(run=row.run, work=row.work, member=row.member, weight=row.weight, at=row.at, line=row.line)
                for row in connection.execute(query.offset(after).limit(limit))
            ]

    def credit(self, run: str) -> Mapping[str, int]:
        with transaction(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(text(CREDIT), {"run": run})}

    def reverse(self, community: str, work: str, *, at: datetime) -> int:
        with transaction(self._engine) as connection:
            lines = connection.execute(
                text(
                    "INSERT INTO contribution (community, run, work, member, weight, at, line)"
                    " SELECT community, run, work, member, -weight, :at, 'reversed' FROM contribution"
                    " WHERE community = :community AND work = :work AND line = 'accepted'"
                    " ON CONFLICT DO NOTHING"
                ),
                {"community": community, "work": work, "at": at},
            )
            return int(lines.rowcount)

    def alone(self, what: str) -> None:
        with transaction(self._engine) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 13))"), {"what": what})


def follow(connection: Connection, found: Row[Any]) -> None:
    """Somebody came into a team, or left it: the results of its phase say who is in its teams now."""
    here = (visit.c.run == found.run) & (visit.c.phase == found.phase) & (visit.c.visit == found.visit)
    row = connection.execute(select(visit.c.results, visit.c.state).where(here).with_for_update()).first()
    if row is None or row.state != "closed":
        return
    parts: dict[str, list[str]] = {part.id: [] for part in _slots(found)}
    for one in connection.execute(
        select(seat)
        .where(seat.c.team == found.id, seat.c.until.is_(None), seat.c.offered_until.is_(None))
        .order_by(seat.c.since, seat.c.seq)
    ):
        parts.setdefault(one.slot, []).append(one.member)
    results = seated(row.results, found.id, parts)
    connection.execute(update(visit).where(here).values(results=results))
    anew(connection, ("visits", found.run))


def _seat_row(one: Seat) -> dict[str, Any]:
    return {
        "team": one.team,
        "slot": one.slot,
        "member": one.member,
        "since": one.since,
        "why": dict(one.why),
        "offered_until": one.offered_until,
        "until": one.until,
        "left": one.left,
    }


def _slots(row: Row[Any]) -> tuple[Slot, ...]:
    return tuple(Slot(**one) for one in row.slots)


def _seat(row: Row[Any]) -> Seat:
    return Seat(
        team=row.team,
        slot=row.slot,
        member=row.member,
        since=row.since,
        why=row.why,
        offered_until=row.offered_until,
        until=row.until,
        left=row.left,
    )


def _team(row: Row[Any], seats: Sequence[Seat]) -> Team:
    return Team(
        id=row.id,
        community=row.community,
        run=row.run,
        phase=row.phase,
        visit=row.visit,
        number=row.number,
        formed_at=row.formed_at,
        slots=_slots(row),
        ended_at=row.ended_at,
        seats=tuple(seats),
    )
