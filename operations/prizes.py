"""Prizes: what one line of an award comes down to for the people of one place, to the last point and cent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rules.time import Duration, Window

if TYPE_CHECKING:
    from operations.effects import EffectContext
    from operations.ports.effects import Deed


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

    effect = f"{context.origin}/{place}/{number}"
    if prize.points is not None:
        for person, points in parts(prize.points, people, prize.split, shares).items():
            if points:
                yield deed("points", about(person), person, amount=points, effect=effect, cap=_cap(prize, context))
    if prize.money is not None:
        for person, amount in parts(cents(prize.money), people, prize.split, shares).items():
            if amount:
                yield deed("money", about(person), person, amount=amount, budget=prize.budget, work=work_of[person])
    until = ends_at(prize.until, context) if prize.until is not None else None
    for person in people:
        if prize.gift is not None:
            yield deed("gift", about(person), person, item=prize.gift, budget=prize.budget, work=work_of[person])
        if prize.title is not None:
            of = context.value if prize.of == "$value" else prize.of
            yield deed("title", about(person), person, item=prize.title, value=of, until=until)
        if prize.benefit is not None:
            yield deed("benefit", about(person), person, item=prize.benefit, until=until)
        if prize.certificate is not None:
            text = {"en": prize.certificate.en, "zh": prize.certificate.zh}
            yield deed("certificate", about(person), person, text=text)


def _cap(prize: Any, context: EffectContext) -> dict[str, Any] | None:
    if prize.cap is None:
        return None
    start, _ = Window.parse(prize.cap.over).span(context.at, context.community.zone)
    return {"points": prize.cap.points, "since": start.isoformat() if isinstance(start, datetime) else None}


def ends_at(until: str, context: EffectContext) -> str:
    """When something given now for so long, or until a moment, ends (ISO, UTC)."""
    return end_of(until, context.at, context.community).isoformat()


def end_of(until: str, at: datetime, community: Any) -> datetime:
    """The moment that a duration from `at`, or a moment as written, means in this community."""
    from rules.time import add, moment

    text = str(until)
    if text[:4].isdigit() and text[4:5] == "-":
        return moment(text, community.zone)
    return add(at, Duration.parse(text), community.zone, community.calendars[community.document.calendar])
