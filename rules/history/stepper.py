"""Stepper: one member after the other, from each review at which something can change to the next.

A truth of facts changes, a wait (grace, observation, cooldown, days in the tier) is over, something happens that is
counted since entering the tier, or the review before changed something: only then is a review looked at.
`rules.ladder.next_step` decides, as in a review; what a review remembers between two looks is kept here alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import ceil, floor
from operator import itemgetter
from typing import Any, NamedTuple

import polars as pl

from rules.condition import AllOf, Attribute, Condition, Leaf, base_readings, sources
from rules.evaluate import truth
from rules.history.past import Past, every_leaf
from rules.history.reduced import Reduction
from rules.ladder import Ladder, next_step
from rules.lasting import Waiting
from rules.reading import Reading
from rules.values import Evidence, Value


@dataclass(frozen=True, slots=True)
class Move:
    """A change of standing: whose (by number), at which review (by number), from which rank to which."""

    member: int
    review: int
    from_: int
    to: int


class _Known(NamedTuple):
    """A row: from which review on what is known, and for each rank the next review that brings news."""

    review: int
    attributes: dict[str, Value | None]
    readings: dict[Reading, Value | None]
    upcoming: tuple[int, ...]


@dataclass(slots=True)
class Standing:
    """What is remembered of one member between two reviews; days are local days since 1970-01-01."""

    since: int
    rank: int = 0
    moved: bool = False
    below: int | None = None
    target: int | None = None
    met: int = 0
    held: frozenset[str] = frozenset()


class Stepper:
    """Steps through reduced rows, member by member.

    Args:
        ladder: reduced.
        reduction: what stands behind its names.
        past: what it is stepped through.
    """

    def __init__(self, ladder: Ladder, reduction: Reduction, past: Past) -> None:
        self.ladder = ladder
        self.reduction = reduction
        self.reviews = past.reviews
        self._days = past.reviews.days
        self._joined = past.joined
        self._entered = past.entered(reduction.entries) if reduction.entries else None
        self._tiers = [rung.id for rung in ladder.rungs]
        self._asked = [tuple(_asked_on(ladder, rank)) for rank in range(len(self._tiers))]
        self._entry_days = [sorted(_entry_days(ladder, asked)) for asked in self._asked]
        self._never = dict.fromkeys(ladder.names("pinned"), False)

    def moves(self, rows: pl.DataFrame) -> Iterator[Move]:
        """The changes of standing that follow from these rows."""
        for member, group in groupby(self._known(self._worth_while(rows)), key=itemgetter(0)):
            yield from self._steps(member, [one for _, one in group], self._begun(member), len(self.reviews))

    def _known(self, rows: pl.DataFrame) -> Iterator[tuple[int, _Known]]:
        """The rows of each member, evidence made once for those that say the same."""
        names = [name for name in rows.columns if name not in ("m", "i")]
        readings = {r.key: r for r in self.reduction.carried if isinstance(r, Reading)}
        made: dict[tuple[Any, ...], tuple[dict[str, Value | None], dict[Reading, Value | None]]] = {}
        values, nexts = rows.select("m", "i", *names), self._nexts(rows, names)
        for (member, i, *told), upcoming in zip(values.iter_rows(), nexts.iter_rows(), strict=True):
            key = tuple(told)
            if key not in made:
                found = dict(zip(names, told, strict=True))
                made[key] = (
                    {name: value for name, value in found.items() if name not in readings},
                    {reading: found[name] for name, reading in readings.items() if name in found},
                )
            yield member, _Known(i, *made[key], upcoming)

    def _nexts(self, rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        """For each row and rank the review of the next row that is news to somebody of that rank."""
        again = (pl.col("m") == pl.col("m").shift(1)).fill_null(value=False)
        columns = []
        for rank, asked in enumerate(self._asked):
            mine = set().union(*(_names(one) for one in asked), *(_keys(one) for one in asked)) & set(names)
            same = [pl.col(name).eq_missing(pl.col(name).shift(1)) for name in sorted(mine)]
            news = pl.when(~pl.all_horizontal(again, *same)).then("i")
            columns.append(news.shift(-1).backward_fill().over("m").fill_null(len(self.reviews)).alias(f"·{rank}"))
        return rows.select(columns)

    def standing(self, member: int, rows: pl.DataFrame, until: int) -> Standing:
        """Where one member stands when a review begins; `rows` are this member's."""
        known = [one for _, one in self._known(rows)]
        here = self._begun(member)
        for _ in self._steps(member, known, here, until):
            pass
        return here

    def _begun(self, member: int) -> Standing:
        return Standing(since=self._joined[member], held=frozenset({self._tiers[0]}))

    def _worth_while(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Without members for whom the first step up was never open."""
        first = self.ladder.rungs[1].earn if len(self.ladder.rungs) > 1 else None
        truths = [] if first is None else [name for name in _names(first) if name in self.reduction.truths]
        if self.ladder.floors or self.ladder.max_step > 1 or len(truths) != 1 or not _needs(first, truths[0]):
            return rows
        open_ = rows.filter(pl.col(truths[0]))["m"].unique()
        return rows.filter(pl.col("m").is_in(open_.implode()))

    def _steps(
        self,
        member: int,
        known: Sequence[_Known],
        here: Standing,
        last: int,
    ) -> Iterator[Move]:
        """Go from review to review up to `last`, which is not looked at any more."""
        place, i = 0, known[0].review
        while i < last:
            while place + 1 < len(known) and known[place + 1].review <= i:
                place += 1
            now = known[place]
            move, changed = self._look(member, i, here, now.attributes, now.readings)
            if move is not None:
                yield move
            i = i + 1 if changed else min(now.upcoming[here.rank], self._over(member, i, here))

    def evidence(
        self,
        member: int,
        i: int,
        here: Standing,
        attributes: Mapping[str, Value | None],
        readings: Mapping[Reading, Value | None],
    ) -> Evidence:
        """What a review knows: truths of facts, and the standing."""
        ladder, today = self.ladder, self._days[i]
        known: dict[str, Value | None] = dict(attributes)
        days = today - here.since
        for name in ladder.standing.names:
            known[name] = self._tiers[here.rank]
        for name in ladder.since.names:
            known[name] = days
        known["in_grace"] = here.below is not None
        known.update(self._never)
        if here.moved:
            known["last_move"] = "automatic"
        known[f"{ladder.name}_held"] = known[f"{ladder.id}_held"] = here.held
        if here.below is not None:
            known["below_for"] = today - here.below
        known["met_for"] = today - here.met if here.target is not None else 0
        if self._entered is not None:
            readings = {**readings, **self._entered.readings(member, here.since, i)}
        return Evidence(known, readings)

    def _look(
        self,
        member: int,
        i: int,
        here: Standing,
        attributes: Mapping[str, Value | None],
        readings: Mapping[Reading, Value | None],
    ) -> tuple[Move | None, bool]:
        """One review of one member; says what moved, and whether anything changed that the next review may act on."""
        ladder, rank, today = self.ladder, here.rank, self._days[i]
        evidence = self.evidence(member, i, here, attributes, readings)
        decision = next_step(ladder, "", evidence, self.reviews.moments[i])
        if decision.to is not None:
            to = self._tiers.index(decision.to)
            here.rank, here.since, here.moved, here.below, here.target = to, today, True, None, None
            here.held = here.held | {decision.to}
            return Move(member, i, rank, to), True
        graced = self._graced(decision.outcome, here, evidence, today)
        observed = self._observed(here, evidence, today)
        return None, graced or observed

    def _graced(self, outcome: str, here: Standing, evidence: Evidence, today: int) -> bool:
        if outcome == "grace":
            if here.below is None:
                here.below = today
                return True
        elif here.below is not None:
            keep = self.ladder.rungs[here.rank].keep
            if keep is not None and truth(keep, evidence) is True:
                here.below = None
                return True
        return False

    def _observed(self, here: Standing, evidence: Evidence, today: int) -> bool:
        up = here.rank + 1
        rung = self.ladder.rungs[up] if up < len(self._tiers) else None
        if rung is None or rung.observe is None or rung.earn is None:
            return False
        earned = truth(rung.earn, evidence) is True
        if earned == (here.target is not None):
            return False
        here.target, here.met = (up, today) if earned else (None, 0)
        return True

    # ------------------------------------------------------------------------------------------------------------ waits
    def _over(self, member: int, i: int, here: Standing) -> int:
        """The first review after `i` at which a wait of this standing is over; their number when there is none."""
        ends = []
        rung = self.ladder.rungs[here.rank]
        up = self.ladder.rungs[here.rank + 1] if here.rank + 1 < len(self._tiers) else None
        if here.below is not None and rung.grace is not None:
            ends.append(self._end(i, here.below, rung.grace))
        if up is not None and here.target is not None and up.observe is not None:
            ends.append(self._end(i, here.met, up.observe))
        if up is not None and self.ladder.cooldown is not None:
            ends.append(self._end(i, here.since, self.ladder.cooldown))
        ends.extend(self.reviews.first_on(here.since + days) for days in self._entry_days[here.rank])
        if self._entered is not None:
            ends.append(self._entered.after(member, i))
        return min((end for end in ends if end > i), default=len(self.reviews))

    def _end(self, i: int, begun: int, waiting: Waiting) -> int:
        """The first review at which so much time has passed; the next one, as long as the calendar must be asked."""
        needed = waiting.days(self.reviews.moments[i])
        if waiting.duration.unit in ("d", "w", "h", "min"):
            return self.reviews.first_on(begun + needed)
        return i + 1 if self._days[i] - begun < needed else i


def _asked_on(ladder: Ladder, rank: int) -> Iterator[Condition]:
    """What is asked of somebody of this rank."""
    if ladder.exempt is not None:
        yield ladder.exempt
    yield from (floor.when for floor in ladder.floors)
    keep = ladder.rungs[rank].keep
    if keep is not None:
        yield keep
    yield from (rung.earn for rung in ladder.rungs[rank + 1 : rank + 1 + ladder.max_step] if rung.earn is not None)


def _entry_days(ladder: Ladder, asked: Collection[Condition]) -> set[int]:
    """The numbers of days in a tier at which a comparison can come out otherwise than the day before."""
    found: set[int] = set()
    since = set(ladder.since.names)
    for leaf in every_leaf(asked):
        if isinstance(leaf.source, Attribute) and since & set(leaf.source.names):
            for bound in leaf.bounds:
                if isinstance(bound, Fraction):
                    found |= {ceil(bound), floor(bound) + 1}
    return {days for days in found if days >= 0}


def _keys(condition: Condition) -> set[str]:
    return {reading.key for reading in base_readings(condition)}


def _names(condition: Condition | None) -> set[str]:
    if condition is None:
        return set()
    return {name for source in sources(condition) if isinstance(source, Attribute) for name in source.names}


def _needs(condition: Condition | None, name: str) -> bool:
    """Whether a condition cannot hold where this truth does not."""
    match condition:
        case Leaf(name=asked):
            return asked == name
        case AllOf(nodes):
            return any(_needs(node, name) for node in nodes)
    return False
