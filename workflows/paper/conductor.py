"""Conductor: plays a case of a task on paper: the same story, phases and desk as on servers, in no time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from operations.around import rounds
from operations.errors import Refusal
from operations.people import unordered
from operations.ports.runs import Run
from operations.run_conditions import Look
from rules.compile import Compiler
from rules.condition import Condition, Truth
from rules.coverage.needs import ways
from rules.coverage.solve import Solver
from rules.coverage.watch import Watch
from rules.errors import Unfit
from rules.evaluate import evaluate
from rules.fact import Fact
from rules.gate import Gate
from rules.rulebook import Rulebook
from rules.spec import Community
from rules.spec.documents.cases import Play, Step
from rules.spec.documents.mode import Mode
from rules.spec.people import Selection
from rules.spec.phase import every_phase
from rules.spec.substitute import ArgumentError
from rules.time import Duration, WorkCalendar, add
from rules.values import Evidence, Value
from workflows.conduct import Conduct
from workflows.course import Leg
from workflows.desk import Desk
from workflows.paper.at_desk import act_at_desk
from workflows.paper.courses import by_branch, one_round
from workflows.paper.house import Paper, PaperKnown
from workflows.paper.played import EndlessPlay, Played, Taken
from workflows.paper.script import CaseScript
from workflows.ready import STRUCTURE
from workflows.scenes import Settings
from workflows.setting import definite
from workflows.steps import Checked, CheckPhase, FinishRun, Opened, OpenPhase, RunInput, StopPhases, Under
from workflows.story import Story

__all__ = ["EndlessPlay", "Played", "Taken", "act_at_desk", "play"]

STILL = 12
"""Turns of the loop in which nobody does anything, after which everybody waits."""

MOST_VISITS = 2_000
"""Entries of phases in one play; a repeat without `times` goes on as long as its mode lives."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A strand that waits for a time of the run."""

    goal: datetime
    phase: str
    came: asyncio.Future[bool | None]


def play(
    community: Community,
    rulebook: Rulebook,
    case: Play,
    at: datetime,
    watch: Watch | None = None,
    *,
    alone: bool = False,
) -> Played:
    """Play a case on paper.

    Args:
        at: when the run begins.
        watch: notes what is seen of the conditions of the mode.
        alone: `after` counts from the last step of the same person (their first from the beginning of the run) and
            nobody waits for anybody else's step; otherwise from the last step of all, in the order of the case.

    Raises:
        RuleRefusal: something in the case does not fit, or the run does not come to its end.
        Refusal: something in the mode cannot be done yet.
    """
    if case.steps:
        with suppress(EndlessPlay):
            return _Conductor(community, rulebook, case, at, watch, alone=alone).play()
    # a repeat that lives as long as its mode: one round stands for all of them
    return _Conductor(community, rulebook, case, at, watch, once=True, alone=alone).play()


