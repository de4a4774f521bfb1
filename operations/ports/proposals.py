"""Proposals: changes of the specs that an insight opened; each waits with its plan until somebody decides about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

PLANNING, OPEN, BROKEN = "planning", "open", "broken"
ACCEPTED, REJECTED, WITHDRAWN = "accepted", "rejected", "withdrawn"
UNDECIDED = (PLANNING, OPEN, BROKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One proposed change.

    `edits` are (file, path, value) as people write them. `state` is planning (its plan is still being made), open,
    broken (the edits no longer fit; `problem` says why), accepted, rejected or withdrawn (its run was cancelled).
    `base` is the digest of the specs that the plan was made against, `digest` that of the specs it proposes. `plan` is
    what `trellis plan` would say. `at` is the moment in the run, `given` whether the plan is held to that moment
    because the run was on a clock of its own.
    """

    community: str
    number: int
    key: str
    at: datetime
    edits: tuple[tuple[str, str, str], ...]
    state: str
    given: bool = False
    run: str | None = None
    phase: str | None = None
    source: str | None = None
    base: str | None = None
    digest: str | None = None
    plan: Mapping[str, Any] | None = field(default=None, repr=False)
    problem: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    version: int | None = None


class Proposals(Protocol):
    """Keeps every proposal for ever. The effect `propose` opens them, in the state planning."""

    def all(self, community: str, *, state: str | None = None) -> Sequence[Proposal]:
        """Proposals, newest first."""
        ...

    def one(self, community: str, number: int) -> Proposal | None:
        """One of them."""
        ...

    def planned(self, community: str, number: int, *, base: str, digest: str, plan: Mapping[str, Any]) -> None:
        """It has its plan now, against the specs with the digest `base`; only while it is undecided."""
        ...

    def broken(self, community: str, number: int, problem: str) -> None:
        """It has no plan, and why; only while it is undecided."""
        ...

    def decide(
        self, community: str, number: int, state: str, *, by: str, reason: str, at: datetime, version: int | None = None
    ) -> bool:
        """Accepted or rejected, by whom and why; False when it was decided already."""
        ...
