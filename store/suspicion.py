"""Suspicion in the memory: facts that look like gaming are marked when they come, or when earlier ones come late.

The meaning is in `rules.suspicion`; here whole columns are looked at, of the members concerned and the time that
matters.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import polars as pl
from sqlalchemy import Connection, text

from rules.fact import FactKind
from rules.suspicion import Suspicion
from store import fact_rows
from store.fact_columns import unstored
from store.numbers import KindNumber, kinds_of

_SLICE = 5_000
"""About so many facts are looked at for rings at a time, so that they do not meet all others."""

_LOCK = 0x73757370  # one recording of facts that may be suspect at a time, so that each sees the others


def lock(connection: Connection, community: int) -> None:
    """Wait for others who record facts that may be suspect; until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:space, :key)"), {"space": _LOCK, "key": community})


def flipped(
    connection: Connection, community: int, kind: FactKind, number: KindNumber, touched: pl.DataFrame | None
) -> pl.DataFrame:
    """Mark the facts of a kind anew, as far as some that came or went matter; returns the rows as they were before.

    Args:
        touched: rows that came (as they are now) or went (as they were); None: all facts of the kind are looked at.
    """
    suspicion = kind.suspicion or Suspicion()
    where, judging, members = f"community = {community} AND kind = {number.key}", pl.lit(value=True), None
    if touched is not None:
        first, last = touched["at"].min(), touched["at"].max()
        assert isinstance(first, datetime)
        assert isinstance(last, datetime)
        away = timedelta(seconds=suspicion.seconds)
        since, until = first - (away if suspicion.whole else timedelta(0)), last + away
        judging = pl.col("at").is_between(since, until)
        beyond = until + away if suspicion.whole else until  # what is judged by what comes after it
        where += f" AND at >= timestamptz '{since - away}' AND at <= timestamptz '{beyond}'"
        members = _concerned(connection, community, kind, number, touched)
    rows = _read(connection, community, where, members)
    steps = 3 if suspicion.ring is not None else 1 if suspicion.reciprocal is not None else 0
    known = members
    for step in range(steps):
        if known is None:
            break
        more = _concerned(connection, community, kind, number, rows)
        if more is not None and more <= known:
            break  # they are among themselves
        known = None if more is None else known | more
        rows = _read(connection, community, where, known)
        if suspicion.ring is not None and step == 0:
            members = known  # whoever is named beside one of those concerned may have closed a ring
    if not rows.height:
        return rows
    names = fact_rows.names_in(connection, community, rows)
    facts = unstored(fact_rows.named(rows.with_columns(suspect=pl.lit(0, dtype=pl.Int8)), names), number, kind)
    found = suspects_of(facts, suspicion)
    judged = rows.with_columns(pl.col("id").is_in(found.implode()).cast(pl.Int8).alias("_found")).filter(judging)
    if members is not None:
        judged = judged.filter(pl.col("member").is_in(sorted(members)))
    flips = judged.filter(pl.col("_found") != pl.col("suspect"))
    for mark in (0, 1):
        fact_rows.mark(connection, community, flips.filter(pl.col("_found") == mark)["id"].to_list(), bool(mark))
    return flips.drop("_found")


def mark_all(connection: Connection, community: int, kinds: Mapping[str, FactKind]) -> None:
    """Mark all facts of these kinds anew, as when it was decided otherwise what is suspect."""
    for id_, number in kinds_of(connection, community).items():
        if id_ not in kinds:
            continue
        query = "SELECT EXISTS (SELECT FROM fact WHERE community = :community AND kind = :kind AND suspect)"
        values = {"community": community, "kind": number.key}
        if kinds[id_].suspicion is not None or connection.execute(text(query), values).scalar():
            flipped(connection, community, kinds[id_], number, None)


def with_marks(facts: pl.DataFrame, kind: FactKind) -> pl.DataFrame:
    """All facts of a kind (a typed frame), those that are found suspect marked so."""
    found = pl.col("id").is_in(suspects_of(facts, kind.suspicion or Suspicion()).implode())
    given = pl.col(".suspect") if ".suspect" in facts.columns else pl.lit(None, dtype=pl.Boolean)
    return facts.with_columns(pl.when(found).then(True).otherwise(given).alias(".suspect"))


