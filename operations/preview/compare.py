"""Compare: two outlooks side by side, members by transition, and what makes the difference for each group."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from operations.ports.standings import Renames
from operations.preview.deciding import Deciding, deciding
from operations.preview.outlook import Part, Seats

_KINDS = ("move", "below", "above", "met", "unmet", "fire")
"""What a review does that people notice; `untrue`, `exempt` and `liable` are its own notes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Members of whom the same becomes under the new spec.

    Args:
        part: the ladder, `lifecycle`, or `rules:member`.
        kind: `move`, `below` (grace begins), `above` (grace ends well), `met`, `unmet` (observation), `fire`.
        members: how many under the new spec, which is what the next review carries out.
        current: how many under the current one.
        asked: of `members`, how many are only asked about; the others move at once.
        new: how many of `members` who would not under the current spec.
        gone: how many under the current spec who would not under the new one.
        why_new, why_gone: what makes the difference for them.
        who: hash of the members, so that others of the same number are noticed.
    """

    part: str
    kind: str
    from_: str | None
    to: str | None
    members: int
    current: int
    asked: int
    new: int
    gone: int
    why_new: tuple[Deciding, ...] = ()
    why_gone: tuple[Deciding, ...] = ()
    who: str = ""
    people: pl.DataFrame = field(repr=False, compare=False)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it apart."""
        return (self.part, self.kind, self.from_ or "", self.to or "")

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "ladder" if self.kind != "fire" else "rule": self.part if self.kind != "fire" else self.to,
            "kind": self.kind,
            **({"from": self.from_, "to": self.to} if self.kind != "fire" else {}),
            "members": self.members,
            "current": self.current,
            "asked": self.asked,
            "new": self.new,
            "gone": self.gone,
            "why_new": [one.data() for one in self.why_new],
            "why_gone": [one.data() for one in self.why_gone],
            "who": self.who,
        }


def compared(
    old: Iterator[tuple[str, Part]], new: Iterator[tuple[str, Part]], renames: Renames
) -> tuple[list[Group], dict[str, Seats]]:
    """Every group, in the order of a day, then by kind, from and to; and the seats of the new parts.

    What was read of everybody is let go as soon as both sides of a part have been compared.
    """
    groups: dict[str, list[Group]] = {}
    waiting: tuple[dict[str, Part], dict[str, Part]] = ({}, {})
    seats: dict[str, Seats] = {}
    while True:
        found = before, after = next(old, None), next(new, None)
        if before is None and after is None:
            break
        for one, side in zip(found, waiting, strict=True):
            if one is not None:
                side[one[0]] = one[1]
        if after is not None:
            seats[after[0]] = after[1].seats
        for name in [name for name in waiting[1] if name in waiting[0]]:
            groups[name] = _compared(name, waiting[0].pop(name), waiting[1].pop(name), renames)
        del found, before, after, one  # nothing is held while the next ones are read
    groups |= {name: _compared(name, None, part, renames) for name, part in waiting[1].items()}
    groups |= {name: _compared(name, part, None, renames) for name, part in waiting[0].items()}
    order = dict.fromkeys([*seats, *groups])
    return [group for name in order for group in groups[name]], seats


def _compared(name: str, old: Part | None, new: Part | None, renames: Renames) -> list[Group]:
    names = renames.places.get(name.partition("@")[0], {})
    return [group for kind in _KINDS for group in _groups(name, kind, old, new, names, renames)]


def _groups(
    name: str, kind: str, old: Part | None, new: Part | None, names: Mapping[str, str], renames: Renames
) -> Iterator[Group]:
    theirs = _changes(old, kind, names, renames)
    mine = _changes(new, kind, {}, Renames())
    both = mine.join(theirs, on=["subject", "leaves", "to"], how="full", coalesce=True, nulls_equal=True, suffix="_old")
    if both.is_empty():
        return
    for (leaves, to), rows in sorted(both.partition_by("leaves", "to", as_dict=True).items(), key=_shown):
        there, was = rows["ask"].is_not_null(), rows["ask_old"].is_not_null()
        appear, vanish = rows.filter(there & ~was), rows.filter(was & ~there)
        yield Group(
            part=name,
            kind=kind,
            from_=leaves,
            to=to,
            members=int(there.sum()),
            current=int(was.sum()),
            asked=int(rows["ask"].sum() or 0),
            new=appear.height,
            gone=vanish.height,
            why_new=deciding(old, new, appear["subject"], leaves, to, kind, names),
            why_gone=deciding(old, new, vanish["subject"], leaves, to, kind, names),
            who=_who(rows.filter(there)),
            people=rows.select("subject", pl.col("ask"), there.alias("new"), was.alias("current")),
        )


def _shown(item: tuple[tuple[object, ...], object]) -> tuple[str, ...]:
    return tuple(str(part or "") for part in item[0])


def _changes(part: Part | None, kind: str, names: Mapping[str, str], renames: Renames) -> pl.DataFrame:
    """`subject`, `leaves`, `to`, `ask` of the changes of a kind; names as they are now."""
    schema = {"subject": pl.String, "leaves": pl.String, "to": pl.String, "ask": pl.Boolean}
    if part is None:
        return pl.DataFrame(schema=schema)
    rows = part.found.changes.filter(pl.col("kind") == kind)
    if kind == "fire":
        rows = rows.with_columns(pl.col("rule").replace(dict(renames.rules)).alias("to"))
    if names:
        rows = rows.with_columns(pl.col("leaves", "to").replace(dict(names)))
    return rows.select(*schema)


def _who(rows: pl.DataFrame) -> str:
    """A hash of who they are and whether they are only asked, whatever their order."""
    said = rows.select(pl.concat_str("subject", pl.col("ask").cast(pl.Int8), separator=" ")).to_series().sort()
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def members_of(groups: Sequence[Group]) -> Iterator[dict[str, str]]:
    """Everybody by name of whom something else becomes, or anything at all: one row for each member and change."""
    for group in groups:
        for row in group.people.sort("subject").iter_rows(named=True):
            change = "same" if row["new"] and row["current"] else "new" if row["new"] else "gone"
            yield {
                "member": row["subject"],
                "ladder": group.part,
                "kind": group.kind,
                "from": group.from_ or "",
                "to": group.to or "",
                "change": change,
                "asked": "yes" if row["ask"] else "no",
            }
