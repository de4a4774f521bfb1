"""Approval: whoever has to agree to a move is asked, and their answers are counted until the gate is decided.

In a rehearsal those who are asked are simulated: what they say and when follows from the seed, the member and the
question alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.desk import Desk
from operations.pending import Answered, Asked, gates_of, label_of, question_of, source_of
from operations.ports.inbox import Item
from operations.ports.reviews import Membership
from operations.prizes import deadline_in
from operations.rehearsal import answer, delay
from operations.reminding import times_within
from operations.who import DecisionResolver

if TYPE_CHECKING:
    from rules.spec import Community

AGREES = (("agree", 85), ("refuse", 10), ("", 5))
"""How simulated staff answers; "" is silence."""


def open_approval(desk: Desk, spec: Community, move: Membership, at: datetime) -> Asked | None:
    """Put the question into the inboxes of those who decide; None if the move needs no approval."""
    gate = gates_of(spec, move).approval
    if gate is None:
        return None
    due = deadline_in(spec, gate.within, at)
    items = _items(desk, spec, move, gate, at, due)
    desk.inbox.open(items)
    desk.memberships.update(spec.id, move.id, state="approving", item=items[0].id if items else None, due=due)
    planned = _planned_approval(move, items, at, due)
    return Asked(due, min((when for _, _, when in planned), default=due) if move.seed is not None else None)


def check_approval(desk: Desk, spec: Community, move: Membership, at: datetime) -> Answered:
    """Whether the approval is decided at this time of the move."""
    gate = gates_of(spec, move).approval
    assert gate is not None
    assert move.due is not None
    items = items_open(desk, move)
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


def items_open(desk: Desk, move: Membership) -> list[Item]:
    """The questions as they were put: whom they went to was fixed then, whoever stands where by now."""
    found: list[Item] = []
    while (item := desk.inbox.item(move.community, f"{source_of(move)}/approval/{len(found) + 1}")) is not None:
        found.append(item)
    return found


def _items(desk: Desk, spec: Community, move: Membership, gate: Any, at: datetime, due: datetime) -> list[Item]:
    to, never = label_of(spec, move), _never(desk, spec, move, gate)
    times: dict[str, Any] = times_within(spec, str(gate.within), at)
    return [
        Item(
            community=spec.id,
            id=f"{source_of(move)}/approval/{number}",
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
        about = f"approval/{number}/{question_of(move)}"
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
