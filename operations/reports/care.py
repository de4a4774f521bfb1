"""Care: what members of each kind take besides what their works cost: money, cars, rights, and people's attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@dataclass(slots=True)
class Taken:
    """What one member took, or all of a kind: money in hundredths, days of cars, rights held, items answered.

    `money` went out for them and not for a work; `cars` is what the days of cars are worth where the spec says what a
    day is; `rights` are held now; `asked` is what the staff was asked about them and answered.
    """

    money: int = 0
    car_days: Fraction = Fraction(0)
    cars: int = 0
    rights: int = 0
    asked: int = 0
    members: set[str] = field(default_factory=set)

    def add(self, other: Taken) -> None:
        """Put another one's share to it."""
        self.money += other.money
        self.car_days += other.car_days
        self.cars += other.cars
        self.rights += other.rights
        self.asked += other.asked
        self.members |= other.members

    @property
    def worth(self) -> Fraction:
        """What can be told in money, in the currency."""
        return Fraction(self.money + self.cars, 100)


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
        taken, price = of(one.member), getattr(resources.get(one.fleet), "cost", None)
        taken.car_days += days
        taken.cars += round(days * cents(price)) if price is not None else 0
    for held in house.effects.holdings(community.id, at=at):
        if held.kind == "benefit":
            of(held.member).rights += 1
    for item in house.inbox.find(community.id, state="done", limit=MOST):
        about, by = item.about, item.completed_by
        if about is None or by in (None, about) or about in item.asked:
            continue  # nobody's work, or their own
        if counts(item.completed_at or item.opened_at):
            of(about).asked += 1
    known = Known(house, community, at).members(list(found))
    return {member: taken for member, taken in found.items() if member in known}


def taken_by_kind(
    house: House, community: Community, taken: Mapping[str, Taken], by: Sequence[str], *, at: datetime
) -> dict[str, dict[str, Taken]]:
    """The same by kind of member (`author.tier`, `author.origin`), as they are now."""
    names = {name: name.partition(".")[2] for name in by if name.startswith("author.")}
    members = list(taken)
    read = Known(house, community, at).figures([(bare, "all") for bare in names.values()], members=members)
    found: dict[str, dict[str, Taken]] = {name: {} for name in names}
    for name, bare in names.items():
        for member in members:
            value = read[bare, "all"].get(member)
            found[name].setdefault(UNKNOWN if value is None else str(value), Taken()).add(taken[member])
    return found
