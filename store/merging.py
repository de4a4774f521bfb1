"""Merging: what is known of two members as what is known of one, and back: attributes, standings, points."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from operations.errors import Refusal
from operations.ports.standings import LIFECYCLE
from rules.spec import Community
from store.person_rows import restore, rows_of
from store.tables.members import member, member_change
from store.tables.standings import standing

_MEMBER = "community = :community AND id = :member"
_STANDING = "community = :community AND member = :member"


def merge(connection: Connection, spec: Community, kept: str, other: str, at: datetime) -> dict[str, Any]:
    """Let `kept` have what both have; the journal says how it was before and after."""
    return {
        "member": _members(connection, spec, kept, other, at),
        "standings": _standings(connection, spec, kept, other),
        "points": _points(connection, spec, kept, other),
    }


def unmerge(connection: Connection, spec: Community, journal: Mapping[str, Any], kept: str, other: str) -> None:
    """Give each what was theirs; what `kept` came to since then stays with them.

    Raises:
        Refusal: points that were the other's have been used.
    """
    _points_back(connection, spec, journal["points"], kept, other)
    for line in journal["standings"]:
        _standing_back(connection, spec, line, kept)
    _member_back(connection, spec, journal["member"], kept)


# ---------------------------------------------------------------------------------------------------------- attributes
def _members(connection: Connection, spec: Community, kept: str, other: str, at: datetime) -> dict[str, Any]:
    mine, theirs = (_one(connection, spec, one) for one in (kept, other))
    attributes = {**theirs["attributes"], **mine["attributes"]}
    origins = {row["attributes"].get("origin") for row in (mine, theirs)} - {None}
    if origins:
        attributes["origin"] = origins.pop() if len(origins) == 1 else "both"
    if False in (mine["attributes"].get("consent"), theirs["attributes"].get("consent")):
        attributes["consent"] = False  # whoever said no said it for the whole person
    after = {**mine, "attributes": attributes, "joined": min(mine["joined"], theirs["joined"])}
    _put_member(connection, after)
    connection.execute(member.delete().where(member.c.community == spec.id, member.c.id == other))
    widened = _widened(connection, mine, theirs, after, at)
    return {"mine": mine, "theirs": theirs, "after": _one(connection, spec, kept), "widened": widened}


def _widened(
    connection: Connection, mine: Mapping[str, Any], theirs: Mapping[str, Any], after: Mapping[str, Any], at: datetime
) -> str | None:
    """Keep where whoever was there first was found, if the one that goes on is from both sides now; since when."""
    rows = sorted((mine, theirs), key=lambda row: str(row["joined"]))
    first = next((row["attributes"]["origin"] for row in rows if row["attributes"].get("origin")), None)
    now = after["attributes"].get("origin")
    if first == now:
        return None
    row = {"community": after["community"], "member": after["id"], "name": "origin", "at": at}
    kept = insert(member_change).values(**row, before=first, after=now).on_conflict_do_nothing()
    return at.isoformat() if connection.execute(kept.returning(member_change.c.at)).first() is not None else None


def _member_back(connection: Connection, spec: Community, line: Mapping[str, Any], kept: str) -> None:
    now, mine, after = _one(connection, spec, kept), line["mine"], line["after"]
    attributes = dict(now["attributes"])
    for name, value in after["attributes"].items():
        if attributes.get(name) == value:
            attributes.pop(name)
            if name in mine["attributes"]:
                attributes[name] = mine["attributes"][name]
    joined = mine["joined"] if now["joined"] == after["joined"] else now["joined"]
    changed = mine["changed_at"] if now == after else now["changed_at"]
    _put_member(connection, {**now, "attributes": attributes, "joined": joined, "changed_at": changed})
    if line.get("widened") is not None:
        connection.execute(
            text(f"DELETE FROM member_change WHERE {_STANDING} AND name = 'origin' AND at = :at"),
            {"community": spec.id, "member": kept, "at": datetime.fromisoformat(line["widened"])},
        )
    restore(connection, member, line["theirs"])


def _one(connection: Connection, spec: Community, id_: str) -> dict[str, Any]:
    return rows_of(connection, member, _MEMBER, {"community": spec.id, "member": id_})[0]


def _put_member(connection: Connection, row: Mapping[str, Any]) -> None:
    connection.execute(
        text(
            "UPDATE member m SET attributes = k.attributes, joined = k.joined, changed_at = k.changed_at"
            " FROM jsonb_populate_record(NULL::member, CAST(:row AS jsonb)) k"
            " WHERE m.community = k.community AND m.id = k.id"
        ),
        {"row": orjson.dumps(row).decode()},
    )


# ----------------------------------------------------------------------------------------------------------- standings
def _standings(connection: Connection, spec: Community, kept: str, other: str) -> list[dict[str, Any]]:
    """On each ladder the higher of two standings; of two stages the kept one's, unless they have none."""
    both = [
        {(row["ladder"], row["value"]): row for row in rows_of(connection, standing, _STANDING, given)}
        for given in ({"community": spec.id, "member": one} for one in (kept, other))
    ]
    journal = []
    for place in sorted(both[1]):
        theirs, mine = both[1][place], both[0].get(place)
        after = {**(theirs if _wins(spec, place[0], theirs, mine) else mine or theirs), "member": kept}
        after["held"] = sorted({*(mine or {}).get("held", ()), *theirs["held"]})
        after["waiting_for"] = (mine or {}).get("waiting_for")
        for one in (kept, other):
            connection.execute(
                standing.delete().where(
                    standing.c.community == spec.id,
                    standing.c.member == one,
                    standing.c.ladder == place[0],
                    standing.c.value == place[1],
                )
            )
        restore(connection, standing, after)
        journal.append({"mine": mine, "theirs": theirs, "after": after})
    return journal


