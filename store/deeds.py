"""Deeds: how each kind of effect is written down, many at once, inside one transaction.

Every writer takes the deeds of its kind that are new, and returns why some of them cannot be done. Nothing goes below
zero: an account is changed by one statement that refuses itself, and the table has the constraint besides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text, true, update

from operations.ports.effects import Deed
from store.bulk import insert_many
from store.knowledge import shelve
from store.ledgers import Refused, gift, hold, money, points
from store.loads import choose, loads_of, weights_of
from store.proposals import open_proposals
from store.tables.effects import assignment, candidate, holding, publication
from store.teams import CREDIT

Writer = Callable[[Connection, str, Sequence[Deed]], Refused]


def moment(text_: str | None) -> datetime | None:
    """A moment among a deed's details."""
    return None if text_ is None else datetime.fromisoformat(text_)


# ------------------------------------------------------------------------------------------------------------ holdings
def _holdings(kind: str) -> Writer:
    def write(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
        refused: Refused = {}
        free: dict[tuple[str, str], int] = {}
        rows: dict[tuple[str, str, str | None], dict[str, Any]] = {}  # given twice at once is held once
        for deed in deeds:
            item, value = deed.details["item"], deed.details.get("value") or ""
            limit = deed.details.get("limit")
            if limit is not None:
                place = (item, value)
                if place not in free:
                    hold(connection, community, f"{kind}/{item}/{value}")
                    free[place] = int(limit) - _holders(connection, community, kind, item, value, deed.at)
                if (*place, deed.member) in rows or _holds(connection, community, kind, item, value, deed.member):
                    pass
                elif free[place] <= 0:
                    refused[deed.key] = f"all {limit} {item} are held"
                    continue
                else:
                    free[place] -= 1
            until = moment(deed.details.get("until"))
            known = rows.get((item, value, deed.member))
            if known is not None:
                known["until"] = None if until is None or known["until"] is None else max(until, known["until"])
                continue
            rows[item, value, deed.member] = {
                "community": community,
                "key": deed.key,
                "kind": kind,
                "member": deed.member,
                "item": item,
                "value": value,
                "since": deed.at,
                "until": until,
            }
        if rows:
            insert_many(
                connection,
                holding,
                list(rows.values()),
                on_conflict="(community, kind, item, value, member) WHERE ended_at IS NULL DO UPDATE SET until ="
                " CASE WHEN holding.until IS NULL OR excluded.until IS NULL THEN NULL"
                " ELSE greatest(holding.until, excluded.until) END",
            )
        return refused

    return write


def _holders(connection: Connection, community: str, kind: str, item: str, value: str, at: datetime) -> int:
    return connection.execute(
        select(func.count())
        .select_from(holding)
        .where(
            holding.c.community == community,
            holding.c.kind == kind,
            holding.c.item == item,
            holding.c.value == value,
            holding.c.ended_at.is_(None),
            holding.c.until.is_(None) | (holding.c.until > at),
        )
    ).scalar_one()


def _holds(connection: Connection, community: str, kind: str, item: str, value: str, member: str | None) -> bool:
    found = connection.execute(
        select(holding.c.key).where(
            holding.c.community == community,
            holding.c.kind == kind,
            holding.c.item == item,
            holding.c.value == value,
            holding.c.member == member,
            holding.c.ended_at.is_(None),
        )
    ).first()
    return found is not None


def revoke(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """End what is held; who does not hold it loses nothing."""
    refused: Refused = {}
    for deed in deeds:
        ended = connection.execute(
            update(holding)
            .where(
                holding.c.community == community,
                holding.c.kind == deed.details["holding"],
                holding.c.item == deed.details["item"],
                holding.c.member == deed.member,
                holding.c.ended_at.is_(None),
                holding.c.value == deed.details["value"] if "value" in deed.details else true(),
                holding.c.key.contains(deed.details["marked"]) if "marked" in deed.details else true(),
            )
            .values(ended_at=deed.at, ended_by=deed.key)
        ).rowcount
        if not ended:
            refused[deed.key] = f"does not hold {deed.details['item']}"
    return refused


# -------------------------------------------------------------------------------------------------------- other traces
def nominate(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """Onto the candidate lists."""
    rows = [
        {
            "community": community,
            "key": deed.key,
            "list": deed.details["list"],
            "of": deed.details["of"],
            "member": deed.member,
            "at": deed.at,
            "source": deed.source,
        }
        for deed in deeds
    ]
    insert_many(connection, candidate, rows)
    return {}


def publish(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """One record for each place; nothing of a task is public before its embargo is over."""
    refused = {
        deed.key: f"nothing of {deed.task} is public before {deed.details['embargo']}"
        for deed in deeds
        if deed.details.get("embargo")
    }
    deeds = [deed for deed in deeds if deed.key not in refused]
    if not deeds:
        return refused
    seen = set(
        connection.execute(
            select(publication.c.what).where(
                publication.c.community == community, publication.c.what.in_({d.details["what"] for d in deeds})
            )
        ).scalars()
    )
    rows = []
    for deed in deeds:
        what = deed.details["what"]
        rows.append(
            {
                "community": community,
                "key": deed.key,
                "what": what,
                "place": deed.details["place"],
                "member": deed.member,
                "run": deed.run,
                "credits": deed.details.get("credits"),
                "first": what not in seen,
                "at": deed.at,
            }
        )
        seen.add(what)
    insert_many(connection, publication, rows)
    shelve(connection, community, deeds)
    lists = {(deed.details["credits"], deed.run) for deed in deeds if deed.details.get("credits")}
    for name, run in sorted(lists):
        connection.execute(
            text(
                "INSERT INTO credit (community, list, member, weight)"
                f" SELECT :community, :list, credited.member, credited.weight FROM ({CREDIT}) AS credited"
                " ON CONFLICT DO NOTHING"
            ),
            {"community": community, "list": name, "run": run},
        )
    return refused


def assign(connection: Connection, community: str, deeds: Sequence[Deed]) -> Refused:
    """The least loaded person of the first role that has room; whoever has somebody keeps them."""
    refused: Refused = {}
    hold(connection, community, "assign")
    ids = [deed.member or "" for deed in deeds]
    loads = loads_of(connection, community, {role["role"] for deed in deeds for role in deed.details["roles"]})
    weights = weights_of(connection, community, ids)
    present = {
        (row.member, row.relation)
        for row in connection.execute(
            select(assignment.c.member, assignment.c.relation).where(
                assignment.c.community == community,
                assignment.c.ended_at.is_(None),
                assignment.c.member == func.any(ids),
            )
        )
    }
    rows = []
    for deed in deeds:
        relation, weight = deed.details["relation"], weights.get(deed.member or "", 1)
        if (deed.member, relation) in present:
            continue
        chosen = choose([(role["role"], role["capacity"]) for role in deed.details["roles"]], loads, weight)
        if chosen is None:
            names = ", ".join(role["role"] for role in deed.details["roles"])
            refused[deed.key] = f"nobody in {names} has room for {'one' if weight == 1 else weight} more"
            continue
        role, person = chosen
        loads[role][person] += weight
        present.add((deed.member or "", relation))
        rows.append(
            {
                "community": community,
                "key": deed.key,
                "member": deed.member,
                "relation": relation,
                "role": role,
                "person": person,
                "since": deed.at,
            }
        )
    if rows:
        insert_many(connection, assignment, rows)
    return refused


WRITERS: Mapping[str, Writer] = {
    "points": points,
    "money": money,
    "gift": gift,
    "title": _holdings("title"),
    "benefit": _holdings("benefit"),
    "revoke": revoke,
    "nominate": nominate,
    "publish": publish,
    "assign": assign,
    "propose": open_proposals,
}
"""The kinds that leave a trace of their own; the others are facts, notices, work items and runs."""
