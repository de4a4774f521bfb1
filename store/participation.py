"""Participation in PostgreSQL: works and acts through the gate of their phase, and what simulated people will do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Engine, Row, bindparam, delete, func, select, text, update

from operations.ports.runs import Act, Entry, Gate, Planned, Tally, Work
from store import handed_in
from store.bulk import insert_many
from store.tables.runs import act, part, planned_act, run, work
from store.transaction import transaction

BATCH = 2_000
"""Works or acts of one call of the gate."""

_SUBMIT = text("""
    SELECT * FROM trellis_submit(:run, :phase, CAST(:authors AS text[]), CAST(:units AS text[]),
                                 CAST(:at AS timestamptz[]), CAST(:fields AS text[]), CAST(:into AS text[]),
                                 CAST(:named AS jsonb), :limit, :mark, CAST(:visit AS bigint))
""")
_ACT = text("""
    SELECT * FROM trellis_act(:run, :phase, CAST(:verbs AS text[]), CAST(:by AS text[]), CAST(:about AS text[]),
                              CAST(:versions AS int[]), CAST(:at AS timestamptz[]), CAST(:roles AS text[]),
                              CAST(:choices AS text[]), CAST(:fields AS text[]), CAST(:visit AS bigint))
""")

_PLAN = text("""
    INSERT INTO planned_act (run, phase, visit, seq, at, verb, by_, about, role, choice, fields, version)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        run text, phase text, visit bigint, seq int, at timestamptz, verb text, by_ text, about text, role text,
        choice text, fields jsonb, version int)
    ON CONFLICT DO NOTHING
""")
_LAST = 2**63 - 1
"""Visits have no higher numbers."""
_ACTS = (
    select(act)
    .where(act.c.run == bindparam("run"), act.c.phase == bindparam("phase"))
    .where(act.c.visit >= bindparam("since"), act.c.visit <= bindparam("until"))
    .order_by(act.c.at, act.c.seq)
)
_PLANNED = (
    select(planned_act)
    .where(planned_act.c.run == bindparam("run"), planned_act.c.phase == bindparam("phase"))
    .where(planned_act.c.visit == bindparam("visit"), ~planned_act.c.played)
    .order_by(planned_act.c.seq)
    .with_for_update()
)
_DUE = _PLANNED.where(planned_act.c.at <= bindparam("until"))
_PLAYED = text("""
    UPDATE planned_act SET played = true
     WHERE run = :run AND phase = :phase AND visit = :visit AND seq = ANY (CAST(:seqs AS int[]))
