"""By hand: an operator puts a member into a tier, holds them there, or lets the rules decide again.

Being put somewhere is a move like any other: it is a fact, and what the tier brings is given. It is kept who did it
and why; without a reason nothing is done. A pin holds against every review until it ends or is taken off; a mere move
does not, so that a review may begin a grace the next day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from operations.desk import Desk
from operations.errors import Refusal
from operations.move import Step, deeds_of_move, fact_of
from operations.ports.standings import ByHand, First, Place
from rules.spec.diagnostics import nearest

if TYPE_CHECKING:
    from rules.spec import Community

LONGEST = 1_000
"""Characters of a reason."""


def place_of(desk: Desk, community: Community, member: str, ladder: str | None, tier: str | None = None) -> Place:
    """The standing that is meant.

    Args:
        ladder: `tier`, or `maintenance@network` where it is kept per value; None for the only one (that has the tier).

    Raises:
        Refusal: the member, the ladder, its value or the tier is unknown, or several ladders may be meant.
    """
    if not desk.members(community).find([member]):
        raise Refusal(f"There is no member {member!r} in {community.id}.", "`trellis members` lists them.")
    name, _, value = (ladder or _only(community, tier)).partition("@")
    found = community.ladders.get(name)
    if found is None:
        raise Refusal(
            f"There is no ladder {name!r} in {community.id}.", _meant(name, community.ladders) or "See its tiers files."
        )
    values = [] if found.per is None else [item.id for item in community.lists[found.per].items]
    if value not in (values or [""]):
        known = f"Write {name}@VALUE with one of {', '.join(values)}." if values else f"Write --ladder {name}."
        raise Refusal(f"The ladder {name} has no value {value!r}." if value else f"{name} is kept per value.", known)
    tiers = [one.id for one in found.tiers]
    if tier is not None and tier not in tiers:
        raise Refusal(f"There is no tier {tier!r} on the ladder {name}.", _meant(tier, tiers))
    return Place(member=member, ladder=name, value=value)


def pinned_place(desk: Desk, community: Community, member: str, ladder: str | None) -> Place:
    """The standing that is pinned, where no ladder is named and only one is; else as `place_of`.

    Raises:
        Refusal: as `place_of`.
    """
    held = [one.place for one in desk.standings.of(community.id, member) if one.pinned]
    if ladder is None and len(held) == 1:
        return held[0]
    return place_of(desk, community, member, ladder)


def pin(
    desk: Desk,
    community: Community,
    place: Place,
    tier: str,
    *,
    by: str,
    reason: str,
    at: datetime,
    until: datetime | None = None,
) -> ByHand:
    """Put a member into a tier and hold them there until a moment, or until `unpin`.

    Raises:
        Refusal: the reason is missing or too long, or the end has passed.
    """
    _judge(reason, by)
    if until is not None and until <= at:
        raise Refusal(
            f"The pin would end on {until.astimezone(community.zone):%Y-%m-%d %H:%M}, which has passed.",
            "Give a later date with --until, or none.",
        )
    with desk.together():
        _begin(desk, community, place, at)
        act = desk.standings.pin(community.id, place, to=tier, by=by, reason=reason, at=at, until=until)
        _follow(desk, community, act)
    return act


def move(desk: Desk, community: Community, place: Place, tier: str, *, by: str, reason: str, at: datetime) -> ByHand:
    """Put a member into a tier; the next review judges them there.

    Raises:
        Refusal: the reason is missing or too long, or they stand there already, or are pinned.
    """
    _judge(reason, by)
    with desk.together():
        _begin(desk, community, place, at)
        held = desk.standings.one(community.id, place)
        if held is not None and held.pinned and (held.pinned_until is None or held.pinned_until > at):
            raise Refusal(
                f"{place.member} is pinned in {held.at} by {held.pinned_by}.", f"First: trellis unpin {place.member}"
            )
        if held is not None and held.at == tier:
            raise Refusal(f"{place.member} stands in {tier} already.", "To hold them there, pin them.")
        act = desk.standings.put(community.id, place, to=tier, by=by, reason=reason, at=at)
        _follow(desk, community, act)
    return act


def unpin(desk: Desk, community: Community, place: Place, *, by: str, at: datetime, reason: str = "") -> ByHand:
    """Let reviews move a member again.

    Raises:
        Refusal: they are not pinned.
    """
    act = desk.standings.unpin(community.id, place, by=by, at=at, reason=reason)
    if act is None:
        raise Refusal(f"{place.member} is not pinned on {_named(place)}.", f"See `trellis explain {place.member}`.")
    return act


def _begin(desk: Desk, community: Community, place: Place, at: datetime) -> None:
    """Whoever has no row yet stands in the lowest tier since joining."""
    lowest = community.ladders[place.ladder].tiers[0].id
    desk.standings.begin(community.id, [First(place=place, at=lowest)], at=at)


def _follow(desk: Desk, community: Community, act: ByHand) -> None:
    """The fact and the effects of a move, if it was one."""
    if act.to is None or act.to == act.from_:
        return
    step = Step(
        source=f"{community.id}/by-hand/{act.number}",
        subject=act.place.member,
        rule=_named(act.place),
        from_=act.from_,
        to=act.to,
        at=act.at,
    )
    desk.facts(community).record([fact_of(step)])
    desk.effects.do(community.id, deeds_of_move(desk, community, step))


def _judge(reason: str, by: str) -> None:
    if not reason.strip():
        raise Refusal("It takes a reason.", "Say in --reason why the rules do not decide here.")
    if len(reason) > LONGEST:
        raise Refusal(f"The reason has {len(reason)} characters.", f"At most {LONGEST}.")
    if not by.strip():
        raise Refusal("Nobody is named who does it.", "Give a name with --by.")


def _only(community: Community, tier: str | None) -> str:
    """The ladder that is meant when none is named."""
    having = [one.id for one in community.ladders.values() if tier in [None, *(rung.id for rung in one.tiers)]]
    if len(having) == 1:
        return having[0]
    if not community.ladders:
        raise Refusal(f"{community.id} has no ladder.")
    if not having:
        tiers = sorted({rung.id for one in community.ladders.values() for rung in one.tiers})
        raise Refusal(f"There is no tier {tier!r} in {community.id}.", _meant(tier or "", tiers))
    raise Refusal(f"Several ladders may be meant: {', '.join(having)}.", "Name one with --ladder.")


def _meant(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = nearest(word, names)
    return f"Did you mean {near}?" if near else f"One of {', '.join(names)}."


def _named(place: Place) -> str:
    return f"{place.ladder}@{place.value}" if place.value else place.ladder
