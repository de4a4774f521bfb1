"""Cells now: the cells that one look at the metrics needs, as of its moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
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
from store.cells import cells_of, empty, unneeded
from store.metric_register import built, from_facts, kept, numbered
from store.numbers import number_of
from store.present import present_facts
from store.sums import read_cells

SUBJECTS = {"subject": pl.String, "key": pl.Int32}
FEW = 20
"""Of so many members facts are looked up member by member; of more, all are read."""


class CellsNow:
    """The cells that one look needs, each metric's read once, facts after the moment of reading counted off.

    Args:
        only: the numbers of the subjects that are looked at, if nothing is read over everybody.
        known_by: facts that were recorded later are left out; None: all that are known now count.
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
        known_by: datetime | None = None,
    ) -> None:
        self._connection = connection
        self._community = community
        self._at = at
        self._zone = zone
        self._only = only
        self._known_by = known_by
        self._number = number_of(connection, community.id)
        stored = {id_: metric for id_, metric in metrics.items() if kept(metric)}
        ours = built(connection, community) if str(zone) == str(community.zone) else {}
        self._found = self._read({ours[id_]: m for id_, m in stored.items() if id_ in ours}, readings)
        self._found.update(self._computed({id_: m for id_, m in stored.items() if id_ not in ours}))
        for id_, metric in metrics.items():
            if not kept(metric):
                self._found[id_] = self._present(metric)

    def of(self, metric: MetricFromFacts, reading: Reading) -> pl.DataFrame:
        """The cells of a metric that a reading needs: by the moment where it asks for hours and minutes."""
        window = Window.parse(reading.over, reading.until)
        if not window.is_elapsed or not unneeded(metric) or not kept(metric):
            return self._found[metric.id]
        where = ""
        if metric.dated_by is None:
            start, end = window.span(self._at, self._zone)
            where = f"at >= '{start.isoformat()}' AND at < '{end.isoformat()}' AND at <= '{self._at.isoformat()}'"
        found = self._facts({0: metric}, self._known(where), fine=True)
        return pl.concat([empty(), *found])

    def whole(self, metric: MetricFromFacts, reading: Reading) -> Value | None:
        """A reading over everybody."""
        one = pl.DataFrame({"subject": [""], "key": [0]}, schema=SUBJECTS)
        cells = self.of(metric, reading)
        frame = read_cells(one, cells, metric, reading, self._at, self._zone, None, whole=True)
        value: Value | None = frame[reading.key].item()
        return value

    def _read(self, metrics: Mapping[int, MetricFromFacts], readings: Collection[Reading]) -> dict[str, pl.DataFrame]:
        if not metrics:
            return {}
        cells = chunks.read(self._connection, self._number, metrics, self._first_day(metrics, readings))
        if self._only is not None:
            cells = cells.filter(pl.col("subject").is_in(self._only.implode()))
        today = local_day(self._at, self._zone)
        dated = [key for key, metric in metrics.items() if metric.dated_by is None]
        late = (pl.col("day") > today) & pl.col("metric").is_in(dated)
        parts = [cells.filter(~late), *self._later_today(metrics, today), *self._later_known(metrics)]
        cells = pl.concat(parts)
        return {
            metric.id: part if (part := cells.filter(pl.col("metric") == key)).height else empty()
            for key, metric in metrics.items()
        }

    def _first_day(self, metrics: Mapping[int, MetricFromFacts], readings: Collection[Reading]) -> int | None:
        """The first day that any window looks at; None when one looks at all."""
        first: int | None = None
        ids = {metric.id for metric in metrics.values()}
        if any(metric.limits for metric in metrics.values()):
            return None
        for reading in readings:
            if reading.metric not in ids:
                continue
            window = Window.parse(reading.over, reading.until)
            if window.since_entry or window.over == "all":
                return None
            days = window.days(self._at, self._zone)
            begins = days[0] if days else local_day(window.span(self._at, self._zone)[0], self._zone)
            first = begins if first is None else min(first, begins)
        return first

    def _later_today(self, metrics: Mapping[int, MetricFromFacts], today: int) -> list[pl.DataFrame]:
        """Negative cells for the facts that came after the moment, but on its day."""
        own_time = {key: metric for key, metric in metrics.items() if metric.dated_by is None}
        where = f"at > '{self._at.isoformat()}' AND at < '{day_start(today + 1, self._zone).isoformat()}'"
        return self._taken_back(own_time, where)

    def _later_known(self, metrics: Mapping[int, MetricFromFacts]) -> list[pl.DataFrame]:
        """Negative cells for the facts that had happened by the moment, but were recorded later than asked for."""
        if self._known_by is None:
            return []
        late = f"recorded_at > '{self._known_by.isoformat()}'"
        own = {key: metric for key, metric in metrics.items() if metric.dated_by is None}
        dated = {key: metric for key, metric in metrics.items() if metric.dated_by is not None}
        return [
            *self._taken_back(own, f"{late} AND at <= '{self._at.isoformat()}'"),
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
        parts = [empty(), *self._facts(own, self._known(f"at <= '{self._at.isoformat()}'"))]
        parts.extend(self._facts(dated, self._known("")))
        cells = pl.concat(parts)
        return {metric.id: cells.filter(pl.col("metric") == key) for key, metric in numbered_metrics.items()}

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
        if own and self._only is not None and len(self._only):
            theirs = f"member IN ({', '.join(str(int(key)) for key in self._only)})"
            both = f"{where} AND {theirs}" if where else theirs
            yield from from_facts(self._connection, self._community, own, both, self._zone, fine=fine)
        if rest:
            yield from from_facts(self._connection, self._community, rest, where, self._zone, fine=fine)

    def _present(self, metric: MetricFromFacts) -> pl.DataFrame:
        """One fact for every member who is there."""
        facts = present_facts(self._connection, self._community, self._at)
        found = cells_of({0: metric}, facts, self._zone, _nothing, fine=True)
        return numbered(self._connection, self._number, found) if found else empty()


def _nothing(frame: pl.DataFrame, column: str, attribute: str) -> pl.Series:
    return pl.Series(attribute, [None] * frame.height, dtype=pl.String)


def _totals(metrics: Mapping[int, MetricFromFacts]) -> list[int]:
    return [key for key, metric in metrics.items() if metric.take in ("sum", "mean") and not metric.limits]
