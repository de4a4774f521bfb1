"""Pending: a move that waits for somebody's word: which gate it stands at, what it is called, what came of asking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.ports.reviews import Membership
from operations.ports.standings import LIFECYCLE
from rules.time import Duration, WorkCalendar, add

if TYPE_CHECKING:
    from rules.spec import Community

AGAIN_AFTER = "90d"
"""After a refused approval nobody asks again for as long as after a declined invitation; this long without one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody was asked, until `due`; `look_at` is when to look before that. None: nobody has to be asked."""

    due: datetime
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking: `yes`, `no`, or nothing yet (`""`); `because` is the outcome if it is no."""

    verdict: str
    at: datetime
    because: str = ""


def gates_of(spec: Community, move: Membership) -> Any:
    """The tier or transition that says who is asked."""
    if move.ladder == LIFECYCLE:
        assert spec.lifecycle is not None
        return next(way for way in spec.lifecycle.transitions if way.id == move.transition)
    return next(tier for tier in spec.ladders[move.ladder].tiers if tier.id == move.to)


def seats_of(spec: Community, move: Membership) -> int | None:
    """How many there may be where the move leads; None is without bound."""
    seats: int | None = None if move.ladder == LIFECYCLE else gates_of(spec, move).seats
    return seats


def label_of(spec: Community, move: Membership) -> dict[str, str]:
    """What the place is called to which the move leads."""
    if move.ladder == LIFECYCLE:
        assert spec.lifecycle is not None
        title = next(stage.title for stage in spec.lifecycle.stages if stage.id == move.to)
    else:
        title = gates_of(spec, move).title
    return {"en": title.en, "zh": title.zh}


def again_from(spec: Community, move: Membership, at: datetime) -> datetime:
    """When the member may be asked again after it came to nothing."""
    invitation = gates_of(spec, move).invitation
    after = Duration.parse(invitation.again_after if invitation is not None else AGAIN_AFTER)
    calendar = WorkCalendar(spec.calendars[spec.document.calendar]) if after.is_working else None
    return add(at, after, spec.zone, calendar)


def source_of(move: Membership) -> str:
    """What everything is called after that the move brings about."""
    return f"{move.community}/{move.id}"


def question_of(move: Membership) -> str:
    """What is asked, the same however often it is rehearsed."""
    return f"{move.ladder}@{move.value}/{move.transition or ''}/{move.to}/{move.opened_at.isoformat()}"
