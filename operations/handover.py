"""Handover: somebody leaves a role, and whoever they looked after has somebody else, with nothing lost in between.

Everybody goes at once to the least loaded colleague who has room, in the backup role if nobody in the role has. What
was asked of the one who left in runs about these members is asked of the new one; the history stays. The new one is
asked to take over within the role's `handover`; of whom nobody has room for, the role and its backups are asked, and
until somebody has room they stay with the one who left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from operations.errors import Refusal
from operations.ports.inbox import Item
from operations.ports.touch import Handed
from operations.prizes import deadline_in
from operations.reminding import times_within

if TYPE_CHECKING:
    from operations.house import House
    from operations.ports.inbox import Inbox
    from operations.ports.touch import Touch
    from rules.spec import Community

WITHIN = "1d"
"""Until when a handover is done where the role says nothing."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of those whom somebody looked after: who has them now, and whom nobody has room for."""

    moved: tuple[Handed, ...]
    left: tuple[Handed, ...]


def hand_over(house: House, community: Community, role: str, person: str, *, at: datetime) -> HandedOver:
    """Take somebody out of a role and hand over whomever they look after in it, in one transaction.

    Raises:
        Refusal: there is no such role, or they are not in it and look after nobody.
    """
    if role not in community.roles:
        raise Refusal(f"{community.id} has no role {role!r}.", f"Roles: {', '.join(community.roles) or 'none'}.")
    here = {one.person for one in house.touch.loads(community.id) if one.role == role}
    if person not in here:
        raise Refusal(f"{person} is not in the role {role}.", f"In it: {', '.join(sorted(here)) or 'nobody'}.")
    with house.runs.together():
        return reassign(house.touch, house.inbox, community, role, person, at=at)


def reassign(touch: Touch, inbox: Inbox, community: Community, role: str, person: str, *, at: datetime) -> HandedOver:
    """Give away, as far as there is room, whom somebody still looks after in a role that they are not in any more."""
    chain = [(one, community.roles[one].capacity) for one in backups(community, role)]
    handed = touch.leave(community.id, role, person, chain=chain, at=at)
    moved = tuple(one for one in handed if one.to is not None)
    inbox.open([*_take_over(community, role, person, handed, at)])
    inbox.close(community.id, [_sought(community, role, person, one.member) for one in moved])
    return HandedOver(moved, tuple(one for one in handed if one.to is None))


def backups(community: Community, role: str) -> Sequence[str]:
    """A role and those that step in for it, in order."""
    chain: list[str] = []
    while role in community.roles and role not in chain:
        chain.append(role)
        role = community.roles[role].backup or ""
    return chain


def within_of(community: Community, role: str) -> str:
    """Until when a handover in a role is done."""
    declared = community.roles.get(role)
    return str(declared.handover) if declared is not None and declared.handover else WITHIN


def _take_over(community: Community, role: str, person: str, handed: Sequence[Handed], at: datetime) -> Iterator[Item]:
    """One item for each new person, with everybody they have now; and one about each whom nobody has room for."""
    within = within_of(community, role)
    due, times = deadline_in(community, within, at), times_within(community, within, at)
    key = f"{community.id}/handover/{role}/{person}/{at.isoformat()}"
    for to in sorted({one.to for one in handed if one.to is not None}):
        mine = [one.member for one in handed if one.to == to]
        yield Item(
            community=community.id,
            id=f"{key}/{to}",
            asked=(to,),
            title={
                "en": f"Take over from {person}: {_some(mine, 'and {} more')}",
                "zh": f"接手 {person} 的联系对象：{_some(mine, '等另外 {} 位')}",
            },
            opened_at=at,
            due=due,
            about=mine[0] if len(mine) == 1 else None,
            details={"members": mine, "from": person, "role": role},
            **times,  # type: ignore[arg-type]
        )
    for one in handed:
        if one.to is None:
            yield Item(
                community=community.id,
                id=_sought(community, role, person, one.member),
                asked=tuple(f"role:{name}" for name in backups(community, role)),
                title={
                    "en": f"Find somebody for {one.member}: {person} has left, and nobody has room",
                    "zh": f"为 {one.member} 安排新的负责人：{person} 已离开，其他人已无余力",
                },
                opened_at=at,
                due=due,
                about=one.member,
                details={"from": person, "role": role},
                **times,  # type: ignore[arg-type]
            )


def _sought(community: Community, role: str, person: str, member: str) -> str:
    """The item with which somebody is sought; the same as long as nobody is found."""
    return f"{community.id}/handover/{role}/{person}@{member}"


def _some(members: Sequence[str], more: str) -> str:
    shown = ", ".join(members[:5])
    return shown if len(members) <= 5 else f"{shown} {more.format(len(members) - 5)}"
