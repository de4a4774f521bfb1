"""Fact columns: facts of one kind as typed columns, made from single facts, and to and from what the table holds.

A typed frame has `place` (in the batch), `id` (32 hexadecimal digits), `member`, `at`, `recorded_at` (UTC) and one
column for each field that any fact in it has, named with a dot before: `.work`. Numbers, dates and durations are Int64,
scaled by the places that the kind of fact declares now; truths are Boolean, texts String, sets lists of String.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from rules.fact import Fact, FactField, FactKind, Unfitting, key_digits
from rules.metric import places_of
from rules.values import BREAKS, LARGEST, LONGEST, ValueType
from store.numbers import KindNumber, Slot

BETWEEN = "\x1f"
WITHIN = "\x1e"
MOMENT = pl.Datetime("us", "UTC")
HEAD: Mapping[str, Any] = {
    "place": pl.UInt32,
    "id": pl.String,
    "member": pl.String,
    "at": MOMENT,
    "recorded_at": MOMENT,
}

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_EMPTY: tuple[object, ...] = ("", frozenset())  # as good as unknown
_BREAKS = frozenset(BREAKS)


def dtype(type_: ValueType) -> Any:
    """The type of a column that holds such values."""
    if type_.kind == "boolean":
        return pl.Boolean
    if type_.kind == "set":
        return pl.List(pl.String)
    return pl.Int64 if type_.numeric else pl.String


def schema_of(kind: FactKind, names: Iterable[str]) -> dict[str, Any]:
    """The columns of a typed frame with these fields."""
    return {**HEAD, **{f".{name}": dtype(kind.fields[name].type) for name in names}}


def typed(facts: Sequence[Fact], kinds: Mapping[str, FactKind]) -> dict[str, pl.DataFrame]:
    """Facts as typed frames, one for each kind, after the gate.

    Raises:
        Unfitting: a fact is of no known kind, has a field that its kind has not, or a value of another type.
    """
    by_kind: dict[str, list[tuple[int, Fact]]] = {}
    for place, fact in enumerate(facts):
        by_kind.setdefault(fact.kind, []).append((place, fact))
    return {id_: _frame(found, _known(kinds, id_)) for id_, found in sorted(by_kind.items())}


def stored(frame: pl.DataFrame, slots: Sequence[Slot], kind: FactKind) -> pl.Series:
    """The `fields` of each fact, as the table holds them."""
    parts = [
        _as_text(slot.name, kind.fields[slot.name].type).fill_null("")
        if f".{slot.name}" in frame.columns and Slot.of(slot.name, kind.fields[slot.name].type) == slot
        else pl.lit("")
        for slot in slots
    ]
    if not parts:
        return pl.Series("fields", [""] * frame.height, dtype=pl.String)
    joined = pl.concat_str(parts, separator=BETWEEN).str.strip_chars_end(BETWEEN)
    return frame.with_columns(joined.alias("fields"))["fields"]  # also where no fact says anything: one for each


def unstored(rows: pl.DataFrame, number: KindNumber, kind: FactKind) -> pl.DataFrame:
    """A typed frame from rows of the table (`id`, `member`, `at`, `recorded_at`, `fields`) of one kind.

    What the filters found suspect (`suspect` of the row) is so in the frame. A value that was written under a type
    which its field no longer has, and which cannot be told in the new one, is unknown.
    """
    values: dict[str, list[pl.Expr]] = {}
    split = pl.col("fields").str.split(BETWEEN)
    for place, slot in enumerate(number.slots):
        field = kind.fields.get(slot.name)
        if field is None:
            continue
        text = pl.col("_split").list.get(place, null_on_oob=True)
        text = pl.when(text == "").then(None).otherwise(text)
        value = _as_value(text, slot, field.type)
        if value is not None:
            values.setdefault(slot.name, []).append(value)
    if "suspect" in rows.columns and (rows["suspect"] == 1).any():
        given = values.get("suspect", [pl.lit(None, dtype=pl.Boolean)])
        values["suspect"] = [pl.when(pl.col("suspect") == 1).then(True).otherwise(pl.coalesce(given))]
    columns = [pl.coalesce(found).alias(f".{name}") for name, found in values.items()]
    placed = rows.with_columns(split.alias("_split"), pl.int_range(pl.len(), dtype=pl.UInt32).alias("place"))
    return placed.select(*HEAD, *columns)


def slots_of(frame: pl.DataFrame, kind: FactKind) -> list[Slot]:
    """The slots that the values of a typed frame need."""
    names = [name[1:] for name in frame.columns if name[0] == "." and frame[name].null_count() < frame.height]
    return [Slot.of(name, kind.fields[name].type) for name in names]


def facts_of(frame: pl.DataFrame, kind: str) -> list[Fact]:
    """The facts of a typed frame; their ids are keys (`=` and 32 digits)."""
    names = [name for name in frame.columns if name[0] == "."]
    return [
        Fact(
            id="=" + row["id"],
            kind=kind,
            member=row["member"],
            at=row["at"],
            recorded_at=row["recorded_at"],
            fields={n[1:]: _plain(row[n]) for n in names if row[n] is not None},
        )
        for row in frame.iter_rows(named=True)
    ]


def _plain(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list) else value


def _known(kinds: Mapping[str, FactKind], id_: str) -> FactKind:
    kind = kinds.get(id_)
    if kind is None or not kind.imported:
        raise Unfitting(f"there is no kind of fact {id_!r}", "declare it under facts: in metrics.yaml")
    return kind


def _frame(placed: Sequence[tuple[int, Fact]], kind: FactKind) -> pl.DataFrame:
    fields = kind.fields
    facts = [fact for _, fact in placed]
    names = sorted({name for fact in facts for name in fact.fields})
    for name in names:
        if name not in fields:
            raise Unfitting(f"a fact {kind.id!r} has no field {name!r}", f"its fields: {', '.join(sorted(fields))}")
    for fact in facts:
        see_that_it_fits(fact, fields)
    data: dict[str, list[Any]] = {
        "place": [place for place, _ in placed],
        "id": [key_digits(fact.id) for fact in facts],
        "member": [fact.member for fact in facts],
        "at": [fact.at for fact in facts],
        "recorded_at": [fact.recorded_at for fact in facts],
    }
    for name in names:
        found = (fact.fields.get(name) for fact in facts)
        data[f".{name}"] = [None if v in _EMPTY else sorted(v) if isinstance(v, frozenset) else v for v in found]
    return pl.DataFrame(data, schema=schema_of(kind, names))


def is_nothing(value: object) -> bool:
    """Whether a value is as good as unknown."""
    return value in _EMPTY


def see_that_it_fits(fact: Fact, fields: Mapping[str, FactField]) -> None:
    """See that a fact, whose fields its kind has, holds what these can hold.

    Raises:
        Unfitting: a value is of another type, or cannot be kept.
    """
    for moment in (fact.at, fact.recorded_at):
        if moment is not None and (moment.tzinfo is None or not _EARLIEST <= moment < _LATEST):
            raise Unfitting(f"{fact.kind}: {moment} is no time that can be kept", "an aware time from 1900 to 2199")
    _check_text("member", fact.member)
    for name, value in fact.fields.items():
        type_ = fields[name].type
        right = (
            type(value) is bool
            if type_.kind == "boolean"
            else isinstance(value, frozenset)
            if type_.kind == "set"
            else type(value) is int and abs(value) <= LARGEST
            if type_.numeric
            else isinstance(value, str)
        )
        if not right:
            raise Unfitting(
                f"{fact.kind}.{name}: {value!r} is no {type_.kind}",
                "whole numbers are scaled by the places that the field declares",
            )
        for text in value if isinstance(value, frozenset) else [value]:
            _check_text(f"{fact.kind}.{name}", text)


def _check_text(name: str, text: object) -> None:
    if isinstance(text, str) and (len(text) > LONGEST or not _BREAKS.isdisjoint(text)):
        raise Unfitting(f"{name}: the text is too long or holds a control character", f"at most {LONGEST} characters")


def _as_text(name: str, type_: ValueType) -> pl.Expr:
    column = pl.col(f".{name}")
    if type_.kind == "set":
        return column.list.sort().list.join(WITHIN)
    if type_.kind == "boolean":
        return column.cast(pl.Int8).cast(pl.String)
    return column.cast(pl.String)


def _as_value(text: pl.Expr, slot: Slot, now: ValueType) -> pl.Expr | None:
    """The value that a slot's text stands for, in the type that the field has now; None when it cannot be told."""
    slot_now = Slot.of(slot.name, now)
    if slot.kind == "set" or slot_now.kind == "set":
        return text.str.split(WITHIN) if slot.kind == slot_now.kind else None
    if slot_now.kind == "text":
        return text if slot.kind == "text" else None
    if slot_now.kind == "boolean":
        return text.eq("1") if slot.kind == "boolean" else None
    scaled = {"integer", "decimal"}
    if slot.kind != slot_now.kind and not {slot.kind, slot_now.kind} <= scaled:
        return None
    number = text.cast(pl.Int64, strict=False)
    grown = places_of(now) - slot.places
    if grown >= 0:
        return number.mul(10**grown)
    factor = 10**-grown
    fits: pl.Expr = number % factor == 0
    return pl.when(fits).then(number // factor)
