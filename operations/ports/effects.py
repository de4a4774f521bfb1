"""Effects and the things they change: ledgers, titles, benefits, assignments, candidate lists, publications.

A *deed* is one effect for one person, place or thing, with a key made of where it comes from, its place in the list and
whom it is for. A deed is done once, whatever crashes, and can be undone when a run is cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

KINDS = (
    "publish",
    "notify",
    "points",
    "gift",
    "money",
    "title",
    "benefit",
    "certificate",
    "revoke",
    "nominate",
    "record",
    "open",
    "assign",
    "start",
    "propose",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One effect for one person or thing.

    `details` are plain JSON values: what the kind needs (`amount`, `item`, `title`, `value`, `until`, `place`, `what`,
    `task`, `arguments`, …). `source` is the run or decision it comes from, `run/task/mode/phase` what facts name.
    """

    key: str
    kind: str
    at: datetime
    source: str
    member: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    run: str | None = None
    task: str | None = None
    mode: str | None = None
    phase: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of deeds: how many were done now, were known already, or could not be done and why."""

    new: int = 0
    known: int = 0
    refused: tuple[tuple[str, str], ...] = ()  # (key of the deed, reason)

    def __add__(self, other: Done) -> Done:
        return Done(new=self.new + other.new, known=self.known + other.known, refused=self.refused + other.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A title or benefit that somebody holds or held."""

    kind: str  # title | benefit
    member: str
    item: str
    value: str = ""
    since: datetime
    until: datetime | None = None
    ended_at: datetime | None = None
    key: str = ""  # of the deed that gave it


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody on a candidate list. `list` is `tier`, `title` or `task`, `of` its id."""

    member: str
    list: str
    of: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left in one account. Amounts are points, pieces, or hundredths of the currency."""

    kind: str  # points | budget | stock
    account: str  # the member, budget or stock item
    period: str  # such as "2027", "2027-Q1"; "" for points and stock
    amount: int


@dataclass(frozen=True, slots=True)
class Line:
    """One account of one book, from its causes to what is left.

    Args:
        book: stock | budget | booking | points | contributions | rewards.
        account: the item, budget or fleet; `members`; of contributions and rewards the run.
        came: what came in: pieces put in, money granted, cars promised, points awarded, credit of accepted works,
            points to be divided by credit. Money in hundredths.
        went: what went out: given, spent, brought back, divided.
        left: what the account itself says.
    """

    book: str
    account: str
    came: int
    went: int
    left: int

    @property
    def balances(self) -> bool:
        """Whether the two sides say the same."""
        return self.came - self.went == self.left


class Starter(Protocol):
    """Who starts runs of tasks for effects."""

    def start(
        self,
        community: str,
        task: str,
        *,
        key: str,
        subject: str | None,
        arguments: Mapping[str, Any],
        at: datetime,
        scale: str | None,
        seed: str | None,
    ) -> str:
        """Start a run and return its id; the same key once more returns the same run.

        Raises:
            operations.errors.Refusal: it cannot run yet, an argument is missing, or enough are under way (`at_once`).
        """
        ...


class Effects(Protocol):
    """Where effects leave their traces. Everything of one call is done in one transaction."""

    def do(self, community: str, deeds: Sequence[Deed]) -> Done:
        """Carry out deeds that are not done yet, with their facts and notices. Refusals of the database (no money,
        nothing in stock, no seat) are recorded with the deed and do not stop the others."""
        ...

    def undo(self, community: str, source: str, *, at: datetime) -> int:
        """Take back what came from a source, in reverse order; what cannot be taken back (a notice sent) stays."""
        ...

    def refuse(self, community: str, deed: Deed, reason: str) -> None:
        """Record why a deed cannot be done."""
        ...

    def to_start(self, community: str, *, limit: int = 100) -> Sequence[Deed]:
        """Deeds of kind `start` that are waiting for their run, oldest first."""
        ...

    def held_back(self, community: str, *, run: str | None = None) -> Sequence[Deed]:
        """Publications that an embargo holds back, oldest first: those of one run; or, without one, all except those
        of runs that are under way on a clock of their own."""
        ...

    def publish_now(self, community: str, keys: Sequence[str], *, at: datetime) -> int:
        """Publish what was held back, and close the items that tell of it; what is not held back (any more) stays as it
        is. Returns how many publications that were."""
        ...

    def started(self, community: str, key: str, *, run: str | None, reason: str | None = None) -> None:
        """A run was started for a deed, or was refused."""
        ...

    def stocked(self, community: str, item: str, count: int, *, by: str, at: datetime, key: str) -> int:
        """Put pieces into stock (or take some out, negative). Returns what is there now. Idempotent by `key`."""
        ...

    def staff(self, community: str, role: str, people: Sequence[str]) -> None:
        """Say who is in a role now."""
        ...

    def people(self, community: str, role: str) -> Sequence[str]:
        """Who is in a role now, in a fixed order."""
        ...

    def looked_after(self, community: str) -> Mapping[tuple[str, str], int]:
        """How many members each person looks after, by role and person; who looks after none is left out."""
        ...

    def assigned(self, community: str, member: str) -> Mapping[str, str]:
        """The member's contact, host and tutor, as far as there are any."""
        ...

    def holdings(self, community: str, member: str | None = None, *, at: datetime | None = None) -> Sequence[Holding]:
        """Titles and benefits, of one member or of all; with `at`, only those that hold then."""
        ...

    def expired(self, community: str, *, at: datetime) -> Sequence[Holding]:
        """Titles whose term is over at a moment and that nobody has ended or renewed yet."""
        ...

    def renew(self, community: str, key: str, *, until: datetime) -> None:
        """What this deed gave goes on until then."""
        ...

    def candidates(self, community: str, list: str | None = None, of: str | None = None) -> Sequence[Candidate]:
        """Who is on a candidate list."""
        ...

    def certificates(self, community: str, member: str) -> Sequence[Deed]:
        """The certificates somebody was given, oldest first."""
        ...

    def balances(self, community: str, kind: str | None = None) -> Sequence[Balance]:
        """What is left in the accounts."""
        ...

    def totals(self, community: str) -> Mapping[str, int]:
        """How many deeds of each kind were done, and `refused`."""
        ...

    def audit(self, community: str) -> Sequence[str]:
        """Every sentence says one thing that does not balance; none when the books balance."""
        ...

    def statement(self, community: str) -> Sequence[Line]:
        """Every account of every book, counted from its causes, with what is left of it."""
        ...