""")


class Participation:
    """The part of the memory of runs that participants write."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def submit(
        self, run: str, phase: str, entries: Sequence[Entry], *, limit: int, mark: bool, visit: int | None = None
    ) -> Sequence[Gate]:
        said: list[Gate] = []
        for start in range(0, len(entries), BATCH):
            said += self._submit(run, phase, entries[start : start + BATCH], limit, mark, visit)
        return said

    def _submit(
        self, run: str, phase: str, entries: Sequence[Entry], limit: int, mark: bool, visit: int | None
    ) -> list[Gate]:
        said: dict[int, Gate] = {}
        waiting = list(range(len(entries)))
        while waiting:  # whoever hands in twice at the same instant gets the next number
            values = {
                "run": run,
                "phase": phase,
                "authors": [entries[place].author for place in waiting],
                "units": [entries[place].unit for place in waiting],
                "named": _json(
                    {
                        one.unit: {"authors": list(one.authors), "shares": list(one.shares)}
                        for one in (entries[place] for place in waiting)
                        if one.unit is not None
                    }
                ),
                "at": [entries[place].at for place in waiting],
                "fields": [_json(entries[place].fields) for place in waiting],
                "into": [entries[place].into for place in waiting],
                "limit": limit,
                "mark": mark,
                "visit": visit,
            }
            with transaction(self._engine) as connection:
                answers = connection.execute(_SUBMIT, values).all()
            again = []
            for answer in answers:
                if answer.verdict == "again":
                    again.append(waiting[answer.place])
                else:
                    said[waiting[answer.place]] = _gate(answer)
            waiting = again
        return [said[place] for place in range(len(entries))]

    def act(self, run: str, phase: str, acts: Sequence[Act], *, visit: int | None = None) -> Sequence[Gate]:
        said: dict[int, Gate] = {}
        waiting = list(range(len(acts)))
        while waiting:  # the same act twice in one batch is done twice, one after the other
            now: dict[tuple[str, str, str, int], int] = {}
            for place in waiting[:BATCH]:
                one = acts[place]
                key = (one.by, one.about, "in" if one.verb in _COMING else one.verb, one.version)
                if key in now:
                    break
                now[key] = place
            places = list(now.values())
            said |= dict(zip(places, self._act(run, phase, [acts[place] for place in places], visit), strict=True))
            waiting = waiting[len(places) :]
        return [said[place] for place in range(len(acts))]

    def _act(self, run: str, phase: str, acts: Sequence[Act], visit: int | None) -> list[Gate]:
        values = {
            "run": run,
            "phase": phase,
            "verbs": [one.verb for one in acts],
            "by": [one.by for one in acts],
            "about": [one.about for one in acts],
            "versions": [one.version for one in acts],
            "at": [one.at for one in acts],
            "roles": [one.role for one in acts],
            "choices": [one.choice for one in acts],
            "fields": [_json(one.fields) for one in acts],
            "visit": visit,
        }
        with transaction(self._engine) as connection:
            return [_gate(answer) for answer in connection.execute(_ACT, values)]

    def works(self, run: str, phase: str, *, since: int = 1, until: int | None = None) -> Sequence[Work]:
        where = [work.c.run == run, work.c.phase == phase, work.c.visit >= since, work.c.state != "withdrawn"]
        if until is not None:
            where.append(work.c.visit <= until)
        with transaction(self._engine) as connection:
            return handed_in.works(self._engine, connection, where)

    def works_of(self, run: str) -> Sequence[Work]:
        with transaction(self._engine) as connection:
            return handed_in.works(self._engine, connection, [work.c.run == run, work.c.state != "withdrawn"])

    def works_by_id(self, community: str, ids: Collection[str]) -> Mapping[str, Work]:
        with transaction(self._engine) as connection:
            return handed_in.works_by_id(self._engine, connection, community, list(ids))

    def acts(
        self,
        run: str,
        phase: str,
        *,
        since: int = 1,
        until: int | None = None,
        about: Collection[str] | None = None,
    ) -> Sequence[Act]:
        asked = {"run": run, "phase": phase, "since": since, "until": _LAST if until is None else until}
        found = _ACTS if about is None else _ACTS.where(act.c.about == func.any(list(about)))
        with transaction(self._engine) as connection:
            return handed_in.acts(connection, found, asked)

    def tally(self, run: str, phase: str, visit: int) -> Tally:
        works = select(func.count(), func.count(work.c.author.distinct())).where(
            work.c.run == run, work.c.phase == phase, work.c.visit == visit, work.c.state != "withdrawn"
        )
        acts = select(func.count()).where(act.c.run == run, act.c.phase == phase, act.c.visit == visit)
        planned = select(func.count()).where(
            planned_act.c.run == run,
            planned_act.c.phase == phase,
            planned_act.c.visit == visit,
            ~planned_act.c.played,
        )
        with transaction(self._engine) as connection:
            handed_in, authors = connection.execute(works).one()
            return Tally(
                works=handed_in,
                authors=authors,
                acts=connection.scalar(acts) or 0,
                planned=connection.scalar(planned) or 0,
            )

    # ------------------------------------------------------------------------------------------- simulated participants
    def plan(self, run: str, phase: str, visit: int, acts: Sequence[Planned]) -> None:
        with transaction(self._engine) as connection:
            for start in range(0, len(acts), BATCH):
                rows = [_planned_row(run, phase, visit, one) for one in acts[start : start + BATCH]]
                connection.execute(_PLAN, {"rows": orjson.dumps(rows).decode()})

    def planned(
        self, run: str, phase: str, visit: int, *, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[Planned]:
        asked: dict[str, Any] = {"run": run, "phase": phase, "visit": visit}
        found = _PLANNED
        if until is not None:
            found, asked = _DUE, {**asked, "until": until}
        if limit is not None:
            found = found.limit(limit)
        with transaction(self._engine) as connection:
            return [
                Planned(
                    seq=row.seq,
                    at=row.at,
                    verb=row.verb,
                    by=row.by_,
                    about=row.about,
                    role=row.role,
                    choice=row.choice,
                    fields=row.fields,
                    version=row.version,
                )
                for row in connection.execute(found, asked)
            ]

    def planned_until(self, run: str, phase: str, visit: int) -> datetime | None:
        last = (
            select(func.max(planned_act.c.at))
            .where(planned_act.c.run == run, planned_act.c.phase == phase, planned_act.c.visit == visit)
            .where(~planned_act.c.played)
        )
        with transaction(self._engine) as connection:
            found: datetime | None = connection.scalar(last)
            return found

    def played(self, run: str, phase: str, visit: int, seqs: Collection[int]) -> None:
        with transaction(self._engine) as connection:
            connection.execute(_PLAYED, {"run": run, "phase": phase, "visit": visit, "seqs": list(seqs)})

    # ---------------------------------------------------------------------------------------------------------- parts
    def take_part(self, run_id: str, members: Mapping[str, str]) -> None:
        if not members:
            return
        community = run_id.partition("/")[0]
        rows = [{"run": run_id, "member": who, "community": community, "part": members[who]} for who in members]
        with transaction(self._engine) as connection:
            for start in range(0, len(rows), BATCH):
                insert_many(connection, part, rows[start : start + BATCH])

    def leave(self, run_id: str, member: str) -> bool:
        mine = delete(part).where(part.c.run == run_id, part.c.member == member, part.c.live)
        works = (
            update(work)
            .where(work.c.run == run_id, work.c.author == member, work.c.state == "open", work.c.unit.is_(None))
            .values(state="withdrawn")
        )
        with transaction(self._engine) as connection:
            left = connection.execute(mine.returning(part.c.member)).first() is not None
            connection.execute(works)
        return left

    def together(self) -> AbstractContextManager[object]:
        return transaction(self._engine)

    def parts(self, run_id: str, members: Collection[str] | None = None) -> Mapping[str, str]:
        found = select(part.c.member, part.c.part).where(part.c.run == run_id).order_by(part.c.member)
        if members is not None:
            found = found.where(part.c.member == func.any(list(members)))
        with transaction(self._engine) as connection:
            return {row.member: row.part for row in connection.execute(found)}

    def load(self, community: str, members: Collection[str] | None = None) -> Mapping[str, int]:
        found = (
            select(part.c.member, func.count())
            .join(run, run.c.id == part.c.run)
            .where(part.c.community == community, part.c.live, run.c.subject.is_distinct_from(part.c.member))
            .group_by(part.c.member)
        )
        if members is not None:
            found = found.where(part.c.member == func.any(list(members)))
        with transaction(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(found)}

    def within(self, community: str, mode: str, members: Collection[str] | None = None) -> Mapping[str, frozenset[str]]:
        found = (
            select(part.c.member, func.array_agg(run.c.task.distinct()))
            .join(run, run.c.id == part.c.run)
            .where(part.c.community == community, part.c.live, run.c.mode == mode)
            .group_by(part.c.member)
        )
        if members is not None:
            found = found.where(part.c.member == func.any(list(members)))
        with transaction(self._engine) as connection:
            return {row[0]: frozenset(row[1]) for row in connection.execute(found)}


_COMING = ("enrol", "decline", "withdraw")


def _json(fields: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(fields)).decode()


def _planned_row(run: str, phase: str, visit: int, one: Planned) -> dict[str, Any]:
    return {
        "run": run,
        "phase": phase,
        "visit": visit,
        "seq": one.seq,
        "at": one.at,
        "verb": one.verb,
        "by_": one.by,
        "about": one.about,
        "role": one.role,
        "choice": one.choice,
        "fields": dict(one.fields),
        "version": one.version,
    }


def _gate(answer: Row[Any]) -> Gate:
    return Gate(
        verdict=answer.verdict,
        id=answer.id or "",
        late=answer.late,
        closes_at=answer.closes_at,
        visit=answer.visit or 0,
    )
