"""Terms: titles whose time is up are renewed, ended, or, where nothing is known, asked about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.desk import Desk, member_frame
from operations.ports.effects import Deed, Holding
from operations.ports.reviews import Plan, Verdict
from operations.prizes import deadline_in
from operations.staffing import ROLE
from operations.who import DecisionResolver
from rules.columns import evidence_of
from rules.compile import compile_condition
from rules.condition import base_readings
from rules.evaluate import truth
from rules.spec.people import Selection

if TYPE_CHECKING:
    from rules.spec import Community

TITLES = "titles"
"""The part of a review that looks at them."""
ANSWER_WITHIN = "5bd"
"""Until when whoever grants a title says whether it goes on, when nothing is known."""


def have_terms(community: Community) -> bool:
    """Whether any title ends by itself."""
    return any(title.term is not None for title in community.titles.values())


def look_at_terms(desk: Desk, plan: Plan, community: Community) -> tuple[dict[str, int], list[Verdict]]:
    """Titles whose term is over at the moment of the review, and what becomes of each."""
    counts: dict[str, int] = {}
    verdicts: list[Verdict] = []
    over: dict[tuple[str, str], list[Holding]] = {}
    for held in desk.effects.expired(community.id, at=plan.at):
        over.setdefault((held.item, held.value), []).append(held)
    for (item, value), holdings in over.items():
        renewed = _renewed(desk, plan, community, item, value, [held.member for held in holdings])
        for held in holdings:
            kind = {True: "renew", False: "end", None: "question"}[renewed.get(held.member, False)]
            counts[kind] = counts.get(kind, 0) + 1
            body = {"key": held.key, "item": item, "value": value, "until": held.until and held.until.isoformat()}
            verdicts.append(Verdict(subject=held.member, rule=f"title:{item}", kind=kind, body=body))
    return counts, verdicts


def _renewed(
    desk: Desk, plan: Plan, community: Community, item: str, value: str, members: Sequence[str]
) -> Mapping[str, bool | None]:
    """For each member whether the title goes on; a title without `renew` does not."""
    title = community.titles.get(item)
    if title is None or title.renew is None:
        return {}
    condition = compile_condition(community, title.renew, value=value or None, per=title.per)
    readings = base_readings(condition)
    frame = member_frame(desk, community, plan.at, readings=readings, subjects=sorted(set(members)))
    keys = {reading.key: reading for reading in readings}
    return {row["subject"]: truth(condition, evidence_of(row, keys)) for row in frame.iter_rows(named=True)}


def carry_out_terms(desk: Desk, plan: Plan, community: Community, verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Renew, end and ask; in the transaction of the batch."""
    deeds: list[Deed] = []
    for verdict in verdicts:
        title = community.titles.get(verdict.body["item"])
        if verdict.kind == "renew" and title is not None and title.term is not None:
            until = datetime.fromisoformat(verdict.body["until"])
            while until <= plan.at:  # terms that passed unseen are renewed one after the other
                until = deadline_in(community, title.term, until)
            desk.effects.renew(community.id, verdict.body["key"], until=until)
        elif verdict.kind == "end":
            deeds.append(_deed(plan, verdict, "revoke", {"holding": "title", **_what(verdict)}))
        elif verdict.kind == "question" and title is not None:
            deeds.append(_deed(plan, verdict, "open", _question(desk, community, plan, title, verdict.subject)))
    done = desk.effects.do(community.id, deeds)
    return {"effects": done.new} if done.new else {}


def _what(verdict: Verdict) -> dict[str, str]:
    return {"item": verdict.body["item"], "value": verdict.body["value"]}


def _deed(plan: Plan, verdict: Verdict, kind: str, details: Mapping[str, Any]) -> Deed:
    source = f"{verdict.body['key']}/term/{verdict.body['until']}"
    return Deed(key=f"{source}/{kind}", kind=kind, at=plan.at, source=source, member=verdict.subject, details=details)


def _question(desk: Desk, community: Community, plan: Plan, title: Any, member: str) -> dict[str, Any]:
    resolver = DecisionResolver(desk, community, subject=member, at=plan.at)
    asked = list(dict.fromkeys(_asked(resolver, title.granted_by, member)))
    return {
        "by": asked or [f"{ROLE}{next(iter(community.roles))}"],
        "title": {"en": f"Does {member} stay {title.title.en}?", "zh": f"{member} 是否续任{title.title.zh}？"},
        "about": member,
        "due": deadline_in(community, ANSWER_WITHIN, plan.at).isoformat(),
    }


def _asked(resolver: DecisionResolver, who: Any, member: str) -> Iterator[str]:
    """Whoever grants it: a role by its name, so that whoever is in it may answer; anybody else as a person."""
    if isinstance(who, Selection) and who.where is None and not who.except_:
        who = who.from_
    if isinstance(who, tuple):
        for one in who:
            yield from _asked(resolver, one, member)
    elif isinstance(who, str) and who.startswith(ROLE):
        yield who
    elif who is not None:
        yield from (person for person in resolver.people(who) if person != member)
