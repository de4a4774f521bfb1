"""Things: works, runs, teams and cohorts with what conditions read of them, for rules that look at one by one.

What remembers when it began and ended can also be told of an earlier moment: which runs were under way, who was in a
team or a cohort, what had been published. The fields of a work, and whether it counts, are always those of now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Column, ColumnElement, Connection, and_, func, or_, select, true

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


@dataclass(frozen=True, slots=True)
class _Look:
    """Of what things is asked, and of when.

    Args:
        ids: only these; None: of all.
        then: as they were at `at`, not as they are now.
    """

    connection: Connection
    community: Community
    at: datetime
    ids: list[str] | None
    then: bool

    def these(self, column: Column[Any]) -> ColumnElement[bool]:
        """That a thing is one of those asked for."""
        return true() if self.ids is None else column.in_(self.ids)

    def lasts(self, ended: Column[Any]) -> ColumnElement[bool]:
        """That something is not over."""
        return or_(ended.is_(None), ended > self.at) if self.then else ended.is_(None)

    def here(self, since: Column[Any], ended: Column[Any]) -> ColumnElement[bool]:
        """That somebody is there, and was by then."""
        return and_(since <= self.at, self.lasts(ended)) if self.then else self.lasts(ended)


def things(
    connection: Connection,
    community: Community,
    kind: str,
    names: Collection[str],
    at: datetime,
    *,
    ids: Collection[str] | None = None,
    then: bool = False,
) -> pl.DataFrame:
    """Every thing of a kind that there is at `at`: `subject`, of works `author`, and the attributes that are wanted.

    Runs are those under way; what is only rehearsed is not there. Cohorts are those that are open, teams those that
    facts name.

    Args:
        names: attributes as conditions read them: `work.mode`, `run.days`, `work.model` (a field of its form).
        ids: only these; all without it.
        then: those that there were at `at` as they were, as far as that is remembered; without it those of now.
    """
    look = _Look(connection, community, at, None if ids is None else list(ids), then)
    rows = _FOUND[kind](look) if kind in _FOUND else _named(look, kind)
    wanted = {name.partition(".")[2]: name for name in names if name.partition(".")[0] == kind}
    columns: dict[str, pl.Series] = {"subject": pl.Series([row["subject"] for row in rows], dtype=pl.String)}
    if kind == "work":
        columns["author"] = pl.Series([row["author"] for row in rows], dtype=pl.String)
    for bare, name in sorted(wanted.items()):
        type_ = _type(community, kind, bare)
        values = [_value(row, bare, type_) for row in rows]
        columns[name] = pl.Series(values, dtype=dtype(type_))
    return pl.DataFrame(columns).sort("subject")


def _works(look: _Look) -> list[dict[str, Any]]:
    community = look.community
    counts = true() if look.then else work.c.state != "withdrawn"  # when it was withdrawn is not remembered
    query = (
        select(work.c.id, work.c.author, work.c.at, work.c.fields, work.c.version, run.c.mode, run.c.task)
        .join(run, run.c.id == work.c.run)
        .where(work.c.community == community.id, work.c.at <= look.at, counts, ~run.c.rehearsed, look.these(work.c.id))
    )
    shown = _in_public(look)
    found = []
    for row in look.connection.execute(query):
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


def _in_public(look: _Look) -> set[str]:
    """What was published where anybody can see it: in a channel, or in a space that everyone may read."""
    open_ = [f"space:{id_}" for id_, space in look.community.spaces.items() if space.seen_by == "everyone"]
    query = select(publication.c.what).where(
        publication.c.community == look.community.id,
        publication.c.at <= look.at,
        look.lasts(publication.c.withdrawn_at),
        publication.c.place.like("channel:%") | publication.c.place.in_(open_),
    )
    return {row.what.removeprefix("work:") for row in look.connection.execute(query)}


def _runs(look: _Look) -> list[dict[str, Any]]:
    community = look.community
    under_way = run.c.status == "running"
    query = select(run).where(
        run.c.community == community.id,
        or_(under_way, run.c.ended_at > look.at) if look.then else under_way,
        run.c.opened_at <= look.at,
        ~run.c.rehearsed,
        look.these(run.c.id),
    )
    today = local_day(look.at, community.zone)
    return [
        {
            **row.args,
            "subject": row.id,
            "mode": row.mode,
            "task": row.task,
            "goal": getattr(community.tasks.get(row.task), "goal", None),
            "days": today - local_day(row.opened_at, community.zone),
        }
        for row in look.connection.execute(query)
    ]


def _named(look: _Look, kind: str) -> list[dict[str, Any]]:
    number = number_of(look.connection, look.community.id)
    return [{"subject": id_} for id_ in subjects_of(look.connection, number, kind, look.ids)["id"]]


def _cohorts(look: _Look) -> list[dict[str, Any]]:
    """Cohorts with what their members share, and their size."""
    community = look.community
    query = (
        select(cohort.c.id, cohort.c.partition, cohort.c.key, func.count(cohort_member.c.member).label("size"))
        .select_from(
            cohort.outerjoin(
                cohort_member,
                (cohort_member.c.community == cohort.c.community)
                & (cohort_member.c.cohort == cohort.c.id)
                & look.here(cohort_member.c.since, cohort_member.c.ended_at),
            )
        )
        .where(
            cohort.c.community == community.id,
            cohort.c.opened_at <= look.at,
            look.lasts(cohort.c.closed_at),
            look.these(cohort.c.id),
        )
        .group_by(cohort.c.id, cohort.c.partition, cohort.c.key)
    )
    found = []
    for row in look.connection.execute(query):
        partition = community.cohorts.get(row.partition)
        shared = zip(partition.by, row.key, strict=False) if partition is not None else ()
        found.append({**dict(shared), "subject": row.id, "partition": row.partition, "size": row.size})
    return found


def _teams(look: _Look) -> list[dict[str, Any]]:
    """Teams of runs under way with who is in them, and teams that facts name and no run has formed."""
    community = look.community
    query = (
        select(team.c.id, team.c.formed_at, run.c.rehearsed, look.lasts(team.c.ended_at).label("lasts"))
        .join(run, run.c.id == team.c.run)
        .where(team.c.community == community.id, look.these(team.c.id))
    )
    known = {row.id: row for row in look.connection.execute(query)}
    live = {id_: row for id_, row in known.items() if row.lasts and not row.rehearsed}
    inside: dict[str, dict[str, list[str]]] = {id_: {} for id_ in live}
    seats = select(seat.c.team, seat.c.slot, seat.c.member).where(
        seat.c.team == func.any(list(live)), look.here(seat.c.since, seat.c.until), seat.c.offered_until.is_(None)
    )
    for row in look.connection.execute(seats.order_by(seat.c.since, seat.c.seq)):
        inside[row.team].setdefault(row.slot, []).append(row.member)
    today = local_day(look.at, community.zone)
    found = [
        {
            "subject": id_,
            "days": today - local_day(row.formed_at, community.zone),
            "size": sum(len(people) for people in inside[id_].values()),
            **{part: ", ".join(people) for part, people in inside[id_].items()},
        }
        for id_, row in live.items()
        if row.formed_at <= look.at
    ]
    return [*found, *(row for row in _named(look, "team") if row["subject"] not in known)]


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
