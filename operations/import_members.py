"""Import members: take a file of members in, with what is known of them and where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from operations.fact_gate import Complaints, columns_of, judged, moments, within
from operations.import_facts import Imported, ahead
from operations.ports.members import Enlisted, Member, Members
from operations.ports.standings import LIFECYCLE, First, Place, Standings
from operations.rejects import RejectFile
from operations.rows import Batch, Reject, read_rows
from rules.counted import bounded_field
from rules.spec import Community
from rules.values import Value, ValueType

ALIASES: Mapping[str, str] = {
    "member": "id",
    "member_id": "id",
    "joined_at": "joined",
    "first_seen": "joined",
    "is_bot": "bot",
}
"""Other names of columns."""

_ID = ValueType("member")


@dataclass(slots=True)
class Gated:
    """What a batch came to."""

    members: list[Member]
    firsts: list[First]
    rejects: list[Reject]
    ignored: set[str]


class MemberGate:
    """Takes rows of members through.

    Args:
        attributes: what may be told of a member, with types.
        community: its ladders and stages may be columns too: `tier`, `stage`, `maintenance@network`.
    """

    def __init__(self, attributes: Mapping[str, ValueType], community: Community) -> None:
        self._attributes = attributes
        self._zone = community.zone
        self._places = dict(_places(community))
        self._declared = {name: bounded_field(community, field) for name, field in community.attributes.items()}

    def take(self, batch: Batch) -> Gated:
        """Gate one batch; every row is either a member or among the rejects."""
        if not batch.lines:
            return Gated([], [], list(batch.rejects), set())
        frame = columns_of(batch, ALIASES, ("id", "joined")).with_row_index("_row")
        columns = set(frame.columns) - {"_row"}
        bad = Complaints(batch)
        bad.all(frame.filter(pl.col("id").is_null()), "id", "it does not say who it is", "fill in the column id")
        judged(frame, "id", _ID, bad)
        joined = moments(frame, "joined", self._zone, bad)
        types = {name: type_ for name, type_ in self._attributes.items() if name in columns}
        values = {name: self._judged(frame, name, type_, bad) for name, type_ in types.items()}
        stands = {
            name: judged(frame, name, ValueType("text", listed=allowed), bad).to_list()
            for name, (_, _, allowed) in self._places.items()
            if name in columns
        }
        known = {"id", "joined", *types, *stands}
        ignored = {name for name in columns if name not in known}
        members, firsts = [], []
        for row, (id_, since) in enumerate(zip(frame["id"], joined, strict=True)):
            if row in bad.rows:
                continue
            members.append(Member(id_, since, dict(_known(values, row))))
            for name, column in stands.items():
                if column[row] is not None:
                    ladder, value, _ = self._places[name]
                    firsts.append(First(place=Place(member=id_, ladder=ladder, value=value), at=column[row]))
        return Gated(members, firsts, [*batch.rejects, *bad.rejects()], ignored)

    def _judged(self, frame: pl.DataFrame, name: str, type_: ValueType, bad: Complaints) -> list[object]:
        """A column as values; what is no value of the attribute, or beyond what it declares, is complained of."""
        column = judged(frame, name, type_, bad)
        if name in self._declared:
            within(frame, name, column, self._declared[name], bad)
        return column.to_list()


def import_members(
    path: Path,
    community: Community,
    members: Members,
    standings: Standings,
    *,
    at: datetime,
    seen: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Import a CSV, CSV.gz or NDJSON file; each batch is one transaction, so it may be broken off and run again.

    Columns: `id` (or `member`, `member_id`), `joined` (or `joined_at`, `first_seen`), attributes by name, and for
    members who bring a standing `tier` (or another ladder's name) and `stage`; whoever has one already keeps it.

    Args:
        at: now; since when changed attributes hold.
        seen: told how many bytes of the file were read.

    Raises:
        Refusal: the file cannot be read at all.
    """
    gate = MemberGate(members.attributes(), community)
    total, ignored = Enlisted(), set[str]()
    with RejectFile(path) as rejects:
        for gated in ahead(gate.take(batch) for batch in read_rows(path, seen)):
            total += members.enlist(gated.members, at=at) if gated.members else Enlisted()
            if gated.firsts:
                standings.begin(community.id, gated.firsts, at=at)
            rejects.add(gated.rejects)
            ignored |= gated.ignored
    return Imported(
        total.new,
        total.known,
        total.changed,
        rejects.count,
        rejects.path if rejects.count else None,
        tuple(rejects.first),
        tuple(sorted(ignored)),
    )


def _places(community: Community) -> Iterator[tuple[str, tuple[str, str, tuple[str, ...]]]]:
    """The columns that bring a standing: name to ladder, value, and where one may stand."""
    for ladder in community.ladders.values():
        tiers = tuple(tier.id for tier in ladder.tiers)
        values = [""] if ladder.per is None else [item.id for item in community.lists[ladder.per].items]
        for value in values:
            yield (f"{ladder.id}@{value}" if value else ladder.id), (ladder.id, value, tiers)
    if community.lifecycle is not None:
        yield "stage", (LIFECYCLE, "", tuple(stage.id for stage in community.lifecycle.stages))


def _known(values: Mapping[str, list[object]], row: int) -> Iterator[tuple[str, Value]]:
    for name, column in values.items():
        value = column[row]
        if isinstance(value, list):
            yield name, frozenset(value)
        elif isinstance(value, int | str):
            yield name, value
