"""Truth file: who was really given which tier, and when, to hold a ladder against."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo

from operations.errors import Refusal
from operations.fact_gate import moment
from operations.rows import read_rows
from rules.history.score import Holding

ALIASES: Mapping[str, str] = {
    "member_id": "member",
    "id": "member",
    "since": "from",
    "at": "from",
    "until": "to",
    "bulk_import": "bulk",
}
"""Other names of columns."""

LEFT_OUT = "none"
"""As a tier: this one is left out."""

_WHERE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(>=|<=|=)\s*(-?[0-9]+(?:\.[0-9]+)?)\s*")
_BULK = frozenset({"1", "true", "yes", "t", "y"})


@dataclass(frozen=True, slots=True)
class Truth:
    """What people really did.

    Args:
        holdings: standings of the ladder's tiers, in the order of the file.
        left_out: tiers of the file that the ladder does not have, with the number of their rows.
        rows: of the file.
    """

    holdings: tuple[Holding, ...]
    left_out: Mapping[str, int]
    rows: int


def read_truth(
    path: Path,
    tiers: Sequence[str],
    zone: ZoneInfo,
    *,
    meant: Mapping[str, str] | None = None,
    where: str | None = None,
) -> Truth:
    """Read a CSV, CSV.gz or NDJSON file with the columns `member`, `tier`, `from`, perhaps `to` and `bulk`.

    `bulk` 1 says that a standing was there when the record begins: it is no promotion, and nobody is blamed for not
    foretelling it.

    Args:
        tiers: of the ladder, lowest first.
        zone: of times that name none.
        meant: what a tier of the file is on the ladder; `none` leaves it out.
        where: `column>=20`, `<=` or `=`: standings of other rows are not scored.

    Raises:
        Refusal: the file cannot be read, a row is wrong, or it knows no tier of the ladder.
    """
    meant = dict(meant or {})
    for said, tier in meant.items():
        if tier not in tiers and tier != LEFT_OUT:
            raise Refusal(f"--as {said}={tier}: the ladder has no tier {tier!r}.", f"It has {', '.join(tiers)}.")
    asked = _condition(where)
    holdings: list[Holding] = []
    left_out: Counter[str] = Counter()
    seen: set[str] = set()
    rows = 0
    for batch in read_rows(path):
        if batch.rejects:
            one = batch.rejects[0]
            raise Refusal(f"{path}:{one.line}: {one.reason}.", one.fix)
        named = {name: ALIASES.get(name, name) for name in batch.frame.columns}
        for wanted in ("member", "tier", "from"):
            if wanted not in named.values():
                raise Refusal(
                    f"{path} has no column {wanted!r}.", "It needs member, tier and from; to and bulk may follow."
                )
        if asked is not None and asked[0] not in batch.frame.columns:
            raise Refusal(f"--where: {path} has no column {asked[0]!r}.", f"It has {', '.join(batch.frame.columns)}.")
        for line, raw in zip(batch.lines, batch.frame.iter_rows(named=True), strict=True):
            row = {named[name]: value for name, value in raw.items()}
            rows += 1
            tier = meant.get(row["tier"] or "", row["tier"])
            seen.add(row["tier"])
            if tier not in tiers:
                left_out[row["tier"] or ""] += 1
                continue
            holdings.append(
                _holding(path, line, row, tiers.index(tier), zone, asked is None or _holds(path, line, raw, asked))
            )
    unknown = sorted(set(left_out) - set(meant))
    _refuse_unknown(path, unknown, tiers, known=bool(holdings))
    for said in meant:
        if said not in seen:
            raise Refusal(
                f"--as {said}={meant[said]}: {path} has no tier {said!r}.", f"It has {', '.join(sorted(seen))}."
            )
    return Truth(tuple(holdings), dict(sorted(left_out.items())), rows)


def _refuse_unknown(path: Path, unknown: Sequence[str], tiers: Sequence[str], *, known: bool) -> None:
    for one in unknown:
        near = get_close_matches(one, tiers, 1, 0.85)
        if near:
            raise Refusal(
                f"{path} names the tier {one!r}, which the ladder does not have; did you mean {near[0]!r}?",
                f"Say what it is: --as {one}={near[0]}, or leave it out: --as {one}={LEFT_OUT}.",
            )
    if not known:
        names = ", ".join(map(repr, unknown)) or "none"
        raise Refusal(
            f"{path} names no tier of the ladder: it has {names}, the ladder has {', '.join(map(repr, tiers))}.",
            f"Say what they are: --as {unknown[0] if unknown else 'gold'}={tiers[-1]}.",
        )


def _holding(path: Path, line: int, row: Mapping[str, str | None], rank: int, zone: ZoneInfo, scored: bool) -> Holding:
    member, from_, to = row["member"], row["from"], row.get("to")
    if not member:
        raise Refusal(f"{path}:{line}: it does not say who.", "Fill in the column member.")
    try:
        begins = moment(from_ or "", zone)
        ends = moment(to, zone) if to else None
    except ValueError:
        wrong = to if from_ and _is_moment(from_, zone) else from_
        raise Refusal(f"{path}:{line}: {wrong!r} is no time.", "Such as 2026-11-21 or 2026-11-21T06:00:00Z.") from None
    bulk = (row.get("bulk") or "").lower() in _BULK
    return Holding(member, rank, begins, ends, scored and not bulk)


def _is_moment(text: str, zone: ZoneInfo) -> bool:
    try:
        moment(text, zone)
    except ValueError:
        return False
    return True


def _condition(where: str | None) -> tuple[str, str, float] | None:
    if where is None:
        return None
    found = _WHERE.fullmatch(where)
    if found is None:
        raise Refusal(f"--where {where!r} is no condition.", "Such as --where 'events_before>=20', with >=, <= or =.")
    return found[1], found[2], float(found[3])


def _holds(path: Path, line: int, row: Mapping[str, str | None], asked: tuple[str, str, float]) -> bool:
    name, word, bound = asked
    text = row[name]
    if text is None:
        return False
    try:
        value = float(text)
    except ValueError:
        raise Refusal(f"{path}:{line}: {name} {text!r} is no number.", "--where compares numbers.") from None
    return value >= bound if word == ">=" else value <= bound if word == "<=" else value == bound


def check_known(path: Path, truth: Truth, subjects: Sequence[str]) -> int:
    """How many members of the truth are no members of the community.

    Raises:
        Refusal: all of them.
    """
    named = {one.member for one in truth.holdings}
    strangers = named - set(subjects)
    if named and not named - strangers:
        some = min(strangers)
        raise Refusal(
            f"Nobody whom {path} names is a member of the community: not {some!r}, nor any other of {len(named)}.",
            "The ids in the file must be those under which the members were imported.",
        )
    return len(strangers)


def latest(truth: Truth) -> datetime | None:
    """When the last standing of the truth began."""
    return max((one.from_ for one in truth.holdings), default=None)
