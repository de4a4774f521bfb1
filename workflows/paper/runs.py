"""Runs on paper: the memory of one run, with the same gate as the database: open or closed, late, limits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from operations.ports.runs import CANCELLED, ENDED, RUNNING, Act, Entry, Gate, Planned, Run, Tally, Visit, Work

_COMING = ("enrol", "decline", "withdraw")


class PaperRuns:
    """See `operations.ports.runs.Runs`."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._visits: dict[tuple[str, str, int], Visit] = {}
        self._latest: dict[tuple[str, str], int] = {}
        self._listed: dict[str, tuple[Visit, ...]] = {}
        self._works: dict[str, Work] = {}
        self._acts: dict[tuple[str, str, int, str, str, str, int], Act] = {}
        self._planned: dict[tuple[str, str, int], dict[int, Planned]] = {}
        self._parts: dict[str, dict[str, str]] = {}
        self._seq = 0

    # ------------------------------------------------------------------------------------------------------------ runs
    def begin(self, run: Run, *, at_once: int = 1) -> Run:
        number = 1 + sum(one.task == run.task for one in self._runs.values())
        begun = replace(run, id=f"{run.id}/{number}")
        self._runs[begun.id] = begun
        return begun

    def run(self, id: str) -> Run | None:
        return self._runs.get(id)

    def runs(
        self, community: str, *, task: str | None = None, status: str | None = None, limit: int = 200
    ) -> Sequence[Run]:
        found = [run for run in self._runs.values() if task in (None, run.task) and status in (None, run.status)]
        return found[::-1][:limit]

    def children(self, run: str) -> Sequence[Run]:
        return [one for one in self._runs.values() if one.parent == run]

    def move(self, id: str, *, to: str, at: datetime, phases: Mapping[str, str]) -> None:
        self._runs[id] = replace(self._runs[id], digest=to)

    def finish(self, id: str, *, end: str, at: datetime) -> None:
        status = CANCELLED if end == "cancel" else ENDED
        self._runs[id] = replace(self._runs[id], status=status, end=end, ended_at=at)
        for key, one in self._visits.items():
            if one.state in ("open", "closing"):
                self._listed.pop(one.run, None)
                self._visits[key] = replace(one, state="closed", closed_at=one.closed_at or at)
        if status == CANCELLED:
            for work in list(self._works.values()):
                if work.state == "open":
                    self._works[work.id] = replace(work, state="withdrawn")

    # ---------------------------------------------------------------------------------------------------------- visits
    def open(self, visit: Visit) -> Visit:
        key = (visit.run, visit.phase, visit.visit)
        if key not in self._visits:
            self._latest[visit.run, visit.phase] = visit.visit
            self._listed.pop(visit.run, None)
        return self._visits.setdefault(key, visit)

    def visit(self, run: str, phase: str, visit: int | None = None) -> Visit | None:
        number = self._latest.get((run, phase)) if visit is None else visit
        return None if number is None else self._visits.get((run, phase, number))

    def visits(self, run: str) -> Sequence[Visit]:
        if run not in self._listed:
            self._listed[run] = tuple(one for one in self._visits.values() if one.run == run)
        return self._listed[run]

    def open_visits(self, run: str, *, phase: str | None = None, kind: str | None = None) -> Sequence[Visit]:
        return [
            one
            for one in self.visits(run)
            if one.state == "open" and phase in (None, one.phase) and kind in (None, one.kind)
        ]

    def take_in(self, run: str, phase: str, visit: int, *, things: Sequence[str], deadline: datetime | None) -> None:
        values: dict[str, Any] = {"things": (*self._visits[run, phase, visit].things, *things)}
        if deadline is not None:
            values["deadline"] = deadline
        self._change(run, phase, visit, "open", **values)

    def untaken(self, of: Visit, source: Visit) -> Sequence[str]:
        works = self.works(of.run, source.phase, since=source.since, until=source.visit)
        return [one.id for one in works if one.state != "refused" and one.id not in of.things]

    def left(self, run: str, phase: str, visit: int, *, after: int = -1, limit: int) -> Sequence[tuple[int, str]]:
        return ()  # on paper nothing is many

    def settle(self, run: str, phase: str, visit: int, things: Collection[str]) -> None:
        """Nothing is many."""

    def latest_open(self, run: str, kind: str) -> Visit | None:
        found = [one for one in self._visits.values() if (one.run, one.kind, one.state) == (run, kind, "open")]
        return found[-1] if found else None

    def shut(self, run: str, phase: str, visit: int, *, at: datetime) -> None:
        self._change(run, phase, visit, "open", state="closing", shut_at=at)

    def extend(self, run: str, phase: str, visit: int, *, deadline: datetime) -> None:
        self._change(run, phase, visit, "open", deadline=deadline)

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
        for work, (state, credit) in works.items():
            self._works[work] = replace(self._works[work], state=state, credit=credit)
        self._change(run, phase, visit, None, state="closed", outcome=outcome, results=dict(results), closed_at=at)

    def follow(self, run: str, phase: str, visit: int, *, results: Mapping[str, Any]) -> None:
        """What came of a phase that is over has changed: somebody else is in its teams."""
        self._change(run, phase, visit, "closed", results=dict(results))

    def _change(self, run: str, phase: str, visit: int, only: str | None, **values: Any) -> None:
        one = self._visits.get((run, phase, visit))
        if one is not None and only in (None, one.state):
            self._visits[run, phase, visit] = replace(one, **values)
            self._listed.pop(run, None)

    # -------------------------------------------------------------------------------------------------- works and acts
    def submit(
        self, run: str, phase: str, entries: Sequence[Entry], *, limit: int, mark: bool, visit: int | None = None
    ) -> Sequence[Gate]:
        return [self._submit(run, phase, entry, limit, mark, visit) for entry in entries]

    def _submit(self, run: str, phase: str, entry: Entry, limit: int, mark: bool, number: int | None) -> Gate:
        visit, verdict, late = self._gate(run, phase, entry.at, mark, number)
        if visit is None or verdict != "accepted":
            return self._said(visit, verdict)
        known = self.works(run, phase, since=visit.since, until=visit.visit)
        whose = entry.unit or entry.author
        mine = [work for work in known if (work.unit or work.author) == whose]
        if sum(work.state in ("open", "accepted") for work in mine) >= limit:
            return self._said(visit, "limit")
        count = 1 + max((work.n for work in mine if work.visit == visit.visit), default=0)
        self._seq += 1
        work = Work(
            community=visit.community,
            id=f"{run}/{phase}/{visit.visit}/{whose.removeprefix(f'{run}/').replace('/', '.')}/{count}",
            run=run,
            phase=phase,
            visit=visit.visit,
            author=entry.author,
            unit=entry.unit,
            authors=entry.authors,
            shares=entry.shares,
            at=entry.at,
            seq=self._seq,
            n=count,
            fields=dict(entry.fields),
            into=entry.into,
            late=late,
        )
        self._works[work.id] = work
        return self._said(visit, "accepted", work.id, late)

    def act(self, run: str, phase: str, acts: Sequence[Act], *, visit: int | None = None) -> Sequence[Gate]:
        return [self._act(run, phase, act, visit) for act in acts]

    def _act(self, run: str, phase: str, act: Act, number: int | None) -> Gate:
        visit, verdict, _ = self._gate(run, phase, act.at, mark=False, number=number)
        if visit is None or verdict != "accepted":
            return self._said(visit, verdict)
        key = (run, phase, visit.visit, act.by, act.about, act.verb, act.version)
        known = self._acts.get(key)
        if known is not None and (known.choice, known.fields) == (act.choice, act.fields) and act.verb != "enrol":
            return self._said(visit, "known", act.about)
        self._seq += 1
        self._acts[key] = replace(act, visit=visit.visit, seq=known.seq if known is not None else self._seq)
        work = self._works.get(act.about)
        if act.verb == "revise" and work is not None and work.version == act.version - 1:
            self._works[work.id] = replace(work, version=act.version, fields=dict(act.fields))
        return self._said(visit, "accepted", act.about)

    def _gate(
        self, run: str, phase: str, at: datetime, mark: bool, number: int | None
    ) -> tuple[Visit | None, str, bool]:
        visit = self.visit(run, phase, number)
        late = visit is not None and visit.deadline is not None and at >= visit.deadline
        if visit is None:
            return None, "no_phase", False
        if self._runs[run].status != RUNNING:
            return visit, "run_over", late
        if visit.state != "open":
            return visit, "closed", late
        return visit, "late" if late and not mark else "accepted", late

    @staticmethod
    def _said(visit: Visit | None, verdict: str, id: str = "", late: bool = False) -> Gate:
        if visit is None:
            return Gate(verdict=verdict)
        return Gate(verdict=verdict, id=id, late=late, closes_at=visit.closed_at or visit.deadline, visit=visit.visit)

    def works(self, run: str, phase: str, *, since: int = 1, until: int | None = None) -> Sequence[Work]:
        last = 10**9 if until is None else until
        return [one for one in self.works_of(run) if one.phase == phase and since <= one.visit <= last]

    def works_of(self, run: str) -> Sequence[Work]:
        mine = (one for one in self._works.values() if one.run == run and one.state != "withdrawn")
        return sorted(mine, key=lambda work: (work.at, work.seq))

    def works_by_id(self, community: str, ids: Collection[str]) -> Mapping[str, Work]:
        return {id: self._works[id] for id in ids if id in self._works}

    def acts(
        self,
        run: str,
        phase: str,
        *,
        since: int = 1,
        until: int | None = None,
        about: Collection[str] | None = None,
    ) -> Sequence[Act]:
        last = 10**9 if until is None else until
        mine = (
            act
            for (of, in_, visit, *_), act in self._acts.items()
            if (of, in_) == (run, phase) and since <= visit <= last and (about is None or act.about in about)
        )
        return sorted(mine, key=lambda act: (act.at, act.seq))

    def tally(self, run: str, phase: str, visit: int) -> Tally:
        works = self.works(run, phase, since=visit, until=visit)
        acts = self.acts(run, phase, since=visit, until=visit)
        return Tally(works=len(works), acts=len(acts), authors=len({work.author for work in works}))

    def signs(self, run: str, members: Collection[str]) -> Mapping[str, datetime]:
        """When each of them last did something in a run."""
        done = [(who, work.at) for work in self._works.values() if work.run == run for who in work.written_by]
        done += [(work.author, work.at) for work in self._works.values() if work.run == run]
        done += [(act.by, act.at) for (of, *_), act in self._acts.items() if of == run]
        return dict(sorted((who, at) for who, at in done if who in members))  # the latest of each stays

    # -------------------------------------------------------------------------------------------------- what is planned
    def plan(self, run: str, phase: str, visit: int, acts: Sequence[Planned]) -> None:
        self._planned.setdefault((run, phase, visit), {one.seq: one for one in acts})

    def planned(
        self, run: str, phase: str, visit: int, *, until: datetime | None = None, limit: int | None = None
    ) -> Sequence[Planned]:
        mine = self._planned.get((run, phase, visit), {})
        return [one for _, one in sorted(mine.items()) if until is None or one.at <= until][:limit]

    def planned_until(self, run: str, phase: str, visit: int) -> datetime | None:
        return max((one.at for one in self.planned(run, phase, visit)), default=None)

    def played(self, run: str, phase: str, visit: int, seqs: Collection[int]) -> None:
        for seq in seqs:
            del self._planned[run, phase, visit][seq]

    # ----------------------------------------------------------------------------------------------------------- parts
    def leave(self, run: str, member: str) -> bool:
        left = self._parts.get(run, {}).pop(member, None) is not None
        for work in list(self._works.values()):
            if (work.run, work.author, work.state, work.unit) == (run, member, "open", None):
                self._works[work.id] = replace(work, state="withdrawn")
        return left

    @contextmanager
    def together(self) -> Iterator[None]:
        yield

    def take_part(self, run: str, members: Mapping[str, str]) -> None:
        mine = self._parts.setdefault(run, {})
        for member, part in members.items():
            mine.setdefault(member, part)

    def parts(self, run: str, members: Collection[str] | None = None) -> Mapping[str, str]:
        mine = self._parts.get(run, {})
        return {who: mine[who] for who in sorted(mine) if members is None or who in members}

    def load(self, community: str, members: Collection[str] | None = None) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for run, parts in self._parts.items():
            if self._runs[run].status == RUNNING:
                for member in parts:
                    if members is None or member in members:
                        found[member] = found.get(member, 0) + 1
        return found

    def within(self, community: str, mode: str, members: Collection[str] | None = None) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for run, parts in self._parts.items():
            if self._runs[run].status == RUNNING and self._runs[run].mode == mode:
                for member in parts:
                    if members is None or member in members:
                        found[member] = found.get(member, frozenset()) | {self._runs[run].task}
        return found
