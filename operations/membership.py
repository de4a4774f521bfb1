"""Membership: one member's move while somebody's word is awaited. Approval first, then the member, then the move.

A promise that was spoken is kept: everything follows the digest under which the review decided. Times are the
move's own: on a scaled clock they are not the wall's. In a rehearsal the people are simulated, and what they say and
when follows from the seed, the member and the question alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.desk import Desk
from operations.move import Step, deeds_of_move, fact_of
from operations.ports.inbox import Item
from operations.ports.members import Member
from operations.ports.notices import Notice
from operations.ports.reviews import Membership
from operations.ports.standings import LIFECYCLE, Change, Place
from operations.prizes import deadline_in
from operations.rehearsal import ACCEPTS, answer, delay
from operations.reminding import times_within
from operations.who import DecisionResolver
from rules.time import Duration, WorkCalendar, add

if TYPE_CHECKING:
    from rules.spec import Community

AGREES = (("agree", 85), ("refuse", 10), ("", 5))
"""How simulated staff answers; "" is silence."""
WITHDREW = "withdrew"
"""How a move ends whose member has taken consent back."""
AGAIN_AFTER = "90d"
"""After a refused approval nobody asks again for as long as after a declined invitation; this long without one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody was asked, until `due`; `look_at` is when to look before that. None: nobody has to be asked."""

    due: datetime
    look_at: datetime | None = None


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
        move = _get(desk, community, id)
        if move.outcome is not None:
            return Stand(at=move.ended_at or at, outcome=move.outcome)
        spec = desk.specs.at(move.digest, community)
        if _has_consent(desk, spec, move.member) is False:  # whoever took it back is asked nothing any more
            desk.inbox.close(spec.id, [item.id for item in _items_open(desk, move)])
            return Stand(at=at, outcome=_conclude(desk, spec, move, because=WITHDREW, at=at))
        whom = _WHOM.get(move.state)
        left: tuple[str, ...] = ("approval", "invitation")
        if whom is not None:
            said = (_check_approval if whom == "approval" else _check_invitation)(desk, spec, move, at)
            if not said.verdict:
                return Stand(at=said.at, whom=whom, due=move.due, look_at=said.at if said.at > at else None)
            at = said.at
            if said.verdict == "no":
                return Stand(at=at, outcome=_conclude(desk, spec, move, because=said.because, at=at))
            left = left[left.index(whom) + 1 :]
        for whom in left:
            asked = (_open_approval if whom == "approval" else _open_invitation)(desk, spec, move, at)
            if asked is not None:
                return Stand(at=at, whom=whom, due=asked.due, look_at=asked.look_at)
        return Stand(at=at, outcome=_conclude(desk, spec, move, because="", at=at))


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking: `yes`, `no`, or nothing yet (`""`); `because` is the outcome if it is no."""

    verdict: str
    at: datetime
    because: str = ""


def _open_approval(desk: Desk, spec: Community, move: Membership, at: datetime) -> Asked | None:
    """Put the question into the inboxes of those who decide; None if the move needs no approval."""
    gate = _gates(spec, move).approval
    if gate is None:
        return None
    due = deadline_in(spec, gate.within, at)
    items = _items(desk, spec, move, gate, at, due)
    desk.inbox.open(items)
    desk.memberships.update(spec.id, move.id, state="approving", item=items[0].id if items else None, due=due)
    planned = _planned_approval(move, items, at, due)
    return Asked(due, min((when for _, _, when in planned), default=due) if move.seed is not None else None)


def _check_approval(desk: Desk, spec: Community, move: Membership, at: datetime) -> Answered:
    """Whether the approval is decided at this time of the move."""
    gate = _gates(spec, move).approval
    assert gate is not None
    assert move.due is not None
    items = _items_open(desk, move)
    ids = [item.id for item in items]
    if move.seed is not None:
        return _rehearsed_approval(desk, move, gate, ids, min(at, move.due))
    given = [(item.outcome or "", item.completed_at or at) for item in items if item.state == "done"]
    verdict = tally([choice for choice, _ in given], len(ids), needs_of(gate, len(ids)), gate) if ids else ""
    if not verdict and at >= move.due:
        verdict = gate.if_silent
    if not verdict:
        return Answered("", at)
    desk.inbox.close(spec.id, ids)
    return Answered("yes" if verdict == "agree" else "no", at, "" if verdict == "agree" else "refused")


