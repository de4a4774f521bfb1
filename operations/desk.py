"""Desk: everything that reviews, memberships and effects of decisions work with, and what is known of everybody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from operations.ports.standings import LIFECYCLE, main_ladder
from operations.ranking import Ranking
from rules.columns import evidence_of, judge
from rules.compile import Compiler, compile_condition
from rules.condition import base_readings
from rules.evaluate import truth
from rules.firing import Rule
from rules.reading import Reading
from rules.rulebook import Rulebook, compile_rulebook
from rules.values import Evidence

if TYPE_CHECKING:
    from operations.ports.decisions import Decisions
    from operations.ports.effects import Effects
    from operations.ports.facts import Facts
    from operations.ports.inbox import Inbox
    from operations.ports.measures import Measures
    from operations.ports.members import Members
    from operations.ports.notices import Outbox
    from operations.ports.persons import Persons
    from operations.ports.resources import Resources
    from operations.ports.reviews import Firings, Memberships, Reviews
    from operations.ports.runs import Runs
    from operations.ports.specs import Specs
    from operations.ports.standings import Standings
    from operations.ports.teams import Teams
    from operations.ports.touch import Touch
    from operations.ports.trials import Trials
    from rules.spec import Community


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything a review works with. `together` wraps several ports in one transaction."""

    specs: Specs
    members: Callable[[Community], Members]
    measures: Callable[[Community], Measures]
    facts: Callable[[Community], Facts]
    standings: Standings
    decisions: Decisions
    effects: Effects
    resources: Resources
    reviews: Reviews
    firings: Firings
    memberships: Memberships
    inbox: Inbox
    outbox: Outbox
    trials: Trials
    touch: Touch
    together: Callable[[], AbstractContextManager[object]]
    persons: Persons | None = None
    runs: Runs | None = None
    teams: Teams | None = None


_compiled: dict[str, Rulebook] = {}


def rulebook_of(community: Community) -> Rulebook:
    """The community's rules, compiled once in this process for each digest."""
    found = _compiled.get(community.digest)
    if found is None:
        if len(_compiled) > 8:
            _compiled.clear()
        found = _compiled[community.digest] = compile_rulebook(community)
    return found


def member_frame(
    desk: Desk,
    community: Community,
    at: datetime,
    *,
    readings: frozenset[Reading],
    ladder: str | None = None,
    value: str = "",
    subjects: Sequence[str] | None = None,
    names: Collection[str] | None = None,
    then: bool = False,
    entered: dict[str, datetime] | None = None,
    foremost: bool = True,
) -> pl.DataFrame:
    """One row for each member with everything that conditions read: attributes, standings, titles, readings.

    Args:
        names: of the attributes, besides standings, that are wanted; all if not given.
        then: as it was at `at`, to the best of what is remembered: standings of then, and without facts that were
            recorded later; without it standings are those of now and all facts up to `at` count.
        entered: is told when the first member entered the present tier and stage, for `in_tier` and `in_stage`.
        foremost: whether titles count that only the first so many hold; who they are is found by looking at everybody.
    """
    members = desk.members(community).frame(at, subjects=subjects, names=names)
    standings = desk.standings.frame(community, at, ladder=ladder, value=value, subjects=subjects, then=then)
    twice = [name for name in members.columns if name in standings.columns and name != "subject"]
    frame = beside(members.drop(twice), standings)
    if readings:
        tier = ladder if ladder not in (None, LIFECYCLE) else main_ladder(community)
        begun = {"in_stage": frame.select("subject", pl.col("entered_stage").alias("entered"))}
        if tier is not None and f"entered_{tier}" in frame.columns:
            begun["in_tier"] = frame.select("subject", pl.col(f"entered_{tier}").alias("entered"))
        if entered is not None:
            firsts = {window: times["entered"].first() for window, times in begun.items() if times.height}
            entered |= {window: first for window, first in firsts.items() if isinstance(first, datetime)}
        measured = desk.measures(community).frame(
            "member",
            readings,
            at=at,
            zone=community.zone,
            subjects=frame["subject"],
            entered=begun,
            known_by=at if then else None,
        )
        frame = beside(frame, measured)
    if foremost:
        frame = with_foremost(desk, community, at, frame)
    return frame.drop([name for name in frame.columns if name.startswith("entered_")])


def with_foremost(desk: Desk, community: Community, at: datetime, frame: pl.DataFrame) -> pl.DataFrame:
    """Adds the titles that the first so many of an order hold at this look."""
    for title in community.titles.values():
        if title.held_by is not None and title.held_by.first is not None:
            has = pl.col("subject").is_in(foremost_of(desk, community, title.held_by, at))
            more = pl.concat_list("titles", pl.lit(title.id)).list.unique().list.sort()
            frame = frame.with_columns(pl.when(has).then(more).otherwise(pl.col("titles")).alias("titles"))
    return frame


def foremost_of(desk: Desk, community: Community, held_by: Any, at: datetime) -> list[str]:
    """The first so many of those whom a title's `held_by` selects, best first."""
    everybody = held_by.model_copy(update={"first": None, "order": None})
    condition = Compiler(community).selected(everybody)
    ranking = Ranking(community, held_by.order if isinstance(held_by.order, tuple) else ())
    readings = base_readings(condition) | ranking.readings
    keys = {reading.key: reading for reading in readings}
    ranked = []
    for row in member_frame(desk, community, at, readings=readings, foremost=False).iter_rows(named=True):
        evidence = evidence_of(row, keys)
        if truth(condition, evidence) is True:
            ranked.append((ranking.key(row["subject"], evidence, community.digest), row["subject"]))
    return [subject for _, subject in sorted(ranked)[: held_by.first]]


def beside(frame: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """More columns about the same subjects; null where `more` does not know one."""
    if frame.height == more.height and frame["subject"].equals(more["subject"]):
        return pl.concat([frame, more.drop("subject")], how="horizontal")
    return frame.join(more, on="subject", how="left", maintain_order="left")


def list_of(community: Community, value: str | None) -> str | None:
    """The list that a value is of, by which something is kept per value; None for none."""
    lists = community.lists.values()
    return next((one.id for one in lists if any(item.id == value for item in one.items)), None)


def selection_of(
    desk: Desk, community: Community, written: Any, at: datetime, *, value: str | None = None
) -> Iterator[tuple[str, Evidence]]:
    """Members for whom a condition as written surely holds, with what is known of them.

    Args:
        value: at which what is kept per value is read.
    """
    condition = compile_condition(community, written, value=value, per=list_of(community, value))
    yield from meeting(desk, community, condition, at)


def meeting(desk: Desk, community: Community, condition: Any, at: datetime) -> Iterator[tuple[str, Evidence]]:
    """Members for whom a compiled condition surely holds, with what is known of them."""
    readings = base_readings(condition)
    frame = member_frame(desk, community, at, readings=readings, foremost=False)
    alone = Rulebook(community.digest, (), (), (_asked(condition, community),), {}, community.zone)
    judged = judge(alone, frame, at)
    keys = {reading.key: reading for reading in readings}
    for row in frame.filter(judged["rule:asked"]).iter_rows(named=True):
        yield row["subject"], evidence_of(row, keys)


def _asked(condition: Any, community: Community) -> Any:
    return Rule("asked", "asked", None, "member", condition, "spell", 100, community.digest)
