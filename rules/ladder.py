"""Ladder: where a member stands, and what it takes to move up, to stay, and to step down."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rules.condition import Attribute, Condition
from rules.decision import Decision, Outcome, Reason
from rules.evaluate import Look, evaluate, read
from rules.lasting import Waiting
from rules.values import Evidence, ValueType

LONG_AGO = 10**6
"""Days, for a time that nobody gave: a move or a condition that nobody dates is old enough."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One tier of a ladder.

    Args:
        id: of the tier.
        earn: what it takes to rise here; None: by hand or by a floor only.
        keep: what it takes to stay; None: never lost.
        grace: how long below `keep` before it is lost.
        observe: how long `earn` must have held.
        falls_to: rank of the tier one falls to.
    """

    id: str
    earn: Condition | None
    keep: Condition | None
    grace: Waiting | None
    observe: Waiting | None
    falls_to: int


@dataclass(frozen=True, slots=True)
class Floor:
    """The lowest rank that holds while a condition surely holds."""

    when: Condition
    rank: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder, for one value of the list it is kept per.

    Args:
        name: in decisions: `tier`, `maintenance@network`.
        id: of the ladder.
        value: the value it stands for; None when it is not kept per value.
        standing: where the present tier is read.
        since: where the days since entering it are read.
        cooldown: after a change, how long nobody rises.
        max_step: tiers in one move.
        exempt: while surely true, nobody is moved.
        floors: lowest standings.
        rungs: the tiers, lowest first.
        digest: of the spec.
    """

    name: str
    id: str
    value: str | None
    standing: Attribute
    since: Attribute
    cooldown: Waiting | None
    max_step: int
    exempt: Condition | None
    floors: tuple[Floor, ...]
    rungs: tuple[Rung, ...]
    digest: str

    @property
    def type(self) -> ValueType:
        """The tiers, as the type of the standing."""
        return self.standing.type

    def conditions(self) -> Iterator[Condition]:
        """Every condition of it."""
        if self.exempt is not None:
            yield self.exempt
        for floor in self.floors:
            yield floor.when
        for rung in self.rungs:
            yield from (c for c in (rung.earn, rung.keep) if c is not None)

    def names(self, fact: str) -> tuple[str, ...]:
        """Under which attributes a fact about this standing is given: the most particular first."""
        return of_standing(fact, self.name, self.id)


def of_standing(fact: str, *owners: str) -> tuple[str, ...]:
    """`met_for` of `maintenance@network` is `met_for@maintenance@network`, of `maintenance`, or plain `met_for`."""
    return (*dict.fromkeys(f"{fact}@{owner}" for owner in owners), fact)


def known(evidence: Evidence, names: tuple[str, ...]) -> int | None:
    """The first of these attributes that is known, as a number (true is 1)."""
    value = next((v for name in names if (v := evidence.attributes.get(name)) is not None), None)
    return int(value) if isinstance(value, int) else None


def next_step(ladder: Ladder, member: str, evidence: Evidence, at: datetime, look: Look = evaluate) -> Decision:
    """Say where a member goes on a ladder, and why.

    Pinned or exempt: nothing is decided. Below a floor: up to it. Surely below `keep`: grace, and after the grace
    the tier is lost. Else up as soon as the next tier is surely earned, the cooldown over and the time of
    observation through. Else `keep` where keeping was asked for and is sure, `none` otherwise.
    """
    standing = read(ladder.standing, evidence)
    reasons: list[Reason] = []

    def decided(outcome: Outcome, to: int | None = None, because: str = "") -> Decision:
        target = None if to is None else ladder.rungs[to].id
        return Decision(member, ladder.name, outcome, here, target, tuple(reasons), ladder.digest, at, because)

    here = None if standing is None else str(standing)
    if here is None:
        reasons.append(Reason(ladder.id, "all", None, "is_known", True, False))
        return decided("none", because="unknown")
    rank = ladder.type.rank(here)
    if known(evidence, ladder.names("pinned")):
        reasons.append(Reason("pinned", "all", True, "is", False, False))
        return decided("none", because="pinned")
    if ladder.exempt is not None:
        exempt = look(ladder.exempt, evidence)
        if exempt.truth is True:
            reasons.extend(exempt.reasons())
            return decided("none", because="exempt")

    lowest = 0
    for floor in ladder.floors:
        held = look(floor.when, evidence)
        if held.truth is True and floor.rank > lowest:
            lowest, reasons = floor.rank, list(held.reasons())
    if rank < lowest:
        return decided("promote", lowest, "floor")
    reasons = []

    rung = ladder.rungs[rank]
    kept = None
    if rung.keep is not None:
        keep = look(rung.keep, evidence)
        kept = keep.truth
        reasons.extend(keep.reasons())
        if kept is False and rank > lowest:
            below = known(evidence, ladder.names("below_for")) or 0
            over = _waited("below_for", below, rung.grace, at, reasons)
            return decided("demote", max(rung.falls_to, lowest)) if over else decided("grace")

    rises, because, earned = rank, "", list[Reason]()
    while rises < min(rank + ladder.max_step, len(ladder.rungs) - 1):
        step = _earned(ladder, rises + 1, evidence, at, look)
        if not step.granted:
            because = step.because
            if rises == rank:
                reasons.extend(step.reasons)
            break
        rises += 1
        earned.extend(step.reasons)
    if rises > rank:
        reasons = earned
        return decided("promote", rises)
    return decided("keep" if kept else "none", because=because)


@dataclass(frozen=True, slots=True)
class _Step:
    granted: bool
    because: str
    reasons: tuple[Reason, ...]


def _earned(ladder: Ladder, rank: int, evidence: Evidence, at: datetime, look: Look) -> _Step:
    """Whether the tier of this rank is open to a member, and what says so."""
    rung = ladder.rungs[rank]
    if rung.earn is None:
        return _Step(False, "", ())
    reasons: list[Reason] = []
    because = ""
    if ladder.cooldown is not None:
        since = known(evidence, ladder.since.names)
        if not _waited(f"days_in_{ladder.id}", LONG_AGO if since is None else since, ladder.cooldown, at, reasons):
            because = "cooldown"
        if since is None:
            reasons.clear()
    earn = look(rung.earn, evidence)
    reasons.extend(earn.reasons())
    if earn.truth is not True:
        return _Step(False, because, tuple(reasons))
    if rung.observe is not None and not because:
        met = known(evidence, ladder.names("met_for"))
        if met is not None and not _waited("met_for", met, rung.observe, at, reasons):
            because = "observe"
    return _Step(not because, because, tuple(reasons))


def _waited(name: str, days: int, waiting: Waiting | None, at: datetime, reasons: list[Reason]) -> bool:
    """Whether so many days are enough; says so among the reasons."""
    if waiting is None:
        return True
    needed = waiting.days(at)
    reasons.append(Reason(name, "all", days, "at_least", needed, days >= needed))
    return days >= needed
