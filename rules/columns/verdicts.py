"""Verdicts: the procedures of ladders, lifecycle and rules over a whole community at once.

They say who moves where, row by row the same as the reference procedures; the reasons of those who move are then
read from the reference evaluator, which thereby checks every move.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import and_

import polars as pl

from rules.columns.truths import UNKNOWN, Columns, evidence_of
from rules.condition import Attribute, Best, Condition, Truth, sources
from rules.evaluate import truth
from rules.ladder import LONG_AGO, Ladder, Rung
from rules.lifecycle import NOWHERE, Transition
from rules.reading import Reading, reading_of
from rules.rulebook import Rulebook
from rules.values import Value

VERDICTS = {
    "subject": pl.String,
    "rule": pl.String,
    "outcome": pl.String,
    "from": pl.String,
    "to": pl.String,
    "because": pl.String,
}
"""The columns of `verdicts`."""

_ROW = "·row"


def judge(
    rulebook: Rulebook,
    frame: pl.DataFrame,
    at: datetime,
    *,
    community: Mapping[Reading, Value | None] | None = None,
    subject: str = "member",
) -> pl.DataFrame:
    """Judge every row of a frame.

    Args:
        rulebook: the compiled rules.
        frame: `subject`, a column per attribute (by name) and per reading (by `Reading.key`), scaled, null: unknown.
        at: the moment of the review, which waits are measured at.
        community: readings of the community, the same for every row.
        subject: which rules apply; ladders and lifecycle are about members.

    Returns:
        One row for each row, in the same order, with `subject` and
        for each ladder `NAME:outcome NAME:from NAME:to NAME:because NAME:kept NAME:earned`
        (the last two the truths of `keep` and of the next tier's `earn`, null for unknown or not asked),
        `lifecycle:from lifecycle:to lifecycle:because` and a truth `lifecycle:ID` for each transition with `observe`
        (null where its stage is another), and a truth `rule:NAME` for each rule.
    """
    given = {r.key: v for r, v in (community or {}).items() if v is not None and r.key not in frame.columns}
    whole = frame.with_columns(pl.lit(value).alias(key) for key, value in given.items()).with_row_index(_ROW)
    judged = [frame.select("subject")]
    if subject == "member":
        judged.extend(_ladder(ladder, whole, at) for ladder in rulebook.ladders)
        if rulebook.transitions:
            judged.append(_lifecycle(rulebook.transitions, whole, at))
    rules = rulebook.rules_of(subject)
    if rules:
        columns = columns_of(whole)
        truths = [columns.surely(rule.when).alias(f"rule:{rule.name}") for rule in rules]
        judged.append(_select(columns.frame, truths))
        columns.forget()
    return pl.concat(judged, how="horizontal")


def verdicts(judged: pl.DataFrame) -> pl.DataFrame:
    """One row per decision, sorted by subject and rule: every ladder, every move of stage, every rule that fired."""
    parts = [pl.DataFrame(schema=VERDICTS)]
    for name in judged.columns:
        owner, _, what = name.rpartition(":")
        if what == "outcome":
            parts.append(
                judged.select(
                    "subject",
                    pl.lit(owner).alias("rule"),
                    pl.col(name).alias("outcome"),
                    *(pl.col(f"{owner}:{one}").alias(one) for one in ("from", "to", "because")),
                )
            )
        elif name == "lifecycle:to":
            moved = judged.filter(pl.col(name).is_not_null())
            parts.append(
                moved.select(
                    "subject",
                    pl.lit("lifecycle").alias("rule"),
                    pl.lit("move").alias("outcome"),
                    *(pl.col(f"lifecycle:{one}").alias(one) for one in ("from", "to", "because")),
                )
            )
        elif name.startswith("rule:"):
            nothing = pl.lit(None, dtype=pl.String)
            parts.append(
                judged.filter(pl.col(name)).select(
                    "subject",
                    pl.lit(name.removeprefix("rule:")).alias("rule"),
                    pl.lit("fired").alias("outcome"),
                    nothing.alias("from"),
                    nothing.alias("to"),
                    pl.lit("").alias("because"),
                )
            )
    return pl.concat(parts).sort("subject", "rule")


# ------------------------------------------------------------------------------------------------------------- ladders
def _ladder(ladder: Ladder, whole: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Rows of one standing are read together, so that only the conditions of their own tier are asked."""
    here = whole.select(_ROW, _first(whole, ladder.standing.names, pl.String).alias("here"))["here"]
    nowhere = here.is_null()
    parts = [_unknown(whole.select(_ROW).filter(nowhere))] if nowhere.any() else []
    for rank, rung in enumerate(ladder.rungs):
        there = (here == rung.id).fill_null(value=False)
        if there.any():
            read = _read_on(ladder, rank)
            rows = whole.select(name for name in whole.columns if name in read)
            parts.append(_on_rung(ladder, rank, rows if there.all() else rows.filter(there), at))
    if not parts:
        parts.append(_unknown(whole.select(_ROW).clear()))
    judged = parts[0] if len(parts) == 1 else pl.concat(parts).sort(_ROW)
    tiers = [rung.id for rung in ladder.rungs]
    words = {"outcome": _OUTCOMES, "from": tiers, "to": tiers, "because": _BECAUSE}
    return judged.select(
        *(_worded(judged[name], said).alias(f"{ladder.name}:{name}") for name, said in words.items()),
        *(pl.col(name).alias(f"{ladder.name}:{name}") for name in ("kept", "earned")),
    )


_OUTCOMES = ("none", "keep", "grace", "promote", "demote")
_BECAUSE = ("", "unknown", "pinned", "exempt", "floor", "cooldown", "observe")


def _outcome(word: str) -> pl.Expr:
    return pl.lit(_OUTCOMES.index(word), dtype=pl.UInt8)


def _because(word: str) -> pl.Expr:
    return pl.lit(_BECAUSE.index(word), dtype=pl.UInt8)


def _worded(places: pl.Series, words: Sequence[str]) -> pl.Series:
    """Words by their places in a list: numbers are sorted and put together more quickly than texts."""
    return pl.Series(words, dtype=pl.String).gather(places)


def _read_on(ladder: Ladder, rank: int) -> frozenset[str]:
    """The columns that are read of members of one tier: nobody else's are carried along."""
    rungs = ladder.rungs[rank + 1 : rank + 1 + ladder.max_step]
    conditions = [ladder.exempt, *(floor.when for floor in ladder.floors), ladder.rungs[rank].keep]
    conditions.extend(rung.earn for rung in rungs)
    names = {_ROW, "titles", *ladder.since.names}
    for fact in ("pinned", "below_for", "met_for"):
        names.update(ladder.names(fact))
    return frozenset(names.union(*(columns_asked(one) for one in conditions if one is not None)))


def columns_asked(condition: Condition) -> set[str]:
    """The names of all columns that a condition may be read from, but for titles."""
    names: set[str] = set()
    for source in sources(condition):
        match source:
            case Attribute(found):
                names.update(found)
            case Best():
                names.update((source.whole, *source.names))
            case _:
                names.add(source.reading.key)
    return names


def _unknown(rows: pl.DataFrame) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.UInt32)
    return rows.select(
        _ROW,
        _outcome("none").alias("outcome"),
        nothing.alias("from"),
        nothing.alias("to"),
        _because("unknown").alias("because"),
        UNKNOWN.alias("kept"),
        UNKNOWN.alias("earned"),
    )


