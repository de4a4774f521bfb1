"""Granting: a title given or taken back by hand, by whom the spec says (`granted_by`), with a reason that is kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.by_hand import LONGEST
from operations.desk import Desk
from operations.effects import EffectContext, carry_out
from operations.errors import Refusal
from operations.ports.audit import OPERATOR, AuditLog
from operations.ports.effects import Deed, Holding
from operations.staffing import ROLE, acts_for
from operations.who import DecisionResolver
from rules.spec.diagnostics import nearest
from rules.spec.effects import Award

if TYPE_CHECKING:
    from rules.spec import Community


def grant(
    desk: Desk,
    audit: AuditLog,
    community: Community,
    *,
    member: str,
    title: str,
    by: str,
    reason: str,
    at: datetime,
    value: str = "",
    until: str | None = None,
) -> Holding:
    """Give a title for its term, if there is a seat.

    Args:
        by: a person, or `operator`, the installation's own hand, which is bound by nothing.
        value: of a title that is held per value.
        until: a moment or a time instead of the title's term.

    Raises:
        Refusal: no such title or member, not theirs to give, no reason, held already, or all seats are taken.
    """
    _judge(desk, community, member, title, value, by, reason, at)
    if _held(desk, community, member, title, value) is not None:
        raise Refusal(f"{member} holds {_named(title, value)} already.")
    prize = {"title": title, **({"of": value} if value else {}), **({"until": until} if until else {})}
    try:
        effect = Award.model_validate({"award": {"to": "subject", "give": (prize,)}})
    except ValueError:
        raise Refusal(f"{until!r} is no time.", "Write how long (6mo), or a moment (2027-12-31 10:00).") from None
    context = EffectContext(
        community=community,
        source=f"{community.id}/by-hand/{title}/{value}/{member}/{at.isoformat()}",
        at=at,
        resolver=DecisionResolver(desk, community, subject=member, at=at),
        into=desk.effects,
        subject=member,
    )
    with desk.together():
        refused = carry_out([effect], context).refused
        if refused:
            raise Refusal(f"{refused[0][1]}.", "Somebody else's has to end first.")
        audit.note(community.id, actor=by, verb="grant", what=member, at=at, details=_details(title, value, reason))
    given = _held(desk, community, member, title, value)
    assert given is not None
    return given


def take_back(
    desk: Desk,
    audit: AuditLog,
    community: Community,
    *,
    member: str,
    title: str,
    by: str,
    reason: str,
    at: datetime,
    value: str = "",
) -> None:
    """End a title that somebody holds; whoever may give it may take it back.

    Raises:
        Refusal: no such title or member, not theirs to take, no reason, or they do not hold it.
    """
    _judge(desk, community, member, title, value, by, reason, at)
    key = f"{community.id}/by-hand/back/{title}/{value}/{member}/{at.isoformat()}"
    details = {"holding": "title", "item": title, "value": value}
    deed = Deed(key=key, kind="revoke", at=at, source=key, member=member, details=details)
    with desk.together():
        if desk.effects.do(community.id, [deed]).refused:
            raise Refusal(f"{member} does not hold {_named(title, value)}.")
        audit.note(community.id, actor=by, verb="revoke", what=member, at=at, details=_details(title, value, reason))


def _judge(
    desk: Desk, community: Community, member: str, title: str, value: str, by: str, reason: str, at: datetime
) -> None:
    if not desk.members(community).find([member]):
        raise Refusal(f"There is no member {member!r} in {community.id}.", "`trellis members` lists them.")
    spec = community.titles.get(title)
    if spec is None:
        near = nearest(title, sorted(community.titles))
        raise Refusal(f"There is no title {title!r} in {community.id}.", f"Did you mean {near}?" if near else "")
    if spec.held_by is not None:
        raise Refusal(f"{title} is held by whomever it is true of; nobody gives it.", "See its held_by.")
    values = [item.id for item in community.lists[spec.per].items] if spec.per is not None else [""]
    if value not in values:
        known = f"Write --of with one of {', '.join(values)}." if spec.per is not None else "Leave out --of."
        raise Refusal(f"{title} has no value {value!r}." if value else f"{title} is held per value.", known)
    if not reason.strip() or len(reason) > LONGEST:
        raise Refusal("It takes a reason.", f"Say in --reason why; at most {LONGEST} characters.")
    if by == member:
        raise Refusal("Nobody decides about themselves.", "Somebody else who may has to do it.")
    if by != OPERATOR and not _may(desk, community, spec.granted_by, by, member, at):
        raise Refusal(f"{title} is not {by}'s to give.", _givers(spec.granted_by))


def _may(desk: Desk, community: Community, who: Any, by: str, member: str, at: datetime) -> bool:
    """Whether somebody is among those who may give a title."""
    resolver = DecisionResolver(desk, community, subject=member, at=at)
    for one in who if isinstance(who, tuple | list) else (who,):
        if isinstance(one, str) and one.startswith(ROLE):
            if acts_for(desk.effects, community, by, one) is None:
                return True
        elif one is not None and by in resolver.people(one):
            return True
    return False


def _givers(who: Any) -> str:
    if who is None:
        return "Its granted_by names nobody: rules, tiers and tasks give it."
    named = [one for one in (who if isinstance(who, tuple | list) else (who,)) if isinstance(one, str)]
    return f"Its granted_by says: {', '.join(named)}." if named else "Its granted_by says who may."


def _held(desk: Desk, community: Community, member: str, title: str, value: str) -> Holding | None:
    return next(
        (
            one
            for one in desk.effects.holdings(community.id, member)
            if (one.kind, one.item, one.value) == ("title", title, value) and one.ended_at is None
        ),
        None,
    )


def _named(title: str, value: str) -> str:
    return f"{title} of {value}" if value else title


def _details(title: str, value: str, reason: str) -> dict[str, str]:
    return {"title": title, "reason": reason, **({"of": value} if value else {})}