def suspects_of(facts: pl.DataFrame, suspicion: Suspicion) -> pl.Series:
    """The ids of the facts of one kind (a typed frame) that are suspect; as `rules.suspicion.suspects`."""
    known = facts.filter(pl.col("member").is_not_null()).sort("at", "id")
    found = [pl.Series("id", [], dtype=pl.String)]
    for burst in suspicion.bursts:
        if burst.of is not None and burst.of != "member" and f".{burst.of}" not in known.columns:
            continue
        name = None if burst.of in (None, "member") else f".{burst.of}"
        run = known if name is None else known.filter(pl.col(name).is_not_null())
        if name is not None and isinstance(run[name].dtype, pl.List):
            run = run.with_columns(pl.col(name).list.sort().list.join("\x1e"))
        keys = ["member"] if name is None else ["member", name]
        first = pl.col("at").shift(burst.count).over(keys)
        near = pl.col("at") - first <= pl.duration(seconds=burst.seconds)
        run = run.with_columns(near.fill_null(value=False).cast(pl.Int64).alias("_near"))
        found.append(run.filter(pl.col("_near") == 1)["id"])
        if burst.whole:
            run = run.with_columns(pl.col("_near").cum_sum().over(keys).alias("_by_now"))
            soon = pl.col("_by_now").shift(-burst.count).over(keys).fill_null(pl.col("_by_now").last().over(keys))
            found.append(run.filter(soon > pl.col("_by_now"))["id"])
    back, ring = suspicion.reciprocal, suspicion.ring
    if back is not None and f".{back.field}" in known.columns:
        pairs = _pairs(known, back.field)
        answered = _preceded(pairs, pairs, "other", "member", back.seconds)
        found.append(answered["id"])
        if back.whole:
            found.append(_preceded(pairs, pairs, "other", "member", back.seconds, after=True)["id"])
    if ring is not None and f".{ring.field}" in known.columns:
        found += _closing(_pairs(known, ring.field), ring.seconds, whole=ring.whole)
    return pl.concat(found).unique()


def _pairs(facts: pl.DataFrame, field: str) -> pl.DataFrame:
    """Facts in order of time: about whom, and which other member the field names."""
    pairs = facts.select("id", "at", "member", pl.col(f".{field}").alias("other"))
    return pairs.filter(pl.col("other").is_not_null() & (pl.col("other") != pl.col("member")))


def _preceded(
    pairs: pl.DataFrame, facts: pl.DataFrame, member: str, other: str, seconds: int, *, after: bool = False
) -> pl.DataFrame:
    """Those of the pairs before which there was a fact about the member in one column that names the one in another.

    Args:
        after: those after which there was one.
    """
    others = facts.select("at", pl.col("member").alias(member), pl.col("other").alias(other), met="at")
    found = pairs.join_asof(
        others, on="at", by=[member, other], strategy="forward" if after else "backward", check_sortedness=False
    )
    away = pl.col("met") - pl.col("at") if after else pl.col("at") - pl.col("met")
    return found.filter((away <= pl.duration(seconds=seconds)).fill_null(value=False)).drop("met")


def _closing(pairs: pl.DataFrame, seconds: int, *, whole: bool) -> list[pl.Series]:
    """The ids of the facts that close a ring of three: A from B, after B from C and C from A; or of all of the ring."""
    if not pairs.height:
        return []
    moments = pairs["at"].dt.epoch("s")
    span = int(moments[-1]) - int(moments[0])
    slices = (moments - int(moments[0])) // max(seconds, span // (pairs.height // _SLICE + 1) + 1)
    found = []
    for slice_ in slices.unique().to_list():
        near = pairs.filter((slices == slice_) | (slices == slice_ - 1))
        ways = near.select("member", "other").unique()
        ways = ways.filter(
            pl.col("member").is_in(ways["other"].implode()) & pl.col("other").is_in(ways["member"].implode())
        )
        onward = ways.select(other="member", third="other")
        rounds = pairs.filter(slices == slice_).join(onward, on="other").filter(pl.col("third") != pl.col("member"))
        rounds = rounds.join(ways.select(third="member", member="other"), on=["third", "member"], how="semi").sort("at")
        rounds = _preceded(rounds, near, "other", "third", seconds)
        rounds = _preceded(rounds, near, "third", "member", seconds)
        found.append(rounds["id"])
        for about, named in (("other", "third"), ("third", "member")) if whole else ():
            before = rounds.select("at", pl.col(about).alias("member"), pl.col(named).alias("other"))
            found.append(_preceded(near, before, "member", "other", seconds, after=True)["id"])
    return found


def _concerned(
    connection: Connection, community: int, kind: FactKind, number: KindNumber, rows: pl.DataFrame
) -> set[int] | None:
    """The numbers of the members whom these facts are about, and of those whom they name; None where they are many."""
    members = set(rows["member"].drop_nulls().to_list())
    names = kind.suspicion.names if kind.suspicion is not None else ()
    if names and rows.height:
        typed = unstored(rows.with_columns(pl.lit(None, dtype=pl.String).alias("member")), number, kind)
        for name in names:
            others = typed[f".{name}"].drop_nulls().unique().to_list() if f".{name}" in typed.columns else []
            if len(others) > fact_rows.FEW:
                return None
            query = text("SELECT key FROM subject WHERE community = :community AND kind = 'member' AND id = ANY (:ids)")
            members |= set(connection.execute(query, {"community": community, "ids": others}).scalars())
    return None if len(members) > fact_rows.FEW else members


def _read(connection: Connection, community: int, where: str, members: Collection[int] | None) -> pl.DataFrame:
    if members is not None:
        if not members:
            members = {-1}
        where += f" AND member IN ({', '.join(str(int(key)) for key in sorted(members))})"
    return fact_rows.where(connection, where)
