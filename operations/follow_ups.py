"""Follow-ups: advice and actions that are tracked until somebody has answered them.

A field of type `follow_ups` is a text with one line (or a `;`) for each thing that was agreed; `… @role:planner` at its
end says who answers, without it whoever answers for the run. Each becomes one item in the inbox, so that it is reminded
of and escalated like any other work, and one row that keeps what was said to it: in work, done, declined, by whom, when
and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.ports.audit import DECLINED, DONE, IN_WORK, FollowUp
from operations.ports.inbox import Item
from operations.prizes import deadline_in
from operations.reminding import times_within
from operations.staffing import ROLE, acts_for

if TYPE_CHECKING:
    from operations.house import House
    from rules.spec import Community

CHOICES = (IN_WORK, DONE, DECLINED)
_OWNED = re.compile(r"^(.*?)\s*@([\w:.-]+)$", re.DOTALL)


def follow_ups_in(
    community: Community,
    form: str,
    filled: Mapping[str, Any],
    *,
    id: str,
    owner: str,
    at: datetime,
    by: str | None,
    run: str | None,
) -> list[FollowUp]:
    """The follow-ups that a filled form holds; `id` is that of its fact, so that a repetition makes none twice."""
    declared = community.facts.get(form)
    fields = [field for field in (declared.fields if declared is not None else ()) if field.type == "follow_ups"]
    found = []
    for field in fields:
        due = deadline_in(community, str(field.within), at) if field.within is not None else None
        for number, text in enumerate(texts_of(filled.get(field.id)), 1):
            what, who = _owned(community, text, owner)
            found.append(
                FollowUp(
                    community=community.id,
                    id=f"{id}/{field.id}/{number}",
                    form=form,
                    field=field.id,
                    text=what,
                    owner=who,
                    opened_at=at,
                    opened_by=by,
                    run=run,
                    due=due,
                )
            )
    return found


def texts_of(value: Any) -> list[str]:
    """The single texts of a field: a list of them, or one text with a line or a `;` between."""
    if value is None:
        return []
    parts: Iterable[str] = re.split(r"[;\n；]", value) if isinstance(value, str) else map(str, value)
    return [text.strip() for text in parts if text.strip()]


def _owned(community: Community, text: str, owner: str) -> tuple[str, str]:
    found = _OWNED.match(text)
    if found is None:
        return text, owner
    who = found[2]
    if who in community.roles:
        who = f"{ROLE}{who}"
    return found[1], who


def keep(house: House, community: Community, follow_ups: Sequence[FollowUp], *, scale: str | None = None) -> int:
    """Keep follow-ups and put each into its owner's inbox; once. To be called with what it belongs to."""
    if not follow_ups:
        return 0
    new = house.follow_ups.open(follow_ups)
    house.inbox.open([_item(community, one, scale) for one in follow_ups])
    return new


def _item(community: Community, one: FollowUp, scale: str | None) -> Item:
    declared = {field.id: field for field in community.facts[one.form].fields}
    times: dict[str, Any] = times_within(community, str(declared[one.field].within or ""), one.opened_at)
    return Item(
        community=community.id,
        id=f"{one.id}#answer",
        asked=(one.owner,),
        title={"en": f"Answer: {one.text}", "zh": f"答复：{one.text}"},
        opened_at=one.opened_at,
        due=one.due,
        about=one.run,
        choices=CHOICES,
        details={"follow_up": one.id, "text": one.text, "run": one.run},
        **times,
    )


def answer(
    house: House,
    community: Community,
    id: str,
    *,
    state: str,
    by: str,
    at: datetime,
    reason: str | None = None,
    until: datetime | None = None,
) -> FollowUp:
    """Say what became of advice or an action: in work, done, or declined with the reason.

    Raises:
        Refusal: there is none, it is over, a refusal lacks its reason, or it is not theirs to answer.
    """
    if state not in CHOICES:
        raise Refusal(f"{state!r} is no answer to advice.", f"One of {', '.join(CHOICES)}.")
    if state == DECLINED and not (reason or "").strip():
        raise Refusal("Declining takes a reason.", "Say why with --reason; whoever gave the advice will read it.")
    with house.runs.together():
        known = house.follow_ups.get(community.id, id)
        if known is None:
            raise Refusal(f"There is no follow-up {id!r}.", "See `trellis follow-ups`.")
        why = _not_theirs(house, community, known, by)
        if why is not None:
            raise Refusal(f"{why}.", f"{known.owner} answers {id}.")
        told = house.follow_ups.tell(community.id, id, state=state, reason=reason, until=until, by=by, at=at)
        house.inbox.finish(community.id, f"{id}#answer", outcome=state, fields={}, by=by, at=at)
        if state == IN_WORK and until is not None:
            due = replace(told, due=until)
            again = replace(_item(community, due, None), id=f"{id}#until/{until:%Y-%m-%d}", claim_due=None, escalate=())
            house.inbox.open([replace(again, choices=(DONE, DECLINED), remind_at=())])
        house.audit.note(
            community.id,
            actor=by,
            verb="follow-up",
            what=id,
            at=at,
            details={"state": state, "reason": reason, "before": known.state},
        )
    return told


def _not_theirs(house: House, community: Community, known: FollowUp, by: str) -> str | None:
    if known.owner.startswith(ROLE):
        return acts_for(house.effects, community, by, known.owner)
    return None if by in (known.owner, "operator") else f"{by} is not {known.owner}"
