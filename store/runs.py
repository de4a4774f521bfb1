"""Runs in PostgreSQL: tasks under way and the visits of their phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from operations.errors import Refusal
from operations.ports.runs import CANCELLED, ENDED, RUNNING, Run
from store.participation import BATCH
from store.tables.runs import part, run, visit, work, work_item
from store.transaction import anew, once, transaction
from store.visits import Visits

_RUN = select(run).where(run.c.id == bindparam("id"))
_OVER = text("""
    WITH gone AS (
        UPDATE work_item SET state = 'gone', wake_at = NULL
         WHERE run = :run AND phase = :phase AND visit = :visit AND state = 'open'
    )
    UPDATE visit SET state = 'closed', outcome = :outcome, results = :results, closed_at = :at
     WHERE run = :run AND phase = :phase AND visit = :visit
""").bindparams(bindparam("results", type_=visit.c.results.type))
_RESULT = text("""
    UPDATE visit SET results = results || jsonb_build_object(CAST(:name AS text), CAST(:value AS jsonb))
     WHERE run = :run AND phase = :phase AND visit = :visit
""")
"""Large results are written one after the other: all of them in one text are several times as much."""
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 11))")
_WORKS = text("""
    WITH changed AS (
        UPDATE work SET state = u.state, credit = u.credit
          FROM unnest(CAST(:ids AS text[]), CAST(:states AS text[]), CAST(:credits AS int[])) AS u (id, state, credit)
         WHERE work.community = :community AND work.id = u.id
        RETURNING work.id, work.state, work.credit, work.author, work.authors, work.shares
    ), named AS (
        SELECT c.id, c.credit, a.who, a.place, coalesce(a.share, 1) AS share,
               sum(coalesce(a.share, 1)) OVER (PARTITION BY c.id) AS whole
          FROM changed c,
               unnest(coalesce(c.authors, ARRAY[c.author]), c.shares) WITH ORDINALITY AS a (who, share, place)
         WHERE c.state = 'accepted' AND c.credit IS NOT NULL AND a.who NOT LIKE 'role:%'
    ), dealt AS (
        SELECT n.*, n.credit * n.share / n.whole AS part,
               n.credit - sum(n.credit * n.share / n.whole) OVER (PARTITION BY n.id) AS lacking,
               row_number() OVER (PARTITION BY n.id ORDER BY n.credit * n.share % n.whole DESC, n.place) AS turn
          FROM named n
    )
    INSERT INTO contribution (community, run, work, member, weight, at)
    SELECT :community, :run, d.id, d.who, d.part + CASE WHEN d.turn <= d.lacking THEN 1 ELSE 0 END, :at
      FROM dealt d ORDER BY d.id, d.place
    ON CONFLICT (work, member, line) DO NOTHING
""")
"""States and credit of works; of what is accepted the ledger gets a line for everybody who wrote it. The parts of
one work add up to its credit: what does not divide goes one by one to the largest remainders."""
_REFUSED = text("""
    INSERT INTO contribution (community, run, work, member, weight, at, line)
    SELECT community, run, work, member, -weight, :at, 'reversed' FROM contribution
     WHERE work = ANY (:works) AND line = 'accepted'
    ON CONFLICT DO NOTHING
