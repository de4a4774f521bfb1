"""Fact gate: rows of text become typed facts of the current spec, whole columns at a time; what does not fit is named.

Every value is judged by `rules.values.fit`, once for each different text in a column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from operations.errors import Refusal
from operations.rows import JOIN, Batch, Reject
from rules.errors import Unfit
from rules.fact import FactField, FactKind, key_digits
from rules.time.local import instant
from rules.values import LONGEST, Value, ValueType, fit, show

ALIASES: Mapping[str, str] = {"member_id": "member", "occurred_at": "at"}
"""Other names of columns."""

HEAD = ("id", "kind", "member", "at", "recorded_at")
MOMENT = pl.Datetime("us", "UTC")

_YES, _NO = frozenset({"true", "1", "yes", "t", "y"}), frozenset({"false", "0", "no", "f", "n"})
_USUAL = {"boolean": "true or false, yes or no, 1 or 0", "text": "a plain text"}
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Gated:
    """What a batch came to: typed frames by kind, rows that do not fit, and columns that nothing reads.

    A frame has `place` (in the batch), `id` (32 hexadecimal digits), `member`, `at`, `recorded_at` and one column for
    each field, its name with a dot before.
    """

    kinds: dict[str, pl.DataFrame] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)


class FactGate:
    """Takes rows of facts through.

    Args:
        kinds: the kinds of facts there are.
        zone: of times that name none.
    """

    def __init__(self, kinds: Mapping[str, FactKind], zone: ZoneInfo) -> None:
        self._kinds = {id_: kind for id_, kind in kinds.items() if kind.imported}
        self._zone = zone
        self._fields = {name for kind in self._kinds.values() for name in kind.fields}

    def take(self, batch: Batch) -> Gated:
        """Gate one batch; every row is either in a frame or among the rejects."""
        gated = Gated(rejects=list(batch.rejects))
        if not batch.lines:
            return gated
        frame = columns_of(batch, ALIASES, HEAD)
        gated.ignored = {name for name in frame.columns if name not in self._fields and name not in HEAD}
        frame = frame.with_columns(_identities(frame)).with_row_index("_row")
        bad = Complaints(batch)
        frame = self._with_times(frame, bad)
        for (kind,), part in frame.partition_by("kind", as_dict=True, maintain_order=True).items():
            found = self._kinds.get(str(kind)) if kind is not None else None
            if found is None:
                bad.all(part, "kind", *self._no_kind(kind))
                continue
            typed = self._typed(part, found, bad, gated.ignored)
            if typed.height:
                gated.kinds[found.id] = typed
        gated.rejects.extend(bad.rejects())
        gated.kinds = {id_: _without(typed, bad.rows) for id_, typed in gated.kinds.items()}
        return gated

    def _typed(self, part: pl.DataFrame, kind: FactKind, bad: Complaints, ignored: set[str]) -> pl.DataFrame:
        names = [name for name in part.columns if name not in (*HEAD, "_row") and part[name].count()]
        columns = []
        for name in names:
            wanted = kind.fields.get(name)
            if wanted is None:
                if name in self._fields:
                    ignored.add(f"{name} (of {kind.id})")
                continue
            column = judged(part, name, wanted.type, bad)
            within(part, name, column, wanted, bad)
            columns.append(column.alias(f".{name}"))
        for name, wanted in kind.own.items():
            if not wanted.optional:
                _require(part, name, wanted, bad)
        if kind.about == "member" and not any(f.refers == "member" and not f.optional for f in kind.own.values()):
            missing = part.filter(pl.col("member").is_null())
            bad.all(missing, "member", "it does not say whom it is about", "fill in the column member")
        judged(part, "member", ValueType("member"), bad)
        return part.select("_row", "id", "member", "at", "recorded_at", *columns)

    def _with_times(self, frame: pl.DataFrame, bad: Complaints) -> pl.DataFrame:
        bad.all(frame.filter(pl.col("at").is_null()), "at", "it does not say when it happened", "fill in the column at")
        return frame.with_columns(moments(frame, name, self._zone, bad).alias(name) for name in ("at", "recorded_at"))

    def _no_kind(self, kind: object) -> tuple[str, str]:
        if kind is None:
            return "it does not say what happened", "fill in the column kind"
        near = get_close_matches(str(kind), self._kinds, 1)
        hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(sorted(self._kinds)[:12])}, …"
        return f"there is no kind of fact {str(kind)[:60]!r}", hint


def columns_of(batch: Batch, aliases: Mapping[str, str], wanted: Iterable[str]) -> pl.DataFrame:
    """The columns of a batch that hold anything, under their proper names, and the wanted ones; no cell is blank.

    Raises:
        Refusal: two columns mean the same.
    """
    found = [name for name in batch.frame.columns if batch.frame[name].null_count() < batch.frame.height]
    named = {name: aliases.get(name, name) for name in found}
    twice = [name for name in named.values() if list(named.values()).count(name) > 1]
    if twice:
        both = " and ".join(repr(name) for name, proper in named.items() if proper == twice[0])
        raise Refusal(f"The columns {both} mean the same.", "Keep one of them.")
    frame = batch.frame.select(found).rename(named).with_columns(pl.all().str.strip_chars().replace("", None))
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in wanted if name not in frame.columns)


class Complaints:
    """What is wrong with rows of a batch; the first complaint about a row counts."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.rows: dict[int, Reject] = {}

    def one(self, row: int, column: str, value: str, reason: str, fix: str) -> None:
        """Complain about a row."""
        if row not in self.rows:
            line, raw = self._batch.lines[row], self._batch.raw[row]
            self.rows[row] = Reject(line, column, value[:200], reason, fix, raw)

    def all(self, part: pl.DataFrame, column: str, reason: str, fix: str) -> None:
        """Complain about every row of a frame."""
        for row, value in zip(part["_row"], part[column] if column in part.columns else part["_row"], strict=True):
            self.one(row, column, "" if value is None else str(value), reason, fix)

    def rejects(self) -> list[Reject]:
        """The complaints in the order of the rows."""
        return [self.rows[row] for row in sorted(self.rows)]


