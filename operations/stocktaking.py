"""Stocktaking: what there is of everything scarce, what was planned and spent, who has what, who waits and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.known import readings_of
from operations.ports.resources import WAITING, Account, Booking, Claim, Parcel
from operations.prizes import cents, period_of
from rules.compile import compile_condition
from rules.evaluate import truth

if TYPE_CHECKING:
    from operations.house import House
    from operations.known import Known
    from rules.spec import Community


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """What was planned for a tier, and what was spent on its members, in hundredths. `tier` "" could not be told."""

    tier: str
    planned: int | None
    spent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """One period of a budget, in hundredths."""

    id: str
    period: str
    holder: str
    granted: int
    carried: int
    spent: int
    lapsed: int
    left: int
    lines: tuple[PlanLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockState:
    """Pieces there are. `low` says that there are as few as make the keeper order more."""

    id: str
    left: int
    reorder_at: int | None
    low: bool
    lent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a benefit; it rests while its condition is not surely true. `uses` are those of this period."""

    member: str
    since: datetime
    until: datetime | None
    rests: bool
    uses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitState:
    """Who holds a benefit, and how many may."""

    id: str
    limit: int | None
    uses: int | None
    period: str
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetState:
    """Bookings of the cars of a fleet, those that should be back first among them."""

    id: str
    units: tuple[str, ...]
    bookings: tuple[Booking, ...]
    overdue: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stocktaking:
    """Everything scarce at one moment."""

    budgets: tuple[BudgetState, ...] = ()
    stock: tuple[StockState, ...] = ()
    fleets: tuple[FleetState, ...] = ()
    benefits: tuple[BenefitState, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    waiting: tuple[Claim, ...] = ()
    claims: tuple[Claim, ...] = field(default=())


def take_stock(
    house: House, community: Community, known: Known, *, at: datetime, resource: str | None = None, limit: int = 200
) -> Stocktaking:
    """What there is of everything, or of one resource with its last claims.

    Raises:
        Refusal: there is no such resource.
    """
    if resource is not None and resource not in community.resources:
        raise Refusal(
            f"{community.id} has no resource {resource!r}.", f"Resources: {', '.join(community.resources) or 'none'}."
        )
    chosen: list[Any] = [one for id_, one in community.resources.items() if resource in (None, id_)]
    return Stocktaking(
        budgets=tuple(state for one in chosen if one.kind == "budget" for state in _budget(house, community, one, at)),
        stock=tuple(_stock(house, community, one) for one in chosen if one.kind == "stock"),
        fleets=tuple(_fleet(house, community, one, at) for one in chosen if one.kind == "fleet"),
        benefits=tuple(_benefit(house, community, one, known, at) for one in chosen if one.kind == "benefit"),
        parcels=tuple(
            one
            for one in house.resources.parcels(community.id, open_only=resource is None, limit=limit)
            if resource in (None, one.item)
        ),
        waiting=tuple(house.resources.claims(community.id, resource, state=WAITING, limit=limit)),
        claims=tuple(house.resources.claims(community.id, resource, limit=limit)) if resource is not None else (),
    )


def _budget(house: House, community: Community, spec: Any, at: datetime) -> list[BudgetState]:
    known = list(house.resources.accounts(community.id, spec.id))
    now = period_of(spec.per, at, community.zone)
    if now not in {one.period for one in known}:
        granted = cents(spec.amount)
        known.append(Account(budget=spec.id, period=now, granted=granted, carried=0, spent=0, lapsed=0, left=granted))
    return [_period(spec, one) for one in sorted(known, key=lambda one: one.period)]


def _period(spec: Any, account: Account) -> BudgetState:
    planned = {line.for_.partition(":")[2]: cents(line.amount) for line in spec.lines}
    tiers = [*planned, *(tier for tier in account.lines if tier not in planned)] if planned else []
    lines = (
        PlanLine(tier=tier, planned=planned.get(tier), spent=account.lines.get(tier, 0))
        for tier in dict.fromkeys(tiers)
    )
    return BudgetState(
        id=spec.id,
        period=account.period,
        holder=spec.holder,
        granted=account.granted,
        carried=account.carried,
        spent=account.spent,
        lapsed=account.lapsed,
        left=account.left,
        lines=tuple(lines),
    )


def _stock(house: House, community: Community, spec: Any) -> StockState:
    left = next((one.amount for one in house.effects.balances(community.id, "stock") if one.account == spec.id), 0)
    served = house.resources.claims(community.id, spec.id, state="served", limit=10_000)
    low = spec.reorder_at is not None and left <= spec.reorder_at
    lent = sum(one.amount for one in served if not one.spend)
    return StockState(id=spec.id, left=left, reorder_at=spec.reorder_at, low=low, lent=lent)


def _fleet(house: House, community: Community, spec: Any, at: datetime) -> FleetState:
    bookings = tuple(house.resources.bookings(community.id, spec.id, since=at))
    late = tuple(one.unit for one in bookings if one.state == "booked" and one.ends_at < at)
    return FleetState(id=spec.id, units=tuple(spec.units), bookings=bookings, overdue=late)


def _benefit(house: House, community: Community, spec: Any, known: Known, at: datetime) -> BenefitState:
    period = period_of(spec.per, at, community.zone) if spec.per else ""
    held = [one for one in house.effects.holdings(community.id, at=at) if (one.kind, one.item) == ("benefit", spec.id)]
    uses = house.resources.uses(community.id, spec.id, period) if spec.uses is not None else {}
    awake = set(who_enjoys(community, spec.id, [one.member for one in held], known))
    holders = (
        Holder(
            member=one.member,
            since=one.since,
            until=one.until,
            rests=one.member not in awake,
            uses=uses.get(one.member, 0),
        )
        for one in held
    )
    return BenefitState(id=spec.id, limit=spec.limit, uses=spec.uses, period=period, holders=tuple(holders))


def who_enjoys(community: Community, benefit: str, members: Sequence[str], known: Known) -> list[str]:
    """Of those who hold a benefit, those for whom it does not rest: they have filled in what it needs, and its `while`
    is surely true of them."""
    spec: Any = community.resources[benefit]
    if spec.needs is not None:
        facts = known.house.facts(community)
        members = [who for who in members if facts.find(member=who, kinds=[spec.needs], limit=1)]
    if spec.while_ is None:
        return list(members)
    condition = compile_condition(community, spec.while_)
    found = known.members(members, readings_of(condition))
    return [who for who in members if who in found and truth(condition, found[who]) is True]


def use_benefit(
    house: House, community: Community, known: Known, benefit: str, member: str, *, key: str, at: datetime
) -> None:
    """Note one use of a benefit by a member who holds it.

    Raises:
        Refusal: it is no benefit with uses, the member does not hold it, it rests, or it is used up.
    """
    from operations.allocation import right_of

    spec: Any = community.resources.get(benefit)
    if spec is None or spec.kind != "benefit":
        raise Refusal(f"{community.id} has no benefit {benefit!r}.", "See `trellis resources`.")
    held = [one.member for one in house.effects.holdings(community.id, member, at=at) if one.item == benefit]
    if not held:
        raise Refusal(
            f"{member} does not hold {benefit}.",
            f"What comes with a tier is given at the next review; see `trellis resources show {benefit}`.",
        )
    if not who_enjoys(community, benefit, held, known):
        raise Refusal(f"{benefit} rests for {member}.", "Its `while` is not surely true of them now.")
    if spec.uses is None:
        raise Refusal(f"{benefit} may be used as often as one likes; there is nothing to note.")
    why = house.resources.use(community.id, benefit, member, key=key, right=right_of(community, spec, at), at=at)
    if why is not None:
        raise Refusal(f"{why}.")
