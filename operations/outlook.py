"""Outlook: what happens to one standing if nothing happens: what runs out when, and when the tier is lost or gained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rules.ahead import Ahead
from rules.condition import Condition, Leaf, Titles, Truth
from rules.evaluate import truth
from rules.ladder import Ladder, known, next_step
from rules.metric import COUNTS
from rules.reading import Reading
from rules.smallest import Change, Found, Lever, smallest
from rules.values import Evidence, ValueType

FARTHEST = 800
"""Days that are looked ahead."""
_TENURE = 400
"""Days that are looked ahead at least, for what grows by itself."""


@dataclass(frozen=True, slots=True)
class Possible:
    """One change that flips a condition, and when it would.

    Args:
        change: what would have to be otherwise.
        from_: on which day it suffices, where something is waited for; None: at once, or nobody knows.
        before: before which day it must be done, since what it rests on runs out; None: whenever.
        surely: it suffices at once, or on the day `from_`.
    """

    change: Change
    from_: date | None
    before: date | None
    surely: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of a standing if nothing happens and it is looked at every day.

    Args:
        grace_on: the day on which a grace begins.
        lost_on: the day on which the tier is lost.
        falls_to: the tier then.
        gained_on: the day on which the next tier is due by itself.
        rises_to: the tier then.
        ends: of each comparison that holds, by its identity: the day from which it holds no more.
        begins: of each that does not hold: the day from which it does by itself.
    """

    grace_on: date | None = None
    lost_on: date | None = None
    falls_to: str | None = None
    gained_on: date | None = None
    rises_to: str | None = None
    ends: Mapping[int, date] = field(default_factory=dict)
    begins: Mapping[int, date] = field(default_factory=dict)


def outlook(
    ladder: Ladder, ahead: Ahead, leaves: Iterable[Leaf | Titles], zone: ZoneInfo, *, below_until: datetime | None
) -> Outlook:
    """Go through the days to come as a daily review would.

    Args:
        ladder: whose standing.
        ahead: the member in the days to come.
        leaves: the comparisons to follow.
        zone: whose days are meant.
        below_until: when a grace ends that was promised under another spec; None: as the ladder says.
    """
    today = ahead.evidence(0)
    watched = [(leaf, truth(leaf, today)) for leaf in leaves]
    ends: dict[int, date] = {}
    begins: dict[int, date] = {}
    found = Outlook(ends=ends, begins=begins)
    below = known(today, ladder.names("below_for"))
    begun = 0 if below is not None else None
    met = known(today, ladder.names("met_for")) or 0
    earned = _earned(ladder, today)
    if below is None and next_step(ladder, "", today, ahead.moment(0)).outcome == "grace":
        begun, below = 0, 0  # a review of today would begin it
        found = replace(found, grace_on=ahead.moment(0).astimezone(zone).date())
    for days in range(1, _days_of(ladder, ahead) + 1):
        evidence, day = ahead.evidence(days), ahead.moment(days).astimezone(zone).date()
        for leaf, before in watched:
            seen = ends if before is True else begins
            if id(leaf) not in seen and (truth(leaf, evidence) is True) is not (before is True):
                seen[id(leaf)] = day
        if found.lost_on is not None or found.gained_on is not None:
            continue
        still = _earned(ladder, evidence)
        met, earned = (met + 1 if still and earned else 0), still
        more = {"met_for": met}
        if begun is not None and below_until is not None:
            more["below_for"] = 10**6 if ahead.moment(days) >= below_until else 0
        elif begun is not None:
            more["below_for"] = (below or 0) + days - begun
        decision = next_step(ladder, "", _with(evidence, more), ahead.moment(days))
        match decision.outcome:
            case "grace" if begun is None:
                begun, below, below_until = days, 0, None
                found = replace(found, grace_on=day)
            case "demote":
                found = replace(found, lost_on=day, falls_to=decision.to)
            case "promote":
                found = replace(found, gained_on=day, rises_to=decision.to)
            case "keep" | "none":
                begun = below = None
    return found


