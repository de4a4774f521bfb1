"""Invitation: a member is asked whether they want to move, and says yes or no, or the time for it runs out.

In a rehearsal the member is simulated: what they say and when follows from the seed and the question alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from operations.desk import Desk
from operations.pending import Answered, Asked, gates_of, question_of, source_of
from operations.ports.notices import Notice
from operations.ports.reviews import Membership
from operations.ports.standings import LIFECYCLE
from operations.prizes import deadline_in
from operations.rehearsal import ACCEPTS, answer, delay

if TYPE_CHECKING:
    from rules.spec import Community


def open_invitation(desk: Desk, spec: Community, move: Membership, at: datetime) -> Asked | None:
    """Ask the member; None if the move needs no invitation."""
    invitation = gates_of(spec, move).invitation
    if invitation is None:
        return None
    due = deadline_in(spec, invitation.within, at)
    says = {"until": due.astimezone(spec.zone).date().isoformat()}
    says["stage" if move.ladder == LIFECYCLE else "tier"] = move.to
    if invitation.from_:
        says["from"] = invitation.from_
    notice = Notice(
        key=f"{source_of(move)}/invitation",
        member=move.member,
        what=f"message:{invitation.message}" if invitation.message else "invitation",
        at=at,
        values=says,
        urgency=0,
        due=due,
    )
    desk.memberships.update(spec.id, move.id, state="inviting", invited_at=at, due=due)
    desk.outbox.put(spec.id, [notice])
    if move.seed is None:
        return Asked(due)
    said = answer(move.seed, move.member, f"invitation/{question_of(move)}", ACCEPTS)
    return Asked(due, at + delay(move.seed, move.member, f"invitation/{question_of(move)}", due - at) if said else due)


def check_invitation(desk: Desk, spec: Community, move: Membership, at: datetime) -> Answered:
    """Whether the member has answered, or the time is up."""
    invitation = gates_of(spec, move).invitation
    assert invitation is not None
    due, invited_at = move.due, move.invited_at
    assert due is not None
    assert invited_at is not None
    if move.seed is not None and move.answer is None:
        said = answer(move.seed, move.member, f"invitation/{question_of(move)}", ACCEPTS)
        when = invited_at + delay(move.seed, move.member, f"invitation/{question_of(move)}", due - invited_at)
        if said and when <= at:
            move = desk.memberships.answer(spec.id, move.id, answer=said, at=when)
            at = when
    if move.answer is not None:
        return Answered("yes" if move.answer == "accept" else "no", at, "" if move.answer == "accept" else "declined")
    if at < due:
        return Answered("", at)
    return Answered("yes", due) if invitation.if_silent == "accept" else Answered("no", due, "lapsed")
