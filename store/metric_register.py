"""Metric register: which definitions of metrics have cells, and how cells are rebuilt from facts when one is new."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, insert

from rules.counted import PRESENT, counted, definitions
from rules.metric import MetricFromFacts
from rules.spec import Community
from store import chunks
from store.cells import Found, cells_of, empty
from store.fact_rows import scan
from store.numbers import kinds_of, number_of, number_subjects
from store.past import Past
from store.tables.facts import fact
from store.tables.facts import metric as metric_table

SLICE = 500_000
"""Facts held in memory at once while cells are rebuilt."""


def kept(metric: MetricFromFacts) -> bool:
    """Whether cells are kept for a metric: not for those that count whoever is present."""
    return PRESENT not in metric.kinds


def adopt(connection: Connection, community: Community) -> int:
    """Keep cells for the metrics of this spec from now on, those of new definitions built from all facts.

    The caller holds the community exclusively. Returns how many metrics were built.
    """
    number = number_of(connection, community.id)
    wanted = {id_: defined for id_, defined in definitions(community).items() if kept(counted(community)[id_])}
    for id_, defined in sorted(wanted.items()):
        connection.execute(
            insert(metric_table)
            .values(community=number, id=id_, definition=defined, maintained=True, built=False)
            .on_conflict_do_nothing()
        )
    rows = connection.execute(select(metric_table).where(metric_table.c.community == number)).all()
    ours = {row.key for row in rows if wanted.get(row.id) == row.definition}
    dropped = {row.key for row in rows if row.maintained} - ours
    if dropped:
        chunks.forget(connection, number, dropped)
        _mark(connection, number, dropped, maintained=False, built=False)
    _mark(connection, number, ours, maintained=True)
    return rebuild(connection, community)


def maintained(connection: Connection, community: Community) -> dict[int, MetricFromFacts]:
    """The metrics of a spec whose cells are kept, by number, built or not."""
    return {key: metric for key, (metric, _) in _rows(connection, community).items()}


def built(connection: Connection, community: Community) -> dict[str, int]:
    """The numbers of the metrics of a spec whose cells agree with the facts, by id."""
    return {metric.id: key for key, (metric, right) in _rows(connection, community).items() if right}


def rebuild(connection: Connection, community: Community) -> int:
    """Build the cells of all maintained metrics that have none yet; the caller holds the community exclusively."""
    stale = {key: metric for key, (metric, right) in _rows(connection, community).items() if not right}
    if not stale:
        return 0
    number = number_of(connection, community.id)
    chunks.forget(connection, number, stale)
    for cells in from_facts(connection, community, stale):
        for (key,), part in cells.partition_by("metric", as_dict=True, maintain_order=True).items():
            assert isinstance(key, int)
            chunks.append(connection, number, chunks.added_up(part), merged=True)
    _mark(connection, number, stale, built=True)
    return len(stale)


def doubt(connection: Connection, community: Community, attributes: Collection[str]) -> None:
    """Have metrics rebuilt that read one of these attributes of members, for what was known of them has changed."""
    touched = [
        key
        for key, metric in maintained(connection, community).items()
        if {attribute.partition("@")[0] for _, attribute in (metric.steps or {}).values()} & set(attributes)
        or ("staff" in metric.ignore and "staff" in attributes)
    ]
    if touched:
        _mark(connection, number_of(connection, community.id), touched, built=False)


def doubt_since(connection: Connection, community: Community, attributes: Collection[str], at: datetime) -> None:
    """Have metrics rebuilt that read one of these of members, if facts that they read came after it changed."""
    number = number_of(connection, community.id)
    numbers = kinds_of(connection, number)
    for metric in maintained(connection, community).values():
        read = {attribute.partition("@")[0] for _, attribute in (metric.steps or {}).values()} & set(attributes)
        kinds = [numbers[id_].key for id_ in metric.kinds if id_ in numbers]
        if read and kinds:
            later = select(fact.c.id).where(fact.c.community == number, fact.c.kind.in_(kinds), fact.c.at >= at)
            if connection.execute(later.limit(1)).first() is not None:
                doubt(connection, community, read)


def from_facts(
    connection: Connection,
    community: Community,
    metrics: Mapping[int, MetricFromFacts],
    where: str = "",
    zone: ZoneInfo | None = None,
    *,
    fine: bool = False,
    members: Collection[int] | None = None,
) -> Iterator[pl.DataFrame]:
    """Cells computed from stored facts, a slice of facts at a time.

    Args:
        where: a further condition in SQL on the table `fact`.
        zone: whose days are meant, if not those of the community.
        fine: as for `cells_of`.
        members: only from facts of these, by their numbers.
    """
    kinds = {id_: kind for metric in metrics.values() for id_, kind in metric.kinds.items()}
    number = number_of(connection, community.id)
    past = Past(connection, community)
    for frames in scan(connection, number, kinds, SLICE, where, members):
        found = cells_of(metrics, frames, zone or community.zone, past, fine=fine)
        if found:
            yield numbered(connection, number, found)


def numbered(connection: Connection, community: int, found: Collection[Found]) -> pl.DataFrame:
    """Cells with the numbers of their subjects."""
    parts = [empty()]
    for subject in sorted({one.subject for one in found}):
        cells = pl.concat([one.cells for one in found if one.subject == subject])
        if subject == "community":
            parts.append(cells.with_columns(pl.lit(0, dtype=pl.Int32).alias("subject")))
            continue
        numbers = number_subjects(connection, community, subject, cells["subject"].unique().to_list())
        joined = cells.join(numbers, left_on="subject", right_on="id", how="left")
        parts.append(joined.with_columns(pl.col("key").alias("subject")).drop("key"))
    return pl.concat(parts)


def _rows(connection: Connection, community: Community) -> dict[int, tuple[MetricFromFacts, bool]]:
    metrics, defined = counted(community), definitions(community)
    query = select(metric_table).where(
        metric_table.c.community == number_of(connection, community.id), metric_table.c.maintained
    )
    return {
        row.key: (metrics[row.id], row.built)
        for row in connection.execute(query)
        if defined.get(row.id) == row.definition
    }


def _mark(connection: Connection, number: int, keys: Collection[int], **values: bool) -> None:
    if keys:
        which = metric_table.c.key == func.any(bindparam("keys", sorted(keys), type_=ARRAY(INTEGER)))
        connection.execute(update(metric_table).where(metric_table.c.community == number, which).values(**values))
