"""Deciding: for a group of members, which comparison with which threshold makes the difference between two specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from operations.looking.ladder import OnLadder
from operations.preview.atoms import atoms, differences
from operations.preview.outlook import Part
from rules.columns import columns_of
from rules.condition import Condition
from rules.decision import Shown
from rules.ladder import LONG_AGO, Ladder, Rung
from rules.lasting import Waiting
from rules.lifecycle import NOWHERE

OTHERWISE = "otherwise"
"""The condition of those for whom no single comparison makes the difference."""


_NO_RUNG = Rung("", None, None, None, None, 0)


@dataclass(frozen=True, slots=True)
class Deciding:
    """One comparison, and for how many members it comes out otherwise.

    Args:
        condition: which one of the spec: `earn active`, `keep core`, `exempt`, `floor active`, `when slipping`,
            `cooldown`, `observe core`, `grace active`, `seats core`, or OTHERWISE.
    """

    condition: str
    metric: str | None
    over: str | None
    comparison: str | None
    old: Shown
    new: Shown
    members: int

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A condition of the old spec and what it is in the new one."""

    label: str
    old: Condition | None
    new: Condition | None


@dataclass(frozen=True, slots=True)
class _Wait:
    """How long something must have lasted, in days, in both specs; `names` are where the days are read."""

    label: str
    names: tuple[str, ...]
    old: int | None
    new: int | None


def deciding(
    old: Part | None,
    new: Part | None,
    subjects: pl.Series,
    leaves: str | None,
    to: str | None,
    kind: str,
    names: Mapping[str, str],
) -> tuple[Deciding, ...]:
    """What makes the difference for these members, the most frequent first.

    Args:
        leaves, to: names as they are in the new spec.
        names: old to new names of tiers or stages.
    """
    if subjects.is_empty():
        return ()
    if old is None or new is None:
        return (Deciding(OTHERWISE, None, None, None, None, None, len(subjects)),)
    pairs, waits = _asked(old, new, leaves, to, kind, {now: was for was, now in names.items()})
    who = pl.DataFrame({"subject": subjects})
    before, after = (who.join(p.found.frame, on="subject", how="left", maintain_order="left") for p in (old, new))
    columns: list[pl.Series] = []
    spans: list[tuple[int, int]] = []
    for pair in pairs:
        mine, theirs = _truths(pair.old, before), _truths(pair.new, after)
        spans.append((len(mine), len(theirs)))
        columns.extend([*mine, *theirs])
    for wait in waits:
        columns.extend(_waited(wait, before, after))
    columns.append(_seatless(old, who))
    columns.append(_seatless(new, who))
    table = pl.DataFrame([column.alias(str(n)) for n, column in enumerate(columns)])
    counts: dict[tuple[Any, ...], int] = {}
    for *truths, number in table.group_by(table.columns).len().iter_rows():
        for said in _said(pairs, waits, spans, truths, to) or [(OTHERWISE, None, None, None, None, None)]:
            counts[said] = counts.get(said, 0) + number
    found = [
        Deciding(label, metric, over, comparison, _listed(was), _listed(now), number)
        for (label, metric, over, comparison, was, now), number in counts.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.members, one.condition, str(one.metric), str(one.new))))


def _said(
    pairs: Sequence[_Pair],
    waits: Sequence[_Wait],
    spans: Sequence[tuple[int, int]],
    truths: Sequence[bool | None],
    to: str | None,
) -> list[tuple[Any, ...]]:
    """What makes the difference where everything comes out so."""
    found: list[tuple[Any, ...]] = []
    place = 0
    for pair, (mine, theirs) in zip(pairs, spans, strict=True):
        known = truths[place : place + mine], truths[place + mine : place + mine + theirs]
        place += mine + theirs
        for one in differences(pair.old, pair.new, *known):
            said = (pair.label, one.metric, one.over, one.comparison, _hashable(one.old), _hashable(one.new))
            found.append(said)
    for wait in waits:
        if truths[place] != truths[place + 1]:
            found.append((wait.label, wait.names[0], "all", "at_least", wait.old, wait.new))
        place += 2
    if truths[place] != truths[place + 1]:
        found.append((f"seats {to}", None, None, None, None, None))
    return found


def _truths(condition: Condition | None, frame: pl.DataFrame) -> list[pl.Series]:
    found = list(atoms(condition).values())
    if not found:
        return []
    columns = columns_of(frame)
    told = [columns.truth(atom).alias(f"·{n}·") for n, atom in enumerate(found)]
    truths = list(columns.frame.select("subject", *told).drop("subject").iter_columns())
    columns.forget()
    return truths


