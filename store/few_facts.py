"""Few facts: the short way into the memory for the handful of facts that a step of a run records.

The columns of `store.facts` pay for thousands of facts at once; for one they cost a hundred times what it is worth.
Here a fact is a row and its cells are counted by the reference meaning of metrics (`rules.metric.occurrences`). What
is not plain (facts that may be suspect, that are there already or were withdrawn, members who were joined, metrics
that look at a member's past) is left to the columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, TEXT

from operations.ports.facts import Recorded
from rules.counted import ByDigest, counted, definitions, fact_kinds
from rules.fact import Fact, FactKind, key_digits
from rules.metric import MetricFromFacts, Occurrence, as_text, occurrences
from rules.spec import Community
from rules.values import ValueType
from store.arrivals import awaited
from store.cells import SCHEMA, TOTAL, UNTOLD, cell_places, text_hash, unneeded
from store.fact_columns import BETWEEN, WITHIN, is_nothing, see_that_it_fits
from store.metric_register import kept
from store.numbers import Slot, current_of, number_subjects
from store.transaction import anew

FEW = 50
"""So many facts at most go the short way."""

_MOVES = ("moved_tier", "moved_stage")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COLUMNS = tuple(SCHEMA)
_ASIDE = frozenset({"metric", "subject", "n"})

_AROUND = text("""
    SELECT (SELECT digest FROM spec_version WHERE community = :id ORDER BY number DESC LIMIT 1) AS digest,
           EXISTS (SELECT FROM joining WHERE community = :id AND separated_at IS NULL)
        OR EXISTS (SELECT FROM fact WHERE community = :number AND id = ANY (CAST(:facts AS uuid[])))
        OR EXISTS (SELECT FROM withdrawn WHERE community = :number AND id = ANY (CAST(:facts AS uuid[]))) AS not_plain,
           (SELECT json_object_agg(id, json_build_array(key, slots)) FROM fact_kind
             WHERE community = :number AND id = ANY (:kinds)) AS kinds,
           (SELECT json_object_agg(id || ' ' || definition, key) FROM metric
             WHERE community = :number AND maintained AND id = ANY (:metrics)) AS metrics,
           (SELECT json_agg(json_build_array(s.kind, s.id, s.key))
              FROM unnest(:about, :subjects) AS u (kind, id)
              JOIN subject s ON s.community = :number AND s.kind = u.kind AND s.id = u.id) AS subjects
""").bindparams(*(bindparam(name, type_=ARRAY(TEXT)) for name in ("kinds", "metrics", "about", "subjects")))
_WRITE = text("""
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS r (id uuid, at timestamptz, recorded_at timestamptz, member int, kind smallint, fields text)
    ), taken AS (
        INSERT INTO fact (community, id, at, recorded_at, member, kind, fields)
        SELECT :number, id, at, recorded_at, member, kind, fields FROM given ORDER BY id
        ON CONFLICT DO NOTHING RETURNING id
    ), whole AS (
        SELECT WHERE (SELECT count(*) FROM taken) = :count
    ), kept AS (
        INSERT INTO chunk (community, metrics, first_day, last_day, cells, merged, data)
        SELECT :number, :metrics, :first_day, :last_day, :cells, false, :data FROM whole WHERE :cells > 0
    ), told AS (
        INSERT INTO fact_arrival (community) SELECT :id FROM whole WHERE :awaited
    )
    SELECT replace(id::text, '-', '') FROM taken
