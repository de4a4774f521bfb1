"""Inbox: what people are asked to do, by role or by name, until when, and what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that somebody is asked to do.

    `id` is made of what it comes from and therefore the same when it is opened twice. `asked` are member ids and
    roles (`role:planner`). `choices` are the outcomes that `complete` takes; `form` is a kind of fact to be filled.
    `run/phase/visit` name the phase that asks, if one does: then answers are acts of that phase. Otherwise
    `workflow` is the workflow that waits for the item and is told when it is completed; None: nobody waits.
    `claim_due`, `remind_at` and `escalate` are the steps of its service level (`operations.reminding`), `woken` how
    many of them were taken. On a scaled clock (`scale`) they are the run's own times, and `began_at` is the wall's time
    of `opened_at`. An item that was wanted and not done is `missed` for as long as somebody is still to be told.
    """

    community: str
    id: str
    asked: tuple[str, ...]
    title: Mapping[str, str]
    opened_at: datetime
    due: datetime | None = None
    about: str | None = None
    choices: tuple[str, ...] = ("done",)
    form: str | None = None
    run: str | None = None
    phase: str | None = None
    visit: int | None = None
    workflow: str | None = None
    claim_due: datetime | None = None
    remind_at: tuple[datetime, ...] = ()
    escalate: tuple[tuple[datetime, str], ...] = ()
    scale: str | None = None
    began_at: datetime | None = None
    woken: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    state: str = "open"  # open | done | gone | missed
    outcome: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    completed_by: str | None = None
    completed_at: datetime | None = None


class Inbox(Protocol):
    def open(self, items: Sequence[Item]) -> int:
        """Put items into the inbox; known ones stay as they are. Returns how many were new."""
        ...

    def item(self, community: str, id: str) -> Item | None: ...

    def find(
        self,
        community: str,
        *,
        role: str | None = None,
        member: str | None = None,
        run: str | None = None,
        state: str | None = "open",
        limit: int = 200,
    ) -> Sequence[Item]:
        """Items by role (`planner` or `role:planner`), person, run and state, most urgent first."""
        ...

    def claim(self, community: str, id: str, *, by: str, at: datetime) -> Item:
        """Take an item. Raises operations.errors.Refusal when somebody else has it, or it is over."""
        ...

    def complete(
        self, community: str, id: str, *, outcome: str, fields: Mapping[str, Any], by: str, at: datetime
    ) -> Item:
        """Say how it came out. The same once more changes nothing.

        Raises:
            operations.errors.Refusal: it is over with another outcome, somebody else has claimed it, or the outcome
                is none of its choices.
        """
        ...

    def finish(
        self, community: str, id: str, *, outcome: str, fields: Mapping[str, Any], by: str, at: datetime
    ) -> None:
        """Note how an item of a phase came out whose answer the phase has taken already."""
        ...

    def release(self, community: str, id: str, *, by: str) -> Item:
        """Give a claimed item back. Raises Refusal when it is over, or not with this person."""
        ...

    def hand_over(self, community: str, id: str, *, to: str, at: datetime) -> Item:
        """Put an item into somebody's hands, whoever had it. Raises Refusal when it is over."""
        ...

    def waking(self, community: str, *, until: datetime, limit: int = 500) -> Sequence[Item]:
        """Items whose next step is due by then on the wall's clock, held until the transaction ends."""
        ...

    def waking_in(self, run: str, *, until: datetime, limit: int = 500) -> Sequence[Item]:
        """Items of one run whose next step is due by then in the run's own time, held until the transaction ends."""
        ...

    def missed(self, run: str, phase: str, visit: int) -> int:
        """The time of a phase is up: what nobody has done of it and somebody is still to be told of is `missed`."""
        ...

    def woken(self, items: Sequence[tuple[Item, datetime | None]]) -> None:
        """So many steps were taken (`item.woken`), whom it is with and who is asked now; the next is due then."""
        ...

    def heard(self, items: Sequence[Item]) -> Mapping[str, Mapping[str, datetime]]:
        """Who (people, and the roles they spoke for) has done what items of phases ask, and since when; by item."""
        ...

    def asked_since(self, community: str, run: str, role: str, since: datetime) -> bool:
        """Whether a run has asked something of this role from then on, in its own time."""
        ...

    def loads(self, community: str) -> Mapping[str, int]:
        """How many open items each person has claimed."""
        ...

    def close(self, community: str, ids: Sequence[str]) -> None:
        """What is still open of these is not needed any more."""
        ...

    def counts(self, community: str) -> Mapping[str, int]:
        """How many items are open, by role (`people` for those that name people)."""
        ...
