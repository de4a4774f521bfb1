"""Prospects: whoever a form names that asks whom it is about is known from then on: a source tag, and no consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.identity import prospect_id
from operations.ports.members import Member, Members
from operations.ports.persons import ORIGINS, PUBLIC, Account, Persons

if TYPE_CHECKING:
    from rules.fact import Fact
    from rules.spec import Community

WHOM = "member"
"""What a form asks besides its own fields when its kind of fact is `named`: a member's id, or `source:account`."""


def is_named(community: Community, form: str | None) -> bool:
    """Whether a form asks whom it is about."""
    declared = community.facts.get(form) if form is not None else None
    return bool(declared is not None and declared.named)


def whom(persons: Persons | None, community: Community, filled: Mapping[str, Any]) -> str | None:
    """The member whom a filled form names; of an account whoever it belongs to, else the prospect it will be."""
    named = filled.get(WHOM)
    if not named:
        return None
    source, colon, account = str(named).partition(":")
    if not colon:
        return str(named)
    known = persons.whose(community.id, source, [account]) if persons is not None else {}
    return known.get(account) or prospect_id(source, account)


def meet(
    persons: Persons | None, members: Members, community: Community, facts: Iterable[Fact], names: Mapping[str, str]
) -> int:
    """Take in whom facts of `named` kinds are about and nobody knew; returns how many.

    A member who is known already keeps what is known; where they were seen widens their source tag.

    Args:
        names: for facts that named an account, by the fact's id, `source:account`.
    """
    told = [fact for fact in facts if fact.member is not None and is_named(community, fact.kind)]
    if not told:
        return 0
    known = {one.id: one for one in members.find(sorted({str(fact.member) for fact in told}))}
    new: dict[str, Member] = {}
    for fact in told:
        member, origin = str(fact.member), fact.fields.get("origin")
        attributes = {"origin": str(origin)} if origin in (*ORIGINS, "both") else {}
        if member not in known or attributes.get("origin") not in (None, known[member].attributes.get("origin")):
            new[member] = Member(member, None, attributes)
        _attach(persons, community, names.get(fact.id), member, str(origin or PUBLIC), fact.at)
    if new:
        members.enlist(list(new.values()), at=max(fact.at for fact in told))
    return sum(one not in known for one in new)


def _attach(
    persons: Persons | None, community: Community, named: str | None, member: str, origin: str, at: datetime
) -> None:
    source, colon, account = (named or "").partition(":")
    if persons is not None and colon:
        side = origin if origin in ORIGINS else PUBLIC
        persons.attach(community.id, [Account(source=source, id=account, member=member, origin=side, since=at)])
