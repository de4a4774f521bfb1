"""Scene: which ladder is replayed, over which history, at which reviews; and what a replay cannot know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from operations.errors import Refusal
from operations.ports.history import Histories
from rules.condition import Attribute, Condition, base_readings, sources
from rules.history.past import History
from rules.history.reduced import standing_names
from rules.history.reviews import Reviews, reviews_between
from rules.history.score import Span
from rules.ladder import Ladder
from rules.reading import Reading
from rules.rulebook import compile_ladder

if TYPE_CHECKING:
    from rules.spec import Community
    from rules.spec.documents.tiers import Tiers
    from rules.time.schedule import RhythmSpec

_ENGINE = ("days_member", "age", "joined")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often the past is looked at."""

    every: str
    day: str | int | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What is replayed over: one ladder, its history and its reviews."""

    community: Community
    ladder: Ladder
    history: History
    reviews: Reviews
    every: str

    @property
    def subjects(self) -> Sequence[str]:
        """Ids of members by number."""
        return self.history.members["subject"].to_list()


def ladder_named(community: Community, name: str | None) -> Ladder:
    """The ladder of this name (`tier`, `maintenance@network`); the first one without.

    Raises:
        Refusal: there is none.
    """
    ladders = [one for id_ in community.ladders for one in compile_ladder(community, id_)]
    if not ladders:
        raise Refusal(f"{community.id} has no ladder.", "A file with schema: tiers/v1 declares one.")
    found = ladders[0] if name is None else next((one for one in ladders if one.name == name), None)
    if found is None:
        raise Refusal(f"{community.id} has no ladder {name!r}.", f"It has {', '.join(one.name for one in ladders)}.")
    return found


def set_scene(
    community: Community,
    histories: Histories,
    *,
    ladder: Ladder,
    every: str = "day",
    until: datetime | None = None,
    as_recorded: bool = False,
) -> Scene:
    """Gather what a replay needs.

    Args:
        every: day, week, month, or `review` for the rhythm of the spec.
        until: to when, if later than the last fact.
        as_recorded: date facts by when they were recorded.

    Raises:
        Refusal: there is no history, or no reviews fit into it.
    """
    readings = {reading for condition in ladder.conditions() for reading in base_readings(condition)}
    history = histories.of(community, {reading.metric for reading in readings}, as_recorded=as_recorded)
    if not history.members.height:
        raise Refusal(
            "No member says when they joined, so nobody was there to be reviewed.", "Fill in the column joined."
        )
    rhythm = _rhythm(community.ladders[ladder.id], every)
    begins = history.first - timedelta(microseconds=1)
    reviews = reviews_between(rhythm, begins, max(history.last, until or history.last), community.zone)
    return Scene(community, ladder, history, reviews, every)


def _rhythm(written: Tiers, every: str) -> RhythmSpec:
    review = written.review
    if every == "review":
        if review.every == "fact":
            raise Refusal("The ladder is reviewed at every fact, which has no rhythm.", "Say --every day.")
        return review
    if every not in ("day", "week", "month"):
        raise Refusal(f"--every {every!r} is no rhythm.", "One of day, week, month, review.")
    return Rhythm(every, None, review.at)


def span_of(scene: Scene, start: datetime | None, end: datetime | None) -> Span:
    """The span that is scored: the whole history without bounds.

    Raises:
        Refusal: it is empty, ends before the first fact, or begins after the last review.
    """
    first, last = scene.history.first, scene.reviews.moments[-1]
    begins, ends = start or first, end or last + timedelta(microseconds=1)
    if ends <= first:
        raise Refusal(f"Nothing had happened by {_date(ends)}.", f"The first fact is of {_date(first)}.")
    if begins > last:
        raise Refusal(f"Nothing happens from {_date(begins)} on.", f"The last fact is of {_date(scene.history.last)}.")
    if begins >= ends:
        raise Refusal(f"Between {_date(begins)} and {_date(ends)} there is no time.", "--from comes before --until.")
    return begins, ends


def notes(scene: Scene) -> Iterator[str]:
    """What the replay cannot know, or takes as given."""
    ladder, written = scene.ladder, scene.community.ladders[scene.ladder.id]
    read = list(_read_by(ladder.conditions()))
    known = standing_names(ladder) | set(scene.history.members.columns) | set(_ENGINE)
    elsewhere = sorted({name for names in read for name in names if not known.issuperset(names)})
    if elsewhere:
        yield f"Not replayed, and so unknown or none: {', '.join(elsewhere)}."
    windows = {r.key for c in ladder.conditions() for r in base_readings(c) if not _replayed(r)}
    if windows:
        yield f"Not replayed, and so unknown: {', '.join(sorted(windows))}."
    if any(tier.seats is not None for tier in written.tiers):
        yield "Seats are taken to be free."
    if any(tier.approval is not None or tier.invitation is not None for tier in written.tiers):
        yield "Everybody who is asked is taken to agree at once."


def _replayed(reading: Reading) -> bool:
    return reading.over != "in_stage" and reading.scope in ("subject", "community")


def _read_by(conditions: Iterator[Condition]) -> Iterator[tuple[str, ...]]:
    for condition in conditions:
        for source in sources(condition):
            if isinstance(source, Attribute):
                yield source.names


def _date(at: datetime) -> str:
    return at.date().isoformat()