def due_days(conditions: Sequence[Condition], ahead: Ahead, zone: ZoneInfo) -> list[date | None]:
    """From which day each condition surely holds by itself if nothing happens; None: it does now, or not in time."""
    due: list[date | None] = [None] * len(conditions)
    waiting = {place for place, one in enumerate(conditions) if truth(one, ahead.evidence(0)) is not True}
    for days in range(1, max(ahead.horizon(FARTHEST) + 1, _TENURE) + 1):
        if not waiting:
            break
        evidence = ahead.evidence(days)
        for place in [one for one in waiting if truth(conditions[one], evidence) is True]:
            due[place] = ahead.moment(days).astimezone(zone).date()
            waiting.discard(place)
    return due


def changes_of(
    condition: Condition,
    ahead: Ahead,
    levers: Callable[[Reading | str, ValueType], Lever],
    zone: ZoneInfo,
    *,
    wanted: Truth,
    surely: bool,
) -> tuple[list[Possible], bool]:
    """The smallest changes that flip a condition, with the days between which each does; whether that is certain."""
    found: Found = smallest(condition, ahead.evidence(0), levers, wanted=wanted, surely=surely)
    horizon = min(FARTHEST, max(ahead.horizon(FARTHEST) + 1, 1))
    possible = []
    for change in found.changes:
        if not change.moves:
            continue
        waits = any(move.how == "wait" for move in change.moves)
        first: int | None = None
        last: int | None = None
        for days in range(_TENURE + horizon if waits else horizon + 1):
            holds = truth(condition, _done(change, ahead, days)) in _accepted(wanted, surely)
            if holds and first is None:
                first = days
            if first is not None and not holds:
                last = days
                break
        day = [None if n is None else ahead.moment(n).astimezone(zone).date() for n in (first, last)]
        possible.append(Possible(change, day[0] if first else None, day[1], first is not None))
    return possible, found.complete


def _accepted(wanted: Truth, surely: bool) -> Sequence[Truth]:
    return (wanted,) if surely else (wanted, None)


def _done(change: Change, ahead: Ahead, days: int) -> Evidence:
    """What is known so many days later if the member's and others' part of a change is done; time does its own."""
    evidence = ahead.evidence(days)
    attributes, readings = dict(evidence.attributes), dict(evidence.readings)
    for move in change.moves:
        if move.how == "wait":
            continue
        if isinstance(move.key, str):
            attributes[move.key] = move.after
            continue
        now, adds = readings.get(move.key), ahead.takes(move.key) in COUNTS and move.type.kind != "boolean"
        if adds and isinstance(now, int) and isinstance(move.before, int) and isinstance(move.after, int):
            readings[move.key] = now + move.after - move.before
        else:
            readings[move.key] = move.after
    return Evidence(attributes, readings)


def _earned(ladder: Ladder, evidence: Evidence) -> bool:
    standing = next((v for name in ladder.standing.names if (v := evidence.attributes.get(name)) is not None), None)
    if standing is None:
        return False
    above = ladder.type.rank(str(standing)) + 1
    earn = ladder.rungs[above].earn if above < len(ladder.rungs) else None
    return earn is not None and truth(earn, evidence) is True


def _with(evidence: Evidence, more: Mapping[str, int]) -> Evidence:
    return Evidence({**evidence.attributes, **more}, evidence.readings)


def _days_of(ladder: Ladder, ahead: Ahead) -> int:
    graces = [rung.grace.days(ahead.moment(0)) for rung in ladder.rungs if rung.grace is not None]
    waits = [rung.observe.days(ahead.moment(0)) for rung in ladder.rungs if rung.observe is not None]
    return min(FARTHEST, max(ahead.horizon(FARTHEST), _TENURE) + max([*graces, 0]) + max([*waits, 0]) + 1)
