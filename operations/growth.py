"""Growth: what a member has learnt, and what they were honoured for; two shelves, neither counted against the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from operations.errors import Refusal
from rules.counted import fact_kinds
from rules.values import show

if TYPE_CHECKING:
    from operations.desk import Desk
    from rules.fact import Fact
    from rules.spec import Community

MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing on a shelf. `until` is its end, if it has one."""

    at: datetime
    what: str
    title: str
    title_zh: str
    detail: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Both shelves, oldest first, and the points."""

    member: str
    learning: tuple[Line, ...]
    honours: tuple[Line, ...]
    points: int


def growth(desk: Desk, spec: Community, member: str, *, at: datetime) -> Growth:
    """The shelves of a member. What goes on which is said by the kinds of facts (`shelf`); titles and certificates are
    honours.

    Raises:
        Refusal: there is no such member.
    """
    if not desk.members(spec).find([member]):
        raise Refusal(f"{spec.id} has no member {member}.", "`trellis members` lists them.")
    shelved = {kind.id: kind.shelf for kind in spec.facts.values() if kind.shelf is not None}
    facts = desk.facts(spec).find(member=member, kinds=list(shelved), limit=MOST) if shelved else []
    facts = [fact for fact in facts if fact.at <= at]
    learning = [_of_fact(spec, fact) for fact in facts if shelved[fact.kind] == "learning" and _came_well(fact)]
    honours = [_of_fact(spec, fact) for fact in facts if shelved[fact.kind] == "honours"]
    for held in desk.effects.holdings(spec.id, member):
        if held.kind == "title" and held.since <= at and held.item in spec.titles:
            title = spec.titles[held.item].title
            ends = min([one for one in (held.until, held.ended_at) if one is not None], default=None)
            honours.append(
                Line(at=held.since, what="title", title=title.en, title_zh=title.zh, detail=held.value, until=ends)
            )
    for deed in desk.effects.certificates(spec.id, member):
        told = deed.details.get("text") or {}
        if deed.at <= at:
            honours.append(Line(at=deed.at, what="certificate", title=told.get("en", ""), title_zh=told.get("zh", "")))
    points = [one.amount for one in desk.effects.balances(spec.id, "points") if one.account == member]
    return Growth(
        member=member,
        learning=tuple(sorted(learning, key=lambda line: (line.at, line.title))),
        honours=tuple(sorted(honours, key=lambda line: (line.at, line.title))),
        points=sum(points),
    )


def _came_well(fact: Fact) -> bool:
    """A lesson that was not passed is no line yet."""
    return fact.fields.get("passed") is not False


def _of_fact(spec: Community, fact: Fact) -> Line:
    kind, title = fact_kinds(spec)[fact.kind], spec.facts[fact.kind].title
    said = {name: show(value, kind.own[name].type) for name, value in sorted(fact.fields.items()) if name in kind.own}
    words = [
        ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in said.items()
        if name != "passed" and value is not None
    ]
    return Line(at=fact.at, what=fact.kind, title=title.en, title_zh=title.zh, detail="; ".join(words))
