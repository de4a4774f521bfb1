"""Hands: how each person of the journey does their part: looks, starts, answers, approves, waits for what must come."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, TypeVar

from cli.patience import patiently
from cli.wiring import Room
from operations.errors import Refusal
from operations.ports.facts import Fact
from operations.ports.inbox import Item
from operations.ports.reviews import Membership
from operations.ports.runs import Visit
from operations.ports.standings import LIFECYCLE, Place
from rules.spec import Community
from workflows import turns
from workflows.desk import Desk
from workflows.launch import Launcher
from workflows.steps import RunResult

T = TypeVar("T")
Lived = tuple[str, float, Mapping[str, Any]]
"""A kind of fact, the day on which it happened, and its fields."""

BEGINS = datetime(2026, 1, 4, 22, tzinfo=UTC)
"""A Monday morning in Shanghai; days are counted from here."""

TOO_LONG = 180.0
"""Seconds that one thing is waited for."""

_LOOK_EVERY = 0.05
_SLICE = 2.0


class Stopped(Exception):
    """The journey did not go on; the message says where and what was awaited."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that happened on the way, on the community's own day."""

    day: str
    what: str
    detail: str


@dataclass(slots=True)
class Hands:
    """What the people of the journey do things with.

    Args:
        room: memory and Temporal, with a worker at work.
        spec: the community that the journey is in.
        member: whose journey it is.
        scale: the clock of all runs and moves; whoever is asked has to answer within what a stage allows on it.
        say: is told each mark as it is made.
        ending: when it is set, the journey stops where it is.
    """

    room: Room
    spec: Community
    member: str
    scale: str
    say: Callable[[Mark], None]
    ending: Event
    desk: Desk = field(init=False)
    marks: list[Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = Desk(self.room.memory.house, poke=self.room.gateway.poke)

    @property
    def community(self) -> str:
        """The community's id."""
        return self.spec.id

    def mark(self, day: float, what: str, detail: str) -> None:
        """Something has happened."""
        made = Mark(at(day).astimezone(self.spec.zone).date().isoformat(), what, detail)
        self.marks.append(made)
        self.say(made)

    # ------------------------------------------------------------------------------------------------ what is started
    def review(self, day: float, *, stage: str | None = None) -> None:
        """One look at everybody on a day; `stage` is where the member has to be afterwards."""
        given = turns.ReviewInput(community=self.community, at=at(day), scale=self.scale)
        id_ = f"{self.community}/review/{at(day):%Y-%m-%dT%H%M}"
        self.room.gateway.start(turns.REVIEW, given, id=id_, attributes={"TrellisCommunity": self.community})
        self.result(id_, turns.ReviewSummary)
        self.begin_what_waits()
        if stage is not None:
            self.until(lambda: self.stage() == stage, f"the stage {stage} on day {day}")

    def begin_what_waits(self) -> None:
        """Starts of runs that effects asked for, which the schedule would do within a minute."""

        def begun() -> bool:
            if not self.room.memory.effects.to_start(self.community, limit=1):
                return True
            given = turns.OutboxInput(community=self.community)
            named = {"TrellisCommunity": self.community}
            self.room.gateway.start(turns.OUTBOX, given, id=f"{self.community}/outbox", attributes=named, again=True)
            return False

        self.until(begun, "runs that were asked for")

    def start(self, task: str, day: float, **args: Any) -> str:
        """Start a task; returns the run's id."""
        launcher = Launcher(self.room.memory.house, self.room.gateway)
        key = f"{task}/{at(day):%Y%m%d}"
        run = patiently(
            lambda: launcher.start(task, community=self.community, at=at(day), scale=self.scale, key=key, args=args)
        )
        return run.id

    def record(self, lived: Sequence[Lived]) -> None:
        """What the member lived through."""
        facts = [
            Fact(f"{self.community}/{kind}/{day}/{n}", kind, self.member, at(day, hours=3), None, dict(fields))
            for n, (kind, day, fields) in enumerate(lived)
        ]
        self.room.memory.facts(self.spec).record(facts)

    # ------------------------------------------------------------------------------------------- what is answered
    def approve(self, to: str, *, by: str = "planner") -> None:
        """Whoever decides about a move agrees; `by` is their role."""
        item = self.item(by, lambda one: one.about == self.member and one.details.get("to") == to)
        self.desk.complete(self.community, item.id, outcome="agree", fields={}, by=f"{by}-1")

    def accept(self, to: str, *, ladder: str = LIFECYCLE) -> None:
        """The member says yes to the invitation."""
        memory = self.room.memory

        def invited() -> Membership | None:
            found = memory.memberships.invitations(self.community, self.member)
            return next((one for one in found if (one.ladder, one.to) == (ladder, to)), None)

        move = self.until(invited, f"an invitation to become {to}")
        memory.memberships.answer(self.community, move.id, answer="accept", at=move.opened_at)
        self.room.gateway.signal(move.workflow, turns.POKE)
        result = self.result(move.workflow, turns.MembershipResult)
        if result.outcome != "moved":
            raise Stopped(f"the move to {to} ended with {result.outcome}")
        self.begin_what_waits()

    # ------------------------------------------------------------------------------------------------ what is seen
    def run_of(self, task: str) -> str:
        """The run of a task that is about the member, once there is one."""

        def found() -> str | None:
            runs = self.room.memory.runs.runs(self.community, task=task)
            return next((one.id for one in runs if one.subject == self.member), None)

        return self.until(found, f"the run of {task}")

    def open(self, run: str, phase: str, number: int | None = None) -> Visit:
        """A phase, once it is open."""

        def open_() -> Visit | None:
            visit = self.room.memory.runs.visit(run, phase, number)
            if visit is not None and visit.state == "closed" and number is not None:
                raise Stopped(f"{phase} {number} of {run} was over before anybody came: {visit.outcome}")
            return visit if visit is not None and visit.state == "open" else None

        return self.until(open_, f"{phase} of {run}")

    def item(self, role: str, which: Callable[[Item], bool]) -> Item:
        """A work item in the inbox of a role, once it is there."""

        def found() -> Item | None:
            items = self.room.memory.inbox.find(self.community, role=role)
            return next((item for item in items if which(item)), None)

        return self.until(found, f"a work item for {role}")

    def assigned(self, relation: str) -> str:
        """Who looks after the member as contact, host or tutor, once somebody does."""
        effects = self.room.memory.effects
        return self.until(lambda: effects.assigned(self.community, self.member).get(relation), f"a {relation}")

    def stage(self) -> str | None:
        """The member's stage."""
        return self._stands(LIFECYCLE)

    def tier(self) -> str | None:
        """The member's tier."""
        return self._stands("tier")

    def _stands(self, ladder: str) -> str | None:
        held = self.room.memory.standings.one(self.community, Place(member=self.member, ladder=ladder))
        return held.at if held is not None else None

    def ended(self, run: str) -> str:
        """How a run ended, once it has."""
        return str(self.result(run, RunResult).end)

    # ------------------------------------------------------------------------------------------------------- waiting
    def result(self, workflow: str, kind: type[T]) -> T:
        """A workflow's result, once it has one.

        Raises:
            Stopped: it has none within `TOO_LONG`, or the journey is to end.
        """
        until = time.monotonic() + TOO_LONG
        while time.monotonic() < until and not self.ending.is_set():
            try:
                found: T = self.room.gateway.result(workflow, _SLICE, kind)
            except TimeoutError:
                continue
            return found
        raise Stopped(f"not within {TOO_LONG:.0f} s: the end of {workflow}")

    def until(self, condition: Callable[[], T | None], what: str) -> T:
        """Look until there is something.

        Raises:
            Stopped: there is nothing within `TOO_LONG`, or the journey is to end.
        """
        until = time.monotonic() + TOO_LONG
        while not (found := patiently(condition)):
            if time.monotonic() > until or self.ending.wait(_LOOK_EVERY):
                raise Stopped(f"not within {TOO_LONG:.0f} s: {what}")
        return found

    def tried(self, work: Callable[[], object], what: str) -> None:
        """Do something as soon as it can be done."""

        def done() -> bool:
            try:
                work()
            except Refusal:
                return False
            return True

        self.until(done, what)


def at(day: float, *, hours: float = 0) -> datetime:
    """The moment at which a day of the journey begins, and so many hours later."""
    return BEGINS + timedelta(days=day, hours=hours)
