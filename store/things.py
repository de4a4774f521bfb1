"""Things: works, runs, teams and cohorts with what conditions read of them, for rules that look at one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, func, select

from rules.errors import Unfit
from rules.names import attribute_type
from rules.spec import Community
from rules.time.local import local_day
from rules.values import Value, ValueType, fit
from store.fact_columns import dtype
from store.numbers import number_of, subjects_of
from store.tables.effects import publication
from store.tables.runs import run, work
from store.tables.teams import seat, team
from store.tables.touch import cohort, cohort_member

_TEXTS = frozenset({"mode", "task", "goal", "theme", "space", "author"})


def things(
    connection: Connection, community: Community, kind: str, names: Collection[str], at: datetime
) -> pl.DataFrame:
    """Every thing of a kind that there is at `at`: `subject`, of works `author`, and the attributes that are wanted.

    Runs are those under way; what is only rehearsed is not there. Cohorts are those that are open, teams those that
    facts name.

    Args:
        names: attributes as conditions read them: `work.mode`, `run.days`, `work.model` (a field of its form).
    """
    rows = _FOUND[kind](connection, community, at) if kind in _FOUND else _named(connection, community, kind)
    wanted = {name.partition(".")[2]: name for name in names if name.partition(".")[0] == kind}
    columns: dict[str, pl.Series] = {"subject": pl.Series([row["subject"] for row in rows], dtype=pl.String)}
    if kind == "work":
        columns["author"] = pl.Series([row["author"] for row in rows], dtype=pl.String)
    for bare, name in sorted(wanted.items()):
        type_ = _type(community, kind, bare)
        values = [_value(row, bare, type_) for row in rows]
        columns[name] = pl.Series(values, dtype=dtype(type_))
    return pl.DataFrame(columns).sort("subject")


def _works(connection: Connection, community: Community, at: datetime) -> list[dict[str, Any]]:
    query = (
        select(work.c.id, work.c.author, work.c.at, work.c.fields, work.c.version, run.c.mode, run.c.task)
        .join(run, run.c.id == work.c.run)
        .where(work.c.community == community.id, work.c.at <= at, work.c.state != "withdrawn", ~run.c.rehearsed)
    )
    shown = _in_public(connection, community, at)
    found = []
    for row in connection.execute(query):
        fields: Mapping[str, Any] = row.fields
        found.append(
            {
                **fields,
                "subject": row.id,
                "author": row.author,
                "mode": row.mode,
                "task": row.task,
                "theme": _theme(community, row.task),
                "public": bool(fields.get("public")) or row.id in shown,
                "submitted_at": local_day(row.at, community.zone),
            }
        )
    return found


def _in_public(connection: Connection, community: Community, at: datetime) -> set[str]:
    """What was published where anybody can see it: in a channel, or in a space that everyone may read."""
    open_ = [f"space:{id_}" for id_, space in community.spaces.items() if space.seen_by == "everyone"]
    query = select(publication.c.what).where(
        publication.c.community == community.id,
        publication.c.at <= at,
        publication.c.withdrawn_at.is_(None),
        publication.c.place.like("channel:%") | publication.c.place.in_(open_),
    )
    return {row.what.removeprefix("work:") for row in connection.execute(query)}


def _runs(connection: Connection, community: Community, at: datetime) -> list[dict[str, Any]]:
    query = select(run).where(
        run.c.community == community.id, run.c.status == "running", run.c.opened_at <= at, ~run.c.rehearsed
    )
    today = local_day(at, community.zone)
    return [
        {
            **row.args,
            "subject": row.id,
            "mode": row.mode,
            "task": row.task,
            "goal": getattr(community.tasks.get(row.task), "goal", None),
            "days": today - local_day(row.opened_at, community.zone),
        }
        for row in connection.execute(query)
    ]


def _named(connection: Connection, community: Community, kind: str) -> list[dict[str, Any]]:
    ids = subjects_of(connection, number_of(connection, community.id), kind)["id"]
    return [{"subject": id_} for id_ in ids]


def _cohorts(connection: Connection, community: Community, at: datetime) -> list[dict[str, Any]]:
    """Cohorts with what their members share and the size they have now; `at` only says which were open."""
    query = (
        select(cohort.c.id, cohort.c.partition, cohort.c.key, func.count(cohort_member.c.member).label("size"))
        .select_from(
            cohort.outerjoin(
                cohort_member,
                (cohort_member.c.community == cohort.c.community)
                & (cohort_member.c.cohort == cohort.c.id)
                & cohort_member.c.ended_at.is_(None),
            )
        )
        .where(cohort.c.community == community.id, cohort.c.opened_at <= at, cohort.c.closed_at.is_(None))
        .group_by(cohort.c.id, cohort.c.partition, cohort.c.key)
    )
    found = []
    for row in connection.execute(query):
        partition = community.cohorts.get(row.partition)
        shared = zip(partition.by, row.key, strict=False) if partition is not None else ()
        found.append({**dict(shared), "subject": row.id, "partition": row.partition, "size": row.size})
    return found


def _teams(connection: Connection, community: Community, at: datetime) -> list[dict[str, Any]]:
    """Teams of runs under way with who is in them, and teams that facts name and no run has formed."""
    query = (
        select(team.c.id, team.c.formed_at, team.c.ended_at, run.c.rehearsed)
        .join(run, run.c.id == team.c.run)
        .where(team.c.community == community.id)
    )
    known = {row.id: row for row in connection.execute(query)}
    live = {id_: row for id_, row in known.items() if row.ended_at is None and not row.rehearsed}
    inside: dict[str, dict[str, list[str]]] = {id_: {} for id_ in live}
    seats = select(seat.c.team, seat.c.slot, seat.c.member).where(
        seat.c.team == func.any(list(live)), seat.c.until.is_(None), seat.c.offered_until.is_(None)
    )
    for row in connection.execute(seats.order_by(seat.c.since, seat.c.seq)):
        inside[row.team].setdefault(row.slot, []).append(row.member)
    today = local_day(at, community.zone)
    found = [
        {
            "subject": id_,
            "days": today - local_day(row.formed_at, community.zone),
            "size": sum(len(people) for people in inside[id_].values()),
            **{part: ", ".join(people) for part, people in inside[id_].items()},
        }
        for id_, row in live.items()
        if row.formed_at <= at
    ]
    return [*found, *(row for row in _named(connection, community, "team") if row["subject"] not in known)]


_FOUND: Mapping[str, Any] = {"work": _works, "run": _runs, "team": _teams, "cohort": _cohorts}


def _theme(community: Community, task: str) -> str | None:
    brief = getattr(community.tasks.get(task), "brief", None)
    return getattr(brief, "theme", None)


def _type(community: Community, kind: str, bare: str) -> ValueType:
    found = attribute_type(community, f"{kind}.{bare}")
    return found if found is not None else ValueType("text")


def _value(row: Mapping[str, Any], name: str, type_: ValueType) -> Value | list[str] | None:
    """A value as conditions read it; what does not fit its type any more is unknown."""
    raw = row.get(name)
    if raw is None or name in _TEXTS or (name in ("days", "submitted_at") and isinstance(raw, int)):
        return raw
    try:
        value = fit(raw, type_, name)
    except Unfit:
        return None
    return sorted(value) if isinstance(value, frozenset) else value
