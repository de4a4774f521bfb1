"""Cells now: the cells that one look at the metrics needs, as of its moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import Connection

from rules.metric import MetricFromFacts
from rules.reading import Reading
from rules.spec import Community
from rules.time.local import day_start, local_day
from rules.time.window import Window
from rules.values import Value
from store import chunks
from store.cells import SCHEMA, cells_of, empty, needed, unneeded
from store.limits import limited
from store.metric_register import built, from_facts, kept, numbered
from store.numbers import number_of
from store.present import present_facts
from store.sums import read_cells

SUBJECTS = {"subject": pl.String, "key": pl.Int32}
LONGEST_PERIOD = 31
"""Days that a period of a limit may have."""
FEW = 20
"""Of so many members facts are looked up member by member; of more, all are read."""

MANY = 3_000_000
"""Beyond so many cells the readings of few members are computed from their own facts: chunks hold everybody's."""


class CellsNow:
    """The cells that one look needs, each metric's read once, facts after the moment of reading counted off.

    Args:
        only: the numbers of the subjects that are looked at, if nothing is read over everybody.
        known_by: facts that were recorded later are left out; None: all that are known now count.
        strictly: facts of the very moment are left out too.
        entire: cells with everything they say, not only what the readings are computed from.
    """

    def __init__(
        self,
        connection: Connection,
        community: Community,
        at: datetime,
        zone: ZoneInfo,
        metrics: Mapping[str, MetricFromFacts],
        readings: Collection[Reading],
        only: pl.Series | None = None,
        *,
        known_by: datetime | None = None,
        strictly: bool = False,
        entire: bool = False,
    ) -> None:
        self._connection = connection
        self._community = community
        self._at = at
        self._zone = zone
        self._only = only
        self._known_by = known_by
        self._entire = entire
        self._until, self._after = ("<", ">=") if strictly else ("<=", ">")
        self._number = number_of(connection, community.id)
        stored = {id_: metric for id_, metric in metrics.items() if kept(metric)}
        ours = built(connection, community) if str(zone) == str(community.zone) else {}
        if only is not None and len(only) <= FEW and chunks.size(connection, self._number) > MANY:
            ours = {id_: key for id_, key in ours.items() if id_ in metrics and not _of_own_facts(metrics[id_])}
        self._stored = {ours[id_]: m for id_, m in stored.items() if id_ in ours}
        self._numbers = {metric.id: key for key, metric in self._stored.items()}
        self._asked: dict[str, list[Reading]] = {}
        for reading in readings:
            self._asked.setdefault(reading.metric, []).append(reading)
        self._found: dict[str, pl.DataFrame] = {}
        self._coming: dict[str, Future[pl.DataFrame]] = {}
        self._read()
        self._found.update(self._computed({id_: m for id_, m in stored.items() if id_ not in ours}))
        for id_, metric in metrics.items():
            if not kept(metric):
                self._found[id_] = limited(self._present(metric), metric)

    def of(self, metric: MetricFromFacts, reading: Reading) -> pl.DataFrame:
        """The cells of a metric that count, as a reading needs them: by the moment where it asks for hours."""
        window = Window.parse(reading.over, reading.until)
        if not window.is_elapsed or not unneeded(metric) or not kept(metric):
            return self._cells(metric)
        where = ""
        if metric.dated_by is None:
            start, end = window.span(self._at, self._zone)
            where = f"at >= '{start.isoformat()}' AND at < '{end.isoformat()}' AND {self._by_then()}"
        found = self._facts({0: metric}, self._known(where), fine=True)
        return limited(pl.concat([empty(), *found]), metric)

    def ahead(self, metric: MetricFromFacts, beside: Executor) -> None:
        """Unpack the cells of a metric that is asked for next while others are added up."""
        if metric.id in self._numbers and metric.id not in self._found and metric.id not in self._coming:
            self._coming[metric.id] = beside.submit(self._unpacked, metric)

    def whole(self, metric: MetricFromFacts, reading: Reading) -> Value | None:
        """A reading over everybody."""
        one = pl.DataFrame({"subject": [""], "key": [0]}, schema=SUBJECTS)
        cells = self.of(metric, reading)
        frame = read_cells(one, cells, metric, reading, self._at, self._zone, None, whole=True)
        value: Value | None = frame[reading.key].item()
        return value

    def _read(self) -> None:
        """Fetch chunks, and what must be taken back of them; each metric is unpacked when it is asked for."""
        self._today = local_day(self._at, self._zone)
        first_days = {key: self._first_day(metric) for key, metric in self._stored.items()}
        self._back: list[pl.DataFrame] = []
        if self._stored:
            self._chunks = chunks.Chunks(self._connection, self._number, first_days)
            self._back = [*self._later_today(self._stored, self._today), *self._later_known(self._stored)]

    def _cells(self, metric: MetricFromFacts) -> pl.DataFrame:
        """The cells of one metric; only those that were unpacked last are held."""
        if metric.id not in self._numbers:
            return self._found[metric.id]
        if metric.id not in self._found:
            for id_ in self._numbers:
                self._found.pop(id_, None)
            coming = self._coming.pop(metric.id, None)
            self._found[metric.id] = self._unpacked(metric) if coming is None else coming.result()
        return self._found[metric.id]

    def _unpacked(self, metric: MetricFromFacts) -> pl.DataFrame:
        columns = set(SCHEMA) if self._entire else needed(metric, self._asked.get(metric.id, ()))
        key = self._numbers[metric.id]
        cells = self._chunks.cells(key, columns)
        if self._only is not None:
            cells = cells.filter(pl.col("subject").is_in(self._only.implode()))
        latest: Any = cells["day"].max()
        if metric.dated_by is None and latest is not None and latest > self._today:
            cells = cells.filter(pl.col("day") <= self._today)
        back = [frame.filter(pl.col("metric") == key).select(cells.columns) for frame in self._back]
        return limited(pl.concat([cells, *back]), metric)

    def _first_day(self, metric: MetricFromFacts) -> int | None:
        """The first day that any window of a metric looks at; None when one looks at all."""
        first: int | None = None
        for reading in self._asked.get(metric.id, ()):
            window = Window.parse(reading.over, reading.until)
            if window.since_entry or window.over == "all":
                return None
            days = window.days(self._at, self._zone)
            begins = days[0] if days else local_day(window.span(self._at, self._zone)[0], self._zone)
            first = begins if first is None else min(first, begins)
        if first is not None and metric.limits:
            return first - LONGEST_PERIOD  # whoever counts in a period is told by all of the period
        return first

    def _later_today(self, metrics: Mapping[int, MetricFromFacts], today: int) -> list[pl.DataFrame]:
        """Negative cells for the facts that came after the moment, but on its day."""
        own_time = {key: metric for key, metric in metrics.items() if metric.dated_by is None}
        where = f"at {self._after} '{self._at.isoformat()}' AND at < '{day_start(today + 1, self._zone).isoformat()}'"
        return self._taken_back(own_time, where)

    def _later_known(self, metrics: Mapping[int, MetricFromFacts]) -> list[pl.DataFrame]:
        """Negative cells for the facts that had happened by the moment, but were recorded later than asked for."""
        if self._known_by is None:
            return []
        late = f"recorded_at > '{self._known_by.isoformat()}'"
        own = {key: metric for key, metric in metrics.items() if metric.dated_by is None}
        dated = {key: metric for key, metric in metrics.items() if metric.dated_by is not None}
        return [
            *self._taken_back(own, f"{late} AND {self._by_then()}"),
            *self._taken_back(dated, late),
        ]

    def _taken_back(self, metrics: Mapping[int, MetricFromFacts], where: str) -> list[pl.DataFrame]:
        return [
            cells.with_columns(
                -pl.col("n"),
                pl.when(pl.col("metric").is_in(_totals(metrics))).then(-pl.col("x")).otherwise(pl.col("x")).alias("x"),
            )
            for cells in self._facts(metrics, where)
        ]

    def _computed(self, metrics: Mapping[str, MetricFromFacts]) -> dict[str, pl.DataFrame]:
        """Cells that nobody keeps, from the facts up to the moment."""
        if not metrics:
            return {}
        numbered_metrics = dict(enumerate(metrics.values()))
        own = {key: metric for key, metric in numbered_metrics.items() if metric.dated_by is None}
        dated = {key: metric for key, metric in numbered_metrics.items() if metric.dated_by is not None}
        parts = [empty(), *self._facts(own, self._known(self._by_then()))]
        parts.extend(self._facts(dated, self._known("")))
        cells = pl.concat(parts)
        return {
            metric.id: limited(cells.filter(pl.col("metric") == key), metric)
            for key, metric in numbered_metrics.items()
        }

    def _by_then(self) -> str:
        return f"at {self._until} '{self._at.isoformat()}'"

    def _known(self, where: str) -> str:
        if self._known_by is None:
            return where
        known = f"(recorded_at IS NULL OR recorded_at <= '{self._known_by.isoformat()}')"
        return f"{where} AND {known}" if where else known

    def _facts(
        self, metrics: Mapping[int, MetricFromFacts], where: str, *, fine: bool = False
    ) -> Iterator[pl.DataFrame]:
        """Cells from the facts themselves; of few members only their own facts are looked up, where that is enough."""
        if not metrics:
            return
        few = self._only is not None and len(self._only) <= FEW
        own = {key: metric for key, metric in metrics.items() if few and metric.key == "member"}
        rest = {key: metric for key, metric in metrics.items() if key not in own}
        if own and self._only is not None:
            theirs = self._only.to_list()
            yield from from_facts(self._connection, self._community, own, where, self._zone, fine=fine, members=theirs)
        if rest:
            yield from from_facts(self._connection, self._community, rest, where, self._zone, fine=fine)

    def _present(self, metric: MetricFromFacts) -> pl.DataFrame:
        """One fact for every member who is there."""
        facts = present_facts(self._connection, self._community, self._at, then=self._known_by is not None)
        found = cells_of({0: metric}, facts, self._zone, _nothing, fine=True)
        return numbered(self._connection, self._number, found) if found else empty()


def _of_own_facts(metric: MetricFromFacts) -> bool:
    """Whether a member's own facts are all that the metric needs."""
    return metric.key == "member" and not metric.steps


def _nothing(frame: pl.DataFrame, column: str, attribute: str) -> pl.Series:
    return pl.Series(attribute, [None] * frame.height, dtype=pl.String)


def _totals(metrics: Mapping[int, MetricFromFacts]) -> list[int]:
    return [key for key, metric in metrics.items() if metric.take in ("sum", "mean") and not metric.limits]
