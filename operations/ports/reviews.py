"""Reviews: what a look at the whole community has found and carried out so far, so that it survives any crash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

JUDGED = "judged_under_trial"
"""The count of those in a shard who were judged under the digest on trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One review: at which moment, under which spec, of which parts, and where the shards lie.

    `cuts` are member ids: shard n goes from cut n (included) to cut n+1 (excluded), the first from the very first
    member, the last to the very last. `trial` is the digest under which a share of members (in hundredths of a
    percent) is judged.
    """

    id: str
    community: str
    at: datetime
    digest: str
    parts: tuple[str, ...]
    cuts: tuple[str, ...] = ()
    trial: str | None = None
    share: int = 0

    @property
    def shards(self) -> int:
        return len(self.cuts) + 1

    def bounds(self, shard: int) -> tuple[str | None, str | None]:
        """From which member (included) to which (excluded)."""
        return (
            self.cuts[shard - 1] if shard else None,
            self.cuts[shard] if shard < len(self.cuts) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Something that a review found must change.

    `kind` is `move below above met unmet exempt liable fire held untrue`; `body` is what carrying it out needs, as
    plain JSON. `to` is the tier or stage, `seats` says that it has a limited number, `leaves` the tier left. Among
    those who want a seat, the lower `rank` comes first. `ask` is True when somebody's word is needed. `digest` is that
    of the spec under which it was found, if not the review's own.
    """

    subject: str
    rule: str
    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    to: str | None = None
    leaves: str | None = None
    seats: bool = False
    rank: tuple[int | str, ...] = ()
    ask: bool = False
    shard: int = 0
    place: int = 0
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """One move of one member for which somebody's word is awaited.

    `state` is `asked started approving inviting ended`; `outcome` is `moved refused declined lapsed no_seat not_here`.
    """

    community: str
    id: str
    member: str
    ladder: str
    value: str
    from_: str | None
    to: str
    transition: str | None
    digest: str
    review: str
    opened_at: datetime
    state: str = "asked"
    item: str | None = None
    invited_at: datetime | None = None
    due: datetime | None = None
    answer: str | None = None
    answered_at: datetime | None = None
    outcome: str | None = None
    ended_at: datetime | None = None
    again_from: datetime | None = None
    scale: str | None = None
    seed: str | None = None

    @property
    def workflow(self) -> str:
        """The id of the workflow that waits: one for each member and ladder, whatever review began it."""
        ladder = f"{self.ladder}@{self.value}" if self.value else self.ladder
        return f"{self.community}/member/{self.member}/{ladder}"


class Reviews(Protocol):
    """What reviews keep. Writing the same again changes nothing."""

    def begin(
        self,
        community: str,
        *,
        run: str,
        at: datetime,
        digest: str,
        parts: Sequence[str],
        shard_size: int,
        trial: str | None = None,
        share: int = 0,
    ) -> Plan:
        """Begin a review, or return the one that this workflow run began already."""
        ...

    def next_id(self, community: str, at: datetime) -> str:
        """The id that the next review of this moment will have."""
        ...

    def plan(self, community: str, id: str) -> Plan: ...

    def members(self, community: str, bounds: tuple[str | None, str | None]) -> Sequence[str]:
        """The members of a shard, by id."""
        ...

    def looked(self, plan: Plan, part: str, shard: int, counts: Mapping[str, int], verdicts: Sequence[Verdict]) -> None:
        """Keep what a look at one shard found."""
        ...

    def has_looked(self, plan: Plan, part: str, shard: int) -> bool: ...

    def contenders(self, plan: Plan, part: str) -> Sequence[Verdict]:
        """The moves of a part into, or out of, tiers with limited seats, without their bodies."""
        ...

    def under(self, plan: Plan, digest: str) -> Mapping[str, int]:
        """What was found so far under another digest than the review's own: promotions, demotions, graces, moved.

        And `members`, the number of those who were judged under it in one part, at most.
        """
        ...

    def drop(self, plan: Plan, part: str, digest: str) -> int:
        """Forget what was found for a part under another digest than the review's own; returns how much that was."""
        ...

    def sort(self, plan: Plan, part: str, *, without: Sequence[tuple[int, int]], size: int) -> int:
        """Put all verdicts but some (shard, place) into batches of a size; returns how many batches there are.

        Whoever leaves a tier with seats comes before whoever enters one.
        """
        ...

    def batch(self, plan: Plan, part: str, batch: int) -> Sequence[Verdict]:
        """The verdicts of one batch."""
        ...

    def done(self, plan: Plan, part: str, batch: int, counts: Mapping[str, int]) -> bool:
        """Note in the transaction that carries a batch out that it is; False when it was already."""
        ...

    def count(self, plan: Plan, part: str, counts: Mapping[str, int]) -> None:
        """Counts that belong to a part as a whole, such as who waits for a seat."""
        ...

    def finish(self, plan: Plan) -> Mapping[str, Any]:
        """The review is over: sum up its counts, by part, and drop what it found."""
        ...

    def touched(self, community: str, *, since: datetime, member: str | None = None) -> Sequence[str]:
        """Runs under way about members who have moved since then (about one member, if one is given): their `while`
        may not hold any more."""
        ...

    def on_trial(self, community: str, at: datetime) -> tuple[str | None, int]:
        """The digest on trial and its share at the last review up to a moment; none and 0 without."""
        ...

    def latest(self, community: str, *, limit: int = 20) -> Sequence[Mapping[str, Any]]:
        """Summaries of reviews, latest first."""
        ...


class Firings(Protocol):
    """When rules acted last, and whether the spell in which they did still lasts."""

    def fired(self, community: str, rules: Sequence[str]) -> Mapping[tuple[str, str], tuple[datetime, bool]]:
        """(rule, subject) to when it last acted, and whether its condition was not untrue at any look since."""
        ...

    def fire(self, community: str, fired: Sequence[tuple[str, str]], *, at: datetime) -> None:
        """These (rule, subject) act now."""
        ...

    def untrue(self, community: str, ended: Sequence[tuple[str, str]]) -> None:
        """The spells of these are over."""
        ...


class Memberships(Protocol):
    """Moves that wait for somebody's word."""

    def ask(self, memberships: Sequence[Membership]) -> int:
        """Keep new ones; known ones stay as they are. Returns how many were new."""
        ...

    def unstarted(self, community: str, *, limit: int = 200) -> Sequence[Membership]:
        """Those whose workflow may not have been started, oldest first."""
        ...

    def started(self, community: str, ids: Sequence[str]) -> None:
        """The workflows of these run."""
        ...

    def get(self, community: str, id: str) -> Membership | None: ...

    def held(self, community: str, id: str) -> Membership | None:
        """The same; nobody else changes it until the transaction is over."""
        ...

    def update(self, community: str, id: str, **changes: Any) -> None: ...

    def answer(self, community: str, id: str, *, answer: str, at: datetime) -> Membership:
        """The member's answer, the first one for ever.

        Raises:
            operations.errors.Refusal: there is no such invitation, it is over, or it was answered otherwise.
        """
        ...

    def invitations(self, community: str, member: str | None = None) -> Sequence[Membership]:
        """Open invitations, of one member or of all."""
        ...

    def resting(self, community: str, ladder: str, value: str, *, at: datetime) -> set[tuple[str, str]]:
        """Whom not to ask again yet: (member, tier or transition)."""
        ...

    def counts(self, community: str) -> Mapping[str, int]:
        """How many wait (`open`) and how many came out how."""
        ...
