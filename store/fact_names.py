"""Fact names: facts that name a member, read, and written again under another name; metrics follow at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import polars as pl
from sqlalchemy import Connection

from rules.fact import FactKind
from store import fact_rows
from store.numbers import number_of, subjects_of

if TYPE_CHECKING:
    from store.facts import SqlFacts

Places = dict[str, list[str]]
"""Keys of facts, and in which places of each (`member`, or a field) a name stood."""
SUBJECT = "member"
_BARE = re.compile(r"[0-9]+|true|false|null")


def is_bare(name: str) -> bool:
    """Whether a name is like a number or a truth, which stand everywhere: it names somebody only where it is all."""
    return _BARE.fullmatch(name) is not None


def token(name: str) -> re.Pattern[str]:
    """Finds a name standing for itself inside keys, ids and texts: not as a part of a longer one."""
    if is_bare(name):
        return re.compile(rf"^{name}$")
    return re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(name)}(?![A-Za-z0-9_-])")


def naming(facts: SqlFacts, connection: Connection, name: str) -> dict[str, pl.DataFrame]:
    """Typed frames of all facts about a member, or with the name anywhere in their fields."""
    number = number_of(connection, facts.community.id)
    found = subjects_of(connection, number, "member", [name])
    quoted = name.replace("'", "''")
    about = f"member = {found['key'].item()} OR " if found.height else ""
    rows = fact_rows.where(connection, f"community = {number} AND ({about}strpos(fields, '{quoted}') > 0)")
    return facts.typed(connection, number, rows) if rows.height else {}


def rename(facts: SqlFacts, connection: Connection, old: str, new: str) -> Places:
    """Facts about a member, or naming them in a field that holds members, are about and name another one now."""
    touched: Places = {}
    changed: dict[str, pl.DataFrame] = {}
    kinds = facts.kinds()
    for id_, frame in naming(facts, connection, old).items():
        marked = _only_where(frame, kinds[id_], old, touched)
        if marked.height:
            changed[id_] = _swapped(marked, kinds[id_], old, new)
    if changed:
        facts.record_columns(changed, redirected=True)
    return touched


def restore(facts: SqlFacts, connection: Connection, old: str, new: str, places: Mapping[str, Collection[str]]) -> int:
    """The other way round, for the facts and places that `rename` told; returns how many."""
    number = number_of(connection, facts.community.id)
    rows = fact_rows.known(connection, number, list(places))
    if not rows.height:
        return 0
    kinds, changed, count = facts.kinds(), {}, 0
    for id_, frame in facts.typed(connection, number, rows).items():
        columns = [SUBJECT, *(f".{name}" for name in _members(kinds[id_]) if f".{name}" in frame.columns)]
        parts = []
        for column in columns:
            where = column.removeprefix(".")
            here = [key for key, named in places.items() if where in named]
            mine = pl.col("id").is_in(here)
            parts.append(pl.when(mine).then(_swap(pl.col(column), frame.schema[column], new, old)).otherwise(column))
        changed[id_] = frame.with_columns(part.alias(name) for part, name in zip(parts, columns, strict=True))
        count += frame.height
    facts.record_columns(changed, redirected=True)
    return count


def redirect(
    kinds: Mapping[str, FactKind], frames: Mapping[str, pl.DataFrame], old: str, new: str
) -> tuple[dict[str, pl.DataFrame], Places]:
    """Frames that come in, with a name put for another one, and where it stood."""
    touched: Places = {}
    for id_, frame in frames.items():
        _only_where(frame, kinds[id_], old, touched)
    if not touched:
        return dict(frames), {}
    return {id_: _swapped(frame, kinds[id_], old, new) for id_, frame in frames.items()}, touched


def rewrite(facts: SqlFacts, connection: Connection, name: str, replace: Callable[[str], str]) -> int:
    """All facts of others that have a name anywhere, with every text in them replaced; returns how many."""
    changed: dict[str, pl.DataFrame] = {}
    for id_, frame in naming(facts, connection, name).items():
        texts = [column for column, type_ in frame.schema.items() if type_ == pl.String and column != "id"]
        lists = [column for column, type_ in frame.schema.items() if type_ == pl.List(pl.String)]
        after = frame.with_columns(
            *(pl.col(one).map_elements(replace, return_dtype=pl.String) for one in texts),
            *(pl.col(one).list.eval(pl.element().map_elements(replace, return_dtype=pl.String)) for one in lists),
        )
        differs = pl.any_horizontal(frame[one].ne_missing(after[one]) for one in [*texts, *lists])
        changed[id_] = after.filter(frame.select(differs).to_series())
    changed = {id_: frame for id_, frame in changed.items() if frame.height}
    if changed:
        facts.record_columns(changed, redirected=True)
    return sum(frame.height for frame in changed.values())


def _members(kind: FactKind) -> list[str]:
    return [name for name, field in kind.fields.items() if field.refers == "member"]


def _only_where(frame: pl.DataFrame, kind: FactKind, name: str, touched: Places) -> pl.DataFrame:
    """The rows that name somebody as a member; where is added to `touched`."""
    columns = [SUBJECT, *(f".{one}" for one in _members(kind) if f".{one}" in frame.columns)]
    named = frame.select(_is(pl.col(one), frame.schema[one], name).alias(one) for one in columns)
    for row in frame.select("id").hstack(named).iter_rows(named=True):
        places = [one.removeprefix(".") for one in columns if row[one]]
        if places:
            touched.setdefault(row["id"], []).extend(places)
    return frame.filter(named.select(pl.any_horizontal(pl.all())).to_series())


def _swapped(frame: pl.DataFrame, kind: FactKind, old: str, new: str) -> pl.DataFrame:
    columns = [SUBJECT, *(f".{one}" for one in _members(kind) if f".{one}" in frame.columns)]
    return frame.with_columns(_swap(pl.col(one), frame.schema[one], old, new).alias(one) for one in columns)


def _is(column: pl.Expr, type_: pl.DataType, name: str) -> pl.Expr:
    found = column.list.contains(name) if type_ == pl.List(pl.String) else column == name
    return found.fill_null(False)


def _swap(column: pl.Expr, type_: pl.DataType, old: str, new: str) -> pl.Expr:
    if type_ == pl.List(pl.String):
        return column.list.eval(pl.element().replace(old, new)).list.unique().list.sort()
    return column.replace(old, new)
