"""Staffing: who is in a role of the operating team, who steps in, and how much each of them carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.errors import Refusal

if TYPE_CHECKING:
    from operations.ports.effects import Effects
    from operations.ports.inbox import Inbox
    from rules.spec import Community

ROLE = "role:"


def chain(community: Community, role: str) -> list[str]:
    """A role and those that step in for it, one after the other."""
    found: list[str] = []
    name = role.removeprefix(ROLE)
    while name in community.roles and name not in found:
        found.append(name)
        name = community.roles[name].backup or ""
    return found


def there(effects: Effects, community: Community, who: str) -> list[str]:
    """The people behind one of the asked: of a role whoever is in it, or in its backup if nobody is.

    A role in which nobody is at all stands for itself, so that what it is told is not lost.
    """
    if not who.startswith(ROLE):
        return [who]
    for role in chain(community, who) or [who.removeprefix(ROLE)]:
        people = effects.people(community.id, role)
        if people:
            return list(people)
    return [who]


def roles_of(effects: Effects, community: Community, person: str) -> list[str]:
    """The roles that somebody is in now."""
    return [role for role in community.roles if person in effects.people(community.id, role)]


def acts_for(effects: Effects, community: Community, person: str, role: str) -> str | None:
    """Why somebody may not act for a role; None if they may.

    They may if they are in it, or in its backup while nobody is in it. A role behind which there is nobody at all may
    be acted for by anybody who is named: who is who has not been said yet.
    """
    name = role.removeprefix(ROLE)
    people = there(effects, community, f"{ROLE}{name}")
    if person in people or people == [f"{ROLE}{name}"] or person.partition("#")[0] == f"{ROLE}{name}":
        return None
    return f"{person} is not in the role {name}; in it now: {', '.join(people)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody of the operating team in one role: whom they look after, and what they have taken from the inbox."""

    role: str
    person: str
    looks_after: int
    capacity: int | None
    items: int

    @property
    def full(self) -> bool:
        """Whether nobody more can be assigned to them."""
        return self.capacity is not None and self.looks_after >= self.capacity


def team(effects: Effects, inbox: Inbox, community: Community) -> list[Colleague]:
    """Everybody in every role, with what they carry."""
    items = inbox.loads(community.id)
    looked_after = effects.looked_after(community.id)
    return [
        Colleague(
            role=role.id,
            person=person,
            looks_after=looked_after.get((role.id, person), 0),
            capacity=role.capacity,
            items=items.get(person, 0),
        )
        for role in community.roles.values()
        for person in effects.people(community.id, role.id)
    ]


def appoint(effects: Effects, community: Community, role: str, person: str) -> None:
    """Put somebody into a role.

    Raises:
        Refusal: there is no such role, or they are in it already.
    """
    people = _known(effects, community, role)
    if person in people:
        raise Refusal(f"{person} is in the role {role} already.")
    effects.staff(community.id, role, [*people, person])


def _known(effects: Effects, community: Community, role: str) -> Sequence[str]:
    if role not in community.roles:
        raise Refusal(f"{community.id} has no role {role!r}.", f"Roles: {', '.join(community.roles) or 'none'}.")
    return effects.people(community.id, role)
