"""Things: everything of one kind that is no member, with what rules about such things read of each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from operations.desk import Desk, beside, member_frame
from rules.reading import Reading

if TYPE_CHECKING:
    from rules.spec import Community


def things_frame(
    desk: Desk,
    community: Community,
    of: str,
    at: datetime,
    *,
    readings: Collection[Reading],
    names: Collection[str],
    ids: Collection[str] | None = None,
    then: bool = False,
) -> pl.DataFrame:
    """Every thing of a kind with its attributes, its metrics, and its author's.

    Args:
        of: community, space, work, run, team or cohort.
        readings: what is read of it, of its author and of the community.
        names: the attributes that are wanted, as conditions name them.
        ids: only these; all without it.
        then: as it was at `at`, to the best of what is remembered, and without facts that were recorded later; without
            it things are those of now and all facts up to `at` count.
    """
    measures, known_by = desk.measures(community), at if then else None
    if of in ("community", "space"):
        here = [community.id] if of == "community" else list(community.spaces)
        frame = pl.DataFrame({"subject": [one for one in here if ids is None or one in ids]}, schema=_SUBJECT)
        if of == "space":
            frame = frame.with_columns(pl.col("subject").alias("space"))
    else:
        frame = measures.things(of, names, at, ids=ids, then=then)
    named = "" if of == "community" else of  # `community.posts` is of everybody, whoever is looked at
    own = frozenset(reading for reading in readings if reading.scope in ("subject", named))
    if own and frame.height:
        asked = frozenset(replace(reading, scope="subject") for reading in own)
        measured = measures.frame(
            of, asked, at=at, zone=community.zone, subjects=frame["subject"].to_list(), known_by=known_by
        )
        frame = beside(frame, measured.select("subject", *(pl.col(_plain(r)).alias(r.key) for r in own)))
    if of == "work" and frame.height:
        frame = _authored(desk, community, at, frame, readings, names, then=then)
    shared = [reading for reading in readings if reading.scope == "community"]
    known = measures.community(shared, at, known_by=known_by) if shared else {}
    return frame.with_columns(pl.lit(value).alias(reading.key) for reading, value in known.items() if value is not None)


def _authored(
    desk: Desk,
    community: Community,
    at: datetime,
    frame: pl.DataFrame,
    readings: Collection[Reading],
    names: Collection[str],
    *,
    then: bool,
) -> pl.DataFrame:
    """What is read of the authors of works, under `author.…`."""
    read = frozenset(replace(r, scope="subject") for r in readings if r.scope == "author")
    wanted = {name.partition(".")[2] for name in names if name.startswith("author.")}
    if not read and not wanted:
        return frame
    authors = frame["author"].unique().sort().to_list()
    people = member_frame(desk, community, at, readings=read, subjects=authors, then=then)
    kept = [name for name in people.columns if name in wanted or name in {reading.key for reading in read}]
    people = people.select(pl.col("subject").alias("author"), *(pl.col(n).alias(f"author.{n}") for n in kept))
    return frame.join(people, on="author", how="left", maintain_order="left")


def _plain(reading: Reading) -> str:
    """The column of a reading of the thing itself, however the condition named it: `repliers`, `work.repliers`."""
    return replace(reading, scope="subject").key


_SUBJECT = {"subject": pl.String}
