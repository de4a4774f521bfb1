"""Standings: where every member stands on every ladder and in which stage, since when, and what is pending."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl

    from rules.spec import Community

LIFECYCLE = "lifecycle"
"""The name under which stages are kept, beside the names of the ladders."""


def main_ladder(community: Community) -> str | None:
    """The ladder that is meant where none is named: `tier`, else the first that is not kept per value; None: none."""
    alone = [ladder.id for ladder in community.ladders.values() if ladder.per is None]
    return "tier" if "tier" in alone else next(iter(alone), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which standing is meant: one member on one ladder or in the lifecycle, for one value if it has `per`."""

    member: str
    ladder: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One standing as it is remembered. Whoever has none stands in the lowest tier since joining, and in no stage.

    `at` is the tier or stage; None is no stage. `below_*` is a grace that has begun, with the digest under which it
    was promised and the moment it ends. `met` are observations: towards what (a tier, or a transition) and since when
    without a gap. `waiting_for` is the tier or stage that a membership workflow is asking people about.
    """

    place: Place
    at: str | None
    since: datetime | None
    moved_at: datetime | None = None  # the last change, from which a cooldown counts; None for a first standing
    last_move: str | None = None  # automatic | by_hand
    pinned: bool = False
    pinned_by: str | None = None
    pin_reason: str | None = None
    pinned_until: datetime | None = None  # None: until somebody lets go
    below_since: datetime | None = None
    below_until: datetime | None = None
    below_digest: str | None = None
    met: Mapping[str, datetime] = field(default_factory=dict)
    waiting_for: str | None = None
    exempt: bool = False  # as the last review saw it; exempt members take no seat
    held: tuple[str, ...] = ()  # every tier or stage ever held


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """What an operator did to a standing, as it is kept for ever: `pin`, `unpin` or `move`.

    `number` grows with every act in the community. `to` None: it stayed where it was. `until` None: without an end.
    """

    number: int
    what: str
    place: Place
    at: datetime
    from_: str | None
    to: str | None
    by: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A first standing, as an import or an operator brings it. `since` None is: since joining."""

    place: Place
    at: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a review or a membership does to one standing. Only the kind's own fields are read.

    `kind` is one of `move` (to `to`), `below` (grace begins, until `until` under `digest`), `above` (grace ends well),
    `met` (observation towards `to`, a tier or transition, begins at `at`), `unmet` (that one is over),
    `wait` (people are asked about `to`),
    `wait_over`, `exempt`, `liable` (no longer exempt).
    """

    kind: str
    place: Place
    at: datetime
    to: str | None = None
    from_: str | None = None
    until: datetime | None = None
    digest: str | None = None
    how: str = "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renames:
    """What has another name now, old to new. `places` are tiers by ladder, and stages by LIFECYCLE."""

    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    ways: Mapping[str, str] = field(default_factory=dict)  # transitions

    def __bool__(self) -> bool:
        return bool(self.places or self.titles or self.rules or self.ways)


class Snapshot(Protocol):
    """Every standing of a community as it was read once; nothing in it changes."""

    def frame(
        self,
        community: Community,
        at: datetime,
        *,
        ladder: str | None = None,
        value: str = "",
        subjects: Collection[str] | None = None,
        names: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """See `Standings.frame`; of days_in_… and …_held only those in `names`, if they are given."""
        ...

    def counts(self, ladder: str, value: str = "") -> Mapping[str, int]:
        """See `Standings.counts`."""
        ...

    def pending(self) -> dict[str, int]:
        """How many standings have something begun that goes on: `grace`, `observation`, `waiting`."""
        ...

    def after(
        self, changes: pl.DataFrame, *, ladder: str, value: str, lowest: str | None, at: datetime, digest: str
    ) -> Snapshot:
        """What would stand there if a review carried these changes out (columns as in `operations.looking`)."""
        ...

    def renamed(self, renames: Renames) -> Snapshot:
        """The same, with tiers, stages and titles under their new names."""
        ...


class Standings(Protocol):
    """The only writer of standings is a review, a membership that a review began, or an operator's pin."""

    def begin(self, community: str, firsts: Sequence[First], *, at: datetime) -> int:
        """Give members the standing they come with; whoever has one keeps it. Returns how many were new.

        Members without any need no row: they stand in the lowest tier since joining, and in no stage.
        """
        ...

    def of(self, community: str, member: str) -> Sequence[Standing]:
        """Everything remembered about one member's standings."""
        ...

    def stands(self, community: str, member: str) -> Mapping[str, str | None]:
        """Where one member stands, by ladder; ladders that are kept per value are left out."""
        ...

    def one(self, community: str, place: Place) -> Standing | None:
        """One standing, if it is remembered."""
        ...

    def frame(
        self,
        community: Community,
        at: datetime,
        *,
        ladder: str | None = None,
        value: str = "",
        subjects: Collection[str] | None = None,
        then: bool = False,
        without: Collection[str] = (),
    ) -> pl.DataFrame:
        """One row per member with what conditions read of standings (LANGUAGE 1.8) as it is at `at`.

        Columns: `subject`; for every ladder NAME without `per` (or for `value` of the ladder asked for): NAME,
        days_in_NAME, NAME_held; `stage`, `days_in_stage`, `in_grace`, `pinned`, `last_move`, `titles`, `titles_held`,
        `entered_NAME`, `entered_stage` (moments, for the windows in_tier and in_stage). Of the ladder asked for, or
        of LIFECYCLE: `below_for` (days, null when not below; of a grace promised under another spec 0 until it is
        over), `met_for` (of the next tier) or `met_for@TRANSITION` (days, 0 when not begun), `watched` (targets
        under observation), `below_digest`, `waiting_for`, `exempt_before`, `last_move`, `pinned`. Local days in the
        community's zone.

        `then` puts standings together as they were at `at`, from moves, decisions and questions since; without it
        they are those of now, which is right for a review that carries on from them. `without` names ladders on which
        what was done at the very moment does not count yet, as for the decision that did it.
        """
        ...

    def as_of(self, community: Community, at: datetime, *, subjects: Collection[str] | None = None) -> pl.DataFrame:
        """The same columns for what looks at a moment that may be over: of whoever has moved or begun a grace since,
        as it was then; of everybody else as it is, since it was so then too. In no particular order.

        Of a moment at which nothing came later this costs one question more than `frame`.
        """
        ...

    def snapshot(self, community: str, at: datetime, everybody: Callable[[], pl.DataFrame]) -> Snapshot:
        """All standings as they are now, to be looked at as of `at`.

        Args:
            everybody: gives `subject` and `joined` (a moment) of those who are looked at, in the order that frames
                are to have; asked for when the rest is read. Changes are told by row of it.
        """
        ...

    def counts(self, community: str, ladder: str, value: str = "") -> Mapping[str, int]:
        """How many members take a seat in each tier: those in it who are not exempt, and those being asked for it.

        The lowest tier is left out, since whoever has no row is there.
        """
        ...

    def sizes(self, community: Community, at: datetime | None = None) -> Mapping[str, Mapping[str, int]]:
        """How many members stand where: ladder (or `ladder@value`, or `lifecycle`) to tier or stage to count.

        Args:
            at: as they stood then, of those who had joined by then; as they stand now without it.
        """
        ...

    def change(self, community: str, changes: Sequence[Change]) -> Sequence[Change]:
        """Carry out changes, each if the standing still is as the change says (`from_`); returns those that were."""
        ...

    def pin(
        self,
        community: str,
        place: Place,
        *,
        to: str | None,
        by: str,
        reason: str,
        at: datetime,
        until: datetime | None = None,
    ) -> ByHand:
        """Hold a standing still by hand, moving it to `to` first if that is given.

        Raises:
            Refusal: no reason is given.
        """
        ...

    def unpin(self, community: str, place: Place, *, by: str, at: datetime, reason: str = "") -> ByHand | None:
        """Let reviews move the standing again; None if nobody had pinned it."""
        ...

    def put(self, community: str, place: Place, *, to: str, by: str, reason: str, at: datetime) -> ByHand:
        """Move a standing by hand; reviews go on from there.

        Raises:
            Refusal: no reason is given.
        """
        ...

    def by_hand(self, community: str, member: str) -> Sequence[ByHand]:
        """Everything that operators ever did to a member's standings, in order."""
        ...

    def waiting(self, community: str) -> int:
        """How many members wait for somebody's word."""
        ...
