"""Replay: where every member would have stood, review by review, had the ladder been there all along."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rules.columns.truths import Columns, evidence_of
from rules.condition import Condition, Truth, base_readings
from rules.decision import Decision
from rules.evaluate import Trace, evaluate, truth
from rules.history.past import History, Past, growing
from rules.history.reduced import Reduction, reduce_ladder
from rules.history.reviews import Reviews
from rules.history.stepper import Move, Standing, Stepper
from rules.ladder import Ladder, next_step
from rules.reading import Reading


@dataclass(frozen=True, slots=True)
class Look:
    """What one review saw of one member.

    Args:
        rank: where the member stood before.
        decision: with its reasons.
        next: the tier above, if there is one.
        earn: how its `earn` came out.
    """

    rank: int
    decision: Decision
    next: str | None
    earn: Trace | None


@dataclass
class Replay:
    """Replays one ladder over a history.

    Args:
        ladder: compiled.
        history: what happened.
        reviews: when it is looked at.
        also: further conditions that will be asked of the same history.
        only: the numbers of the members that are looked at; everybody without.
    """

    ladder: Ladder
    history: History
    reviews: Reviews
    also: Sequence[Condition] = ()
    only: Sequence[int] | None = None
    _frames: list[pl.DataFrame] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        conditions = [*self.ladder.conditions(), *self.also]
        readings = frozenset[Reading]().union(*(base_readings(condition) for condition in conditions))
        bounds, everywhere = growing(conditions, self.history.metrics)
        self.past = Past(self.history, self.reviews, readings, bounds, everywhere, self.only)
        self.readings = {reading.key: reading for reading in readings}

    def frames(self) -> Iterator[pl.DataFrame]:
        """What was known, some members at a time; kept when it is little."""
        if self._frames:
            yield from self._frames
            return
        frames: list[pl.DataFrame] | None = []
        for frame in self.past.frames():
            prepared = with_nothing_held(frame)
            if frames is not None:
                frames.append(prepared)
                frames = frames if len(frames) < 2 else None
            yield prepared
        self._frames = frames or []

    def moves(self) -> list[Move]:
        """Every change of standing, by member, then in order of time."""
        reduced, reduction = reduce_ladder(self.ladder)
        stepper = Stepper(reduced, reduction, self.past)
        return [move for frame in self.frames() for move in stepper.moves(read(frame, reduction, self.readings))]

    def looks(self, asked: Collection[tuple[int, int]]) -> dict[tuple[int, int], Look]:
        """What single reviews saw, by (member, review); those before a member joined are left out."""
        reduced, reduction = reduce_ladder(self.ladder)
        stepper = Stepper(reduced, reduction, self.past)
        found: dict[tuple[int, int], Look] = {}
        for frame in self.frames():
            wanted = [(m, i) for m, i in asked if (m, i) not in found]
            mine = frame.filter(pl.col("m").is_in(list({m for m, _ in wanted})))
            if not mine.height:
                continue
            rows = read(mine, reduction, self.readings)
            for member, i in sorted(wanted):
                own = rows.filter(pl.col("m") == member)
                if own.height and own["i"][0] <= i:
                    here = stepper.standing(member, own, i)
                    known = mine.filter((pl.col("m") == member) & (pl.col("i") <= i)).row(-1, named=True)
                    found[member, i] = self._look(stepper, here, known, i)
        return found

    def _look(self, stepper: Stepper, here: Standing, known: dict[str, Any], i: int) -> Look:
        facts = evidence_of({name: v for name, v in known.items() if name not in ("m", "i")}, self.readings)
        attributes, readings = self.past.growing_at(known["m"], i)
        evidence = stepper.evidence(
            known["m"], i, here, {**facts.attributes, **attributes}, {**facts.readings, **readings}
        )
        decision = next_step(self.ladder, known["subject"], evidence, self.reviews.moments[i])
        up = self.ladder.rungs[here.rank + 1] if here.rank + 1 < len(self.ladder.rungs) else None
        earn = None if up is None or up.earn is None else evaluate(up.earn, evidence)
        return Look(here.rank, decision, None if up is None else up.id, earn)


def with_nothing_held(frame: pl.DataFrame) -> pl.DataFrame:
    """No titles and no stage: a replay of a ladder gives none."""
    nothing = pl.lit([], dtype=pl.List(pl.String))
    return frame.with_columns(nothing.alias("titles"), nothing.alias("titles_held"))


def columns_over(frame: pl.DataFrame, readings: Mapping[str, Reading]) -> Columns:
    """Conditions as expressions over the rows of a past."""
    held = {name: reading for name, reading in readings.items() if name in frame.columns}

    def row_wise(condition: Condition) -> list[Truth]:
        return [truth(condition, evidence_of(row, held)) for row in frame.iter_rows(named=True)]

    return Columns(frame, row_wise)


def read(
    frame: pl.DataFrame, reduction: Reduction, readings: Mapping[str, Reading], columns: Columns | None = None
) -> pl.DataFrame:
    """`m`, `i`, the truths and what is carried, where one of them changes; sorted."""
    columns = columns or columns_over(frame, readings)
    truths = [columns.truth(condition).alias(name) for name, condition in reduction.truths.items()]
    carried = sorted(one if isinstance(one, str) else one.key for one in reduction.carried)
    kept = [name for name in carried if name in frame.columns]
    rows = columns.frame.select("m", "i", *truths, *kept)
    names = [*reduction.truths, *kept]
    same = [pl.col(name).eq_missing(pl.col(name).shift(1)) for name in names]
    again = (pl.col("m") == pl.col("m").shift(1)).fill_null(value=False)
    return rows.filter(~pl.all_horizontal(again, *same))
