"""Prizes: what one line of an award comes down to for the people of one place, to the last point and cent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rules.time import Window, deadline, sla_times

if TYPE_CHECKING:
    from operations.effects import EffectContext
    from operations.ports.effects import Deed
    from rules.spec import Community


def parts(amount: int, people: Sequence[str], split: str, shares: Mapping[str, int]) -> dict[str, int]:
    """Divide an amount among people; the parts of `equal` and `credit` add up to the amount, none is negative.

    `each` gives everybody the whole amount. What does not divide evenly goes one by one to the largest remainders,
    ties by the order of `people`. Where nobody has a share in the ledger, `credit` divides equally.
    """
    if not people:
        return {}
    if split == "each":
        return dict.fromkeys(people, amount)
    weights = [max(0, shares.get(person, 0)) if split == "credit" else 1 for person in people]
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(people), len(people)
    given = [amount * weight // whole for weight in weights]
    left = amount - sum(given)
    order = sorted(range(len(people)), key=lambda i: (-(amount * weights[i] % whole), i))
    for i in order[:left]:
        given[i] += 1
    return dict(zip(people, given, strict=True))


def cents(money: str) -> int:
    """`"1200.00 CNY"` in hundredths."""
    whole, _, rest = str(money).partition(".")
    return int(whole) * 100 + int(rest[:2])


def deeds_of_prize(
    prize: Any,
    number: int,
    unit: Sequence[tuple[str, str | None]],
    shares: Mapping[str, int],
    context: EffectContext,
    deed: Callable[..., Deed],
    place: int,
) -> Iterable[Deed]:
    """One prize for the people of one work or place (or for everybody named, when no works are)."""
    people = [person for person, _ in unit]
    work_of = dict(unit)

    def about(person: str) -> str:
        work = work_of[person]
        return f"{number}:{person}" if work is None else f"{number}:{work}:{person}"

    def divided(whole: int) -> dict[str, Any]:
        """Of what a part is a part, so that the books can see that nothing of it was lost."""
        of = next((work for work in work_of.values() if work is not None), None)
        return (
            {} if prize.split == "each" else {"whole": whole, "split": prize.split, "among": f"{place}:{number}:{of}"}
        )

    effect = f"{context.origin}/{place}/{number}"
    if prize.points is not None:
        for person, points in parts(prize.points, people, prize.split, shares).items():
            if points:
                yield deed(
                    "points",
                    about(person),
                    person,
                    amount=points,
                    effect=effect,
                    cap=_cap(prize, context),
                    **divided(prize.points),
                )
    if prize.money is not None:
        charge = _charge(prize.budget, context)
        for person, amount in parts(cents(prize.money), people, prize.split, shares).items():
            if amount:
                said = {"amount": amount, "work": work_of[person], **charge, **divided(cents(prize.money))}
                yield deed("money", about(person), person, **said)
    for person in people:
        if prize.gift is not None:
            yield deed(
                "gift",
                about(person),
                person,
                item=prize.gift,
                work=work_of[person],
                **_stock(prize.gift, context),
                **_charge(prize.budget, context),
            )
        if prize.title is not None:
            of = context.value if prize.of == "$value" else prize.of
            yield deed("title", about(person), person, item=prize.title, value=of, **_title(prize, context))
        if prize.benefit is not None:
            yield deed("benefit", about(person), person, item=prize.benefit, **_benefit(prize, context))
        if prize.certificate is not None:
            text = {"en": prize.certificate.en, "zh": prize.certificate.zh}
            yield deed("certificate", about(person), person, text=text)


def _charge(budget: str | None, context: EffectContext) -> dict[str, Any]:
    """What the database needs to know of a budget: its period at this moment, and what the spec grants for it."""
    if budget is None:
        return {}
    return charge_of(context.community, budget, context.at)


def charge_of(community: Community, budget: str, at: datetime) -> dict[str, Any]:
    """What the database needs to know of a budget at a moment: its period, what the spec grants for it, and the
    ladder whose tiers its plan names, with the lowest of them."""
    spec: Any = community.resources[budget]
    planned = {line.for_.partition(":")[2] for line in spec.lines}
    ladders = [one for one in community.ladders.values() if planned & {tier.id for tier in one.tiers}]
    ladder = ladders[0] if ladders else next(iter(community.ladders.values()), None)
    return {
        "budget": budget,
        "period": period_of(spec.per, at, community.zone),
        "funds": cents(spec.amount),
        **({"ladder": ladder.id, "lowest": ladder.tiers[0].id} if ladder is not None and ladder.per is None else {}),
    }


def period_of(per: str, at: datetime, zone: ZoneInfo) -> str:
    """The calendar period a moment lies in: `2027-03`, `2027-Q1`, `2027`, or `once`."""
    day = at.astimezone(zone)
    if per == "month":
        return f"{day.year}-{day.month:02d}"
    if per == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return str(day.year) if per == "year" else "once"


def _stock(item: str, context: EffectContext) -> dict[str, Any]:
    spec: Any = context.community.resources[item]
    return {
        "cost": cents(spec.cost) if spec.cost else None,
        "keeper": spec.keeper,
        "reorder_at": spec.reorder_at,
        **({"post": due(spec.post, context), "sla": times_of(spec.post, context)} if spec.post else {}),
    }


def _title(prize: Any, context: EffectContext) -> dict[str, Any]:
    spec = context.community.titles[prize.title]
    until = prize.until or spec.term
    return {"until": None if until is None else ends_at(until, context), "limit": spec.seats}


def _benefit(prize: Any, context: EffectContext) -> dict[str, Any]:
    spec: Any = context.community.resources[prize.benefit]
    until = prize.until or spec.term
    return {"until": None if until is None else ends_at(until, context), "limit": spec.limit}


def _cap(prize: Any, context: EffectContext) -> dict[str, Any] | None:
    if prize.cap is None:
        return None
    start, _ = Window.parse(prize.cap.over).span(context.at, context.community.zone)
    return {"points": prize.cap.points, "since": start.isoformat()}


def ends_at(until: str, context: EffectContext) -> str:
    """When something given now for so long, or until a moment, ends (ISO, UTC)."""
    return due(until, context)


def due(within: str, context: EffectContext) -> str:
    """Until when, for a duration, a moment or a service level from now (ISO, UTC)."""
    return deadline_in(context.community, within, context.at).isoformat()


def deadline_in(community: Community, within: str, at: datetime) -> datetime:
    """Until when something lasts that began at `at`, in this community's zone, calendars and service levels."""
    return deadline(
        str(within),
        at,
        zone=community.zone,
        calendar=community.calendars[community.document.calendar],
        slas=community.slas,
        calendars=community.calendars,
    )


def times_of(within: str, context: EffectContext) -> dict[str, Any]:
    """When a work item is due, with the reminders and escalations of its service level (ISO, UTC)."""
    community = context.community
    if not within.startswith("sla:"):
        return {"due": due(within, context)}
    times = sla_times(
        within.removeprefix("sla:"),
        context.at,
        zone=community.zone,
        calendar=community.calendars[community.document.calendar],
        slas=community.slas,
        calendars=community.calendars,
    )
    return {
        "due": times.finish.isoformat(),
        **({"claim": times.claim.isoformat()} if times.claim is not None else {}),
        "remind": [at.isoformat() for at in times.remind],
        "escalate": [[at.isoformat(), to] for at, to in times.escalate],
    }