""")
"""What was accepted before and is refused now is taken back by a line against it."""


class SqlRuns(Visits):
    """The memory of runs; see `operations.ports.runs.Runs`."""

    def begin(self, new: Run, *, at_once: int) -> Run:
        with transaction(self._engine) as connection:
            connection.execute(_LOCK, {"name": f"{new.community}/{new.task}"})
            if new.key is not None:
                known = connection.execute(
                    select(run).where(run.c.community == new.community, run.c.key == new.key)
                ).first()
                if known is not None:
                    return _run(known)
            self._room(connection, new, at_once)
            numbers = select(func.max(run.c.number)).where(run.c.community == new.community, run.c.task == new.task)
            number = (connection.scalar(numbers) or 0) + 1
            values = {
                "id": f"{new.community}/{new.task}/{number}",
                "community": new.community,
                "task": new.task,
                "number": number,
                "mode": new.mode,
                "digest": new.digest,
                "subject": new.subject,
                "starter": new.starter,
                "opened_at": new.opened_at,
                "began_at": new.began_at,
                "scale": new.scale,
                "rehearsed": new.rehearsed,
                "crowd": new.crowd,
                "seed": new.seed,
                "args": dict(new.args),
                "key": new.key,
                "parent": new.parent,
                "status": RUNNING,
            }
            anew(connection, ("run", str(values["id"])))
            return _run(connection.execute(insert(run).values(values).returning(run)).one())

    def _room(self, connection: Connection, new: Run, at_once: int) -> None:
        live = (
            select(run.c.id)
            .where(run.c.community == new.community, run.c.task == new.task, run.c.status == RUNNING)
            .where(run.c.subject.is_not_distinct_from(new.subject))
            .order_by(run.c.number)
        )
        there = [row.id for row in connection.execute(live)]
        if len(there) >= at_once:
            about = f" for {new.subject}" if new.subject else ""
            raise Refusal(
                f"{new.task} runs already{about}: {', '.join(there[:5])}.",
                f"Its mode allows {at_once} at once; wait for its end, or `trellis cancel {there[0]}`.",
            )

    def run(self, id: str) -> Run | None:
        with transaction(self._engine) as connection:
            return once(connection, ("run", id), lambda: read_run(connection, id))

    def runs(
        self, community: str, *, task: str | None = None, status: str | None = None, limit: int = 200
    ) -> Sequence[Run]:
        found = select(run).where(run.c.community == community)
        if task is not None:
            found = found.where(run.c.task == task)
        if status is not None:
            found = found.where(run.c.status == status)
        found = found.order_by(run.c.began_at.desc(), run.c.task, run.c.number.desc()).limit(limit)
        with transaction(self._engine) as connection:
            return [_run(row) for row in connection.execute(found)]

    def unbegun(self, community: str, *, before: datetime, limit: int = 500) -> Sequence[Run]:
        above = run.alias("above")
        entered = select(visit.c.run).where(visit.c.run == run.c.id)
        orphaned = select(above.c.id).where(above.c.id == run.c.parent, above.c.status != RUNNING)
        found = (
            select(run)
            .where(run.c.community == community, run.c.status == RUNNING, run.c.began_at < before)
            .where(~entered.exists(), ~orphaned.exists())
            .order_by(run.c.began_at, run.c.task, run.c.number)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [_run(row) for row in connection.execute(found)]

    def children(self, parent: str) -> Sequence[Run]:
        found = select(run).where(run.c.parent == parent).order_by(run.c.began_at, run.c.task, run.c.number)
        with transaction(self._engine) as connection:
            return [_run(row) for row in connection.execute(found)]

    def move(self, id: str, *, to: str, at: datetime, phases: Mapping[str, str]) -> None:
        with transaction(self._engine) as connection:
            known = connection.execute(select(run).where(run.c.id == id).with_for_update()).one()
            if known.digest == to:
                return
            anew(connection, ("run", id))
            told = {"from": known.digest, "to": to, "at": at.isoformat(), "phases": dict(phases)}
            connection.execute(update(run).where(run.c.id == id).values(digest=to, moved=[*known.moved, told]))

    def finish(self, id: str, *, end: str, at: datetime) -> None:
        status = CANCELLED if end == "cancel" else ENDED if end == "end" or end.startswith("end:") else end
        with transaction(self._engine) as connection:
            anew(connection, ("run", id))
            anew(connection, ("visits", id))
            connection.execute(
                update(run)
                .where(run.c.id == id, run.c.status == RUNNING)
                .values(status=status, outcome=end, ended_at=at)
            )
            connection.execute(update(part).where(part.c.run == id).values(live=False))
            connection.execute(
                update(visit)
                .where(visit.c.run == id, visit.c.state.in_(("open", "closing")))
                .values(state="closed", closed_at=func.coalesce(visit.c.closed_at, at))
            )
            connection.execute(
                update(work_item)
                .where(work_item.c.run == id, work_item.c.state == "open")
                .values(state="gone", wake_at=None)
            )
            if status == CANCELLED:
                connection.execute(
                    update(work).where(work.c.run == id, work.c.state == "open").values(state="withdrawn")
                )

    def conclude(
        self,
        run: str,
        phase: str,
        number: int,
        *,
        outcome: str,
        results: Mapping[str, Any],
        at: datetime,
        works: Mapping[str, tuple[str, int | None]],
    ) -> None:
        with transaction(self._engine) as connection:
            anew(connection, ("visits", run))
            listed = list(works.items())
            for start in range(0, len(listed), BATCH):
                self._decide(connection, run, dict(listed[start : start + BATCH]), at)
            key = {"run": run, "phase": phase, "visit": number}
            apart = dict(results) if any(map(_is_large, results.values())) else {}
            small = {} if apart else dict(results)
            connection.execute(_OVER, {**key, "outcome": outcome, "at": at, "results": small})
            for name, value in apart.items():
                written = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
                connection.execute(_RESULT, {**key, "name": name, "value": written})

    @staticmethod
    def _decide(connection: Connection, run: str, works: Mapping[str, tuple[str, int | None]], at: datetime) -> None:
        values = {
            "community": run.partition("/")[0],
            "run": run,
            "at": at,
            "ids": list(works),
            "states": [state for state, _ in works.values()],
            "credits": [credit for _, credit in works.values()],
        }
        connection.execute(_WORKS, values)
        refused = [work for work, (state, _) in works.items() if state == "refused"]
        if refused:
            connection.execute(_REFUSED, {"works": refused, "at": at})


def _is_large(value: Any) -> bool:
    """Whether a result, or a part of it, is a long list."""
    if not isinstance(value, list | dict):
        return False
    return len(value) > BATCH or (isinstance(value, dict) and any(map(_is_large, value.values())))


def read_run(connection: Connection, id: str) -> Run | None:
    """A run, if there is one."""
    row = connection.execute(_RUN, {"id": id}).first()
    return _run(row) if row is not None else None


def _run(row: Row[Any]) -> Run:
    return Run(
        community=row.community,
        id=row.id,
        task=row.task,
        mode=row.mode,
        digest=row.digest,
        opened_at=row.opened_at,
        began_at=row.began_at,
        subject=row.subject,
        starter=row.starter,
        scale=row.scale,
        rehearsed=row.rehearsed,
        crowd=row.crowd,
        seed=row.seed,
        args=row.args,
        key=row.key,
        parent=row.parent,
        moved=tuple(row.moved),
        status=row.status,
        end=row.outcome,
        ended_at=row.ended_at,
    )
