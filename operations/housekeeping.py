"""Housekeeping: what nobody has to think of: periods of budgets end, what is late is told of, embargoes end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from operations.embargo import publish_held_back
from operations.errors import Refusal
from operations.ports.inbox import Item
from operations.prizes import cents, period_of

if TYPE_CHECKING:
    from operations.ports.effects import Effects
    from operations.ports.inbox import Inbox
    from operations.ports.resources import Resources
    from rules.spec import Community


_PERIODS = {
    "month": re.compile(r"\d{4}-\d{2}"),
    "quarter": re.compile(r"\d{4}-Q\d"),
    "year": re.compile(r"\d{4}"),
    "once": re.compile("once"),
}


class Keeper(Protocol):
    """Who has the keys: the ports that housekeeping needs."""

    @property
    def resources(self) -> Resources: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def effects(self) -> Effects: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A period of a budget that was ended: what was left, in hundredths, and where it went on, if anywhere."""

    budget: str
    period: str
    left: int
    carried_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was done."""

    closed: tuple[Closed, ...] = ()
    late: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
    published: int = 0  # what an embargo had held back


def keep_house(house: Keeper, community: Community, *, at: datetime) -> Kept:
    """End the periods that are over, tell keepers what is late, and publish what was held back until now.

    The same once more changes nothing.
    """
    resources: Sequence[Any] = list(community.resources.values())
    budgets = [spec for spec in resources if spec.kind == "budget" and spec.per != "once"]
    closed = [done for spec in budgets for done in _close_what_is_over(house, community, spec, at)]
    late = house.resources.late(community.id, at=at)
    house.inbox.open(
        [
            Item(
                community=community.id,
                id=f"{one.key}#late",
                asked=(one.keeper,),
                title={"en": f"{one.item} for {one.member} is late", "zh": f"寄给 {one.member} 的 {one.item} 已逾期"},
                opened_at=at,
                due=at,
                about=one.member,
                details={"item": one.item, "due": one.due.isoformat()},
            )
            for one in late
        ]
    )
    overdue = _call_back(house, community, [one for one in resources if one.kind == "fleet"], at)
    published = publish_held_back(house.effects, community, at=at)
    keys = tuple(one.key for one in late)
    return Kept(closed=tuple(closed), late=keys, overdue=tuple(overdue), published=published)


def close_period(house: Keeper, community: Community, budget: str, period: str, *, at: datetime) -> Closed:
    """End one period of a budget.

    Raises:
        Refusal: there is no such budget, or the period is not over.
    """
    spec: Any = community.resources.get(budget)
    if spec is None or spec.kind != "budget":
        raise Refusal(f"{community.id} has no budget {budget!r}.", "See `trellis resources`.")
    now = period_of(spec.per, at, community.zone)
    if period == now:
        raise Refusal(f"{period} of {budget} is not over yet.", "It ends by itself with the first review after it.")
    accounts = [one.period for one in house.resources.accounts(community.id, budget)]
    if period not in accounts:
        known = ", ".join(accounts) or "none"
        raise Refusal(f"{budget} has no period {period!r}.", f"Those with entries: {known}.")
    return _close(house, community, spec, period, at)


def _close_what_is_over(house: Keeper, community: Community, spec: Any, at: datetime) -> list[Closed]:
    """End every period before the present one; those in which nothing happened too, where what remains goes on."""
    now = period_of(spec.per, at, community.zone)
    known = [one for one in house.resources.accounts(community.id, spec.id) if _is_of(spec.per, one.period)]
    over = [one.period for one in known if one.left and one.period < now]
    silent = min((one.period for one in known), default=now) if spec.rollover == "once" else now
    while (silent := following(spec.per, silent)) < now:
        if silent not in {one.period for one in known}:
            over.append(silent)
    return [_close(house, community, spec, period, at) for period in sorted(over)]


def _close(house: Keeper, community: Community, spec: Any, period: str, at: datetime) -> Closed:
    to = following(spec.per, period) if spec.rollover == "once" and _is_of(spec.per, period) else None
    left = house.resources.close(community.id, spec.id, period, funds=cents(spec.amount), at=at, carry_to=to)
    return Closed(budget=spec.id, period=period, left=left, carried_to=to if left else None)


def _is_of(per: str, period: str) -> bool:
    """Whether a period is one of this rhythm: those of an earlier one stay when the specs give a budget another."""
    return _PERIODS[per].fullmatch(period) is not None


def following(per: str, period: str) -> str:
    """The period after one: `2027-12` → `2028-01`, `2027-Q4` → `2028-Q1`, `2027` → `2028`."""
    if per == "year":
        return str(int(period) + 1)
    year, part = period.split("-")
    last, number = (4, int(part[1:])) if per == "quarter" else (12, int(part))
    year, number = (str(int(year) + 1), 1) if number == last else (year, number + 1)
    return f"{year}-Q{number}" if per == "quarter" else f"{year}-{number:02d}"


def _call_back(house: Keeper, community: Community, fleets: Sequence[Any], at: datetime) -> list[str]:
    """Cars that should be back: their keeper is told, once for each booking."""
    items = [
        Item(
            community=community.id,
            id=f"{one.key}#overdue",
            asked=(spec.keeper,),
            title={"en": f"{one.unit} is not back from {one.member}", "zh": f"{one.member} 尚未归还 {one.unit}"},
            opened_at=at,
            due=at,
            about=one.member,
            details={"unit": one.unit, "ends_at": one.ends_at.isoformat()},
        )
        for spec in fleets
        for one in house.resources.bookings(community.id, spec.id, since=at)
        if one.state == "booked" and one.ends_at < at
    ]
    house.inbox.open(items)
    return [item.id for item in items]
