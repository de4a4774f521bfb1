"""Touch in PostgreSQL: cohorts, and who of the staff looks after whom. One contact at a time, by a unique index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text, update

from operations.ports.touch import HANDOVER, OVER, Assignment, Cohort, Handed, Load, Opened
from store.bulk import insert_many
from store.ledgers import hold
from store.loads import choose, load_of_everybody, loads_of, weights_of
from store.tables.effects import assignment, deed, staff
from store.tables.runs import run
from store.tables.touch import cohort, cohort_member
from store.transaction import anew, transaction


class SqlTouch:
    """The port `Touch`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --------------------------------------------------------------------------------------------------------- cohorts
    def cohorts(self, community: str, partition: str | None = None, *, closed: bool = False) -> Sequence[Cohort]:
        sizes = (
            select(cohort_member.c.cohort, func.count().label("size"))
            .where(cohort_member.c.community == community, cohort_member.c.ended_at.is_(None))
            .group_by(cohort_member.c.cohort)
            .subquery()
        )
        hosts = (assignment.c.community == cohort.c.community) & (assignment.c.member == cohort.c.id)
        hosts &= (assignment.c.relation == "host") & assignment.c.ended_at.is_(None)
        query = (
            select(cohort, func.coalesce(sizes.c.size, 0).label("size"), assignment.c.person)
            .select_from(cohort.outerjoin(sizes, sizes.c.cohort == cohort.c.id).outerjoin(assignment, hosts))
            .where(cohort.c.community == community)
            .order_by(cohort.c.partition, cohort.c.number)
        )
        if partition is not None:
            query = query.where(cohort.c.partition == partition)
        if not closed:
            query = query.where(cohort.c.closed_at.is_(None))
        with transaction(self._engine) as connection:
            return [
                Cohort(
                    id=row.id,
                    partition=row.partition,
                    number=row.number,
                    key=tuple(row.key),
                    size=row.size,
                    opened_at=row.opened_at,
                    closed_at=row.closed_at,
                    host=row.person,
                )
                for row in connection.execute(query)
            ]

    def members_of(
        self, community: str, cohorts: Collection[str], *, at: datetime | None = None
    ) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {id_: [] for id_ in cohorts}
        query = _belonging(community, at).where(cohort_member.c.cohort.in_(found)).order_by(cohort_member.c.member)
        with transaction(self._engine) as connection:
            for row in connection.execute(query):
                found[row.cohort].append(row.member)
        return found

    def belonging(self, community: str, partition: str, *, at: datetime | None = None) -> Sequence[str]:
        query = _belonging(community, at).where(cohort_member.c.partition == partition).order_by(cohort_member.c.member)
        with transaction(self._engine) as connection:
            return [row.member for row in connection.execute(query)]

    def cohorts_of(self, community: str, member: str) -> Mapping[str, str]:
        with transaction(self._engine) as connection:
            rows = connection.execute(_belonging(community).where(cohort_member.c.member == member))
            return {row.partition: row.cohort for row in rows}

    def hold(self, community: str, partition: str) -> int:
        with transaction(self._engine) as connection:
            hold(connection, community, f"cohorts/{partition}")
            last = select(func.max(cohort.c.number)).where(
                cohort.c.community == community, cohort.c.partition == partition
            )
            return 1 + (connection.execute(last).scalar() or 0)

    def regroup(
        self,
        community: str,
        opened: Sequence[Opened],
        joined: Mapping[str, str],
        left: Mapping[str, str],
        *,
        at: datetime,
    ) -> Sequence[str]:
        partitions = sorted(
            {one.partition for one in opened} | {_partition(id_) for id_ in (*joined.values(), *left.values())}
        )
        new = [
            {
                "community": community,
                "id": one.id,
                "partition": one.partition,
                "number": one.number,
                "key": list(one.key),
                "opened_at": at,
            }
            for one in opened
        ]
        come = [
            {"community": community, "cohort": id_, "partition": _partition(id_), "member": member, "since": at}
            for member, id_ in joined.items()
        ]
        with transaction(self._engine) as connection:
            insert_many(connection, cohort, new)
            if left:
                connection.execute(_LEAVE, {"community": community, "at": at, **_pairs(left)})
                for member, id_ in left.items():
                    for statement in _NO_MORE_DUTIES:
                        connection.execute(statement, {"community": community, **_pairs({member: id_})})
            insert_many(
                connection,
                cohort_member,
                come,
                on_conflict='(community, member, "partition") WHERE ended_at IS NULL DO NOTHING',
            )
            closed = connection.execute(_CLOSE, {"community": community, "at": at, "partitions": partitions})
            return sorted(closed.scalars())

    # ---------------------------------------------------------------------------------------------------- looking after
    def assignments(
        self, community: str, *, member: str | None = None, person: str | None = None, ended: bool = False
    ) -> Sequence[Assignment]:
        query = select(assignment).where(assignment.c.community == community)
        if member is not None:
            query = query.where(assignment.c.member == member)
        if person is not None:
            query = query.where(assignment.c.person == person)
        if not ended:
            query = query.where(assignment.c.ended_at.is_(None))
        with transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(assignment.c.since, assignment.c.member, assignment.c.relation))
            return [
                Assignment(
                    member=row.member,
                    relation=row.relation,
                    role=row.role,
                    person=row.person,
                    since=row.since,
                    ended_at=row.ended_at,
                    ended_why=row.ended_why,
                )
                for row in rows
            ]

    def loads(self, community: str) -> Sequence[Load]:
        with transaction(self._engine) as connection:
            return load_of_everybody(connection, community)

    def leave(
        self, community: str, role: str, person: str, *, chain: Sequence[tuple[str, int | None]], at: datetime
    ) -> Sequence[Handed]:
        with transaction(self._engine) as connection:
            hold(connection, community, "assign")
            anew(connection, ("staff", community))
            connection.execute(
                staff.delete().where(staff.c.community == community, staff.c.role == role, staff.c.person == person)
            )
            held = connection.execute(
                select(assignment)
                .where(
                    assignment.c.community == community,
                    assignment.c.role == role,
                    assignment.c.person == person,
                    assignment.c.ended_at.is_(None),
                )
                .order_by(assignment.c.member, assignment.c.relation)
                .with_for_update()
            ).all()
            weights = weights_of(connection, community, [row.member for row in held])
            loads = loads_of(connection, community, [one for one, _ in chain])
            handed = []
            for row in sorted(held, key=lambda row: (-weights.get(row.member, 1), row.member)):
                weight = weights.get(row.member, 1)
                chosen = choose(chain, loads, weight)
                if chosen is None:
                    handed.append(Handed(member=row.member, relation=row.relation))
                    continue
                loads[chosen[0]][chosen[1]] += weight
                self._hand(connection, community, row, chosen, at)
                handed.append(Handed(member=row.member, relation=row.relation, to=chosen[1], role=chosen[0]))
        return sorted(handed, key=lambda one: (one.member, one.relation))

    def _hand(self, connection: Connection, community: str, row: Any, to: tuple[str, str], at: datetime) -> None:
        """From one of the staff to another: the history stays, and what is asked now is asked of the new one."""
        mine = (assignment.c.community == community) & (assignment.c.key == row.key)
        connection.execute(update(assignment).where(mine).values(ended_at=at, ended_why=HANDOVER))
        connection.execute(
            assignment.insert().values(
                community=community,
                key=f"{row.key}>{to[1]}@{at.isoformat()}",
                member=row.member,
                relation=row.relation,
                role=to[0],
                person=to[1],
                since=at,
            )
        )
        for statement in _ASK_INSTEAD:
            connection.execute(
                statement, {"community": community, "subject": row.member, "old": row.person, "new": to[1]}
            )

    def given_by_tiers(self, community: str, ladder: str, relations: Collection[str]) -> Sequence[tuple[str, str]]:
        query = select(assignment.c.member, assignment.c.relation).where(
            assignment.c.community == community,
            assignment.c.ended_at.is_(None),
            assignment.c.relation.in_(list(relations)),
            assignment.c.key.contains(f"/{ladder}:then:", autoescape=True),
        )
        with transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(assignment.c.member, assignment.c.relation))
            return [(row.member, row.relation) for row in rows]

    def given_by_runs(self, community: str, member: str) -> Sequence[str]:
        first = [func.split_part(assignment.c.key, "/", place) for place in (1, 2, 3)]  # as runs are called
        query = (
            select(assignment.c.relation)
            .join(run, run.c.id == func.concat_ws("/", *first))
            .where(
                assignment.c.community == community,
                assignment.c.member == member,
                assignment.c.ended_at.is_(None),
            )
        )
        with transaction(self._engine) as connection:
            return list(connection.execute(query.order_by(assignment.c.relation)).scalars())

    def runs_about(self, community: str, subjects: Collection[str]) -> Sequence[str]:
        query = select(run.c.id).where(
            run.c.community == community, run.c.status == "running", run.c.subject.in_(list(subjects))
        )
        with transaction(self._engine) as connection:
            return list(connection.execute(query.order_by(run.c.id)).scalars())

    def runs_of(self, community: str, task: str) -> tuple[Sequence[datetime], int]:
        mine = (run.c.community == community) & (run.c.task == task)
        to_come = (deed.c.community == community) & deed.c.waiting & (deed.c.details["task"].astext == task)
        with transaction(self._engine) as connection:
            ended = select(run.c.ended_at).where(mine, run.c.status != "running").order_by(run.c.ended_at)
            live = select(func.count()).select_from(run).where(mine, run.c.status == "running")
            soon = select(func.count()).select_from(deed).where(to_come)
            under_way = connection.execute(live).scalar_one() + connection.execute(soon).scalar_one()
            return list(connection.execute(ended).scalars()), under_way

    def end(self, community: str, member: str, relations: Collection[str], *, at: datetime) -> int:
        over = (
            update(assignment)
            .where(
                assignment.c.community == community,
                assignment.c.member == member,
                assignment.c.relation.in_(list(relations)),
                assignment.c.ended_at.is_(None),
            )
            .values(ended_at=at, ended_why=OVER)
        )
        with transaction(self._engine) as connection:
            return connection.execute(over).rowcount


