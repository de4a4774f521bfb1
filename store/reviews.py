"""Reviews in PostgreSQL: shards that were read, verdicts in batches, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Integer, cast, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from operations.ports.reviews import JUDGED, Plan, Verdict
from store.tables.decisions import review, review_shard, verdict
from store.tables.members import member
from store.tables.runs import run
from store.tables.standings import standing
from store.transaction import transaction

_COUNTED = {"promote": ("promotions",), "demote": ("demotions",)}
_WHOLE = -1_000_000  # the "shard" under which counts of a whole part are kept
_COLUMNS = (
    "community", "review", "part", "shard", "place", "subject", "rule", "kind", "to_at", "leaves", "seats", "rank",
    "ask", "body", "digest",
)  # fmt: skip


class SqlReviews:
    """The port `Reviews`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self,
        community: str,
        *,
        run: str,
        at: datetime,
        digest: str,
        parts: Sequence[str],
        shard_size: int,
        trial: str | None = None,
        share: int = 0,
    ) -> Plan:
        with transaction(self._engine) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:c, 8))"), {"c": community})
            row = connection.execute(
                select(review).where(review.c.community == community, review.c.run == run)
            ).one_or_none()
            if row is None:
                row = connection.execute(
                    insert(review)
                    .values(
                        community=community,
                        id=self._next_id(connection, community, at),
                        run=run,
                        at=at,
                        digest=digest,
                        parts=list(parts),
                        cuts=self._cuts(connection, community, shard_size),
                        trial=trial,
                        share=share if trial is not None else None,
                    )
                    .returning(review)
                ).one()
        return _plan(row)

    def next_id(self, community: str, at: datetime) -> str:
        with transaction(self._engine) as connection:
            return self._next_id(connection, community, at)

    def _next_id(self, connection: Connection, community: str, at: datetime) -> str:
        second = at.astimezone(UTC).replace(microsecond=0)
        before = connection.execute(
            select(func.count()).where(
                review.c.community == community, review.c.at >= second, review.c.at < second + timedelta(seconds=1)
            )
        ).scalar_one()
        return f"{second:%Y-%m-%dT%H:%M:%SZ}/{before + 1}"

    def _cuts(self, connection: Connection, community: str, size: int) -> list[str]:
        numbered = (
            select(member.c.id, func.row_number().over(order_by=member.c.id).label("n"))
            .where(member.c.community == community)
            .subquery()
        )
        return list(
            connection.execute(
                select(numbered.c.id).where(numbered.c.n > 1, (numbered.c.n - 1) % size == 0).order_by(numbered.c.n)
            ).scalars()
        )

    def plan(self, community: str, id: str) -> Plan:
        with transaction(self._engine) as connection:
            return _plan(
                connection.execute(select(review).where(review.c.community == community, review.c.id == id)).one()
            )

    def members(self, community: str, bounds: tuple[str | None, str | None]) -> Sequence[str]:
        query = select(member.c.id).where(member.c.community == community).order_by(member.c.id)
        if bounds[0] is not None:
            query = query.where(member.c.id >= bounds[0])
        if bounds[1] is not None:
            query = query.where(member.c.id < bounds[1])
        with transaction(self._engine) as connection:
            return list(connection.execute(query).scalars())

    # ------------------------------------------------------------------------------------------ what was found
    def has_looked(self, plan: Plan, part: str, shard: int) -> bool:
        with transaction(self._engine) as connection:
            return self._noted(connection, plan, part, shard)

    def _noted(self, connection: Connection, plan: Plan, part: str, shard: int) -> bool:
        found = connection.execute(
            select(review_shard.c.shard).where(
                review_shard.c.community == plan.community,
                review_shard.c.review == plan.id,
                review_shard.c.part == part,
                review_shard.c.shard == shard,
            )
        )
        return found.first() is not None

    def _note(self, connection: Connection, plan: Plan, part: str, shard: int, counts: Mapping[str, int]) -> bool:
        new = connection.execute(
            insert(review_shard)
            .values(community=plan.community, review=plan.id, part=part, shard=shard, counts=dict(counts))
            .on_conflict_do_nothing()
            .returning(review_shard.c.shard)
        )
        return new.first() is not None

    def looked(self, plan: Plan, part: str, shard: int, counts: Mapping[str, int], verdicts: Sequence[Verdict]) -> None:
        with transaction(self._engine) as connection:
            if not self._note(connection, plan, part, shard, counts) or not verdicts:
                return
            raw: Any = connection.connection.driver_connection
            with raw.cursor() as cursor, cursor.copy(f"COPY verdict ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
                for place, one in enumerate(verdicts):
                    copy.write_row(
                        (
                            plan.community,
                            plan.id,
                            part,
                            shard,
                            place,
                            one.subject,
                            one.rule,
                            one.kind,
                            one.to,
                            one.leaves,
                            one.seats,
                            orjson.dumps(list(one.rank)).decode(),
                            one.ask,
                            orjson.dumps(one.body).decode(),
                            one.digest,
                        )
                    )

    def contenders(self, plan: Plan, part: str) -> Sequence[Verdict]:
        query = _of(select(verdict), plan, part).where(verdict.c.kind == "move")
        with transaction(self._engine) as connection:
            return [
                _verdict(row, body=False)
                for row in connection.execute(query.order_by(verdict.c.shard, verdict.c.place))
            ]

    def under(self, plan: Plan, digest: str) -> Mapping[str, int]:
        mine = (verdict.c.community == plan.community) & (verdict.c.review == plan.id) & (verdict.c.digest == digest)
        outcome = cast(verdict.c.body, JSONB)["outcome"].astext
        found = select(verdict.c.kind, outcome, func.count()).where(mine).where(verdict.c.kind.in_(("move", "below")))
        judged = (
            select(func.sum(cast(review_shard.c.counts[JUDGED].astext, Integer)))
            .where(review_shard.c.community == plan.community, review_shard.c.review == plan.id)
            .group_by(review_shard.c.part)
        )
        with transaction(self._engine) as connection:
            counts = dict.fromkeys(("promotions", "demotions", "graces", "moved"), 0)
            for kind, came, number in connection.execute(found.group_by(verdict.c.kind, outcome)):
                names = ["graces"] if kind == "below" else ["moved", *_COUNTED.get(came, ())]
                for name in names:
                    counts[name] += number
            counts["members"] = max((number or 0 for number in connection.execute(judged).scalars()), default=0)
        return counts

    def drop(self, plan: Plan, part: str, digest: str) -> int:
        here = _of(verdict.delete(), plan, part).where(verdict.c.digest == digest)
        with transaction(self._engine) as connection:
            return int(connection.execute(here).rowcount)

    def sort(self, plan: Plan, part: str, *, without: Sequence[tuple[int, int]], size: int) -> int:
        mine = (verdict.c.community == plan.community) & (verdict.c.review == plan.id) & (verdict.c.part == part)
        with transaction(self._engine) as connection:
            many = dict.fromkeys(range(plan.shards), 0)
            for row in connection.execute(
                select(verdict.c.shard, func.max(verdict.c.place)).where(mine).group_by(verdict.c.shard)
            ):
                many[row[0]] = row[1] + 1
            offsets = list(accumulate((many[shard] for shard in range(plan.shards)), initial=0))
            seats = -(-offsets[-1] // size)  # those who want a seat come in a batch of their own, after all others
            connection.execute(
                text(
                    "UPDATE verdict SET batch = CASE WHEN seats THEN :seats"
                    " ELSE ((CAST(:offsets AS int[]))[shard + 1] + place) / :size END"
                    " WHERE community = :community AND review = :review AND part = :part"
                ),
                {
                    "seats": seats,
                    "offsets": offsets,
                    "size": size,
                    "community": plan.community,
                    "review": plan.id,
                    "part": part,
                },
            )
            if without:
                left_out = tuple_(verdict.c.shard, verdict.c.place).in_(without)
                connection.execute(update(verdict).where(mine, left_out).values(batch=None))
            last = connection.execute(select(func.max(verdict.c.batch)).where(mine)).scalar_one()
        return 0 if last is None else last + 1

    def batch(self, plan: Plan, part: str, batch: int) -> Sequence[Verdict]:
        query = _of(select(verdict), plan, part).where(verdict.c.batch == batch)
        with transaction(self._engine) as connection:
            return [
                _verdict(row)
                for row in connection.execute(query.order_by(verdict.c.seats, verdict.c.shard, verdict.c.place))
            ]

    # ------------------------------------------------------------------------------------------ what was carried out
    def done(self, plan: Plan, part: str, batch: int, counts: Mapping[str, int]) -> bool:
        with transaction(self._engine) as connection:
            return self._note(connection, plan, part, -1 - batch, counts)

    def count(self, plan: Plan, part: str, counts: Mapping[str, int]) -> None:
        with transaction(self._engine) as connection:
            self._note(connection, plan, part, _WHOLE, counts)

    def finish(self, plan: Plan) -> Mapping[str, Any]:
        with transaction(self._engine) as connection:
            known = connection.execute(
                select(review.c.summary).where(review.c.community == plan.community, review.c.id == plan.id)
            ).scalar_one()
            if known is not None:
                return dict(known)
            parts: dict[str, dict[str, int]] = {part: {} for part in plan.parts}
            for row in connection.execute(
                select(review_shard.c.part, review_shard.c.counts).where(
                    review_shard.c.community == plan.community, review_shard.c.review == plan.id
                )
            ):
                counts = parts.setdefault(row.part, {})
                for name, number in row.counts.items():
                    counts[name] = counts.get(name, 0) + number
            summary = {
                "review": plan.id,
                "at": plan.at.astimezone(UTC).isoformat(),
                "digest": plan.digest,
                **({"trial": plan.trial, "share": plan.share} if plan.trial is not None else {}),
                "parts": {part: dict(sorted(counts.items())) for part, counts in parts.items()},
            }
            here = (review.c.community == plan.community) & (review.c.id == plan.id)
            connection.execute(update(review).where(here).values(summary=summary, ended_at=func.now()))
            for table in (verdict, review_shard):
                connection.execute(table.delete().where(table.c.community == plan.community, table.c.review == plan.id))
        return summary

    def touched(self, community: str, *, since: datetime, member: str | None = None) -> Sequence[str]:
        query = (
            select(run.c.id)
            .join(standing, (standing.c.community == run.c.community) & (standing.c.member == run.c.subject))
            .where(run.c.community == community, run.c.status == "running", standing.c.moved_at >= since)
        )
        if member is not None:
            query = query.where(run.c.subject == member)
        with transaction(self._engine) as connection:
            return list(connection.execute(query.distinct().order_by(run.c.id)).scalars())

    def on_trial(self, community: str, at: datetime) -> tuple[str | None, int]:
        query = select(review.c.trial, review.c.share).where(review.c.community == community, review.c.at <= at)
        with transaction(self._engine) as connection:
            row = connection.execute(query.order_by(review.c.at.desc(), review.c.id.desc()).limit(1)).first()
        return (None, 0) if row is None or row.trial is None else (row.trial, row.share)

    def latest(self, community: str, *, limit: int = 20) -> Sequence[Mapping[str, Any]]:
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(review.c.summary)
                .where(review.c.community == community, review.c.summary.is_not(None))
                .order_by(review.c.at.desc(), review.c.id.desc())
                .limit(limit)
            )
            return [row.summary for row in rows]


def _of(query: Any, plan: Plan, part: str) -> Any:
    return query.where(verdict.c.community == plan.community, verdict.c.review == plan.id, verdict.c.part == part)


def _plan(row: Any) -> Plan:
    return Plan(
        id=row.id,
        community=row.community,
        at=row.at.astimezone(UTC),
        digest=row.digest,
        parts=tuple(row.parts),
        cuts=tuple(row.cuts),
        trial=row.trial,
        share=row.share or 0,
    )


def _verdict(row: Any, *, body: bool = True) -> Verdict:
    return Verdict(
        subject=row.subject,
        rule=row.rule,
        kind=row.kind,
        body=orjson.loads(row.body) if body else {},
        to=row.to_at,
        leaves=row.leaves,
        seats=row.seats,
        rank=tuple(orjson.loads(row.rank)),
        ask=row.ask,
        shard=row.shard,
        place=row.place,
        digest=row.digest,
    )
