"""Trials in PostgreSQL: versions tried before they are current, and what shadows showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert

from operations.ports.trials import REPLACED, RUNNING, Bound, Compared, Difference, Step, Trial
from store.numbers import exclusive
from store.specs import keep_document
from store.tables.trials import comparison
from store.tables.trials import trial as table
from store.transaction import transaction

if TYPE_CHECKING:
    from rules.spec import Community

SOME = 20
"""Members of a difference who are named."""


class SqlTrials:
    """The port `Trials`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, files: Mapping[str, bytes], community: Community, trial: Trial) -> Trial:
        with transaction(self._engine) as connection:
            exclusive(connection, community.id)
            keep_document(connection, files, community)
            before = self._running(connection, community.id, trial.kind)
            if before is not None:
                self._end(connection, before, REPLACED, f"another {trial.kind} trial began", trial.at)
            numbers = select(func.coalesce(func.max(table.c.number), 0)).where(table.c.community == community.id)
            number = connection.execute(numbers).scalar_one() + 1
            values = {
                "community": community.id,
                "number": number,
                "digest": community.digest,
                "kind": trial.kind,
                "at": trial.at,
                "author": trial.author,
                "message": trial.message,
                "steps": [[step.share, None if step.at is None else step.at.isoformat()] for step in trial.steps],
                "bounds": [[bound.what, bound.limit, bound.percent] for bound in trial.bounds],
                "state": RUNNING,
            }
            return _trial(connection.execute(insert(table).values(values).returning(table)).one())

    def running(self, community: str, kind: str) -> Trial | None:
        with transaction(self._engine) as connection:
            return self._running(connection, community, kind)

    def held(self, community: str, kind: str) -> Trial | None:
        with transaction(self._engine) as connection:
            return self._running(connection, community, kind, hold=True)

    def _running(self, connection: Connection, community: str, kind: str, *, hold: bool = False) -> Trial | None:
        query = select(table).where(table.c.community == community, table.c.kind == kind, table.c.state == RUNNING)
        row = connection.execute(query.with_for_update() if hold else query).one_or_none()
        return None if row is None else _trial(row)

    def all(self, community: str | None = None) -> Sequence[Trial]:
        query = select(table).order_by(table.c.community, table.c.number.desc())
        if community is not None:
            query = query.where(table.c.community == community)
        with transaction(self._engine) as connection:
            return [_trial(row) for row in connection.execute(query)]

    def advance(self, trial: Trial, *, step: int) -> None:
        with transaction(self._engine) as connection:
            connection.execute(_this(trial).where(table.c.step < step).values(step=step, reviews=0))

    def counted(self, trial: Trial, review: str, counts: Mapping[str, int], *, standings: bool) -> None:
        with transaction(self._engine) as connection:
            summed = {name: trial.counts.get(name, 0) + counts.get(name, 0) for name in {*trial.counts, *counts}}
            connection.execute(
                _this(trial).values(counts=summed, counted=review, reviews=table.c.reviews + int(standings))
            )

    def end(self, trial: Trial, *, state: str, why: str, at: datetime) -> None:
        with transaction(self._engine) as connection:
            self._end(connection, trial, state, why, at)

    def _end(self, connection: Connection, trial: Trial, state: str, why: str, at: datetime) -> None:
        connection.execute(_this(trial).where(table.c.state == RUNNING).values(state=state, why=why, ended_at=at))

    def compared(
        self, trial: Trial, *, review: str, at: datetime, digest: str, part: str, shard: int, members: int,
        differences: Sequence[Difference], problem: str = "",
    ) -> None:  # fmt: skip
        values = {
            "community": trial.community,
            "trial": trial.number,
            "review": review,
            "part": part,
            "shard": shard,
            "at": at,
            "digest": digest,
            "members": members,
            "differences": [[d.from_, d.here, d.there, d.members, list(d.some[:SOME])] for d in differences],
            "problem": problem,
        }
        with transaction(self._engine) as connection:
            connection.execute(insert(comparison).values(values).on_conflict_do_nothing())

    def comparisons(self, trial: Trial) -> Sequence[Compared]:
        query = (
            select(comparison)
            .where(comparison.c.community == trial.community, comparison.c.trial == trial.number)
            .order_by(comparison.c.at.desc(), comparison.c.review.desc(), comparison.c.part, comparison.c.shard)
        )
        by_review: dict[str, list[Any]] = {}
        with transaction(self._engine) as connection:
            for row in connection.execute(query):
                by_review.setdefault(row.review, []).append(row)
        return [_compared(review, rows) for review, rows in by_review.items()]


def _this(trial: Trial) -> Any:
    return update(table).where(table.c.community == trial.community, table.c.number == trial.number)


def _trial(row: Any) -> Trial:
    return Trial(
        community=row.community,
        number=row.number,
        digest=row.digest,
        kind=row.kind,
        at=row.at.astimezone(UTC),
        author=row.author,
        message=row.message,
        steps=tuple(Step(share, None if at is None else datetime.fromisoformat(at)) for share, at in row.steps),
        bounds=tuple(Bound(what, limit, percent) for what, limit, percent in row.bounds),
        state=row.state,
        step=row.step,
        reviews=row.reviews,
        counts=dict(row.counts),
        counted=row.counted,
        why=row.why,
        ended_at=None if row.ended_at is None else row.ended_at.astimezone(UTC),
    )


def _compared(review: str, rows: Sequence[Any]) -> Compared:
    """The shards of one review together; of the parts the one with most members says how many were compared."""
    members: dict[str, int] = {}
    found: dict[tuple[str, str, str, str], tuple[int, list[str]]] = {}
    for row in rows:
        members[row.part] = members.get(row.part, 0) + row.members
        for from_, here, there, number, some in row.differences:
            count, named = found.get((row.part, from_, here, there), (0, []))
            found[row.part, from_, here, there] = (count + number, [*named, *some][:SOME])
    differences = tuple(
        Difference(part=part, from_=from_, here=here, there=there, members=count, some=tuple(some))
        for (part, from_, here, there), (count, some) in sorted(found.items())
    )
    problems = tuple(dict.fromkeys(f"{row.part}: {row.problem}" for row in rows if row.problem))
    first = rows[0]
    return Compared(
        review=review,
        at=first.at.astimezone(UTC),
        digest=first.digest,
        members=max(members.values()),
        differences=differences,
        problems=problems,
    )
