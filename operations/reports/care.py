"""Care: what members of each kind take besides what their works cost: money, cars, rights, and people's attention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from operations.house import House
from operations.known import Known
from operations.prizes import cents
from operations.reports.page import UNKNOWN
from rules.spec import Community

MOST = 200_000
_DAY = timedelta(days=1)
_MONTH = timedelta(days=30)
"""What a month of holding a right is counted as."""


@dataclass(slots=True)
class Taken:
    """What one member took, or all of a kind: money in hundredths, days of cars, rights held, items answered.

    `money` went out for them and not for a work; `rights` are held now; `asked` is what the staff was asked about them
    and answered. `cars`, `used` and `attention` are what the days of cars, the rights and the answers are worth as far
    as the spec says so (`cost`), in hundredths; what it says nothing of is named in `unpriced`.
    """

    money: int = 0
    car_days: Fraction = Fraction(0)
    cars: int = 0
    rights: int = 0
    used: int = 0
    asked: int = 0
    attention: int = 0
    members: set[str] = field(default_factory=set)
    unpriced: set[str] = field(default_factory=set)

    def add(self, other: Taken) -> None:
        """Put another one's share to it."""
        self.money += other.money
        self.car_days += other.car_days
        self.cars += other.cars
        self.rights += other.rights
        self.used += other.used
        self.asked += other.asked
        self.attention += other.attention
        self.members |= other.members
        self.unpriced |= other.unpriced

    def worth_of(self, what: str, cost: Any, times: Fraction) -> int:
        """What so many of something are worth, in hundredths; nothing, and named, where it has no cost."""
        if not times:
            return 0
        if cost is None:
            self.unpriced.add(what)
            return 0
        return round(times * cents(cost))

    @property
    def worth(self) -> Fraction:
        """What can be told in money, in the currency."""
        return Fraction(self.money + self.cars + self.used + self.attention, 100)


def taken_by(house: House, community: Community, *, at: datetime, since: datetime | None = None) -> Mapping[str, Taken]:
    """What each member took until then; only from `since` on, if it is given."""
    found: dict[str, Taken] = {}

    def of(member: str) -> Taken:
        return found.setdefault(member, Taken(members={member}))

    def counts(moment: datetime) -> bool:
        return moment <= at and (since is None or moment >= since)

    for fact in house.facts(community).find(kinds=["spent"], limit=MOST):
        amount = fact.fields.get("amount")
        if fact.member is not None and isinstance(amount, int) and fact.fields.get("work") is None and counts(fact.at):
            of(fact.member).money += amount
    resources: Mapping[str, Any] = community.resources
    for one in house.resources.bookings(community.id):
        if one.member is None or not counts(one.begins_at):
            continue
        days = Fraction((min(one.back_at or one.ends_at, at) - one.begins_at) / _DAY).limit_denominator(24)
        taken = of(one.member)
        taken.car_days += days
        taken.cars += taken.worth_of(one.fleet, getattr(resources.get(one.fleet), "cost", None), days)
    _rights(house, community, of, at=at, since=since)
    prices = _Prices(house, community)
    for item in house.inbox.find(community.id, state="done", limit=MOST):
        about, by = item.about, item.completed_by
        if about is None or by in (None, about) or about in item.asked:
            continue  # nobody's work, or their own
        if counts(item.completed_at or item.opened_at):
            taken, role = of(about), prices.role_of(item.asked, by)
            taken.asked += 1
            taken.attention += taken.worth_of(f"role {role}", prices.of(role), Fraction(1))
    known = Known(house, community, at).members(list(found))
    return {member: taken for member, taken in found.items() if member in known}


def _rights(
    house: House, community: Community, of: Callable[[str], Taken], *, at: datetime, since: datetime | None
) -> None:
    """Rights held, and what they are worth: each use, or where uses are not counted, each month of holding."""
    resources: Mapping[str, Any] = community.resources
    for (member, benefit), times in house.resources.used(community.id, since=since, until=at).items():
        taken = of(member)
        taken.used += taken.worth_of(benefit, getattr(resources.get(benefit), "cost", None), Fraction(times))
    for held in house.effects.holdings(community.id):
        ends = min((end for end in (held.until, held.ended_at, at) if end is not None), default=at)
        begins = held.since if since is None else max(held.since, since)
        if held.kind != "benefit" or ends < begins:
            continue
        taken, spec = of(held.member), resources.get(held.item)
        taken.rights += ends >= at
        if getattr(spec, "uses", None) is None:
            months = Fraction((ends - begins) / _MONTH).limit_denominator(1000)
            taken.used += taken.worth_of(held.item, getattr(spec, "cost", None), months)


class _Prices:
    """What an answer of each role is worth."""

    def __init__(self, house: House, community: Community) -> None:
        self._roles: Mapping[str, Any] = community.roles
        self._role_of = {
            who: id_ for id_ in reversed(community.roles) for who in house.effects.people(community.id, id_)
        }

    def role_of(self, asked: Sequence[str], by: str | None) -> str:
        """As whom somebody answered: in the role that was asked, otherwise in their first one."""
        roles = [one.removeprefix("role:") for one in asked if one.startswith("role:")]
        return roles[0] if roles else self._role_of.get(by or "", "")

    def of(self, role: str) -> Any:
        """The cost of one answer; None where the spec says nothing."""
        return getattr(self._roles.get(role), "cost", None)


def taken_by_kind(
    house: House, community: Community, taken: Mapping[str, Taken], by: Sequence[str], *, at: datetime
) -> dict[str, dict[str, Taken]]:
    """The same by kind of member (`author.tier`, `author.origin`), as they were then."""
    names = {name: name.partition(".")[2] for name in by if name.startswith("author.")}
    members = list(taken)
    read = Known(house, community, at, past=True).figures([(bare, "all") for bare in names.values()], members=members)
    found: dict[str, dict[str, Taken]] = {name: {} for name in names}
    for name, bare in names.items():
        for member in members:
            value = read[bare, "all"].get(member)
            found[name].setdefault(UNKNOWN if value is None else str(value), Taken()).add(taken[member])
    return found
