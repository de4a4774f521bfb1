"""Trials: versions that are tried before they are current: beside the current one (shadow), or for a share (staged)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rules.spec import Community

SHADOW, STAGED = "shadow", "staged"
RUNNING, HALTED, CURRENT, REPLACED, WITHDRAWN = "running", "halted", "current", "replaced", "withdrawn"
WHOLE = 10_000
"""Everybody, as a share in hundredths of a percent."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a staged trial: the share of members in hundredths of a percent, and from when.

    Without `at` it is taken as soon as a review under the step before is over.
    """

    share: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """What stops a staged trial: more than `limit` of `what`.

    `what` is promotions, demotions, graces or moved. With `percent` the limit is in hundredths of a percent of the
    members who are judged under the version.
    """

    what: str
    limit: int
    percent: bool = False

    def __str__(self) -> str:
        return f"{self.what} > {shown(self.limit)}" if self.percent else f"{self.what} > {self.limit}"


def shown(share: int) -> str:
    """A share in hundredths of a percent, for people: `12.5%`."""
    whole, rest = divmod(share, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One version on trial: the community's `number`-th trial.

    `state` is running, halted (a bound was passed), current (it became the current version), replaced (by another
    version or trial) or withdrawn (by a person); `why` says why it ended. `step` is the index of the step it is at,
    `reviews` how many reviews of standings are over under that step, `counts` what has come of it so far, and
    `counted` the last review in these counts.
    """

    community: str
    number: int
    digest: str
    kind: str
    at: datetime
    author: str
    message: str
    steps: tuple[Step, ...] = ()
    bounds: tuple[Bound, ...] = ()
    state: str = RUNNING
    step: int = 0
    reviews: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    counted: str | None = None
    why: str = ""
    ended_at: datetime | None = None

    @property
    def share(self) -> int:
        """The share of members judged under it now, in hundredths of a percent; 0 for a shadow."""
        return self.steps[self.step].share if self.steps and self.state == RUNNING else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Members of one part of a review whose outcome would be another: as `outcome to` here, and under the trial."""

    part: str
    from_: str
    here: str
    there: str
    members: int
    some: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a shadow showed at one review: how many members were compared, who differs, and what could not be."""

    review: str
    at: datetime
    digest: str
    members: int
    differences: tuple[Difference, ...]
    problems: tuple[str, ...] = ()


class Trials(Protocol):
    """Keeps every trial for ever; of each kind one runs at a time."""

    def begin(self, files: Mapping[str, bytes], community: Community, trial: Trial) -> Trial:
        """Keep the documents and begin the trial; one of the same kind that runs is replaced. Returns it numbered."""
        ...

    def running(self, community: str, kind: str) -> Trial | None:
        """The trial of a kind that runs."""
        ...

    def held(self, community: str, kind: str) -> Trial | None:
        """The same, until the transaction ends nobody else's."""
        ...

    def all(self, community: str | None = None) -> Sequence[Trial]:
        """All trials, newest first."""
        ...

    def advance(self, trial: Trial, *, step: int) -> None:
        """Take a step."""
        ...

    def counted(self, trial: Trial, review: str, counts: Mapping[str, int], *, standings: bool) -> None:
        """A review under the trial is over; `standings`: it has looked at stages or tiers."""
        ...

    def end(self, trial: Trial, *, state: str, why: str, at: datetime) -> None:
        """End a trial that runs; one that is over stays as it is."""
        ...

    def compared(
        self, trial: Trial, *, review: str, at: datetime, digest: str, part: str, shard: int, members: int,
        differences: Sequence[Difference], problem: str = "",
    ) -> None:  # fmt: skip
        """Keep what a shadow showed for one shard of one part, once."""
        ...

    def comparisons(self, trial: Trial) -> Sequence[Compared]:
        """What a shadow showed, review by review, latest first."""
        ...