def _on_rung(ladder: Ladder, rank: int, rows: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The procedure of `rules.ladder.next_step`, for all members of one tier."""
    columns = columns_of(rows)
    rung = ladder.rungs[rank]
    kept = UNKNOWN if rung.keep is None else columns.truth(rung.keep)
    pinned = _first(rows, ladder.names("pinned"), pl.Boolean).fill_null(value=False)
    exempt = pl.lit(value=False) if ladder.exempt is None else columns.surely(ladder.exempt)
    held = [pl.when(columns.surely(floor.when)).then(floor.rank).otherwise(0) for floor in ladder.floors]
    lowest = pl.max_horizontal(pl.lit(0), *held).cast(pl.Int32)
    fell = kept.not_().fill_null(value=False) & (lowest < rank)
    below = _first(rows, ladder.names("below_for"), pl.Int64).fill_null(0)
    over = pl.lit(value=True) if rung.grace is None else below >= rung.grace.days(at)
    down = pl.max_horizontal(pl.lit(rung.falls_to, dtype=pl.Int32), lowest)

    cooled = pl.lit(value=True)
    if ladder.cooldown is not None:
        cooled = _first(rows, ladder.since.names, pl.Int64).fill_null(LONG_AGO) >= ladder.cooldown.days(at)
    climbed, earned = _climbs(ladder, rank, rows, columns, cooled, at)
    rises = climbed > rank
    observed = UNKNOWN if earned is None else earned
    next_earn = ladder.rungs[rank + 1].earn if rank + 1 < len(ladder.rungs) else None
    held_back = _because("") if next_earn is None else (
        pl.when(cooled.not_()).then(_because("cooldown"))
        .when(observed.fill_null(value=False)).then(_because("observe")).otherwise(_because(""))
    )  # fmt: skip
    judged = columns.frame.select(
        _ROW,
        pl.lit(rank, dtype=pl.UInt32).alias("from"),
        kept.alias("kept"),
        observed.alias("earned"),
        pinned.alias("pinned"),
        exempt.alias("exempt"),
        lowest.alias("lowest"),
        fell.alias("fell"),
        over.alias("over"),
        down.alias("down"),
        climbed.alias("climbed"),
        rises.alias("rises"),
        held_back.alias("held_back"),
    )
    columns.forget()
    col = pl.col
    stays = pl.when(col("kept").fill_null(value=False)).then(_outcome("keep")).otherwise(_outcome("none"))
    free = pl.when(col("pinned") | col("exempt"))
    floored = col("lowest") > rank
    outcome = (
        free.then(_outcome("none")).when(floored).then(_outcome("promote"))
        .when(col("fell") & col("over")).then(_outcome("demote")).when(col("fell")).then(_outcome("grace"))
        .when(col("rises")).then(_outcome("promote")).otherwise(stays)
    )  # fmt: skip
    to = (
        free.then(None).when(floored).then(col("lowest")).when(col("fell") & col("over")).then(col("down"))
        .when(col("fell")).then(None).when(col("rises")).then(col("climbed")).otherwise(None)
    ).cast(pl.UInt32)  # fmt: skip
    because = (
        pl.when(col("pinned")).then(_because("pinned")).when(col("exempt")).then(_because("exempt"))
        .when(floored).then(_because("floor")).when(col("fell") | col("rises")).then(_because(""))
        .otherwise(col("held_back"))
    )  # fmt: skip
    return judged.select(
        _ROW, outcome.alias("outcome"), "from", to.alias("to"), because.alias("because"), "kept", "earned"
    )


def _climbs(
    ladder: Ladder, rank: int, rows: pl.DataFrame, columns: Columns, cooled: pl.Expr, at: datetime
) -> tuple[pl.Expr, pl.Expr | None]:
    """The rank that each of them rises to, and the truth of the next tier's `earn`."""
    climbed = pl.lit(rank, dtype=pl.Int32)
    earned: pl.Expr | None = None
    so_far = [cooled]
    for step in range(rank + 1, min(rank + ladder.max_step, len(ladder.rungs) - 1) + 1):
        rung = ladder.rungs[step]
        if rung.earn is None:
            break
        if step == rank + 1:
            earned = columns.truth(rung.earn)
        so_far.append(columns.surely(rung.earn) & _observed(ladder, rung, rows, at))
        granted = reduce(and_, so_far)
        climbed = pl.when(granted).then(pl.lit(step, dtype=pl.Int32)).otherwise(climbed)
    return climbed, earned


def _observed(ladder: Ladder, rung: Rung, rows: pl.DataFrame, at: datetime) -> pl.Expr:
    if rung.observe is None:
        return pl.lit(value=True)
    return _first(rows, ladder.names("met_for"), pl.Int64).fill_null(LONG_AGO) >= rung.observe.days(at)


# ----------------------------------------------------------------------------------------------------------- lifecycle
def _lifecycle(transitions: Sequence[Transition], whole: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The first way that surely holds, from each row's stage."""
    columns = columns_of(whole)
    here = _first(whole, ("stage",), pl.String).fill_null(NOWHERE)
    chosen = pl.lit(None, dtype=pl.Int32)
    looked: list[pl.Expr] = []
    for place, way in reversed(list(enumerate(transitions))):
        leaves = here.is_in(pl.lit(pl.Series(list(way.from_), dtype=pl.String)).implode())
        holds = leaves & columns.surely(way.when)
        if way.observe is not None:
            met = _first(whole, way.met_for, pl.Int64).fill_null(LONG_AGO)
            looked.append(pl.when(leaves).then(columns.truth(way.when)).otherwise(UNKNOWN).alias(f"lifecycle:{way.id}"))
            holds = holds & (met >= way.observe.days(at))
        chosen = pl.when(holds).then(pl.lit(place, dtype=pl.Int32)).otherwise(chosen)
    found = _select(
        columns.frame, [_first(whole, ("stage",), pl.String).alias("lifecycle:from"), chosen.alias("·way"), *looked]
    )
    columns.forget()
    places = range(len(transitions))
    to = [way.to for way in transitions]
    ids = [way.id for way in transitions]
    taken = pl.col("·way")
    return found.select(
        pl.when(taken.is_not_null()).then(pl.col("lifecycle:from")).alias("lifecycle:from"),
        taken.replace_strict(places, to, return_dtype=pl.String, default=None).alias("lifecycle:to"),
        taken.replace_strict(places, ids, return_dtype=pl.String, default=None).alias("lifecycle:because"),
        *(name for name in found.columns if name not in ("lifecycle:from", "·way")),
    )


# ------------------------------------------------------------------------------------------------------------ the rest
def columns_of(frame: pl.DataFrame) -> Columns:
    """Expressions over this frame; a condition that outgrows 128 bits is read from it row by row."""
    readings = {name: reading for name in frame.columns if (reading := reading_of(name)) is not None}

    def row_wise(condition: Condition) -> list[Truth]:
        return [truth(condition, evidence_of(row, readings)) for row in frame.iter_rows(named=True)]

    return Columns(frame, row_wise)


def holding(condition: Condition, frame: pl.DataFrame) -> pl.Series:
    """On which rows of a frame a condition surely holds."""
    columns = columns_of(frame.with_row_index(_ROW))
    surely = columns.surely(condition)  # written first: what expressions share is added to the frame
    holds = columns.frame.select(_ROW, surely.alias("holds"))["holds"]
    columns.forget()
    return holds


def _first(frame: pl.DataFrame, names: Sequence[str], type_: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """The first of these columns that is known."""
    found = [pl.col(name).cast(type_) for name in names if name in frame.columns]
    return pl.coalesce(found) if found else pl.lit(None, dtype=type_)


def _select(frame: pl.DataFrame, exprs: Sequence[pl.Expr]) -> pl.DataFrame:
    """These expressions, one value for each row even where nothing is read."""
    return frame.select(_ROW, *exprs).drop(_ROW)
