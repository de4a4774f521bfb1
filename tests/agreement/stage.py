"""Stage: plays on servers, led as on paper, so that it does not matter how fast the machine or what clock it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Condition
from typing import Any, ClassVar

from operations.errors import Refusal
from operations.known import Known
from operations.ports.runs import RUNNING, Run
from rules.reading import Reading
from rules.spec import Community
from rules.spec.documents.cases import Step
from rules.time import ClockScale, Duration, WorkCalendar, add
from rules.values import Evidence
from tests.agreement.plays import Scripts
from tests.waiting import eventually
from workflows.conduct import Conduct
from workflows.course import Course
from workflows.desk import Desk
from workflows.paper.conductor import act_at_desk
from workflows.paper.courses import one_round
from workflows.paper.script import CaseScript
from workflows.scenes import Settings
from workflows.steps import Checked, CheckPhase, Opened, OpenPhase

PATIENCE = 300.0
"""Seconds that anything may take on a slow machine."""

_Key = tuple[str, int]  # a phase and its visit


@dataclass(slots=True)
class Held:
    """A step of a run whose time has come; it is taken when its turn has come as well."""

    at: datetime
    key: _Key
    free: bool = False


@dataclass
class Telling:
    """A play that is under way on servers.

    Args:
        once: endless rounds are gone through once.
        now: the run's own time of what was done last.
        goals: when phases are looked at next, and no later than.
        poked: phases in which something came in that nobody has looked at yet.
        held: what is about to be done.
    """

    run: Run
    once: bool
    led: bool
    now: datetime
    goals: dict[_Key, tuple[datetime, datetime]] = field(default_factory=dict)
    poked: set[_Key] = field(default_factory=set)
    held: list[Held] = field(default_factory=list)


class Given(Known):
    """What is known, with what cases give of their people, whatever the facts come to."""

    people: ClassVar[dict[str, Evidence]] = {}

    def _each(self, ids: Collection[str] | None, wanted: frozenset[Reading]) -> Iterator[tuple[str, Evidence]]:
        for who, known in super()._each(ids, wanted):
            given = self.people.get(who, Evidence())
            attributes = {name: value for name, value in given.attributes.items() if name != "titles"}
            readings = {one: value for one, value in given.readings.items() if one in wanted}
            yield who, Evidence({**known.attributes, **attributes}, {**known.readings, **readings})


class Conducted(Conduct):
    """Takes runs of plays through their phases; where a case has steps, nothing is done before its turn."""

    def __init__(self, house: Any, scripts: Scripts) -> None:
        super().__init__(house, script=scripts, settings=Settings(house, known=Given))
        self.tellings: dict[str, Telling] = {}
        self.changed = Condition()

    def course(self, run_id: str) -> Course:
        course = super().course(run_id)
        once = self.tellings[run_id].once
        return course.model_copy(update={"phases": one_round(course.phases)}) if once else course

    def open(self, asked: OpenPhase) -> Opened:
        telling, before = self.tellings[asked.run], (asked.phase, asked.visit - 1)
        with self.changed:
            if before in telling.goals and min(telling.goals[before]) == asked.at:  # a pause between rounds is over
                self._hold(telling, Held(asked.at, before))
            telling.now = max(telling.now, asked.at)
        opened = super().open(asked)
        if opened.deadline is not None:
            telling.goals[asked.phase, asked.visit] = (opened.look_at or opened.deadline, opened.deadline)
        return opened

    def check(self, asked: CheckPhase) -> Checked:
        telling, key = self.tellings[asked.run], (asked.phase, asked.visit)
        with self.changed:
            if asked.due or asked.at == min(telling.goals[key]):
                self._hold(telling, Held(asked.at, key))
            else:
                telling.poked.add(key)
            if key in telling.poked and telling.led:
                asked = asked.model_copy(update={"at": telling.now, "due": False})
            telling.now = max(telling.now, asked.at)
        checked = super().check(asked)
        with self.changed:
            telling.poked.discard(key)
            deadline = checked.deadline or telling.goals[key][1]
            telling.goals[key] = (checked.look_at or deadline, deadline)
        return checked

    def leave_all(self) -> None:
        """Nothing is held any more: whoever led the runs is gone."""
        with self.changed:
            for telling in self.tellings.values():
                telling.led = False
            self.changed.notify_all()

    def _hold(self, telling: Telling, held: Held) -> None:
        if telling.led:
            telling.held.append(held)
            while telling.led and not held.free and held.key not in telling.poked:
                self.changed.wait()
            telling.held.remove(held)


class Lead:
    """Leads a run through a case with steps: whatever comes first in the run's own time is done first.

    Args:
        room: memory and Temporal.
        script: of the case; its steps are those that are still to be taken.
    """

    def __init__(
        self, room: Any, conducted: Conducted, telling: Telling, community: Community, script: CaseScript
    ) -> None:
        self._room, self._conducted, self._telling, self._script = room, conducted, telling, script
        self._community, self._last = community, telling.run.opened_at
        self._run = telling.run.id

    def through(self) -> list[str | None]:
        """Lead it to its end; why the steps of the case were refused."""
        refused: list[str | None] = []
        steps = self._script.pending
        try:
            while eventually(self._waits_or_is_over, within=PATIENCE, pause=0.02) == "waits":
                first = min(self._telling.held, key=lambda held: held.at)
                at = max(self._due(steps[0]), self._telling.now) if steps else None
                if at is not None and at <= first.at and self._visited(steps[0]):
                    refused.append(self._take(steps.pop(0), at))
                else:
                    self._go_on(first)
        finally:
            with self._conducted.changed:
                self._telling.led = False
                self._conducted.changed.notify_all()
        return [*refused, *("the run is over before" for _ in steps)]

    def _waits_or_is_over(self) -> str:
        """`waits` if nothing is done any more before something that is held; `over`; otherwise nothing."""
        run = self._room.memory.runs.run(self._run)
        if run is None or run.status != RUNNING:
            return "over"
        handle = self._room.gateway.client.get_workflow_handle(self._run)
        seen = self._room.gateway.run(handle.describe()).raw_description
        telling = self._telling
        with self._conducted.changed:
            held = [one for one in telling.held if not one.free and one.key not in telling.poked]
            if held and not seen.pending_activities:  # a run about a member takes its steps beside its workflow
                return "" if telling.poked else "waits"
            still = held and not telling.poked and len(held) == len(seen.pending_activities)
        return "waits" if still and not seen.HasField("pending_workflow_task") else ""

    def _go_on(self, *held: Held) -> None:
        with self._conducted.changed:
            for one in held:
                one.free = True
            self._conducted.changed.notify_all()

    def _visited(self, step: Step) -> bool:
        return self._room.memory.runs.visit(self._run, step.in_) is not None

    def _due(self, step: Step) -> datetime:
        calendar = WorkCalendar(self._community.calendars[self._community.document.calendar])
        if step.after is None:
            return self._last
        return add(self._last, Duration.parse(step.after), self._community.zone, calendar)

    def _take(self, step: Step, at: datetime) -> str | None:
        """Take a step at the desk, at this time of the run; why it was refused."""
        visit = self._room.memory.runs.visit(self._run, step.in_)
        scale = ClockScale.parse(self._telling.run.scale or "")
        wall = visit.began_at + scale.real(at - visit.opened_at) + timedelta(microseconds=1)
        house = self._room.memory.house
        desk = Desk(house, Settings(house, known=Given), now=lambda: wall, poke=self._poke)
        self._last = self._telling.now = at
        try:
            said = act_at_desk(desk, self._script, self._run, step)
        except Refusal as refusal:
            return refusal.message
        if step.does == "submit" and step.about and said is not None and step.about not in self._script.works:
            self._script.works[step.about] = said.id
        return None

    def _poke(self, run: str, what: str) -> None:
        going = {(one.phase, one.visit) for one in self._room.memory.runs.open_visits(run)}
        phase, _, visit = what.partition("/")
        with self._conducted.changed:
            self._telling.poked |= going & {(phase, int(visit))} if what else going
            self._conducted.changed.notify_all()
        self._room.gateway.poke(run, what)
