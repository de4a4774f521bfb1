"""Histories: everything that happened, from the memory or straight from the files that would be imported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Engine

from operations.errors import Refusal
from operations.fact_gate import FactGate
from operations.import_members import MemberGate
from operations.ports.members import Members
from operations.rows import read_rows
from rules.counted import PRESENT, counted, fact_kinds
from rules.history.past import History
from rules.history.steps import OCCURRENCES
from rules.metric import MetricFromFacts
from rules.spec import Community
from rules.values import ValueType
from store.cells import SCHEMA, Past, cells_of, day_of
from store.fact_columns import MOMENT, dtype
from store.fact_rows import scan
from store.limits import limited
from store.members import told
from store.numbers import number_of
from store.past import Past as SqlPast
from store.suspicion import with_marks
from store.transaction import snapshot

SLICE = 500_000
"""Facts held in memory at once."""


class SqlHistories:
    """The port `Histories`, from the memory."""

    def __init__(self, engine: Engine, members: Callable[[Community], Members]) -> None:
        self._engine = engine
        self._members = members

    def of(self, community: Community, metrics: Collection[str], *, as_recorded: bool = False) -> History:
        people = _people(self._members(community).find(), told(community))
        with snapshot(self._engine) as connection:
            kinds = {id_: kind for id_, kind in fact_kinds(community).items() if id_ != PRESENT}
            frames = scan(connection, number_of(connection, community.id), kinds, SLICE)
            gathered = _Gathered(community, metrics, SqlPast(connection, community), as_recorded)
            for some in frames:
                gathered.take(some)
        if not people.height:
            raise Refusal(f"{community.id} has no members yet.", "`trellis import members FILE` takes them in.")
        return gathered.history(
            people, f"Nothing has happened in {community.id} yet.", "`trellis import facts FILE` takes facts in."
        )


class FileHistories:
    """The port `Histories`, from a file of members and a file of facts; no server is needed.

    Args:
        members, facts: CSV (also .gz) or NDJSON, as `trellis import` takes them.
        seen: told how many bytes were read.
    """

    def __init__(self, members: Path, facts: Path, seen: Callable[[int], None] = lambda _: None) -> None:
        self._files = members, facts
        self._seen = seen
        self.rejected: dict[Path, tuple[int, str]] = {}

    def of(self, community: Community, metrics: Collection[str], *, as_recorded: bool = False) -> History:
        members, facts = self._files
        attributes = told(community)
        gate = MemberGate(attributes, community)
        found = []
        for batch in read_rows(members, self._seen):
            gated = gate.take(batch)
            found.extend(gated.members)
            self._reject(members, gated.rejects)
        if not found:
            raise Refusal(f"{members} holds no members.", "One row for each, with the columns id and joined.")
        people = _people(found, attributes)
        gathered = _Gathered(community, metrics, _FilePast(people, community), as_recorded)
        kinds = fact_kinds(community)
        fact_gate = FactGate(kinds, community.zone)
        judged_whole: dict[str, list[pl.DataFrame]] = {}
        for batch in read_rows(facts, self._seen):
            some = fact_gate.take(batch)
            self._reject(facts, some.rejects)
            for id_ in [id_ for id_ in some.kinds if kinds[id_].suspicion is not None]:
                judged_whole.setdefault(id_, []).append(some.kinds.pop(id_))
            gathered.take(some.kinds)
        for id_, parts in judged_whole.items():
            gathered.take({id_: with_marks(pl.concat(parts, how="diagonal"), kinds[id_])})
        _, first = self.rejected.get(facts, (0, ""))
        nothing = f"{facts} holds no facts that fit: {first}." if first else f"{facts} holds no facts."
        return gathered.history(people, nothing, "One row for each, with the columns member, kind and at.")

    def _reject(self, path: Path, rejects: Collection[Any]) -> None:
        if rejects:
            count, first = self.rejected.get(path, (0, ""))
            one = next(iter(rejects))
            self.rejected[path] = (count + len(rejects), first or f"line {one.line}: {one.reason}; {one.fix}")


class _Gathered:
    """Facts become occurrences, a slice at a time."""

    def __init__(self, community: Community, metrics: Collection[str], past: Past, as_recorded: bool) -> None:
        known = counted(community)
        self._metrics = {id_: known[id_] for id_ in sorted(metrics) if id_ in known and PRESENT not in known[id_].kinds}
        self._numbered = dict(enumerate(self._metrics.values()))
        self._zone = community.zone
        self._past = past
        self._as_recorded = as_recorded
        self._parts: dict[int, list[pl.DataFrame]] = {key: [] for key in self._numbered}
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._facts = 0

    def take(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take a slice of typed facts, by kind."""
        held = {id_: frame for id_, frame in frames.items() if frame.height}
        if self._as_recorded:
            held = {
                id_: frame.with_columns(pl.max_horizontal("at", "recorded_at").alias("at"))
                for id_, frame in held.items()
            }
        for frame in held.values():
            self._facts += frame.height
            first, last = frame["at"].min(), frame["at"].max()
            assert isinstance(first, datetime)
            assert isinstance(last, datetime)
            self._first = first if self._first is None else min(first, self._first)
            self._last = last if self._last is None else max(last, self._last)
        for found in cells_of(self._numbered, held, self._zone, self._past, fine=True):
            for key, metric in self._numbered.items():
                part = found.cells.filter(pl.col("metric") == key)
                if part.height and metric.subject == found.subject:
                    self._parts[key].append(part)

    def history(self, people: pl.DataFrame, nothing: str, hint: str) -> History:
        """Everything that was taken.

        Raises:
            Refusal: that is nothing.
        """
        if self._first is None or self._last is None:
            raise Refusal(nothing, hint)
        occurrences = {metric.id: self._occurrences(key, metric) for key, metric in self._numbered.items()}
        return History(people, self._metrics, occurrences, self._first, self._last, self._facts)

    def _occurrences(self, key: int, metric: MetricFromFacts) -> pl.DataFrame:
        named = {**SCHEMA, "subject": pl.String}
        cells = pl.concat([pl.DataFrame(schema=named), *self._parts[key]], how="vertical")
        if metric.limits:
            cells = limited(cells, metric)
        return cells.select(list(OCCURRENCES))


