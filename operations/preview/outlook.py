"""Outlook: what a review under one spec would find and carry out, without doing any of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from operations.looking import RULES, Found, Looking, looking_at, parts_of
from operations.looking.ladder import OnLadder
from operations.ports.reviews import Plan
from operations.ports.standings import LIFECYCLE, Renames, Snapshot
from operations.preview.sight import Sight
from operations.seats import without_seat
from operations.terms import TITLES

if TYPE_CHECKING:
    from operations.desk import Desk
    from rules.spec import Community


_NO_RENAMES = Renames()


@dataclass(frozen=True, slots=True)
class Seats:
    """Seats of one part of a review.

    Args:
        left_out: those who get none: `subject`, `to`, `leaves`.
        taken: how many are taken before, by tier.
        limits: how many there are, by tier.
    """

    left_out: pl.DataFrame
    taken: Mapping[str, int]
    limits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a review, as it would come out.

    Args:
        looking: what it was read by, and from.
        found: who must change; those who get no seat are not among its changes.
    """

    looking: Looking
    found: Found
    seats: Seats


def parts_looked_at(community: Community) -> list[str]:
    """The parts of a review that are about members, in the order of a day."""
    return [part for part in parts_of(community) if part != TITLES and (":" not in part or part == f"{RULES}:member")]


def outlook(
    sight: Sight, community: Community, plan: Plan, snapshot: Snapshot, renames: Renames = _NO_RENAMES
) -> Iterator[tuple[str, Part]]:
    """Every part in the order of a day, each seeing what the ones before would have changed."""
    for name in parts_looked_at(community):
        seen = sight.desk(snapshot, renames)
        looking = looking_at(seen, plan, community, name)
        part = _settled(seen, looking, _read(looking.find(None)), community, name)
        if ":" not in name:
            ladder, _, value = name.partition("@")
            lowest = None if name == LIFECYCLE else community.ladders[ladder].tiers[0].id
            snapshot = snapshot.after(
                part.found.changes, ladder=ladder, value=value, lowest=lowest, at=plan.at, digest=community.digest
            )
        yield name, part
        del part, looking, seen  # nothing is held while the next one is read


def _read(found: Found) -> Found:
    """Without what was judged of everybody; who must change is told apart."""
    return replace(found, frame=found.frame.select(name for name in found.frame.columns if name[:1] != "·"))


def _settled(desk: Desk, looking: Looking, found: Found, community: Community, name: str) -> Part:
    """Without those for whom no seat is left, as `operations.review.settle` leaves them out."""
    nobody = pl.DataFrame(schema={"subject": pl.String, "to": pl.String, "leaves": pl.String})
    if not isinstance(looking, OnLadder) or not looking.orders:
        return Part(looking, found, Seats(nobody, {}, {}))
    limits = {tier.id: tier.seats for tier in looking.spec.tiers if tier.seats is not None}
    taken = desk.standings.counts(community.id, looking.ladder.id, looking.value)
    left_out = without_seat(limits, list(looking.contenders(found)), taken)
    if not left_out:
        return Part(looking, found, Seats(nobody, taken, limits))
    who = pl.DataFrame([(v.subject, v.to, v.leaves) for v in left_out], schema=nobody.schema, orient="row")
    gone = (pl.col("kind") == "move") & pl.col("subject").is_in(who["subject"].implode())
    return Part(looking, Found(found.counts, found.changes.filter(~gone), found.frame), Seats(who, taken, limits))