def judged(part: pl.DataFrame, name: str, type_: ValueType, bad: Complaints) -> pl.Series:
    """A column of text as values of a type; what does not fit is complained of and becomes null."""
    texts = part[name]
    if type_.kind in ("text", "member") and not type_.listed:
        long = part.filter(pl.col(name).str.len_chars() > LONGEST)
        bad.all(long, name, "the text is too long", f"at most {LONGEST} characters")
        return texts
    known = texts.drop_nulls().unique()
    values: dict[str, Any] = {}
    wrong: dict[str, Unfit] = {}
    for text in known:
        try:
            value = fit_text(text, type_, name)
            values[text] = sorted(value) if isinstance(value, frozenset) else value
        except Unfit as problem:
            wrong[text] = problem
    if wrong:
        for row, text in part.filter(pl.col(name).is_in(list(wrong))).select("_row", name).iter_rows():
            message = wrong[text].message.removeprefix(f"{name}: ")
            bad.one(row, name, text, message, wrong[text].hint or _USUAL.get(type_.kind, "give it as its type says"))
    dtype = column_type(type_)
    right = pl.Series(list(values.values()), dtype=dtype) if values else pl.Series([], dtype=dtype)
    if isinstance(dtype, pl.List):
        return pl.Series(name, [values.get(text) for text in texts], dtype=dtype)
    return texts.replace_strict(pl.Series(list(values), dtype=pl.String), right, default=None, return_dtype=dtype)


def within(part: pl.DataFrame, name: str, column: pl.Series, wanted: FactField, bad: Complaints) -> None:
    """Complain of values beyond the bounds that the field declares."""
    for bound, wrong, word in ((wanted.low, column.__lt__, "at least"), (wanted.high, column.__gt__, "at most")):
        if bound is not None:
            beyond = part.filter(wrong(bound).fill_null(False))
            bad.all(beyond, name, "it is out of bounds", f"{word} {show(bound, wanted.type)}")


def column_type(type_: ValueType) -> Any:
    """What a column of such values is made of."""
    if type_.kind == "boolean":
        return pl.Boolean
    if type_.kind == "set":
        return pl.List(pl.String)
    return pl.Int64 if type_.numeric else pl.String


