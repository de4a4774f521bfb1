"""Membership: one member's move while somebody's word is awaited. Approval first, then the member, then the move.

A promise that was spoken is kept: everything follows the digest under which the review decided. Times are the
move's own: on a scaled clock they are not the wall's. In a rehearsal the people are simulated, and what they say and
when follows from the seed, the member and the question alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from operations.approval import check_approval, items_open, open_approval
from operations.desk import Desk
from operations.invitation import check_invitation, open_invitation
from operations.move import Step, deeds_of_move, fact_of
from operations.pending import again_from, seats_of, source_of
from operations.ports.members import Member
from operations.ports.reviews import Membership
from operations.ports.standings import LIFECYCLE, Change, Place

if TYPE_CHECKING:
    from rules.spec import Community

WITHDREW = "withdrew"
"""How a move ends whose member has taken consent back."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a move stands at `at`: over, with an `outcome`, or somebody is asked until `due`.

    `whom` is `approval` or `invitation`; `look_at` is when to look again before `due`.
    """

    at: datetime
    outcome: str | None = None
    whom: str = ""
    due: datetime | None = None
    look_at: datetime | None = None


_WHOM = {"approving": "approval", "inviting": "invitation"}
"""Who is being asked in which state."""


def advance(desk: Desk, community: str, id: str, at: datetime) -> Stand:
    """Take a move as far as it goes at this time of its own: ask, see the answer, ask the next one, make the move.

    All of it in one transaction, so that whoever tries again finds either nothing done or everything.
    """
    with desk.together():
        move = _held(desk, community, id)
        if move.outcome is not None:
            return Stand(at=move.ended_at or at, outcome=move.outcome)
        spec = desk.specs.at(move.digest, community)
        if _has_consent(desk, spec, move.member) is False:  # whoever took it back is asked nothing any more
            desk.inbox.close(spec.id, [item.id for item in items_open(desk, move)])
            return Stand(at=at, outcome=_conclude(desk, spec, move, because=WITHDREW, at=at))
        whom = _WHOM.get(move.state)
        left: tuple[str, ...] = ("approval", "invitation")
        if whom is not None:
            said = (check_approval if whom == "approval" else check_invitation)(desk, spec, move, at)
            if not said.verdict:
                return Stand(at=said.at, whom=whom, due=move.due, look_at=said.at if said.at > at else None)
            at = said.at
            if said.verdict == "no":
                return Stand(at=at, outcome=_conclude(desk, spec, move, because=said.because, at=at))
            left = left[left.index(whom) + 1 :]
        for whom in left:
            asked = (open_approval if whom == "approval" else open_invitation)(desk, spec, move, at)
            if asked is not None:
                return Stand(at=at, whom=whom, due=asked.due, look_at=asked.look_at)
        return Stand(at=at, outcome=_conclude(desk, spec, move, because="", at=at))


def conclude(desk: Desk, community: str, id: str, *, because: str, at: datetime) -> str:
    """Make the move (`because` is empty) or let it be; returns the outcome. Once, whoever tries again."""
    with desk.together():
        move = _held(desk, community, id)
        if move.outcome is not None:
            return move.outcome
        return _conclude(desk, desk.specs.at(move.digest, community), move, because=because, at=at)


def _conclude(desk: Desk, spec: Community, move: Membership, *, because: str, at: datetime) -> str:
    outcome = because or _move(desk, spec, move, at)
    if outcome != "moved":
        place = Place(member=move.member, ladder=move.ladder, value=move.value)
        desk.standings.change(spec.id, [Change(kind="wait_over", place=place, at=at)])
    again = again_from(spec, move, at) if outcome in ("refused", "declined", "lapsed", WITHDREW) else None
    desk.memberships.update(spec.id, move.id, state="ended", outcome=outcome, ended_at=at, again_from=again)
    return outcome


def _move(desk: Desk, spec: Community, move: Membership, at: datetime) -> str:
    """The move itself, if there is a seat and the member still stands where the review saw them."""
    seats = seats_of(spec, move)
    if seats is not None:
        # the seat was counted when the review asked; it is counted again now, in the transaction that fills it
        taken = desk.standings.counts(spec.id, move.ladder, move.value).get(move.to, 0)
        if taken > seats:
            return "no_seat"
    place = Place(member=move.member, ladder=move.ladder, value=move.value)
    change = Change(kind="move", place=place, at=at, to=move.to, from_=move.from_)
    if not desk.standings.change(spec.id, [change]):
        return "not_here"
    step = Step(
        source=source_of(move),
        subject=move.member,
        rule=f"{move.ladder}@{move.value}" if move.value else move.ladder,
        from_=move.from_,
        to=move.to,
        at=at,
        transition=move.transition,
        scale=move.scale,
        seed=move.seed,
    )
    if move.ladder == LIFECYCLE and move.answer == "accept":
        _consents(desk, spec, move)
    deeds = deeds_of_move(desk, spec, step)
    desk.facts(spec).record([fact_of(step)])
    desk.effects.do(spec.id, deeds)
    return "moved"


def _has_consent(desk: Desk, spec: Community, member: str) -> bool | None:
    found = next(iter(desk.members(spec).find([member])), None)
    consent = found.attributes.get("consent") if found is not None else None
    return consent if isinstance(consent, bool) else None


def _consents(desk: Desk, spec: Community, move: Membership) -> None:
    """Saying yes to an invitation into the programme is consent; that and when it was given is kept."""
    if _has_consent(desk, spec, move.member) is True:
        return
    at = move.answered_at or move.opened_at
    desk.members(spec).enlist([Member(move.member, None, {"consent": True})], at=at)
    if desk.persons is not None:
        said = f"accepted the invitation {move.id}"
        desk.persons.note(spec.id, "consented", move.member, at=at, by=move.member, reason=said)


def _held(desk: Desk, community: str, id: str) -> Membership:
    """A move that nobody else takes further meanwhile: a step may be tried again while the first try still goes on."""
    found = desk.memberships.held(community, id)
    if found is None:
        raise LookupError(f"no membership {id} in {community}")
    return found
