"""Runs: tasks under way, their phases, who takes part, what they handed in and what they answered.

A *visit* is one entry of a phase: with a way back or in the rounds of a repeat a phase is visited several times, and
visits are numbered per phase over the whole run. Participants are rows: an *act* (joining, a verdict, a score, an
answer) and a *work* are accepted if and only if the gate of their phase is open, in one transaction with that check.
Times are those of the run: in a run on a scaled clock they are its own, not the wall's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

RUNNING = "running"
ENDED = "ended"
CANCELLED = "cancelled"

Verb = Literal[
    "enrol",
    "decline",
    "withdraw",
    "verdict",
    "revise",
    "score",
    "answer",
    "set_day",
    "attend",
    "minutes",
    "claim",
    "confirm",
    "place",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a task.

    `id` is `community/task/number`, also the id of its workflow. `subject` is whom or what it is about (None: the
    community). `end` is `end`, `end:word` or `cancel` once it is over. `scale` is a clock scale such as `1d=1s`,
    `rehearsed` says that simulated participants play, `seed` decides every lot and every simulated act.
    `began_at` is the wall's time at which `opened_at` was. `parent` is the run that started it and waits for its end.
    `moved` tells through which versions it moved: `from`, `to`, `at`, and `phases` (old name to new) each time.
    """

    community: str
    id: str
    task: str
    mode: str
    digest: str
    opened_at: datetime
    began_at: datetime
    subject: str | None = None
    starter: str | None = None
    scale: str | None = None
    rehearsed: bool = False
    crowd: int | None = None
    seed: int = 0
    args: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    parent: str | None = None
    moved: tuple[Mapping[str, Any], ...] = ()
    status: str = RUNNING
    end: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One entry of a phase. `state` is `open`, `closing`, `closed` or `skipped`.

    `since` is the visit whose works, members and scores still count: a phase that came out short and is entered
    again goes on where it stopped, one that came out well begins anew. `scope` names the rounds it lies in
    (`week.3/`). `asked` are the people and roles (`role:planner`) fixed when it opened, `things` what they are asked
    about. `many` is how many things are read only when somebody looks at them, as large results are; 0: they are here.
    `shut_at` is the wall's time at which the gate was shut.
    """

    community: str
    run: str
    phase: str
    visit: int
    kind: str
    opened_at: datetime
    began_at: datetime
    since: int = 1
    scope: str = ""
    state: str = "open"
    deadline: datetime | None = None
    ends_at: datetime | None = None
    asked: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    things: Sequence[str] = ()
    many: int = 0
    closed_at: datetime | None = None
    shut_at: datetime | None = None
    outcome: str | None = None
    results: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Something handed in. `author` is a member or a role; `state` is `open`, `accepted`, `refused` or `withdrawn`.

    `unit` is the team it is from, or the part of it (`team#slot`); then `authors` are all of them, whoever handed it
    in, and `shares` their parts of its credit.
    """

    community: str
    id: str
    run: str
    phase: str
    visit: int
    author: str
    at: datetime
    unit: str | None = None
    authors: tuple[str, ...] = ()
    shares: tuple[int, ...] = ()
    seq: int = 0
    n: int = 1
    version: int = 1
    fields: Mapping[str, Any] = field(default_factory=dict)
    into: str | None = None
    late: bool = False
    state: str = "open"
    credit: int | None = None

    @property
    def written_by(self) -> tuple[str, ...]:
        """Everybody whose work it is."""
        return self.authors or (self.author,)

    def credited(self) -> dict[str, int]:
        """Each member's part of its credit; the parts add up to it, what does not divide goes to the largest rests."""
        people = [who for who in self.written_by if not who.startswith("role:")]
        credit, shares = self.credit or 0, self.shares if len(self.shares) == len(people) else (1,) * len(people)
        whole = sum(shares) or 1
        given = [credit * share // whole for share in shares]
        order = sorted(range(len(people)), key=lambda n: (-(credit * shares[n] % whole), n))
        for n in order[: credit - sum(given)]:
            given[n] += 1
        return dict(zip(people, given, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something somebody did in a phase, other than handing in a work.

    `by` is a member or whoever did it for a role, `role` that role. `about` is the work, team or person it is about,
    "" for the phase itself. `choice` is the verdict or answer, `fields` the form, or the scores by criterion. `version`
    is that of the work: after a return the author hands in the next one (`revise`) and it is looked at again.
    """

    verb: str
    by: str
    at: datetime
    about: str = ""
    role: str | None = None
    choice: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    visit: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A work on its way in; of a team or a part of one with the `unit` and everybody who is named with it."""

    author: str
    at: datetime
    unit: str | None = None
    authors: tuple[str, ...] = ()
    shares: tuple[int, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    into: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the gate said to one work or act.

    `verdict` is `accepted`, `known` (the same was there already), `closed`, `late`, `limit`, `run_over` or `no_phase`.
    """

    verdict: str
    id: str = ""
    late: bool = False
    closes_at: datetime | None = None
    visit: int = 0

    @property
    def accepted(self) -> bool:
        return self.verdict in ("accepted", "known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a simulated participant will do in a visit, in the order of `seq`."""

    seq: int
    at: datetime
    verb: str  # a Verb, or submit
    by: str
    about: str = ""
    role: str | None = None
    choice: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many rows a visit has, for progress and for the question whether everything may be in."""

    works: int = 0
    acts: int = 0
    authors: int = 0
    planned: int = 0


class Runs(Protocol):
    """The memory of runs. Every method of writing may be repeated with the same arguments without a second effect."""

    def begin(self, run: Run, *, at_once: int) -> Run:
        """Note a new run and give it its number (`run.id` is `community/task` without one).

        A run with the same `key` is returned as it is.

        Raises:
            operations.errors.Refusal: `at_once` live runs of the task for the subject are there already.
        """
        ...

    def run(self, id: str) -> Run | None: ...

    def runs(
        self, community: str, *, task: str | None = None, status: str | None = None, limit: int = 200
    ) -> Sequence[Run]:
        """Runs, latest first."""
        ...

    def unbegun(self, community: str, *, before: datetime, limit: int = 500) -> Sequence[Run]:
        """Live runs noted before then that never entered a phase, oldest first; none begun by a run that is over."""
        ...

    def children(self, run: str) -> Sequence[Run]:
        """The runs that a run started and waits, or waited, for; in the order in which they were begun."""
        ...

    def move(self, id: str, *, to: str, at: datetime, phases: Mapping[str, str]) -> None:
        """A live run goes on under another version; `phases` are those that are called otherwise since, old to new."""
        ...

    def finish(self, id: str, *, end: str, at: datetime) -> None:
        """The run is over: no gate of it is open any more, its items are closed, nobody takes part any more."""
        ...

    def open(self, visit: Visit) -> Visit:
        """Open a visit, or skip it (`state`). What is known already is returned unchanged."""
        ...

    def visit(self, run: str, phase: str, visit: int | None = None) -> Visit | None:
        """One visit of a phase, the latest if no number is given."""
        ...

    def visits(self, run: str) -> Sequence[Visit]:
        """All visits of a run in the order in which they were opened."""
        ...

    def shut(self, run: str, phase: str, visit: int, *, at: datetime) -> None:
        """Shut the gate: whoever has been told "accepted" is in, nobody else will be. `at` is the wall's time."""
        ...

    def extend(self, run: str, phase: str, visit: int, *, deadline: datetime) -> None:
        """The phase goes on until then."""
        ...

    def conclude(
        self,
        run: str,
        phase: str,
        visit: int,
        *,
        outcome: str,
        results: Mapping[str, Any],
        at: datetime,
        works: Mapping[str, tuple[str, int | None]],
    ) -> None:
        """Write down how a visit came out, and the state and credit of works; closes its items."""
        ...

    def submit(
        self, run: str, phase: str, entries: Sequence[Entry], *, limit: int, mark: bool, visit: int | None = None
    ) -> Sequence[Gate]:
        """Hand works in, each if and only if the gate is open. `limit` works per author; `mark` accepts late ones.

        `visit` says which of the visits that are open at the same time; the latest without it.
        """
        ...

    def act(self, run: str, phase: str, acts: Sequence[Act], *, visit: int | None = None) -> Sequence[Gate]:
        """Carry out acts, each if and only if the gate is open. One act per (by, about, verb, version)
        in a visit stands; `revise` also makes the work what its author says now."""
        ...

    def works(self, run: str, phase: str, *, since: int = 1, until: int | None = None) -> Sequence[Work]:
        """Works of a phase in the order of arrival, withdrawn ones left out."""
        ...

    def works_of(self, run: str) -> Sequence[Work]:
        """All works of a run in the order of arrival, withdrawn ones left out."""
        ...

    def works_by_id(self, community: str, ids: Collection[str]) -> Mapping[str, Work]: ...

    def acts(
        self,
        run: str,
        phase: str,
        *,
        since: int = 1,
        until: int | None = None,
        about: Collection[str] | None = None,
    ) -> Sequence[Act]:
        """Acts of a phase in the order of arrival; only those about certain things if they are named."""
        ...

    def tally(self, run: str, phase: str, visit: int) -> Tally: ...

    def plan(self, run: str, phase: str, visit: int, acts: Sequence[Planned]) -> None:
        """Note what simulated participants will do; what is noted already stays."""
        ...

    def planned(
        self, run: str, phase: str, visit: int, *, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[Planned]:
        """What simulated participants have not done yet, in order."""
        ...

    def planned_until(self, run: str, phase: str, visit: int) -> datetime | None:
        """When the last of what they have not done yet is due; None if nothing is left."""
        ...

    def played(self, run: str, phase: str, visit: int, seqs: Collection[int]) -> None:
        """These were done."""
        ...

    def open_visits(self, run: str, *, phase: str | None = None, kind: str | None = None) -> Sequence[Visit]:
        """Visits that are open now, of one phase or of all of a kind, in the order in which they were opened."""
        ...

    def take_in(self, run: str, phase: str, visit: int, *, things: Sequence[str], deadline: datetime | None) -> None:
        """An open visit has these to look at besides what it has."""
        ...

    def untaken(self, of: Visit, source: Visit) -> Sequence[str]:
        """Works of a visit, in the order of arrival, that another visit is not about yet."""
        ...

    def left(self, run: str, phase: str, visit: int, *, after: int = -1, limit: int) -> Sequence[tuple[int, str]]:
        """Of the many things of a visit those that are not settled, with their places, in order."""
        ...

    def settle(self, run: str, phase: str, visit: int, things: Collection[str]) -> None:
        """Nothing more can be said about these of the many things of a visit."""
        ...

    def latest_open(self, run: str, kind: str) -> Visit | None:
        """The open visit of a phase of this kind, if there is one."""
        ...

    def leave(self, run: str, member: str) -> bool:
        """The member takes part no more; works that are not accepted yet are withdrawn, those of a team stay with it.

        False: had no part.
        """
        ...

    def together(self) -> AbstractContextManager[object]:
        """Whatever is written inside is written at once, or not at all."""
        ...

    def take_part(self, run: str, members: Mapping[str, str]) -> None:
        """Members and their part in the run (`author`, `member`, `judge`, …); the first part stays."""
        ...

    def parts(self, run: str, members: Collection[str] | None = None) -> Mapping[str, str]:
        """Who has which part in a run; with members, only of those."""
        ...

    def load(self, community: str, members: Collection[str] | None = None) -> Mapping[str, int]:
        """How many live runs each member takes part in; who takes part in none is left out."""
        ...

    def within(self, community: str, mode: str, members: Collection[str] | None = None) -> Mapping[str, frozenset[str]]:
        """The tasks of live runs of a mode in which each member takes part; who is in none is left out."""
        ...
