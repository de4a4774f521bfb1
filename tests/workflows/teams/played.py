"""Played: a task of the sample that was rehearsed to its end, what is left of it, and what holds of every one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from operations.ports.runs import Run, Visit, Work
from operations.reports.retrospectives import last_retrospective
from rules.fact import Fact
from tests.workflows.teams.crewed import people

KNOWN = {one.id: one.attributes for one in people(64)}


class Played:
    """A run that has ended."""

    def __init__(self, room: Any, run: Run, end: str) -> None:
        self.room, self.run, self.end = room, run, end
        self.memory = room.memory
        self.visits: Sequence[Visit] = room.memory.runs.visits(run.id)
        self.teams = room.memory.teams.of_run(run.id)

    def visit(self, phase: str) -> Visit:
        return next(one for one in reversed(self.visits) if one.phase == phase)

    def result(self, phase: str, name: str) -> Any:
        found: list[Any] = []
        for one in self.visits:
            if one.phase == phase:
                found += one.results.get(name, [])
        return found

    def facts(self, kind: str) -> list[Fact]:
        found = self.memory.facts("auto").find(kinds=[kind], limit=20_000)
        return [one for one in found if one.fields.get("run") == self.run.id]

    def works(self, phase: str) -> list[Work]:
        return [one for one in self.memory.runs.works_of(self.run.id) if one.phase == phase]

    def points(self) -> Counter[str]:
        given: Counter[str] = Counter()
        for one in self.facts("awarded"):
            given[str(one.member)] += int(one.fields["points"])
        return given

    def comes_to_a_good_end(self) -> None:
        """With a short history, nothing left open, and a ledger that names every author of every accepted work."""
        assert self.end.startswith("end")
        assert self.room.gateway.look(self.run.id).events < 1_000
        assert all(visit.state in ("closed", "skipped") for visit in self.visits)
        assert all(team.ended_at is not None for team in self.teams)
        ledger = self.memory.teams.contributions(self.run.id, limit=100_000)
        accepted = {work.id: work for work in self.memory.runs.works_of(self.run.id) if work.state == "accepted"}
        by_work: Counter[str] = Counter()
        for line in ledger:
            by_work[line.work] += line.weight
        assert by_work == Counter({work.id: work.credit or 0 for work in accepted.values()})
        assert {(one.work, one.member) for one in ledger} == {
            (work.id, who) for work in accepted.values() for who in work.written_by
        }
        assert self.memory.effects.audit("auto") == []

    def goes_through(self, phases: Sequence[str]) -> None:
        """These phases one after the other, and after the last at most a wait for what is held back."""
        visits = {phase: [one for one in self.visits if one.phase == phase] for phase in phases}
        assert all(visits.values())
        begun = [visits[phase][0].opened_at for phase in phases]
        assert begun == sorted(begun)
        assert [one.phase for one in self.visits if one.kind != "wait"][-1] == phases[-1]

    def is_looked_back_on(self) -> None:
        """What was written in the retrospective is shown in the brief of the next run of the task."""
        told = self.visit("retrospective")
        assert told.outcome == "done"
        shown = last_retrospective(self.memory.house, self.memory.specs.current("auto"), self.run.task)
        assert ("differently", told.results["differently"]) in {(line.field, line.text) for line in shown}