class _Conductor:
    """The hands of a story on paper."""

    def __init__(
        self,
        community: Community,
        rulebook: Rulebook,
        case: Play,
        at: datetime,
        watch: Watch | None,
        *,
        once: bool = False,
        alone: bool = False,
    ) -> None:
        self._once, self._alone = once, alone
        self.community, self.case, self.watch = community, case, watch
        self.now, self._began = at, at
        self._last: dict[str, datetime] = {}  # when a step was taken last, by whom (all together under "")
        self._waiting: list[_Waiting] = []
        self._moves = 0  # whatever a strand does; while it does not change, all of them wait
        self._steps = list(case.steps)
        self._taken: list[Taken] = []
        self._script = CaseScript(case, self._steps)
        self._made_up: dict[str, Evidence] = {}
        self.paper = Paper(community)
        gate = Gate(community, rulebook)
        for person in case.members:
            given = gate.evidence({"consent": True, **person.attributes}, person.metrics)
            self.paper.people[person.id] = given
        if gate.ignored:
            raise Unfit(f"the case gives {', '.join(gate.ignored)}, which nothing here is called")
        house = self.paper.house()
        self._settings = Settings(house, known=PaperKnown, look=self._look())
        self._conduct = Conduct(house, now=lambda: self.now, settings=self._settings, script=self._script)
        self._desk = Desk(house, self._settings, now=lambda: self.now, poke=self._poke)
        self._calendar = WorkCalendar(community.calendars[community.document.calendar])

    def play(self) -> Played:
        community, case = self.community, self.case
        try:
            mode = community.bind(case.task)
        except ArgumentError as error:
            raise Unfit(str(error)) from None
        self.run = self.paper.runs.begin(
            Run(
                community=community.id,
                id=f"{community.id}/{case.task}",
                task=case.task,
                mode=mode.id,
                digest=community.digest,
                opened_at=self.now,
                began_at=self.now,
                subject=self._subject(mode),
                rehearsed=True,
            )
        )
        told = RunInput(
            community=community.id,
            run=self.run.id,
            task=case.task,
            mode=mode.id,
            digest=community.digest,
            opened_at=self.now,
            subject=self.run.subject,
        )
        self.course = self._conduct.course(self.run.id)
        if self._once:
            self.course = self.course.model_copy(update={"phases": one_round(self.course.phases)})
        story = Story(told, self.course, self)
        end = asyncio.run(self._told(story))
        for step in self._steps:
            self._taken.append(Taken(step, self.now, f"the run is over before ({end})"))
        self._conduct.finish(FinishRun(run=self.run.id, end=end, at=story.at))
        return self._played(end, story.at)

    def _played(self, end: str, at: datetime) -> Played:
        visits = self.paper.runs.visits(self.run.id)
        first: list[str] = []
        begun: set[tuple[str, str]] = set()
        for visit in visits:
            again = visit.kind == "repeat" and (visit.phase, visit.scope) in begun
            begun.add((visit.phase, visit.scope))
            if not again and all(number == 1 for number in rounds(visit.scope).values()):
                first.append(visit.phase)
        names = {id_: name for name, id_ in self._script.works.items()}
        return Played(
            path=tuple(visit.phase for visit in visits),
            first_rounds=tuple(by_branch(self.course, first)),
            to_the_end=tuple(by_branch(self.course, first, beside=False)),
            end=end,
            closings=tuple((one.phase, one.outcome or "", one.closed_at or one.opened_at) for one in visits),
            steps=tuple(self._taken),
            facts=tuple(_renamed(fact, names) for fact in self.paper.facts.values()),
            ended_at=at,
            subject=self.run.subject,
            made_up=self._made_up,
            works=dict(self._script.works),
            once=self._once,
        )

    # ----------------------------------------------------------------------------------------------------------- hands
    def time(self, at: datetime) -> datetime:
        return at

    def logical(self, under: Under) -> datetime:
        return self.now

    async def open(self, asked: OpenPhase) -> Opened:
        self._moves += 1
        self.now = asked.at
        if len(self.paper.runs.visits(self.run.id)) > MOST_VISITS:
            raise EndlessPlay("the play does not end", "give a member of whom the mode's while is over, or an outcome")
        self._somebody(asked)
        return self._conduct.open(asked)

    async def check(self, asked: CheckPhase) -> Checked:
        self._moves += 1
        self.now = asked.at
        return self._conduct.check(asked)

    async def stop(self, asked: StopPhases) -> None:
        self._moves += 1
        self._conduct.stop(asked)

    async def until(self, under: Under, goal: datetime, halted: Callable[[], bool]) -> bool:
        while not halted():
            self._moves += 1
            waiting = _Waiting(goal, under.phase, asyncio.get_running_loop().create_future())
            self._waiting.append(waiting)
            reached = await waiting.came
            if reached is not None:
                return reached
        return False

    async def in_turn(self, under: Under, behind: Callable[[], bool]) -> bool:
        return True  # on paper what comes first is first

    def came(self, under: Under) -> bool:
        return False

    def wake(self) -> None:
        self._wake(lambda waiting: True, None)

    def tell(self, leg: Leg, under: Under) -> None:
        pass

    def tell_pause(self, leg: Leg, until: datetime) -> None:
        pass

    def must_rest(self) -> bool:
        return False

    def must_move(self) -> bool:
        return False

    def _poke(self, run: str, what: str) -> None:
        self._wake(lambda waiting: True, False)

    def _wake(self, whom: Callable[[_Waiting], bool], came: bool | None) -> None:
        """Let strands go on: the time came (True), something came in (False), or they look whether they are halted."""
        going = [waiting for waiting in self._waiting if whom(waiting)]
        self._waiting = [waiting for waiting in self._waiting if not whom(waiting)]
        for waiting in going:
            waiting.came.set_result(came)

    async def _told(self, story: Story) -> str:
        """The end of the story; whenever everybody waits, what comes first happens."""
        telling = asyncio.ensure_future(story.play())
        while not telling.done():
            moves, still = self._moves, 0
            while still < STILL and not telling.done():
                await asyncio.sleep(0)
                still = still + 1 if moves == self._moves else 0
                moves = self._moves
            if self._waiting and not telling.done():
                self._go_on()
        end = telling.result()
        assert end is not None, "a story on paper never rests"
        return end

    def _go_on(self) -> None:
        """Take the next step of the case, or let the time come that is waited for."""
        first = min(self._waiting, key=lambda waiting: waiting.goal)
        coming = [(max(self._due(step), self.now), step) for step in self._next()]
        coming = [one for one in coming if one[0] <= first.goal and self.paper.runs.visit(self.run.id, one[1].in_)]
        if coming:
            at, step = min(coming, key=lambda one: one[0])
            self._steps.remove(step)
            self.now = self._last[self._who(step)] = at
            self._take(step)
            return
        self.now = max(self.now, first.goal)
        self._wake(lambda waiting: waiting is first, True)

    # ----------------------------------------------------------------------------------------------------------- steps
    def _next(self) -> list[Step]:
        """The step that comes next; where each counts alone, that of everybody."""
        if not self._alone:
            return self._steps[:1]
        first: dict[str, Step] = {}
        for step in self._steps:
            first.setdefault(step.who, step)
        return list(first.values())

    def _who(self, step: Step) -> str:
        return step.who if self._alone else ""

    def _due(self, step: Step) -> datetime:
        last = self._last.get(self._who(step), self._began)
        return (
            last if step.after is None else add(last, Duration.parse(step.after), self.community.zone, self._calendar)
        )

    def _take(self, step: Step) -> None:
        """A step at the desk."""
        try:
            said = act_at_desk(self._desk, self._script, self.run.id, step)
        except Refusal as refusal:
            self._taken.append(Taken(step, self.now, refusal.message))
            return
        if step.does == "submit" and step.about and said is not None and step.about not in self._script.works:
            self._script.works[step.about] = said.id
        self._taken.append(Taken(step, self.now, None))

    # ---------------------------------------------------------------------------------------------------------- people
    def _subject(self, mode: Mode) -> str | None:
        """Whom the run is about: the first member of the case, or somebody of whom the mode's `while` holds."""
        if mode.for_ == "community":
            return None
        if self.case.members:
            return self.case.members[0].id
        if mode.for_ != "member":
            return next(iter(self.community.spaces), mode.for_) if mode.for_ == "space" else mode.for_
        self._invent(f"one-for-{mode.id}", [Compiler(self.community).condition(mode.while_)] if mode.while_ else [])
        return f"one-for-{mode.id}"

    def _somebody(self, asked: OpenPhase) -> None:
        """Where a phase asks people and there is nobody, somebody is made up whom it may ask."""
        setting = self._settings.of(asked.run, asked.phase, at=asked.at, scope=asked.scope)
        if (
            setting.phase.kind in STRUCTURE
            or self._script.wish(setting.phase, asked.visit) != setting.phase.outcomes()[0]
        ):
            return
        wants = setting.wants
        who = wants.asked if wants.asked is not None or not definite(wants.eligible) else wants.eligible
        anybody = unordered(who) if isinstance(who, Selection) else who
        if who is None or not setting.people.can_be_told(anybody) or setting.people.select(who):
            return
        needs = getattr(setting.phase, "needs", 1)
        condition = Compiler(self.community).selected(anybody)
        for number in range(1, (needs if isinstance(needs, int) else 1) + 1):
            self._invent(f"{asked.phase}-{number}", [condition])

    def _invent(self, name: str, conditions: list[Condition]) -> None:
        """Somebody of whom conditions hold."""
        found: Evidence | None = Evidence()
        for condition in conditions:
            solver = Solver({}, {})
            tried = (solver.solve(needs) for needs in islice(ways(condition, True), 50))
            found = next((evidence for evidence in tried if evidence is not None), None)
        if found is None:
            return
        attributes: dict[str, Value | None] = {"consent": True, **found.attributes}
        self.paper.people[name] = self._made_up[name] = Evidence(attributes, found.readings)

    def _look(self) -> Look | None:
        """Notes what is seen of the mode's conditions."""
        if self.watch is None:
            return None
        watch = self.watch

        def look(written: Any, condition: Condition, evidence: Evidence) -> Truth:
            trace = evaluate(condition, evidence)
            whole = watch.condition(*self._keys().get(id(written), ()))
            if whole is not None:
                watch.note(watch.of(whole, trace))
            return trace.truth

        return look

    def _keys(self) -> Mapping[int, tuple[str, ...]]:
        """The conditions of the bound mode, by who they are."""
        mode = self._settings.mode(self.run, self.community)
        keys: dict[int, tuple[str, ...]] = {id(mode.while_): ("mode", mode.id, "while")}
        for _, phase in every_phase(mode.phases):
            for word in ("only_if", "until"):
                keys[id(getattr(phase, word, None))] = ("phase", mode.id, phase.id, word)
        keys.pop(id(None), None)
        return keys


def _renamed(fact: Fact, names: Mapping[str, str]) -> Fact:
    """A fact with the works as the case names them."""
    fields = {name: names.get(value, value) if isinstance(value, str) else value for name, value in fact.fields.items()}
    return replace(fact, fields=fields)
