"""Loads: whom everybody of the staff looks after, and who has room for one more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, func, select, text

from operations.ports.touch import Load
from store.tables.effects import staff
from store.tables.touch import cohort, cohort_member

Room = Mapping[str, Mapping[str, int]]
"""Of each role: how many members everybody in it looks after."""


def load_of_everybody(connection: Connection, community: str) -> list[Load]:
    """Everybody in a role, and whoever still looks after somebody in one, with what they bear."""
    found = {
        (row.role, row.person): Load(role=row.role, person=row.person)
        for row in connection.execute(select(staff.c.role, staff.c.person).where(staff.c.community == community))
    }
    for row in connection.execute(_LOADS, {"community": community}):
        found[row.role, row.person] = Load(
            role=row.role,
            person=row.person,
            members=row.members,
            cohorts=row.cohorts,
            still_here=(row.role, row.person) in found,
        )
    return [found[key] for key in sorted(found)]


def loads_of(connection: Connection, community: str, roles: Iterable[str]) -> dict[str, dict[str, int]]:
    """How many members everybody who is in these roles looks after; a host bears the members of the cohorts."""
    loads: dict[str, dict[str, int]] = {role: {} for role in roles}
    for one in load_of_everybody(connection, community):
        if one.role in loads and one.still_here:
            loads[one.role][one.person] = one.members
    return loads


def weights_of(connection: Connection, community: str, ids: Sequence[str]) -> dict[str, int]:
    """How many members each of these is: a cohort those who belong to it; whatever is not listed is one member."""
    query = (
        select(cohort.c.id, func.count(cohort_member.c.member).label("size"))
        .select_from(
            cohort.outerjoin(
                cohort_member,
                (cohort_member.c.community == cohort.c.community)
                & (cohort_member.c.cohort == cohort.c.id)
                & cohort_member.c.ended_at.is_(None),
            )
        )
        .where(cohort.c.community == community, cohort.c.id.in_(ids))
        .group_by(cohort.c.id)
    )
    return {row.id: row.size for row in connection.execute(query)}


def choose(chain: Sequence[tuple[str, int | None]], loads: Room, weight: int) -> tuple[str, str] | None:
    """The least loaded who has room, of the first role of a chain in which anybody has: role and person."""
    for role, capacity in chain:
        room = [
            (load, person)
            for person, load in loads.get(role, {}).items()
            if capacity is None or load + weight <= capacity
        ]
        if room:
            return role, min(room)[1]
    return None


_LOADS = text("""
    SELECT a.role, a.person, count(c.id)::int AS cohorts,
           (count(*) FILTER (WHERE c.id IS NULL) + coalesce(sum(m.size), 0))::int AS members
    FROM assignment a
    LEFT JOIN cohort c ON c.community = a.community AND c.id = a.member
    LEFT JOIN LATERAL (SELECT count(*) AS size FROM cohort_member m
                       WHERE m.community = c.community AND m.cohort = c.id AND m.ended_at IS NULL) m ON c.id IS NOT NULL
    WHERE a.community = :community AND a.ended_at IS NULL
    GROUP BY a.role, a.person
""")