def _open_invitation(desk: Desk, spec: Community, move: Membership, at: datetime) -> Asked | None:
    """Ask the member; None if the move needs no invitation."""
    invitation = _gates(spec, move).invitation
    if invitation is None:
        return None
    due = deadline_in(spec, invitation.within, at)
    says = {"until": due.astimezone(spec.zone).date().isoformat()}
    says["stage" if move.ladder == LIFECYCLE else "tier"] = move.to
    if invitation.from_:
        says["from"] = invitation.from_
    notice = Notice(
        key=f"{_source(move)}/invitation",
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
    said = answer(move.seed, move.member, f"invitation/{_question(move)}", ACCEPTS)
    return Asked(due, at + delay(move.seed, move.member, f"invitation/{_question(move)}", due - at) if said else due)


def _check_invitation(desk: Desk, spec: Community, move: Membership, at: datetime) -> Answered:
    """Whether the member has answered, or the time is up."""
    invitation = _gates(spec, move).invitation
    assert invitation is not None
    due, invited_at = move.due, move.invited_at
    assert due is not None
    assert invited_at is not None
    if move.seed is not None and move.answer is None:
        said = answer(move.seed, move.member, f"invitation/{_question(move)}", ACCEPTS)
        when = invited_at + delay(move.seed, move.member, f"invitation/{_question(move)}", due - invited_at)
        if said and when <= at:
            move = desk.memberships.answer(spec.id, move.id, answer=said, at=when)
            at = when
    if move.answer is not None:
        return Answered("yes" if move.answer == "accept" else "no", at, "" if move.answer == "accept" else "declined")
    if at < due:
        return Answered("", at)
    return Answered("yes", due) if invitation.if_silent == "accept" else Answered("no", due, "lapsed")


def conclude(desk: Desk, community: str, id: str, *, because: str, at: datetime) -> str:
    """Make the move (`because` is empty) or let it be; returns the outcome. Once, whoever tries again."""
    with desk.together():
        move = _get(desk, community, id)
        if move.outcome is not None:
            return move.outcome
        return _conclude(desk, desk.specs.at(move.digest, community), move, because=because, at=at)


def _conclude(desk: Desk, spec: Community, move: Membership, *, because: str, at: datetime) -> str:
    outcome = because or _move(desk, spec, move, at)
    if outcome != "moved":
        place = Place(member=move.member, ladder=move.ladder, value=move.value)
        desk.standings.change(spec.id, [Change(kind="wait_over", place=place, at=at)])
    again = _again(spec, move, at) if outcome in ("refused", "declined", "lapsed", WITHDREW) else None
    desk.memberships.update(spec.id, move.id, state="ended", outcome=outcome, ended_at=at, again_from=again)
    return outcome


def _move(desk: Desk, spec: Community, move: Membership, at: datetime) -> str:
    """The move itself, if there is a seat and the member still stands where the review saw them."""
    seats = _seats(spec, move)
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
        source=_source(move),
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


# ------------------------------------------------------------------------------------------------------------ approval
def tally(choices: list[str], asked: int, needs: int, gate: Any) -> str:
    """`agree` or `refuse` once it is decided, else nothing."""
    agreed, refused = choices.count("agree"), choices.count("refuse")
    if gate.veto and refused:
        return "refuse"
    if gate.decided_by == "majority":
        if len(choices) < needs:
            return ""
        open_ = asked - len(choices)
        if agreed > refused + open_:
            return "agree"
        if refused >= agreed + open_:
            return "refuse"
        return "" if open_ else ("agree" if agreed > refused else "refuse")
    if agreed >= needs:
        return "agree"
    return "refuse" if asked - refused < needs else ""


def needs_of(gate: Any, asked: int) -> int:
    """How many answers are needed: a number, or a share of those asked, rounded up."""
    needs = gate.needs
    if isinstance(needs, str) and needs.endswith("%"):
        return max(1, -(-asked * int(needs[:-1]) // 100))
    return int(needs)


def _asked(desk: Desk, spec: Community, move: Membership, gate: Any) -> list[str]:
    """Whom to ask: roles by their name, people by their id; a role as often as its answers are needed."""
    whos = gate.by if isinstance(gate.by, tuple) else (gate.by,)
    resolver, never = _resolver(desk, spec, move), set(_never(desk, spec, move, gate))
    asked: list[str] = []
    for who in whos:
        if isinstance(who, str) and who.startswith("role:"):
            asked.append(who)
        else:
            asked.extend(person for person in resolver.people(who) if person not in never and person != move.member)
    roles = [who for who in asked if who.startswith("role:")]
    while roles and len(asked) < needs_of(gate, len(asked)):
        asked.append(roles[len(asked) % len(roles)])
    return asked


def _resolver(desk: Desk, spec: Community, move: Membership) -> DecisionResolver:
    return DecisionResolver(desk, spec, subject=move.member, at=move.opened_at, value=move.value or None)


def _never(desk: Desk, spec: Community, move: Membership, gate: Any) -> list[str]:
    """Who must not answer, whatever role they are in."""
    return [] if gate.never is None else sorted(_resolver(desk, spec, move).people(gate.never))


def _items_open(desk: Desk, move: Membership) -> list[Item]:
    """The questions as they were put: whom they went to was fixed then, whoever stands where by now."""
    found: list[Item] = []
    while (item := desk.inbox.item(move.community, f"{_source(move)}/approval/{len(found) + 1}")) is not None:
        found.append(item)
    return found


def _items(desk: Desk, spec: Community, move: Membership, gate: Any, at: datetime, due: datetime) -> list[Item]:
    to, never = _label(spec, move), _never(desk, spec, move, gate)
    times: dict[str, Any] = times_within(spec, str(gate.within), at)
    return [
        Item(
            community=spec.id,
            id=f"{_source(move)}/approval/{number}",
            asked=(who,),
            title={"en": f"Approve: {move.member} becomes {to['en']}", "zh": f"审批：{move.member} 成为{to['zh']}"},
            opened_at=at,
            due=due,
            about=move.member,
            choices=("agree", "refuse"),
            workflow=move.workflow,
            details={
                "review": move.review,
                "ladder": move.ladder,
                "from": move.from_,
                "to": move.to,
                **({"never": never} if never else {}),
            },
            **times,
        )
        for number, who in enumerate(_asked(desk, spec, move, gate), 1)
    ]


def _planned_approval(
    move: Membership, items: list[Item], at: datetime, due: datetime
) -> list[tuple[str, str, datetime]]:
    """What simulated staff will say: item, answer, when; those who stay silent are left out."""
    if move.seed is None:
        return []
    planned = []
    for number, item in enumerate(items, 1):
        about = f"approval/{number}/{_question(move)}"
        said = answer(move.seed, move.member, about, AGREES)
        if said:
            planned.append((item.id, said, at + delay(move.seed, move.member, about, due - at)))
    return sorted(planned, key=lambda one: one[2])


def _rehearsed_approval(desk: Desk, move: Membership, gate: Any, ids: list[str], at: datetime) -> Answered:
    items = [item for one in ids if (item := desk.inbox.item(move.community, one)) is not None]
    assert move.due is not None
    opened = items[0].opened_at if items else move.opened_at
    said: list[str] = []
    for id_, choice, when in _planned_approval(move, items, opened, move.due):
        if when > at:
            return Answered("", when)
        item = next(one for one in items if one.id == id_)
        if item.state == "open":
            by = item.asked[0].removeprefix("role:")
            desk.inbox.complete(move.community, id_, outcome=choice, fields={}, by=by, at=when)
        said.append(choice)
        verdict = tally(said, len(ids), needs_of(gate, len(ids)), gate)
        if verdict:
            desk.inbox.close(move.community, ids)
            return Answered("yes" if verdict == "agree" else "no", when, "" if verdict == "agree" else "refused")
    if at < move.due:
        return Answered("", move.due)
    desk.inbox.close(move.community, ids)
    silent = gate.if_silent == "agree"
    return Answered("yes" if silent else "no", move.due, "" if silent else "refused")


# ------------------------------------------------------------------------------------------ what is meant
def _get(desk: Desk, community: str, id: str) -> Membership:
    found = desk.memberships.get(community, id)
    if found is None:
        raise LookupError(f"no membership {id} in {community}")
    return found


def _gates(spec: Community, move: Membership) -> Any:
    """The tier or transition that says who is asked."""
    if move.ladder == LIFECYCLE:
        assert spec.lifecycle is not None
        return next(way for way in spec.lifecycle.transitions if way.id == move.transition)
    return next(tier for tier in spec.ladders[move.ladder].tiers if tier.id == move.to)


def _seats(spec: Community, move: Membership) -> int | None:
    seats: int | None = None if move.ladder == LIFECYCLE else _gates(spec, move).seats
    return seats


def _label(spec: Community, move: Membership) -> dict[str, str]:
    if move.ladder == LIFECYCLE:
        assert spec.lifecycle is not None
        title = next(stage.title for stage in spec.lifecycle.stages if stage.id == move.to)
    else:
        title = _gates(spec, move).title
    return {"en": title.en, "zh": title.zh}


def _again(spec: Community, move: Membership, at: datetime) -> datetime:
    invitation = _gates(spec, move).invitation
    after = Duration.parse(invitation.again_after if invitation is not None else AGAIN_AFTER)
    calendar = WorkCalendar(spec.calendars[spec.document.calendar]) if after.is_working else None
    return add(at, after, spec.zone, calendar)


def _source(move: Membership) -> str:
    return f"{move.community}/{move.id}"


def _question(move: Membership) -> str:
    """What is asked, the same however often it is rehearsed."""
    return f"{move.ladder}@{move.value}/{move.transition or ''}/{move.to}/{move.opened_at.isoformat()}"
