"""Measures from cells: what metrics read, for a whole community in one look."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import Connection, Engine, select

from rules.ahead import Kept
from rules.counted import counted
from rules.errors import NotDecidable
from rules.metric import MetricFromFacts
from rules.reading import Reading
from rules.spec import Community
from rules.values import Value
from store import chunks
from store.cells_now import FEW, SUBJECTS, CellsNow
from store.metric_register import built, maintained, rebuild
from store.numbers import number_of, subjects_of, try_exclusive
from store.sums import Places, cells_that_count, nothing_column, read_cells
from store.tables.members import member
from store.things import things
from store.transaction import snapshot

MANY = 2000
"""Of so many subjects all numbers are read at once, and values are put in place rather than joined."""


class SqlMeasures:
    """The port `Measures`.

    Metrics whose definition the current spec shares are read from their cells. Others, such as those of a spec that
    a run is pinned to, are computed from the facts themselves.

    Args:
        community: the spec whose metrics are read.
    """

    def __init__(self, engine: Engine, community: Community) -> None:
        self._engine = engine
        self._community = community

    def frame(
        self,
        subject: str,
        readings: Collection[Reading],
        *,
        at: datetime,
        zone: ZoneInfo,
        subjects: Collection[str] | pl.Series | pl.DataFrame | None = None,
        entered: Mapping[str, pl.DataFrame] | None = None,
        known_by: datetime | None = None,
        strictly: bool = False,
        narrow: bool = False,
    ) -> pl.DataFrame:
        asked = sorted(set(readings), key=lambda r: (r.metric, r.key))  # what shares its cells comes together
        metrics = {reading: self._metric(reading, subject) for reading in asked}
        self.tidy()
        with ExitStack() as stack:
            connection = stack.enter_context(snapshot(self._engine))
            number = number_of(connection, self._community.id)
            frame = self._subjects(connection, number, subject, subjects, at)
            shared = [r for r in asked if r.scope == "community" and subject != "community"]
            few = subjects is not None and len(subjects) <= FEW  # then theirs are looked up apart from everybody's
            some = subjects is not None and not shared and frame.height < MANY  # of many, theirs are put in place
            only = frame["key"].drop_nulls() if few or some else None

            def look(wanted: Collection[Reading], only: pl.Series | None) -> CellsNow:
                by_id = {metrics[reading].id: metrics[reading] for reading in wanted}
                return CellsNow(
                    connection, self._community, at, zone, by_id, wanted, only, known_by=known_by, strictly=strictly
                )

            apart = few and bool(shared)
            cells = look([r for r in asked if r not in shared] if apart else asked, only)
            whole = look(shared, None) if apart else cells
            places = Places(frame["key"], narrow=narrow) if frame.height >= MANY else None
            beside = stack.enter_context(ThreadPoolExecutor(1)) if places is not None else None
            following = [*asked[1:], None]
            for reading, next_ in zip(asked, following, strict=False):
                metric = metrics[reading]
                if beside is not None and next_ is not None and next_ not in shared:
                    cells.ahead(metrics[next_], beside)
                if reading.scope == "community" and subject != "community":
                    value = whole.whole(metric, reading)
                    frame = frame.with_columns(pl.lit(value, dtype=nothing_column(metric).dtype).alias(reading.key))
                    continue
                since = _entered(reading, entered, frame)
                frame = read_cells(frame, cells.of(metric, reading), metric, reading, at, zone, since, places=places)
        return frame.drop("key")

    def numbered(self, subject: str, subjects: pl.Series, at: datetime) -> pl.DataFrame:
        with snapshot(self._engine) as connection:
            number = number_of(connection, self._community.id)
            return self._subjects(connection, number, subject, subjects, at)

    def kept(
        self,
        member: str,
        readings: Collection[Reading],
        *,
        at: datetime,
        entered: Mapping[str, datetime] | None = None,
        known_by: datetime | None = None,
    ) -> dict[Reading, Kept]:
        known, zone = counted(self._community), self._community.zone
        metrics = {
            reading: known[reading.metric]
            for reading in sorted(set(readings), key=lambda r: r.key)
            if reading.scope == "subject" and reading.metric in known and known[reading.metric].subject == "member"
        }
        self.tidy()
        with snapshot(self._engine) as connection:
            number = number_of(connection, self._community.id)
            keys = subjects_of(connection, number, "member", [member])["key"]
            by_id = {metric.id: metric for metric in metrics.values()}
            cells = CellsNow(
                connection, self._community, at, zone, by_id, list(metrics), keys, known_by=known_by, entire=True
            )
            found = {}
            for reading, metric in metrics.items():
                own = cells.of(metric, reading).filter(pl.col("subject").is_in(keys.implode()))
                since = (entered or {}).get(reading.over)
                found[reading] = Kept(metric, cells_that_count(own, metric, reading), since)
            return found

    def community(
        self, readings: Collection[Reading], at: datetime, *, known_by: datetime | None = None
    ) -> dict[Reading, Value | None]:
        self.tidy()
        metrics = {reading: self._metric(reading, "") for reading in readings}
        with snapshot(self._engine) as connection:
            zone = self._community.zone
            by_id = {metric.id: metric for metric in metrics.values()}
            cells = CellsNow(connection, self._community, at, zone, by_id, list(metrics), known_by=known_by)
            return {reading: cells.whole(metric, reading) for reading, metric in metrics.items()}

    def things(
        self,
        kind: str,
        names: Collection[str],
        at: datetime,
        *,
        ids: Collection[str] | None = None,
        then: bool = False,
    ) -> pl.DataFrame:
        with snapshot(self._engine) as connection:
            return things(connection, self._community, kind, names, at, ids=ids, then=then)

    def tidy(self) -> None:
        # what is in doubt is rebuilt and small chunks are merged, unless somebody else is in the way
        with self._engine.connect() as connection, connection.begin():
            if len(built(connection, self._community)) < len(maintained(connection, self._community)) and try_exclusive(
                connection, self._community.id
            ):
                rebuild(connection, self._community)
        chunks.merge(self._engine, self._community.id)

    def _metric(self, reading: Reading, subject: str) -> MetricFromFacts:
        metric = counted(self._community).get(reading.metric)
        if metric is None:
            raise NotDecidable(f"{reading.metric} is no metric that is computed from facts")
        if reading.scope not in ("subject", "community"):
            raise NotDecidable(f"{reading.name} is read of the {reading.scope}, not of a {subject}")
        if reading.scope == "subject" and subject and metric.subject != subject:
            raise NotDecidable(f"{reading.metric} is about a {metric.subject}, not about a {subject}")
        return metric

    def _subjects(
        self,
        connection: Connection,
        number: int,
        kind: str,
        ids: Collection[str] | pl.Series | pl.DataFrame | None,
        at: datetime,
    ) -> pl.DataFrame:
        """The rows of the answer: `subject` and its `key`, null for whoever has none."""
        if isinstance(ids, pl.DataFrame):
            return ids
        if kind == "community":
            names = [self._community.id] if ids is None else list(ids)
            return pl.DataFrame({"subject": names, "key": [0] * len(names)}, schema=SUBJECTS)
        if ids is None and kind != "member":
            return subjects_of(connection, number, kind).rename({"id": "subject"}).sort("subject")
        if ids is None:
            query = select(member.c.id).where(member.c.community == self._community.id, member.c.joined <= at)
            ids = list(connection.execute(query.order_by(member.c.id)).scalars())
        numbers = subjects_of(connection, number, kind, None if len(ids) >= MANY else list(ids))
        rows = pl.DataFrame({"subject": ids}, schema={"subject": pl.String})
        return rows.join(numbers, left_on="subject", right_on="id", how="left", maintain_order="left")


def _entered(reading: Reading, entered: Mapping[str, pl.DataFrame] | None, frame: pl.DataFrame) -> pl.DataFrame | None:
    """When the subjects entered, for a window that begins there: `subject`, `key`, `entered`."""
    if reading.over not in ("in_tier", "in_stage"):
        return None
    known = (entered or {}).get(reading.over)
    if known is None:
        return frame.clear().with_columns(pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("entered"))
    if known.height == frame.height and known["subject"].equals(frame["subject"]):
        return frame.select("subject", "key", known["entered"]).drop_nulls("entered")
    return frame.join(known.select("subject", "entered"), on="subject", how="inner").drop_nulls("entered")