""").bindparams(bindparam("metrics", type_=ARRAY(INTEGER)))
_TAKE_BACK = text("DELETE FROM fact WHERE community = :number AND id = ANY (CAST(:facts AS uuid[]))")


@dataclass(frozen=True, slots=True)
class _Metrics:
    """The metrics of a spec for which cells are kept: by the kinds of facts that they read."""

    by_kind: Mapping[str, Sequence[MetricFromFacts]]
    definitions: Mapping[str, str]


def record(
    connection: Connection, number: int, community: Community, current: Community, facts: Sequence[Fact]
) -> Recorded | None:
    """Take facts in that are new and plain; None: nothing was done, they have to go the long way.

    The caller holds the definitions of metrics as they are (`store.numbers.shared`).

    Args:
        community: the spec whose kinds of facts are taken in.
        current: the spec whose metrics are kept.
    """
    told = _told(facts, fact_kinds(community), fact_kinds(current))
    if told is None:
        return None
    metrics = _metrics_of(ByDigest(current))
    found = _found(metrics, told, current)
    if found is None:
        return None
    subjects = {("member", fact.member) for fact in told if fact.member is not None}
    subjects |= {(metric.subject, one.subject) for metric, some in found for one in some if metric.key != "community"}
    around = _around(connection, number, community.id, told, [metric for metric, _ in found], sorted(subjects))
    if around.digest != current.digest:
        anew(connection, current_of(community.id))
        return None
    if around.not_plain:
        return None
    keys = {(kind, id_): int(key) for kind, id_, key in around.subjects or ()}
    if not _number(connection, number, keys, subjects):
        return None
    rows = _rows(told, fact_kinds(community), around.kinds or {}, keys)
    if rows is None:
        return None
    numbers = {id_.partition(" ")[0]: key for id_, key in (around.metrics or {}).items() if _is_ours(metrics, id_)}
    cells = [
        cell
        for metric, some in found
        if metric.id in numbers
        for cell in _cells(metric, numbers[metric.id], some, keys)
    ]
    return Recorded(new=len(told)) if _written(connection, number, current, rows, cells) else None


@lru_cache(maxsize=64)
def _metrics_of(current: ByDigest) -> _Metrics:
    spec = current.taken()
    by_kind: dict[str, list[MetricFromFacts]] = defaultdict(list)
    for metric in counted(spec).values():
        for kind in metric.kinds if kept(metric) else ():
            by_kind[kind].append(metric)
    return _Metrics(dict(by_kind), definitions(spec))


def _is_ours(metrics: _Metrics, written: str) -> bool:
    id_, _, definition = written.partition(" ")
    return metrics.definitions.get(id_) == definition


def _told(facts: Sequence[Fact], kinds: Mapping[str, FactKind], now: Mapping[str, FactKind]) -> list[Fact] | None:
    """The facts without what is as good as unknown, if all of them fit and none is more than a plain fact."""
    found: list[Fact] = []
    for fact in facts:
        kind, current = kinds.get(fact.kind), now.get(fact.kind)
        if kind is None or not kind.imported or fact.kind in _MOVES or not fact.fields.keys() <= kind.fields.keys():
            return None
        if kind.suspicion is not None or (current is not None and current.suspicion is not None):
            return None
        see_that_it_fits(fact, kind.fields)
        given = {name: value for name, value in fact.fields.items() if value is not None and not is_nothing(value)}
        found.append(Fact(f"={key_digits(fact.id)}", fact.kind, fact.member, fact.at, fact.recorded_at, given))
    return found if len({fact.id for fact in found}) == len(found) else None


def _found(
    metrics: _Metrics, facts: Sequence[Fact], current: Community
) -> list[tuple[MetricFromFacts, list[Occurrence]]] | None:
    """What counts for which metric; None where one looks at what members were at the time."""
    touched = {metric.id: metric for fact in facts for metric in metrics.by_kind.get(fact.kind, ())}
    by_somebody = any("by" in fact.fields for fact in facts)
    if any(metric.steps or ("staff" in metric.ignore and by_somebody) for metric in touched.values()):
        return None
    found = [(metric, list(occurrences(metric, facts, current.zone))) for metric in touched.values()]
    return [(metric, some) for metric, some in found if some]


def _around(
    connection: Connection,
    number: int,
    community: str,
    facts: Sequence[Fact],
    metrics: Sequence[MetricFromFacts],
    subjects: Sequence[tuple[str, str]],
) -> Any:
    """Everything that has to be known before they are written, in one question."""
    values = {
        "id": community,
        "number": number,
        "facts": _array([fact.id[1:] for fact in facts]),
        "kinds": sorted({fact.kind for fact in facts}),
        "metrics": [metric.id for metric in metrics],
        "about": [kind for kind, _ in subjects],
        "subjects": [id_ for _, id_ in subjects],
    }
    return connection.execute(_AROUND, values).one()


def _number(
    connection: Connection, number: int, keys: dict[tuple[str, str], int], subjects: set[tuple[str, str]]
) -> bool:
    """Give numbers to subjects that have none."""
    missing: dict[str, list[str]] = defaultdict(list)
    for kind, id_ in sorted(subjects - keys.keys()):
        missing[kind].append(id_)
    for kind, ids in missing.items():
        for id_, key in number_subjects(connection, number, kind, ids).iter_rows():
            keys[kind, id_] = key
    return subjects <= keys.keys()


def _rows(
    facts: Sequence[Fact],
    kinds: Mapping[str, FactKind],
    numbers: Mapping[str, tuple[int, list[Any]]],
    keys: Mapping[tuple[str, str], int],
) -> list[dict[str, Any]] | None:
    """Facts as rows; None where a kind has no room yet for one of their fields."""
    rows: list[dict[str, Any]] = []
    for fact in facts:
        if fact.kind not in numbers:
            return None
        key, written = numbers[fact.kind]
        fields = kinds[fact.kind].fields
        wanted = {Slot.of(name, fields[name].type): name for name in fact.fields}
        slots = [Slot(*slot) for slot in written]
        if not wanted.keys() <= set(slots):
            return None
        texts = (_text(fact.fields[wanted[slot]], fields[slot.name].type) if slot in wanted else "" for slot in slots)
        rows.append(
            {
                "id": fact.id[1:],
                "at": fact.at.isoformat(),
                "recorded_at": fact.recorded_at.isoformat() if fact.recorded_at is not None else None,
                "member": keys["member", fact.member] if fact.member is not None else None,
                "kind": key,
                "fields": BETWEEN.join(texts).rstrip(BETWEEN),
            }
        )
    return rows


def _text(value: Any, type_: ValueType) -> str:
    """A value as the table holds it; see `store.fact_columns.stored`."""
    if type_.kind == "set":
        return WITHIN.join(sorted(value))
    return str(int(value)) if type_.kind == "boolean" else str(value)


def _cells(
    metric: MetricFromFacts, number: int, found: Sequence[Occurrence], keys: Mapping[tuple[str, str], int]
) -> list[list[Any]]:
    """The cells of a metric, as coarse as it allows; see `store.cells`."""
    total = metric.take in ("sum", "mean") and not metric.limits
    blank = unneeded(metric)
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    sums: dict[tuple[Any, ...], int] = defaultdict(int)
    names = [name for name in _COLUMNS if name not in _ASIDE]
    for one in found:
        x, w = _value(metric, one)
        apart = BETWEEN.join(UNTOLD if value is None else value for value in one.apart) if metric.limits else None
        cell = {
            "by": one.by,
            "day": one.day,
            "t": (one.at - _EPOCH) // _MICROSECOND,
            "tie": one.tie,
            "x": None if total else x,
            "w": w,
            "apart": TOTAL if total else apart,
        }
        subject = 0 if metric.key == "community" else keys[metric.subject, one.subject]
        key = (subject, *(None if name in blank else cell[name] for name in names))
        counts[key] += 1
        sums[key] += x or 0
    cells = []
    for key, count in counts.items():
        cell = {"metric": number, "subject": key[0], **dict(zip(names, key[1:], strict=True)), "n": count}
        if total:
            cell["x"] = sums[key]
        cells.append([cell[name] for name in _COLUMNS])
    return cells


def _value(metric: MetricFromFacts, one: Occurrence) -> tuple[int | None, str | None]:
    """`x` and `w` of a cell."""
    value = one.value
    if metric.field is None or value is None:
        return None, None
    if isinstance(value, int):
        scale = 1 if metric.take == "distinct" else 10 ** (cell_places(metric) - metric.places(one.kind))
        return int(value) * scale, None
    return (text_hash(as_text(value)), None) if metric.take == "distinct" else (None, as_text(value))


def _written(
    connection: Connection, number: int, current: Community, rows: Sequence[Mapping[str, Any]], cells: list[list[Any]]
) -> bool:
    """Write facts, cells and the word that something came; False: somebody has just recorded one of them."""
    days = [cell[_COLUMNS.index("day")] for cell in cells]
    values = {
        "number": number,
        "id": current.id,
        "rows": orjson.dumps(rows).decode(),
        "count": len(rows),
        "metrics": sorted({cell[0] for cell in cells}),
        "first_day": min(days, default=0),
        "last_day": max(days, default=0),
        "cells": len(cells),
        "data": orjson.dumps(cells),
        "awaited": awaited(current),
    }
    taken = list(connection.execute(_WRITE, values).scalars())
    if len(taken) == len(rows):
        return True
    connection.execute(_TAKE_BACK, {"number": number, "facts": _array(taken)})
    return False


def _array(ids: Sequence[str]) -> str:
    return "{" + ",".join(ids) + "}"