def _waited(wait: _Wait, before: pl.DataFrame, after: pl.DataFrame) -> Iterator[pl.Series]:
    for frame, days in ((before, wait.old), (after, wait.new)):
        if days is None:
            yield pl.Series([True]).new_from_index(0, frame.height)
            continue
        known = [pl.col(name) for name in wait.names if name in frame.columns]
        lasted = pl.coalesce(known) if known else pl.lit(None, dtype=pl.Int64)
        empty = 0 if wait.label.startswith("grace") else LONG_AGO
        yield frame.select("subject", (lasted.fill_null(empty) >= days).alias("waited"))["waited"]


def _seatless(part: Part, who: pl.DataFrame) -> pl.Series:
    return who["subject"].is_in(part.seats.left_out["subject"].implode())


def _asked(
    old: Part, new: Part, leaves: str | None, to: str | None, kind: str, before: Mapping[str, str]
) -> tuple[list[_Pair], list[_Wait]]:
    """What decides about a change of this kind from here."""
    at = new.looking.plan.at
    mine, theirs = old.looking, new.looking
    if isinstance(mine, OnLadder) and isinstance(theirs, OnLadder):
        return _on_ladder(mine.ladder, theirs.ladder, leaves, before, at)
    if kind == "fire":
        rules = [{rule.name: rule.when for rule in looking.rulebook.rules} for looking in (mine, theirs)]
        return [_Pair(f"when {to}", rules[0].get(str(to)), rules[1].get(str(to)))], []
    ways = [{way.id: way for way in looking.rulebook.transitions} for looking in (mine, theirs)]
    here = leaves or NOWHERE
    pairs: list[_Pair] = []
    waits: list[_Wait] = []
    for id_ in dict.fromkeys([*ways[1], *ways[0]]):
        was, now = ways[0].get(id_), ways[1].get(id_)
        was = was if was is not None and before.get(here, here) in was.from_ else None
        now = now if now is not None and here in now.from_ else None
        if was is not None or now is not None:
            pairs.append(_Pair(f"when {id_}", None if was is None else was.when, None if now is None else now.when))
            observed = (None if was is None else was.observe, None if now is None else now.observe)
            waits.extend(_wait(f"observe {id_}", (f"met_for@{id_}",), *observed, at))
    return pairs, waits


def _on_ladder(
    old: Ladder, new: Ladder, leaves: str | None, before: Mapping[str, str], at: Any
) -> tuple[list[_Pair], list[_Wait]]:
    pairs = [_Pair("exempt", old.exempt, new.exempt)]
    names = {rung.id: before.get(rung.id, rung.id) for rung in new.rungs}
    was, now = {rung.id: rung for rung in old.rungs}, {rung.id: rung for rung in new.rungs}
    floors = [{book.rungs[floor.rank].id: floor.when for floor in book.floors} for book in (old, new)]
    for tier in now:
        mine, theirs = floors[0].get(names[tier]), floors[1].get(tier)
        if mine is not None or theirs is not None:
            pairs.append(_Pair(f"floor {tier}", mine, theirs))
    waits = list(_wait("cooldown", new.since.names, old.cooldown, new.cooldown, at))
    if leaves is None or leaves not in now:
        return pairs, waits
    here, there = now[leaves], was.get(names[leaves], _NO_RUNG)
    pairs.append(_Pair(f"keep {leaves}", there.keep, here.keep))
    waits.extend(_wait(f"grace {leaves}", new.names("below_for"), there.grace, here.grace, at))
    rank = [rung.id for rung in new.rungs].index(leaves)
    for above in new.rungs[rank + 1 : rank + 1 + max(old.max_step, new.max_step)]:
        other = was.get(names[above.id], _NO_RUNG)
        pairs.append(_Pair(f"earn {above.id}", other.earn, above.earn))
        waits.extend(_wait(f"observe {above.id}", new.names("met_for"), other.observe, above.observe, at))
    return pairs, waits


def _wait(label: str, names: tuple[str, ...], old: Waiting | None, new: Waiting | None, at: Any) -> Iterator[_Wait]:
    days = (None if old is None else old.days(at), None if new is None else new.days(at))
    if days[0] != days[1]:
        yield _Wait(label, names, *days)


def _hashable(value: Shown) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
