"""Conduct: opens, checks and ends the phases of runs; what the activities of the process do, and nothing of Temporal.

Every step may be repeated: what was written stays, and what is concluded follows from what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from operations.effects import EffectContext, carry_out
from operations.errors import Refusal
from operations.house import House
from operations.ports.inbox import Item
from operations.ports.runs import Planned, Run, Visit
from operations.reminding import Reminders, times_within
from rules.fact import Fact
from rules.spec.phase import Back, Body, PhaseSpec
from rules.time import ClockScale, Duration, WorkCalendar, add
from workflows.course import CANCEL, LAPSED, SKIPPED, Branch, Course, Leg, Way
from workflows.phases.each.spec import Each
from workflows.play import Opening, Progress, Scene
from workflows.ready import EACH, PARALLEL, REPEAT, STRUCTURE
from workflows.records import facts_of, forms_of
from workflows.scenes import Setting, Settings
from workflows.simulated import catch_up, until_over
from workflows.steps import Checked, CheckPhase, Finished, FinishRun, Opened, OpenPhase, StopPhases

STOPPED = "stopped"
"""How a phase comes out that was open when its branch or unit was ended by another."""

LOOK_EVERY = timedelta(days=1)
"""How often a condition that is waited for is looked at, in the run's own time."""
AT_MOST = timedelta(seconds=1)
"""On a scaled clock not more often than so much real time: what looking costs does not shrink with the clock."""