def _belonging(community: str, at: datetime | None = None) -> Any:
    asked = select(cohort_member.c.partition, cohort_member.c.cohort, cohort_member.c.member)
    ended = cohort_member.c.ended_at
    if at is None:
        return asked.where(cohort_member.c.community == community, ended.is_(None))
    then = (cohort_member.c.since <= at) & (ended.is_(None) | (ended > at))
    return asked.where(cohort_member.c.community == community, then).distinct()


def _partition(cohort_id: str) -> str:
    return cohort_id.rpartition("/")[0]


def _pairs(left: Mapping[str, str]) -> dict[str, list[str]]:
    return {"members": list(left), "cohorts": list(left.values())}


_GONE = "unnest(CAST(:members AS text[]), CAST(:cohorts AS text[])) AS gone (member, cohort)"
_LEAVE = text(f"""
    UPDATE cohort_member m SET ended_at = :at FROM {_GONE}
    WHERE m.community = :community AND m.cohort = gone.cohort AND m.member = gone.member AND m.ended_at IS NULL
""")
_CLOSE = text("""
    UPDATE cohort c SET closed_at = :at
    WHERE c.community = :community AND c.partition = ANY(:partitions) AND c.closed_at IS NULL
      AND NOT EXISTS (SELECT FROM cohort_member m
                      WHERE m.community = c.community AND m.cohort = c.id AND m.ended_at IS NULL)
    RETURNING c.id
""")
_OF_THEIRS = f"""
    FROM run r, {_GONE}
    WHERE r.community = :community AND r.status = 'running' AND r.subject = gone.cohort
"""
_NO_MORE_DUTIES = tuple(
    text(statement)
    for statement in (
        f"""
    DELETE FROM visit_thing t USING visit v, run r, {_GONE}
    WHERE r.community = :community AND r.status = 'running' AND r.subject = gone.cohort AND v.run = r.id
      AND v.state = 'open' AND (t.run, t.phase, t.visit) = (v.run, v.phase, v.visit) AND t.thing = gone.member
    """,
        f"""
    UPDATE visit v SET asked = array_remove(v.asked, gone.member), things = array_remove(v.things, gone.member)
    {_OF_THEIRS} AND v.run = r.id AND v.state = 'open' AND (gone.member = ANY(v.asked) OR gone.member = ANY(v.things))
    """,
        f"""
    UPDATE work_item w SET asked = array_remove(w.asked, gone.member),
        state = CASE WHEN w.about = gone.member OR w.asked = ARRAY[gone.member] THEN 'gone' ELSE w.state END
    {_OF_THEIRS} AND w.run = r.id AND w.community = r.community AND w.state = 'open'
      AND (w.about = gone.member OR gone.member = ANY(w.asked))
    """,
        f"""
    DELETE FROM planned_act p USING run r, {_GONE}
    WHERE r.community = :community AND r.status = 'running' AND r.subject = gone.cohort AND p.run = r.id
      AND NOT p.played AND p.verb <> 'submit' AND gone.member IN (p.by_, p.about)
    """,
    )
)
"""What members who have left a cohort are not asked any more in runs about it, and what is not asked about them.

Handing in is nobody's duty: what a simulated member was going to hand in comes in, or the outcome of a rehearsal would
hang on whether the run or the move was quicker. Real members are refused at the gate once they have left.
"""
_ASK_INSTEAD = tuple(
    text(statement)
    for statement in (
        """
    UPDATE visit v SET asked = array_replace(v.asked, :old, :new) FROM run r
    WHERE r.community = :community AND r.status = 'running' AND r.subject = :subject
      AND v.run = r.id AND v.state = 'open' AND :old = ANY(v.asked)
    """,
        """
    UPDATE work_item w SET asked = array_replace(w.asked, :old, :new), claimed_by = NULL, claimed_at = NULL FROM run r
    WHERE r.community = :community AND r.status = 'running' AND r.subject = :subject
      AND w.run = r.id AND w.community = r.community AND w.state = 'open' AND :old = ANY(w.asked)
    """,
        """
    UPDATE planned_act p SET by_ = :new FROM run r
    WHERE r.community = :community AND r.status = 'running' AND r.subject = :subject
      AND p.run = r.id AND NOT p.played AND p.by_ = :old
    """,
    )
)
"""What was asked of one of the staff in runs about somebody is asked of another."""
