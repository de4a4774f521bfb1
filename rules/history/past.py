"""Past: a community's members and what happened to them, and what was known of each at every review."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil, floor
from typing import Any

import polars as pl

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Condition,
    ExactlyOne,
    Held,
    Leaf,
    Measured,
    Named,
    Not,
    Source,
    Titles,
    sources,
)
from rules.history.entered import Entered
from rules.history.reviews import Reviews, micros
from rules.history.steps import Steps, steps
from rules.metric import MetricFromFacts
from rules.reading import Reading
from rules.time.local import local_day

SINCE_JOINING = ("days_member", "age")
"""Attributes that grow by themselves: whole days, and seconds."""
MOST_ROWS = 1_500_000
"""Rows that are looked at together."""


@dataclass(frozen=True, slots=True)
class History:
    """What happened in a community.

    Args:
        members: `subject`, `joined` (UTC) and one column for each attribute as it is known today; sorted by subject.
        metrics: what the metrics that are computed from facts mean.
        occurrences: what each of them counts, as `rules.history.steps.OCCURRENCES`; subjects are ids of members.
        first, last: when the first and the last fact happened.
        facts: how many there are.
    """

    members: pl.DataFrame
    metrics: Mapping[str, MetricFromFacts]
    occurrences: Mapping[str, pl.DataFrame]
    first: datetime
    last: datetime
    facts: int


@dataclass
class Past:
    """What was known of every member at every review at which something about them changed.

    Args:
        history: what happened.
        reviews: when it is looked at.
        readings: the base readings that conditions ask for.
        bounds: of what grows by itself (days as a member, time since), with what it is compared.
        everywhere: something is asked that changes at every review; every review is a row then.
        only: the numbers of the members that are looked at; everybody without.
    """

    history: History
    reviews: Reviews
    readings: Collection[Reading]
    bounds: Mapping[Attribute | Reading, frozenset[Fraction]]
    everywhere: bool = False
    only: Collection[int] | None = None
    _steps: dict[Reading, Steps] = field(default_factory=dict, repr=False)
    _everybody: pl.DataFrame = field(init=False, repr=False)
    joined: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        zone, members = self.reviews.zone, self.history.members
        joined = [moment.astimezone(UTC) for moment in members["joined"]]
        self.joined = [local_day(moment, zone) for moment in joined]
        self._everybody = (
            members.with_row_index("m")
            .with_columns(
                pl.col("m").cast(pl.Int32),
                pl.Series("·begins", [self.reviews.first_at(moment) for moment in joined], dtype=pl.Int32),
                pl.Series("·joined", self.joined, dtype=pl.Int64),
                pl.Series("·joined_at", [micros(moment) for moment in joined], dtype=pl.Int64),
            )
            .drop("joined")
            .filter(pl.col("·begins") < len(self.reviews))
        )
        if self.only is not None:
            self._everybody = self._everybody.filter(pl.col("m").is_in(list(self.only)))
        for reading in sorted(self.readings, key=lambda one: one.key):
            found = self._read(reading)
            if found is not None:
                self._steps[reading] = found

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows, some members at a time: `m`, `i`, attributes and readings as conditions read them; sorted.

        The first row of a member is the first review after joining; each holds until the next one.
        """
        for people in self._portions():
            yield self._frame(people)

    def _portions(self) -> Iterator[pl.DataFrame]:
        if self.everywhere:
            left = (len(self.reviews) - self._everybody["·begins"]).to_list()
        else:
            counts = _rows_of(self._everybody["m"], [one.frame for one in self._steps.values()])
            left = [1 + counts.get(m, 0) for m in self._everybody["m"]]
        start, rows = 0, 0
        for place, more in enumerate(left):
            if rows and rows + more > MOST_ROWS:
                yield self._everybody.slice(start, place - start)
                start, rows = place, 0
            rows += more
        if start < self._everybody.height:
            yield self._everybody.slice(start)

    def _frame(self, people: pl.DataFrame) -> pl.DataFrame:
        mine = pl.col("m").is_in(people["m"].implode())
        own = {reading: one for reading, one in self._steps.items() if reading.scope != "community"}
        parts = {
            reading: one.frame.filter(mine).join(people.select("m", "·begins"), on="m", how="inner")
            for reading, one in own.items()
        }
        points = [people.select("m", pl.col("·begins").alias("i"))]
        if self.everywhere:
            last = len(self.reviews)
            every = pl.int_ranges("·begins", last, dtype=pl.Int32).alias("i")
            points.append(people.select("m", every).explode("i"))
        else:
            points.extend(part.select("m", pl.max_horizontal("i", "·begins").alias("i")) for part in parts.values())
            points.extend(self._crossings(people, parts))
        rows = pl.concat(points).unique().sort("m", "i")
        rows = rows.with_columns((pl.col("m").cast(pl.Int64) * len(self.reviews) + pl.col("i")).alias("·at"))
        for reading, part in parts.items():
            rows = self._with(rows, reading, part)
        for reading, one in self._steps.items():
            if reading.scope == "community":
                whole = one.frame.select("i", pl.col("value").alias(reading.key)).sort("i")
                rows = rows.sort("i").join_asof(whole, on="i", strategy="backward").sort("m", "i")
                rows = self._finished(rows, reading, one)
        return self._with_people(rows.drop("·at"), people)

    def _with(self, rows: pl.DataFrame, reading: Reading, part: pl.DataFrame) -> pl.DataFrame:
        """Add a reading as of each row."""
        keyed = part.select(
            (pl.col("m").cast(pl.Int64) * len(self.reviews) + pl.col("i")).alias("·at"),
            pl.col("m").alias("·m"),
            pl.col("value").alias(reading.key),
        )
        joined = rows.join_asof(keyed.set_sorted("·at"), on="·at", strategy="backward", coalesce=True)
        own = pl.when(pl.col("·m") == pl.col("m")).then(pl.col(reading.key))
        return self._finished(joined.with_columns(own.alias(reading.key)).drop("·m"), reading, self._steps[reading])

    def _finished(self, rows: pl.DataFrame, reading: Reading, one: Steps) -> pl.DataFrame:
        column = pl.col(reading.key)
        if one.since:
            now = self.reviews.micros.gather(rows["i"])
            return rows.with_columns(((pl.lit(now) - column) // 1_000_000).alias(reading.key))
        nothing = self.history.metrics[reading.metric].nothing
        return rows if nothing is None else rows.with_columns(column.fill_null(nothing))

    def _with_people(self, rows: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
        joined = rows.join(people.drop("·begins"), on="m", how="left", maintain_order="left")
        days = pl.Series(self.reviews.days, dtype=pl.Int64).gather(rows["i"])
        now = self.reviews.micros.gather(rows["i"])
        return joined.with_columns(
            (pl.lit(days) - pl.col("·joined")).alias("days_member"),
            ((pl.lit(now) - pl.col("·joined_at")) // 1_000_000).alias("age"),
            pl.col("·joined").alias("joined"),
        ).drop("·joined", "·joined_at")

    def growing_at(self, member: int, i: int) -> tuple[dict[str, int], dict[Reading, int | None]]:
        """What grows by itself, as it is at a review that is no row: attributes, and readings."""
        now = int(self.reviews.micros[i])
        joined = micros(self.history.members["joined"][member].astimezone(UTC))
        attributes = {"days_member": self.reviews.days[i] - self.joined[member], "age": (now - joined) // 1_000_000}
        since: dict[Reading, int | None] = {}
        for reading, one in self._steps.items():
            if one.since:
                held = one.frame.filter((pl.col("m") == member) & (pl.col("i") <= i))["value"]
                last = held[-1] if held.len() else None
                since[reading] = None if last is None else (now - last) // 1_000_000
        return attributes, since

    # ------------------------------------------------------------------------------------------- what grows by itself
    def _crossings(self, people: pl.DataFrame, parts: Mapping[Reading, pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The reviews at which something that grows reaches or passes what it is compared with."""
        days = pl.Series(self.reviews.days, dtype=pl.Int64)
        for grows, bounds in self.bounds.items():
            if isinstance(grows, Reading):
                if grows in parts and self._steps[grows].since:
                    begun = parts[grows].drop_nulls("value").select("m", "·begins", "i", pl.col("value").alias("t"))
                    yield from self._reached(begun, bounds)
            elif "age" in grows.names:
                begun = people.select("m", "·begins", pl.col("·begins").alias("i"), pl.col("·joined_at").alias("t"))
                yield from self._reached(begun, bounds)
            else:
                for count in _around(bounds):
                    reached = days.search_sorted(people["·joined"] + count, "left")
                    yield self._points(people.select("m", "·begins"), reached)

    def _reached(self, begun: pl.DataFrame, bounds: frozenset[Fraction]) -> Iterator[pl.DataFrame]:
        for count in _around(bounds):
            reached = self.reviews.micros.search_sorted(begun["t"] + count * 1_000_000, "left").cast(pl.Int32)
            yield self._points(begun, pl.Series(pl.select(pl.max_horizontal(pl.lit(reached), begun["i"])).to_series()))

    def _points(self, who: pl.DataFrame, reached: pl.Series) -> pl.DataFrame:
        points = who.select("m", "·begins", pl.lit(reached.cast(pl.Int32)).alias("i"))
        return points.filter(pl.col("i") < len(self.reviews)).select("m", pl.max_horizontal("i", "·begins").alias("i"))

    # --------------------------------------------------------------------------------------------------------- readings
    def entered(self, readings: Collection[Reading]) -> Entered:
        """The readings since entering a tier among these."""
        cells = {}
        for reading in readings:
            if reading.over == "in_tier" and reading.scope == "subject" and reading.metric in self.history.metrics:
                cells[reading] = self._numbered(self.history.occurrences[reading.metric])
        return Entered(cells, self.history.metrics, self.reviews)

    def _numbered(self, cells: pl.DataFrame) -> pl.DataFrame:
        return cells.join(self._everybody.select("m", "subject"), on="subject", how="inner")

    def _read(self, reading: Reading) -> Steps | None:
        metric = self.history.metrics.get(reading.metric)
        cells = self.history.occurrences.get(reading.metric)
        if metric is None or cells is None or reading.scope not in ("subject", "community") or not replayed(reading):
            return None
        if reading.scope == "community":
            numbered = cells.with_columns(pl.lit(0, dtype=pl.Int32).alias("m"))
        else:
            numbered = self._numbered(cells)
        return steps(numbered.drop("subject"), metric, reading, self.reviews)


def replayed(reading: Reading) -> bool:
    """Whether a reading depends on facts alone, not on where somebody stood."""
    return reading.over not in ("in_tier", "in_stage")


def _rows_of(members: pl.Series, frames: Sequence[pl.DataFrame]) -> dict[int, int]:
    """How many rows there are of each member."""
    if not frames:
        return {}
    counted = pl.concat([frame.select("m") for frame in frames]).group_by("m").len()
    return dict(counted.iter_rows())


def growing(conditions: Collection[Condition], metrics: Mapping[str, MetricFromFacts]) -> tuple[dict[Any, Any], bool]:
    """What grows by itself and its bounds; and whether something changes at every review, for another reason."""
    bounds: dict[Any, frozenset[Fraction]] = {}
    everywhere = False
    for leaf in every_leaf(conditions):
        direct = _grows(leaf.source, metrics)
        plain = [bound for bound in leaf.bounds if isinstance(bound, Fraction)]
        if direct is not None and (len(plain) == len(leaf.bounds) or leaf.comparison == "is_known"):
            scale = leaf.source.type.scale
            bounds[direct] = bounds.get(direct, frozenset()) | {bound * scale for bound in plain}
            continue
        everywhere = everywhere or any(
            _grows(source, metrics) is not None or _of_all(source) for source in sources(leaf)
        )
    return bounds, everywhere


def every_leaf(conditions: Collection[Condition]) -> Iterator[Leaf]:
    """All comparisons, those inside named conditions and titles as well."""
    for condition in conditions:
        match condition:
            case Leaf(source=Named(node=node)):
                yield from every_leaf([node])
            case Leaf():
                yield condition
            case AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
                yield from every_leaf(nodes)
            case Not(node) | Titles(node=node):
                yield from every_leaf([node])
            case Held(held_by=held_by, rests_unless=rests):
                yield from every_leaf([part for part in (held_by, rests) if part is not None])
            case _:
                continue


def _grows(source: Source, metrics: Mapping[str, MetricFromFacts]) -> Attribute | Reading | None:
    match source:
        case Attribute(names) if set(names) & set(SINCE_JOINING):
            return source
        case Measured(reading) if (found := metrics.get(reading.metric)) and found.take in (
            "since_first",
            "since_last",
        ):
            return reading
    return None


def _of_all(source: Source) -> bool:
    return isinstance(source, Measured) and source.reading.scope == "community"


def _around(bounds: frozenset[Fraction]) -> list[int]:
    """The whole numbers at which a comparison with one of the bounds can come out otherwise than just before."""
    return sorted({edge for bound in bounds for edge in (ceil(bound), floor(bound) + 1)})