def _wins(spec: Community, ladder: str, theirs: Mapping[str, Any], mine: Mapping[str, Any] | None) -> bool:
    if mine is None or mine["at"] is None:
        return True
    if ladder == LIFECYCLE or ladder not in spec.ladders or mine["pinned"]:
        return False
    order = [tier.id for tier in spec.ladders[ladder].tiers]
    return order.index(theirs["at"]) > order.index(mine["at"]) if {theirs["at"], mine["at"]} <= set(order) else False


def _standing_back(connection: Connection, spec: Community, line: Mapping[str, Any], kept: str) -> None:
    after = line["after"]
    here = {"community": spec.id, "member": kept, "ladder": after["ladder"], "value": after["value"]}
    now = rows_of(connection, standing, f"{_STANDING} AND ladder = :ladder AND value = :value", here)
    if now and _same(now[0], after):
        connection.execute(
            text(f"DELETE FROM standing WHERE {_STANDING} AND ladder = :ladder AND value = :value"), here
        )
        if line["mine"] is not None:
            restore(connection, standing, line["mine"])
    restore(connection, standing, line["theirs"])


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a standing is where it was put: what reviews only note of it does not matter."""
    return all(one[name] == other[name] for name in ("at", "since", "moved_at", "last_move", "pinned"))


# -------------------------------------------------------------------------------------------------------------- points
def _points(connection: Connection, spec: Community, kept: str, other: str) -> list[int]:
    """The lines of the other's account are lines of the kept one's; returns which."""
    lines = list(
        connection.execute(
            text(
                "UPDATE ledger SET account = :kept WHERE community = :community AND kind = 'points'"
                " AND account = :other RETURNING seq"
            ),
            {"community": spec.id, "kept": kept, "other": other},
        ).scalars()
    )
    _balance(connection, spec.id, kept)
    _balance(connection, spec.id, other)
    return sorted(lines)


def _points_back(connection: Connection, spec: Community, lines: list[int], kept: str, other: str) -> None:
    connection.execute(
        text(
            "UPDATE ledger SET account = :other WHERE community = :community AND kind = 'points'"
            " AND account = :kept AND seq = ANY(:lines)"
        ),
        {"community": spec.id, "kept": kept, "other": other, "lines": lines},
    )
    for one in (kept, other):
        left = _balance(connection, spec.id, one)
        if left < 0:
            raise Refusal(
                f"{one} would be left with {left} points: what was joined has been used meanwhile.",
                "Give the points back first, then separate.",
            )


def _balance(connection: Connection, community: str, account: str) -> int:
    """Make the balance of points what the ledger says; returns it."""
    given = {"community": community, "account": account}
    which = "community = :community AND kind = 'points' AND account = :account"
    count, total = connection.execute(
        text(f"SELECT count(*), coalesce(sum(amount), 0) FROM ledger WHERE {which}"), given
    ).one()
    connection.execute(text(f"DELETE FROM balance WHERE {which}"), given)
    if count and total >= 0:
        connection.execute(
            text(
                "INSERT INTO balance (community, kind, account, period, amount)"
                " VALUES (:community, 'points', :account, '', :amount)"
            ),
            {**given, "amount": int(total)},
        )
    return int(total)
