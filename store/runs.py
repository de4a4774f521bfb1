"""Runs in PostgreSQL: tasks under way and the visits of their phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from operations.errors import Refusal
from operations.ports.runs import CANCELLED, ENDED, RUNNING, Run, Visit
from store.participation import Participation
from store.tables.runs import part, run, visit, work, work_item
from store.transaction import anew, once, transaction

_RUN = select(run).where(run.c.id == bindparam("id"))
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 11))")
_SHUT = text("SELECT trellis_shut(:run, :phase, :visit, :at)")
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


class SqlRuns(Participation):
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
            return once(connection, ("run", id), lambda: _known(connection, id))

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

    # --------------------------------------------------------------------------------------------------------- visits
    def open(self, new: Visit) -> Visit:
        values = {
            "run": new.run,
            "phase": new.phase,
            "visit": new.visit,
            "community": new.community,
            "kind": new.kind,
            "scope": new.scope,
            "since": new.since,
            "state": new.state,
            "opened_at": new.opened_at,
            "began_at": new.began_at,
            "deadline": new.deadline,
            "ends_at": new.ends_at,
            "asked": list(new.asked),
            "never": list(new.never),
            "things": list(new.things),
            "closed_at": new.closed_at,
            "outcome": new.outcome,
            "results": dict(new.results),
        }
        with transaction(self._engine) as connection:
            connection.execute(insert(visit).values(values).on_conflict_do_nothing())
            return _visit(connection.execute(_one(new.run, new.phase, new.visit)).one())

    def visit(self, run: str, phase: str, number: int | None = None) -> Visit | None:
        found = select(visit).where(visit.c.run == run, visit.c.phase == phase)
        found = (
            found.order_by(visit.c.visit.desc()).limit(1) if number is None else found.where(visit.c.visit == number)
        )
        with transaction(self._engine) as connection:
            row = connection.execute(found).first()
            return _visit(row) if row is not None else None

    def open_visits(self, run: str, *, phase: str | None = None, kind: str | None = None) -> Sequence[Visit]:
        found = select(visit).where(visit.c.run == run, visit.c.state == "open")
        if phase is not None:
            found = found.where(visit.c.phase == phase)
        if kind is not None:
            found = found.where(visit.c.kind == kind)
        with transaction(self._engine) as connection:
            return [_visit(row) for row in connection.execute(found.order_by(visit.c.place))]

    def take_in(self, run: str, phase: str, number: int, *, things: Sequence[str], deadline: datetime | None) -> None:
        values: dict[str, Any] = {"things": list(things)}
        if deadline is not None:
            values["deadline"] = deadline
        with transaction(self._engine) as connection:
            connection.execute(
                update(visit)
                .where(visit.c.run == run, visit.c.phase == phase, visit.c.visit == number, visit.c.state == "open")
                .values(**values)
            )

    def latest_open(self, run: str, kind: str) -> Visit | None:
        found = select(visit).where(visit.c.run == run, visit.c.kind == kind, visit.c.state == "open")
        with transaction(self._engine) as connection:
            row = connection.execute(found.order_by(visit.c.place.desc()).limit(1)).first()
            return _visit(row) if row is not None else None

    def visits(self, run: str) -> Sequence[Visit]:
        found = select(visit).where(visit.c.run == run).order_by(visit.c.place)
        with transaction(self._engine) as connection:
            return [_visit(row) for row in connection.execute(found)]

    def shut(self, run: str, phase: str, number: int, *, at: datetime) -> None:
        with transaction(self._engine) as connection:
            connection.execute(_SHUT, {"run": run, "phase": phase, "visit": number, "at": at})

    def extend(self, run: str, phase: str, number: int, *, deadline: datetime) -> None:
        with transaction(self._engine) as connection:
            connection.execute(
                update(visit)
                .where(visit.c.run == run, visit.c.phase == phase, visit.c.visit == number, visit.c.state == "open")
                .values(deadline=deadline)
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
            if works:
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
            connection.execute(
                update(visit)
                .where(visit.c.run == run, visit.c.phase == phase, visit.c.visit == number)
                .values(state="closed", outcome=outcome, results=dict(results), closed_at=at)
            )
            connection.execute(
                update(work_item)
                .where(work_item.c.run == run, work_item.c.phase == phase, work_item.c.visit == number)
                .where(work_item.c.state == "open")
                .values(state="gone", wake_at=None)
            )


def _known(connection: Connection, id: str) -> Run | None:
    row = connection.execute(_RUN, {"id": id}).first()
    return _run(row) if row is not None else None


def _one(run: str, phase: str, number: int) -> Any:
    return select(visit).where(visit.c.run == run, visit.c.phase == phase, visit.c.visit == number)


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


def _visit(row: Row[Any]) -> Visit:
    return Visit(
        community=row.community,
        run=row.run,
        phase=row.phase,
        visit=row.visit,
        kind=row.kind,
        opened_at=row.opened_at,
        began_at=row.began_at,
        since=row.since,
        scope=row.scope,
        state=row.state,
        deadline=row.deadline,
        ends_at=row.ends_at,
        asked=tuple(row.asked),
        never=tuple(row.never),
        things=tuple(row.things),
        closed_at=row.closed_at,
        shut_at=row.shut_at,
        outcome=row.outcome,
        results=row.results,
    )
