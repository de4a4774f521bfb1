"""Consent: a person says yes or takes it back, asks what is kept about them, or wants to be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.membership import WITHDREW, conclude
from operations.ports.members import Member
from operations.ports.persons import Persons, Released

if TYPE_CHECKING:
    from operations.desk import Desk
    from rules.spec import Community


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal ended, and which workflows have to look again now."""

    released: Released
    workflows: tuple[str, ...]


def give(desk: Desk, persons: Persons, spec: Community, member: str, *, at: datetime, by: str, reason: str) -> None:
    """Record that a person agreed to be part of the programme.

    Raises:
        Refusal: there is no such member.
    """
    _there(desk, spec, member)
    with desk.together():
        desk.members(spec).enlist([Member(member, None, {"consent": True})], at=at)
        persons.note(spec.id, "consented", member, at=at, by=by, reason=reason)


def withdraw(
    desk: Desk, persons: Persons, spec: Community, member: str, *, at: datetime, by: str, reason: str
) -> Withdrawn:
    """Take consent back: from this moment no contact of any kind. What was accepted stays, with its credit.

    Notices that have not left never leave; invitations and questions to the member count as silence at once; runs
    about the member end; gifts that were not posted go back. Whoever calls pokes the workflows.

    Raises:
        Refusal: there is no such member.
    """
    _there(desk, spec, member)
    with desk.together():
        desk.members(spec).enlist([Member(member, None, {"consent": False})], at=at)
        released = persons.release(spec, member, at=at)
        flows = list(released.runs)
        for id_ in released.moves:
            move = desk.memberships.get(spec.id, id_)
            if move is not None:
                conclude(desk, spec.id, id_, because=WITHDREW, at=max(at, move.opened_at))
                flows.append(move.workflow)
        ended = {"notices": released.notices, "invitations": len(released.moves), "runs": list(released.runs)}
        persons.note(spec.id, WITHDREW, member, at=at, by=by, reason=reason, details=ended)
    return Withdrawn(released, tuple(dict.fromkeys(flows)))


def export(desk: Desk, persons: Persons, spec: Community, member: str, *, at: datetime, by: str) -> Mapping[str, Any]:
    """Everything that is kept about a person, by area, as plain data; that it was asked for is kept too.

    Raises:
        Refusal: there is no such member.
    """
    _there(desk, spec, member)
    found = persons.held(spec, member)
    persons.note(spec.id, "exported", member, at=at, by=by, reason="asked for", details={"areas": sorted(found)})
    return {"community": spec.id, "member": member, "at": at.isoformat(), "held": found}


def erase(
    desk: Desk, persons: Persons, spec: Community, member: str, *, at: datetime, by: str, reason: str
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Forget a person: facts, works, contact data are gone; decisions and books stay, under a pseudonym.

    Returns what was erased, and the workflows that have to look again. Cannot be undone.

    Raises:
        Refusal: there is no such member, or no reason is given.
    """
    if not reason.strip():
        raise Refusal("No reason is given.", "Say why with --reason; it is kept without the name.")
    _there(desk, spec, member)
    with desk.together():
        ended = withdraw(desk, persons, spec, member, at=at, by=by, reason=reason)
        return persons.erase(spec, member, at=at, by=by, reason=reason), ended.workflows


def _there(desk: Desk, spec: Community, member: str) -> None:
    if not desk.members(spec).find([member]):
        raise Refusal(f"{spec.id} has no member {member}.", "`trellis members` lists them.")
