"""Perks: benefits that come with a tier. Who enters has them, who leaves loses them; the scarce ones go best first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.allocation import right_of
from operations.desk import member_frame
from operations.known import readings_of
from operations.ports.effects import Deed
from operations.ranking import Ranking
from rules.columns import evidence_of
from rules.compile import compile_condition
from rules.evaluate import truth

if TYPE_CHECKING:
    from operations.desk import Desk
    from operations.ports.effects import Holding
    from rules.spec import Community

MARK = "/perk/"
"""What stands in the key of everything that was given with a tier."""


@dataclass(slots=True)
class PerksKept:
    """What was done: by benefit, who has it now, who lost it, and who waits because all are held, best first."""

    given: dict[str, list[str]] = field(default_factory=dict)
    ended: dict[str, list[str]] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)


def keep_perks(desk: Desk, community: Community, *, at: datetime, members: Collection[str] | None = None) -> PerksKept:
    """Bring what members hold with their tiers up to date: of everybody, or of some. Once more changes nothing.

    Of some, only what there is enough of is given: where there are fewer than members, the benefit's order decides when
    everybody is looked at, and not who was moved first.
    """
    kept = PerksKept()
    with_perks = _tiers_with_perks(community)
    if not with_perks:
        return kept
    subjects = None if members is None else sorted(members)
    with desk.together():
        standings = desk.standings.frame(community, at, subjects=subjects)
        wanted: dict[str, dict[str, None]] = {}  # in order, each once
        for name, tiers in with_perks.items():
            for who, tier in standings.select("subject", name).iter_rows():
                for benefit in tiers.get(tier, ()):
                    if who not in wanted.setdefault(benefit, {}):
                        wanted[benefit][who] = None
        held: dict[str, dict[str, str]] = {}
        for one in _held(desk, community, at):
            if subjects is None or one.member in subjects:
                held.setdefault(one.item, {})[one.member] = one.key
        benefits = dict.fromkeys(
            benefit for tiers in with_perks.values() for perks in tiers.values() for benefit in perks
        )
        deeds: list[Deed] = []
        for benefit in benefits:
            has, mine = held.get(benefit, {}), set(wanted.get(benefit, ()))
            lost = sorted(who for who, key in has.items() if MARK in key and who not in mine)
            if lost:
                kept.ended[benefit] = lost
                deeds += [_end(community, benefit, who, at) for who in lost]
            new = [who for who in wanted.get(benefit, ()) if who not in has]
            limited = getattr(community.resources[benefit], "limit", None) is not None
            if new and not (limited and members is not None):
                deeds += _give(desk, community, benefit, new, at, kept, freed=len(lost))
        desk.effects.do(community.id, deeds)
    return kept


def _tiers_with_perks(community: Community) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """What the tiers of each ladder bring; of one that is kept per value, under the name of each value's standing."""
    found: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for ladder in community.ladders.values():
        perks = {tier.id: tuple(tier.perks) for tier in ladder.tiers if tier.perks}
        values = [None] if ladder.per is None else [item.id for item in community.lists[ladder.per].items]
        for value in values if perks else ():
            found[ladder.id if value is None else f"{ladder.id}@{value}"] = perks
    return found


def _held(desk: Desk, community: Community, at: datetime) -> list[Holding]:
    """Benefits that are held now, or will be: a place that is given away for later is taken."""
    return [
        one
        for one in desk.effects.holdings(community.id)
        if one.kind == "benefit" and one.ended_at is None and (one.until is None or one.until > at)
    ]


def _give(
    desk: Desk, community: Community, benefit: str, new: Sequence[str], at: datetime, kept: PerksKept, *, freed: int
) -> list[Deed]:
    spec: Any = community.resources[benefit]
    new = _who_could_use(desk, community, spec, new, at)
    if spec.limit is None:
        chosen, waits = list(new), []
    else:
        taken = sum(1 for one in _held(desk, community, at) if one.item == benefit)
        free = max(0, spec.limit - taken + freed)
        ranked = _best_first(desk, community, spec, new, at) if free < len(new) else list(new)
        chosen, waits = ranked[:free], ranked[free:]
    if chosen:
        kept.given[benefit] = chosen
    if waits:
        kept.waiting[benefit] = waits
    right = right_of(community, spec, at)
    return [
        Deed(
            key=f"{community.id}{MARK}{benefit}/{who}/{at.isoformat()}",
            kind="benefit",
            at=at,
            source=f"{community.id}{MARK}{benefit}/{who}",
            member=who,
            details={"item": benefit, "limit": spec.limit, "until": right["until"]},
        )
        for who in chosen
    ]


def _who_could_use(desk: Desk, community: Community, spec: Any, members: Sequence[str], at: datetime) -> list[str]:
    """Those of whom the benefit's `while` is surely true: whoever could not use a right takes nobody's place."""
    if spec.while_ is None:
        return list(members)
    condition = compile_condition(community, spec.while_)
    readings = frozenset(readings_of(condition))
    frame = member_frame(desk, community, at, readings=readings, subjects=sorted(members))
    keys = {reading.key: reading for reading in readings}
    rows = frame.iter_rows(named=True)
    could = {row["subject"] for row in rows if truth(condition, evidence_of(row, keys)) is True}
    return [who for who in members if who in could]


def _end(community: Community, benefit: str, who: str, at: datetime) -> Deed:
    source = f"{community.id}{MARK}{benefit}/{who}"
    return Deed(
        key=f"{source}/{at.isoformat()}/end",
        kind="revoke",
        at=at,
        source=source,
        member=who,
        details={"holding": "benefit", "item": benefit, "marked": MARK},
    )


def _best_first(desk: Desk, community: Community, spec: Any, members: Sequence[str], at: datetime) -> list[str]:
    """In the order of the benefit's own queue; who has been a member longest without one."""
    lines = spec.order if isinstance(spec.order, tuple) else ()
    ranking = Ranking(community, lines)
    frame = member_frame(desk, community, at, readings=ranking.readings, subjects=sorted(members), foremost=False)
    keys = {reading.key: reading for reading in ranking.readings}
    found = []
    for row in frame.iter_rows(named=True):
        days = row.get("days_member") or 0
        key = ranking.key(row["subject"], evidence_of(row, keys), community.digest)
        found.append(((*key[:-1], -days, row["subject"]), row["subject"]))
    return [who for _, who in sorted(found, key=lambda one: one[0])]
