"""Identity: whose accounts are whose; strangers with an account become prospects, two who are one are joined."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from operations.errors import Refusal
from operations.fact_gate import FactGate
from operations.import_facts import Imported, ahead
from operations.ports.facts import Facts, Recorded
from operations.ports.members import Member, Members
from operations.ports.persons import ORIGINS, PUBLIC, Account, Joining, Persons, Sighting
from operations.rejects import RejectFile
from operations.rows import Batch, read_rows
from rules.counted import fact_kinds

if TYPE_CHECKING:
    from rules.spec import Community

_ALIASES = ("account", "author", "user")
_PLAIN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Met:
    """What an import of posts came to, and who was met in it.

    Args:
        prospects: accounts nobody knew: each is a prospect now.
        raised: members who were known only from the other side, and are known from both now.
    """

    imported: Imported
    prospects: int
    raised: int


def prospect_id(source: str, account: str) -> str:
    """The id of somebody of whom only an account is known: the same whenever and wherever it is seen."""
    plain = _PLAIN.sub("-", f"{source}-{account}".lower()).strip("-")[:40]
    return f"p-{plain}-{hashlib.blake2b(f'{source}/{account}'.encode(), digest_size=4).hexdigest()}"


def import_posts(
    path: Path,
    community: Community,
    *,
    source: str,
    origin: str = PUBLIC,
    facts: Facts,
    members: Members,
    persons: Persons,
    at: datetime,
    seen: Callable[[int], None] = lambda _: None,
) -> Met:
    """Import what accounts of a platform did: a CSV or NDJSON as `import_facts` reads it, with `account` for `member`.

    An account that belongs to somebody is them; one that nobody knows is a new prospect with the source tag `origin`,
    without consent, so that nobody is contacted and nobody counts as a member before they have said yes.

    Args:
        source: the platform, forum or group; the same account name elsewhere is somebody else.
        origin: `public_domain` or `private_domain`.

    Raises:
        Refusal: the file cannot be read, has no column `account`, or the origin is none.
    """
    if origin not in ORIGINS:
        raise Refusal(f"{origin!r} is no origin.", f"One of {', '.join(ORIGINS)}.")
    gate = FactGate(fact_kinds(community), community.zone)
    total, ignored, prospects, raised = Recorded(), set[str](), 0, 0
    with RejectFile(path) as rejects:
        for batch in read_rows(path, seen):
            column = next((name for name in batch.frame.columns if name in _ALIASES), None)
            if column is None and batch.lines:
                raise Refusal(
                    f"{path} has no column account.", "Name in it the account that posted, as the platform does."
                )
            if column is not None:
                new, more = _known_by_account(batch, column, community, source, origin, members, persons, at)
                prospects, raised = prospects + new, raised + more
            for gated in ahead([gate.take(batch)]):
                total += facts.record_columns(gated.kinds) if gated.kinds else Recorded()
                rejects.add(gated.rejects)
                ignored |= gated.ignored
    imported = Imported(
        total.new,
        total.known,
        total.changed,
        rejects.count,
        rejects.path if rejects.count else None,
        tuple(rejects.first),
        tuple(sorted(one for one in ignored if not one.startswith("evidence "))),  # it is kept with the account
        facts.strangers(),
    )
    return Met(imported, prospects, raised)


def _known_by_account(
    batch: Batch,
    column: str,
    community: Community,
    source: str,
    origin: str,
    members: Members,
    persons: Persons,
    at: datetime,
) -> tuple[int, int]:
    """Put members for accounts in a batch, with new prospects for strangers; how many, and who is known from both."""
    frame = batch.frame.with_columns(pl.col(column).str.strip_chars().replace("", None))
    names = sorted(frame[column].drop_nulls().unique().to_list())
    owners = dict(persons.whose(community.id, source, names))
    strangers = {name: prospect_id(source, name) for name in names if name not in owners}
    known = {one.id: one for one in members.find(sorted({*owners.values(), *strangers.values()}))}
    told = []
    raised = 0
    for name, member in {**owners, **strangers}.items():
        before = known.get(member)
        if before is None:
            told.append(Member(member, None, {"origin": origin}))
        elif before.attributes.get("origin") not in (origin, "both"):
            told.append(Member(member, None, {"origin": origin}))
            raised += name in owners
    if told:
        members.enlist(told, at=at)
    persons.attach(
        community.id,
        [Account(source=source, id=n, member=m, origin=origin, since=at) for n, m in strangers.items()],
    )
    links: dict[str, str] = {}  # of each account the first post that can be shown
    if "evidence" in frame.columns:
        for name, link in zip(frame[column].to_list(), frame["evidence"].to_list(), strict=True):
            if link and str(link).strip():
                links.setdefault(name, str(link).strip())
    persons.sighted(
        community.id,
        [
            Sighting(
                key=f"account/{source}/{name}",
                member=member,
                origin=origin,
                at=at,
                place=f"{source}:{name}",
                evidence=links.get(name),
            )
            for name, member in {**owners, **strangers}.items()
        ],
    )
    owners |= strangers
    batch.frame = frame.with_columns(pl.col(column).replace_strict(owners, default=None).alias("member")).drop(column)
    return len(strangers), raised


def attach(
    persons: Persons,
    members: Members,
    community: Community,
    member: str,
    source: str,
    account: str,
    *,
    origin: str,
    at: datetime,
) -> bool:
    """Say that an account is a member's; False if it is known to be.

    Raises:
        Refusal: no such member, or the account is somebody else's.
    """
    if origin not in ORIGINS:
        raise Refusal(f"{origin!r} is no origin.", f"One of {', '.join(ORIGINS)}.")
    if not members.find([member]):
        raise Refusal(f"{community.id} has no member {member}.", "`trellis members` lists them.")
    owner = persons.whose(community.id, source, [account]).get(account)
    if owner == member:
        return False
    if owner is not None:
        raise Refusal(
            f"{source}:{account} is the account of {owner}.", f"If both are one person: trellis join {member} {owner}"
        )
    persons.attach(community.id, [Account(source=source, id=account, member=member, origin=origin, since=at)])
    members.enlist([Member(member, None, {"origin": origin})], at=at)
    return True


def join(
    persons: Persons, community: Community, kept: str, other: str, *, at: datetime, by: str, reason: str
) -> Joining:
    """Make two members one; see `operations.ports.persons.Persons.join`.

    Raises:
        Refusal: no reason is given, or they cannot be joined.
    """
    _named(by, reason)
    return persons.join(community, kept, other, at=at, by=by, reason=reason)


def separate(persons: Persons, community: Community, other: str, *, at: datetime, by: str, reason: str) -> Joining:
    """Undo a join; see `operations.ports.persons.Persons.separate`.

    Raises:
        Refusal: no reason is given, or there is nothing to undo.
    """
    _named(by, reason)
    return persons.separate(community, other, at=at, by=by, reason=reason)


def sightings_of(facts: Sequence[tuple[str, str, datetime, Mapping[str, object]]], kind: str) -> list[Sighting]:
    """What filled forms say about who was spotted: (fact id, member, moment, fields) as sightings."""
    return [
        Sighting(
            key=f"{kind}/{id_}",
            member=member,
            origin=str(fields["origin"]),
            at=at,
            place=_text(fields.get("place")),
            evidence=_text(fields.get("evidence")),
            topic=_text(fields.get("topic")),
            by=_text(fields.get("by")),
        )
        for id_, member, at, fields in facts
        if fields.get("origin") in (*ORIGINS, "both")
    ]


def from_both(sightings: Sequence[Sighting]) -> str | None:
    """The source tag that sightings come to: where the first was, or both when they were on both sides."""
    origins = {one.origin for one in sightings}
    return None if not origins else sightings[0].origin if len(origins) == 1 else "both"


def _named(by: str, reason: str) -> None:
    if not reason.strip():
        raise Refusal("No reason is given.", "Say why with --reason; it is kept.")
    if not by.strip():
        raise Refusal("Nobody is named who does it.", "Give a name with --by.")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