def fit_text(text: str, type_: ValueType, name: str) -> Value:
    """One cell as a value: as `rules.values.fit`, from the forms in which spreadsheets and databases write things.

    Truths may be 1/0, yes/no; sets are divided by `;`; money may leave out the currency; a date may have a time.

    Raises:
        Unfit: it is none.
    """
    match type_.kind:
        case "integer":
            try:
                return fit(int(text) if len(text) < 25 else text, type_, name)
            except ValueError:
                return fit(text, type_, name)
        case "boolean":
            word = text.lower()
            return fit(True if word in _YES else False if word in _NO else text, type_, name)
        case "set":
            items = text.split(JOIN) if JOIN in text else text.replace("|", ";").split(";")
            return fit(_parts(text, [item.strip() for item in items if item.strip()], type_), type_, name)
        case "date":
            return fit(text[:10] if len(text) > 10 and text[10] in "T " else text, type_, name)
        case "money":
            whole = text if " " in text else f"{text} {type_.unit}"
            amount, _, unit = whole.partition(" ")
            return fit(f"{amount}.00 {unit}" if "." not in amount else whole, type_, name)
        case _:
            return fit(text, type_, name)


def _parts(text: str, items: list[str], type_: ValueType) -> list[str]:
    """The items; where only commas separate what are values of a list, it says how several are written."""
    listed = type_.listed
    if listed and len(items) == 1 and items[0] not in listed and "," in items[0]:
        parts = [part.strip() for part in items[0].split(",")]
        if all(part in listed for part in parts):
            raise Unfit(f"{text!r}: several values are separated by ; and not by a comma", ";".join(parts))
    return items


def moments(frame: pl.DataFrame, name: str, zone: ZoneInfo, bad: Complaints) -> pl.Series:
    """A column of text as UTC moments; a time without offset is local, a date its first instant."""
    texts = frame[name]
    quick = texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_unit="us", strict=False)
    if quick.dtype != MOMENT:
        quick = quick.dt.replace_time_zone("UTC") if quick.dtype == pl.Datetime("us") else quick.cast(MOMENT)
    left = frame.filter(quick.is_null() & texts.is_not_null()).select("_row", name)
    found: dict[int, datetime] = {}
    for row, text in left.iter_rows():
        try:
            found[row] = moment(text, zone)
        except ValueError:
            bad.one(row, name, text, "it is no time", "such as 2026-11-21T06:00:00Z or 2026-11-21 06:00")
    if found:
        more = pl.DataFrame({"_row": list(found), "_m": list(found.values())}, schema={"_row": pl.UInt32, "_m": MOMENT})
        both = frame.select("_row").with_columns(quick.alias("_q"))
        both = both.join(more, on="_row", how="left", maintain_order="left")
        quick = both.select(pl.coalesce("_q", "_m"))["_q"]
    far = frame.with_columns(quick.alias("_q")).filter((pl.col("_q") < _EARLIEST) | (pl.col("_q") >= _LATEST))
    bad.all(far, name, "it lies too far from now", "a year from 1900 to 2199")
    return quick


def moment(text: str, zone: ZoneInfo) -> datetime:
    """An ISO date or time in UTC.

    Raises:
        ValueError: it is none.
    """
    if len(text) > 40:
        raise ValueError(text)
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        return instant(read, zone)
    return read.astimezone(UTC)


def _identities(frame: pl.DataFrame) -> pl.Series:
    """The key of each row: of its `id`, or of everything that it says."""
    if frame["id"].null_count() == 0:
        return pl.Series("id", [key_digits(given) for given in frame["id"]], dtype=pl.String)
    names = sorted(name for name in frame.columns if name != "id")
    said = [pl.when(pl.col(n).is_not_null()).then(pl.lit(f"{n}\x1f") + pl.col(n)) for n in names]
    whole = frame.select(pl.concat_str(said, separator=JOIN, ignore_nulls=True).alias("id"))["id"]
    keys = [
        key_digits(given) if given is not None else _key(content)
        for given, content in zip(frame["id"], whole, strict=True)
    ]
    return pl.Series("id", keys, dtype=pl.String)


def _key(content: str) -> str:
    return hashlib.blake2b(b"row\x1f" + content.encode(), digest_size=16).hexdigest()


def _require(part: pl.DataFrame, name: str, wanted: FactField, bad: Complaints) -> None:
    missing = part if name not in part.columns else part.filter(pl.col(name).is_null())
    about = f"which {wanted.refers}" if wanted.refers else name
    bad.all(missing.select("_row"), name, f"it does not say {about}", f"fill in the column {name}")


def _without(frame: pl.DataFrame, rows: Iterable[int]) -> pl.DataFrame:
    left_out = list(rows)
    right = frame.filter(~pl.col("_row").is_in(left_out)) if left_out else frame
    return right.rename({"_row": "place"})