class Script(Protocol):
    """What people do in a rehearsed run, written down beforehand."""

    def planned(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[Planned]:
        """What they will do in a visit that opens, in order of time."""
        ...

    def outcome(self, setting: Setting, visit: Visit, came: str) -> str:
        """How a visit comes out that came out so by itself."""
        ...


class Conduct:
    """What happens to the phases of runs.

    Args:
        house: the ports.
        now: the wall's time.
        settings: finds what is around a phase.
        script: says what people do in rehearsed runs, and how comes out what hangs on facts; drawn by lot without it.
    """

    def __init__(
        self,
        house: House,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        settings: Settings | None = None,
        script: Script | None = None,
    ) -> None:
        self.house, self._now, self._script = house, now, script
        self.settings = settings or Settings(house)

    def course(self, run_id: str) -> Course:
        """The way of a run through its phases."""
        run = self.settings.run(run_id)
        community = self.house.specs.at(run.digest, run.community)
        mode = self.settings.mode(run, community)
        title = community.tasks[run.task].title.en
        return Course(
            mode=mode.id, title=title, phases=_legs(mode.phases), if_not=mode.if_not, zone=community.document.zone
        )

    # ---------------------------------------------------------------------------------------------------------- opening
    def open(self, asked: OpenPhase) -> Opened:
        """Open a phase, skip it, or find that the run must not go on."""
        with self.house.runs.together():
            self._wake(asked.run, asked.at)
            return self._open(asked)

    def _open(self, asked: OpenPhase) -> Opened:
        known = self.house.runs.visit(asked.run, asked.phase, asked.visit)
        if known is not None:
            return self._opened(known)
        setting = self.settings.of(asked.run, asked.phase, at=asked.at, scope=asked.scope)
        if not asked.lapsed and self._lapsed(setting):
            return Opened(outcome=LAPSED, at=asked.at, real_at=self._now())
        visit = Visit(
            community=setting.run.community,
            run=asked.run,
            phase=asked.phase,
            visit=asked.visit,
            kind=setting.phase.kind,
            opened_at=asked.at,
            began_at=self._now(),
            scope=asked.scope,
        )
        if setting.phase.only_if is not None and setting.people.holds(setting.phase.only_if) is not True:
            skipped = replace(visit, state="skipped", outcome=SKIPPED, closed_at=asked.at)
            return self._opened(self.house.runs.open(skipped))
        if setting.phase.kind == REPEAT:
            return self._round(setting, visit)
        if setting.phase.kind in STRUCTURE:
            units = tuple(setting.people.things(setting.phase.of)) if isinstance(setting.phase, Each) else ()
            over = replace(visit, state="closed", outcome="done", closed_at=asked.at, things=units)
            return self._opened(self.house.runs.open(over))
        return self._begin(setting, visit)

    def _begin(self, setting: Setting, visit: Visit) -> Opened:
        wants = setting.wants
        visit = replace(visit, since=self._since(setting, visit) if wants.keeps else visit.visit)
        if wants.within is not None:
            visit = replace(visit, deadline=setting.until(wants.within, visit.opened_at))
        scene = setting.before(visit)
        visit = replace(visit, asked=scene.asked, never=tuple(sorted(scene.never)), things=scene.things)
        opening = setting.play.opening(setting.phase, scene)
        if opening.outcome is not None:
            self._carry_out(setting, visit)
            outcome = self._scripted(setting, visit, opening.outcome)
            over = replace(visit, state="closed", outcome=outcome, closed_at=visit.opened_at)
            return self._opened(self.house.runs.open(over))
        with self.house.runs.together():
            if setting.run.rehearsed:
                visit = self._rehearse(setting, visit, scene)
            opened = self.house.runs.open(visit)
            self.house.inbox.open(self._items(setting, opened, opening))
        return self._opened(opened, opening.awaits, self._looks(setting))

    def _since(self, setting: Setting, visit: Visit) -> int:
        """Whatever came out short goes on where it stopped when it is entered again in the same round."""
        before = [one for one in setting.around.visits if (one.phase, one.scope) == (visit.phase, visit.scope)]
        return before[-1].since if before and before[-1].outcome == "short" else visit.visit

    def _round(self, setting: Setting, visit: Visit) -> Opened:
        every = str(getattr(setting.phase, "every", "1d"))
        starts = self._later(setting, visit.opened_at, every)
        opened = self.house.runs.open(
            replace(visit, state="closed", deadline=starts, outcome="done", closed_at=visit.opened_at)
        )
        return Opened(at=opened.opened_at, real_at=opened.began_at, deadline=opened.deadline)

    def _later(self, setting: Setting, at: datetime, span: str) -> datetime:
        community = setting.community
        calendar = community.calendars[community.document.calendar]
        return add(at, Duration.parse(span), community.zone, WorkCalendar(calendar))

    def _rehearse(self, setting: Setting, visit: Visit, scene: Scene) -> Visit:
        """Note what simulated participants will do, up to the act with which everything is in."""
        if self._script is not None:
            planned = list(self._script.planned(setting, visit, scene))
        else:
            planned = list(setting.play.improvise(setting.phase, scene, setting.crowd(visit)))
        planned, complete = until_over(setting, scene, planned)
        self.house.runs.plan(visit.run, visit.phase, visit.visit, planned)
        return replace(visit, ends_at=planned[-1].at if complete and planned else None)

    def _scripted(self, setting: Setting, visit: Visit, came: str) -> str:
        return came if self._script is None else self._script.outcome(setting, visit, came)

    def _carry_out(self, setting: Setting, visit: Visit) -> None:
        effects = getattr(setting.phase, "effects", None)
        if effects:
            run = setting.run
            carry_out(
                effects,
                EffectContext(
                    community=setting.community,
                    source=f"{run.id}/{visit.phase}/{visit.visit}",
                    at=visit.opened_at,
                    resolver=setting.resolver,
                    into=self.house.effects,
                    origin=f"mode:{run.mode}/{visit.phase}",
                    subject=run.subject,
                    run=run.id,
                    task=run.task,
                    mode=run.mode,
                    phase=visit.phase,
                    scale=run.scale,
                    seed=str(run.seed) if run.rehearsed else None,
                ),
            )

    def _items(self, setting: Setting, visit: Visit, opening: Opening) -> list[Item]:
        title = setting.phase.title or setting.community.tasks[setting.run.task].title
        run = setting.run
        times: dict[str, Any] = times_within(setting.community, _within(setting), visit.opened_at)
        return [
            Item(
                community=visit.community,
                id=f"{visit.run}/{visit.phase}/{visit.visit}" + (f"@{request.about}" if request.about else ""),
                asked=request.asked,
                title={"en": title.en, "zh": title.zh},
                opened_at=visit.opened_at,
                due=visit.deadline,
                about=request.about or setting.run.subject,
                choices=request.choices,
                form=request.form,
                run=visit.run,
                phase=visit.phase,
                visit=visit.visit,
                workflow=visit.run,
                remind_at=remind,
                escalate=escalate,
            )
            for request in opening.requests
        ]

    def _opened(self, visit: Visit, awaits: str = "", every: timedelta | None = None) -> Opened:
        if visit.kind in STRUCTURE and visit.state != "skipped":
            at, real_at = visit.opened_at, visit.began_at
            return Opened(at=at, real_at=real_at, deadline=visit.deadline, units=len(visit.things))
        if visit.outcome is not None:
            return Opened(outcome=visit.outcome, at=visit.closed_at or visit.opened_at, real_at=visit.began_at)
        return Opened(
            at=visit.opened_at,
            real_at=visit.began_at,
            deadline=visit.deadline,
            look_at=_next_look(visit, visit.opened_at, every),
            awaits=awaits,
        )

    # --------------------------------------------------------------------------------------------------------- checking
    def check(self, asked: CheckPhase) -> Checked:
        """Say whether a phase is over; if it is, how it came out, with everything that follows written down.

        The gate is shut in a transaction of its own, so that nobody who comes too late waits for the closing.
        """
        with self.house.runs.together():
            seen = self._see(asked)
            self._wake(asked.run, asked.at)
        if isinstance(seen, Checked):
            return seen
        setting, visit = seen
        if visit.state == "open":
            self.house.runs.shut(visit.run, visit.phase, visit.visit, at=self._now())
        with self.house.runs.together():
            return self._close(setting, visit)

    def stop(self, asked: StopPhases) -> Finished:
        """End phases whose branch or unit is over: what came in until then is in, and nobody is said to have missed."""
        for phase in asked.phases:
            visit = self.house.runs.visit(asked.run, phase.phase, phase.visit)
            if visit is None or visit.state == "closed":
                continue
            at = max(asked.at, visit.opened_at)
            setting = self.settings.of(asked.run, phase.phase, at=at, scope=visit.scope)
            if visit.state == "open":
                if setting.run.rehearsed:
                    with self.house.runs.together():
                        catch_up(setting, visit, until=at)
                self.house.runs.shut(visit.run, visit.phase, visit.visit, at=self._now())
            with self.house.runs.together():
                self._close(setting, replace(visit, deadline=at), stopped=True)
        return Finished(members=0, undone=0)

    def _see(self, asked: CheckPhase) -> Checked | tuple[Setting, Visit]:
        """What can be said of a phase; or, when it is over, what is to be closed."""
        visit = self.house.runs.visit(asked.run, asked.phase, asked.visit)
        if visit is None:
            raise Refusal(f"{asked.run} has not opened {asked.phase}.")
        if visit.state == "closed" and visit.kind != REPEAT:
            return Checked(outcome=visit.outcome, at=visit.closed_at or asked.at)
        setting = self.settings.of(asked.run, asked.phase, at=asked.at, scope=visit.scope)
        if visit.state != "closing" and not asked.lapsed and self._lapsed(setting):
            return self._lapse(setting, visit, asked.at)
        if visit.kind == REPEAT:
            return self._between_rounds(setting, visit, asked)
        if visit.state == "open":
            if setting.run.rehearsed:
                catch_up(setting, visit, until=asked.at)
            scene = setting.scene(visit, due=asked.due)
            progress = setting.play.progress(setting.phase, scene)
            if not progress.over and not self._time_is_up(visit, progress, asked):
                return self._not_yet(setting, visit, progress, asked)
        return setting, visit

    def _time_is_up(self, visit: Visit, progress: Progress, asked: CheckPhase) -> bool:
        later = progress.deadline is not None and progress.deadline > asked.at
        return asked.due and not later

    def _not_yet(self, setting: Setting, visit: Visit, progress: Progress, asked: CheckPhase) -> Checked:
        deadline = visit.deadline
        if asked.due and progress.deadline is not None:
            deadline = progress.deadline
            self.house.runs.extend(visit.run, visit.phase, visit.visit, deadline=deadline)
        look = _next_look(visit, asked.at, self._looks(setting))
        return Checked(at=asked.at, deadline=deadline, look_at=look)

    def _close(self, setting: Setting, visit: Visit, *, stopped: bool = False) -> Checked:
        """The gate is shut: whatever came in is in. The moment of closing follows from it alone."""
        first = setting.scene(visit)
        final = visit.deadline or setting.at
        moments = [act.at for act in first.acts] + [work.at for work in first.works.values() if _own(work.phase, visit)]
        last = min(max([visit.opened_at, *moments]), final)
        early = setting.play.progress(setting.phase, replace(first, at=last)).over
        at = last if early else final
        if visit.kind == "wait" or stopped:
            at = setting.at if early or stopped else final
        scene = setting.closing_scene(visit, first, at=at, due=not early)
        closing = setting.play.closing(setting.phase, scene)
        accepted = [work for work, (state, _) in closing.works.items() if state == "accepted"]
        notes = (*closing.notes, *forms_of(setting, scene, accepted))
        facts = facts_of(setting, [note for note in notes if not (stopped and note.kind == "missed")])
        outcome = STOPPED if stopped else self._scripted(setting, visit, closing.outcome)
        with self.house.runs.together():
            if facts:
                self.house.facts(setting.community).record(facts)
            if not early and not stopped and _within(setting).startswith("sla:"):
                self.house.inbox.missed(visit.run, visit.phase, visit.visit)
            self.house.runs.take_part(visit.run, closing.parts)
            self.house.runs.conclude(
                visit.run,
                visit.phase,
                visit.visit,
                outcome=outcome,
                results=closing.results,
                at=at,
                works=closing.works,
            )
        return Checked(outcome=outcome, at=at)

    def _between_rounds(self, setting: Setting, visit: Visit, asked: CheckPhase) -> Checked:
        """A fact about the subject may have started the interval anew."""
        starts = visit.deadline or asked.at
        kind = getattr(setting.phase, "reset_by", None)
        if kind is not None and setting.run.subject is not None:
            found = self.house.facts(setting.community).find(member=setting.run.subject, kinds=[kind], limit=20)
            told = [fact.at for fact in found if visit.opened_at < fact.at <= asked.at]
            every = str(getattr(setting.phase, "every", "1d"))
            starts = max([starts, *(self._later(setting, at, every) for at in told)])
        if starts > asked.at:
            return Checked(at=asked.at, deadline=starts)
        return Checked(outcome="done", at=asked.at)

    # ----------------------------------------------------------------------------------------------------------- ending
    def _lapsed(self, setting: Setting) -> bool:
        """Whether the run must not go on: its `while` is surely untrue, or its subject took back consent."""
        mode, run = setting.mode, setting.run
        if mode.while_ is not None and setting.people.holds(mode.while_) is False:
            return True
        if mode.for_ == "member" and run.subject is not None:
            person = setting.people.known.person(run.subject)
            return person is not None and person.attributes.get("consent") is False
        return False

    def _lapse(self, setting: Setting, visit: Visit, at: datetime) -> Checked:
        self.house.runs.shut(visit.run, visit.phase, visit.visit, at=self._now())
        self.house.runs.conclude(visit.run, visit.phase, visit.visit, outcome=LAPSED, results={}, at=at, works={})
        return Checked(outcome=LAPSED, at=at)

    def _wake(self, run_id: str, at: datetime) -> None:
        """On a scaled clock the run itself takes the steps of its items, at its own times."""
        run = self.settings.run(run_id)
        if run.scale is None:
            return
        spec = self.house.specs.at(run.digest, run.community)
        house = self.house
        Reminders(inbox=house.inbox, outbox=house.outbox, effects=house.effects, community=spec).in_run(run.id, at)

    def _looks(self, setting: Setting) -> timedelta | None:
        """How often one must look, in the run's own time, because a condition is waited for; None: it is not."""
        waits = setting.mode.while_ is not None or setting.wants.until is not None or setting.mode.for_ == "member"
        if not waits:
            return None
        scale = setting.run.scale
        return LOOK_EVERY if scale is None else max(LOOK_EVERY, ClockScale.parse(scale).virtual(AT_MOST))

    def finish(self, asked: FinishRun) -> Finished:
        """End a run: everybody who had a part is told by a fact; a cancelled run takes back what it did."""
        run = self.settings.run(asked.run)
        community = self.house.specs.at(run.digest, run.community)
        undone = self.house.effects.undo(run.community, run.id, at=asked.at) if asked.end == CANCEL else 0
        parts = dict(self.house.runs.parts(run.id))
        mode = self.settings.mode(run, community)
        if run.subject is not None and mode.for_ == "member":
            parts.setdefault(run.subject, "subject")
        facts = [self._finished(run, member, part, asked) for member, part in sorted(parts.items())]
        if facts:
            self.house.facts(community).record(facts)
        self.house.runs.finish(run.id, end=asked.end, at=asked.at)
        return Finished(members=len(facts), undone=undone)

    def _finished(self, run: Run, member: str, part: str, asked: FinishRun) -> Fact:
        outcome = "done" if asked.end == "end" else asked.end.removeprefix("end:")
        fields = {"task": run.task, "mode": run.mode, "run": run.id, "outcome": outcome, "part": part}
        return Fact(f"{run.id}/finished/{member}", "finished", member, asked.at, None, fields)


def _within(setting: Setting) -> str:
    return str(getattr(setting.phase, "within", "") or "")


def _own(phase: str, visit: Visit) -> bool:
    return phase == visit.phase


def _next_look(visit: Visit, at: datetime, every: timedelta | None) -> datetime | None:
    """When to look before the deadline: when the last simulated act is due, and regularly at what is waited for."""
    due = [visit.ends_at] if visit.ends_at is not None and visit.ends_at > at else []
    if every is not None:
        due.append(at + every)
    return min(due, default=None)


def _branches(phase: PhaseSpec) -> tuple[Body, ...]:
    return phase.bodies() if phase.kind == PARALLEL else ()


def _legs(phases: tuple[PhaseSpec, ...]) -> tuple[Leg, ...]:
    legs = []
    for phase in phases:
        go = {
            outcome: Way(to=way.to, at_most=way.at_most, otherwise=way.else_) if isinstance(way, Back) else Way(to=way)
            for outcome, way in phase.go.items()
        }
        times = getattr(phase, "times", None)
        legs.append(
            Leg(
                id=phase.id,
                kind=phase.kind,
                first=phase.outcomes()[0],
                go=go,
                title=phase.title.en if phase.title is not None else "",
                body=_legs(phase.bodies()[0].phases) if phase.kind in (REPEAT, EACH) else (),
                branches=tuple(Branch(id=one.name, body=_legs(one.phases)) for one in _branches(phase)),
                ends_with=getattr(phase, "ends_with", "all"),
                times=int(times) if times is not None else None,
                early=bool(getattr(phase, "reset_by", None)),
            )
        )
    return tuple(legs)