class _FilePast:
    """What members' attributes were: what the file says, at all times; days since joining as they were."""

    def __init__(self, people: pl.DataFrame, community: Community) -> None:
        self._people = people
        self._zone = community.zone

    def __call__(self, frame: pl.DataFrame, column: str, attribute: str) -> pl.Series:
        who = frame.select(pl.col(column).alias("subject"), "at")
        if attribute in ("days_member", "age"):
            joined = who.join(self._people.select("subject", "joined"), on="subject", how="left", maintain_order="left")
            if attribute == "age":
                length = (pl.col("at") - pl.col("joined")).dt.total_seconds()
            else:
                length = (day_of(pl.col("at"), self._zone) - day_of(pl.col("joined"), self._zone)).cast(pl.Int64)
            return joined.select(pl.when(length < 0).then(0).otherwise(length).alias(attribute))[attribute]
        if attribute not in self._people.columns:
            return pl.Series(attribute, [None] * frame.height, dtype=pl.String)
        known = self._people.select("subject", attribute)
        return who.join(known, on="subject", how="left", maintain_order="left")[attribute]


def _people(members: Iterable[Any], types: Mapping[str, ValueType]) -> pl.DataFrame:
    """Members as a frame; whoever does not say when they joined is left out."""
    rows = {one.id: one for one in members if one.joined is not None}
    ordered = [rows[id_] for id_ in sorted(rows)]
    data: dict[str, list[Any]] = {
        "subject": [one.id for one in ordered],
        "joined": [one.joined for one in ordered],
        **{name: list(_values(ordered, name)) for name in types},
    }
    schema = {"subject": pl.String, "joined": MOMENT, **{name: dtype(type_) for name, type_ in types.items()}}
    return pl.DataFrame(data, schema=schema, strict=False)


def _values(members: Iterable[Any], name: str) -> Iterator[Any]:
    for one in members:
        value = one.attributes.get(name)
        yield sorted(value) if isinstance(value, frozenset) else value
