"""Conduct: opens, checks and ends the phases of runs; what the activities of the process do, and nothing of Temporal.

Every step may be repeated: what was written stays, and what is concluded follows from what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from operations.arguments import bindable
from operations.effects import EffectContext, carry_out
from operations.errors import Refusal
from operations.follow_ups import keep
from operations.house import House
from operations.ports.runs import Planned, Run, Visit
from operations.reminding import Reminders
from operations.touching import let_go
from rules.fact import Fact
from rules.spec.substitute import ArgumentError
from rules.time import ClockScale, Duration, WorkCalendar, add
from workflows.asking import items_of, within_of
from workflows.children import Children
from workflows.course import CANCEL, LAPSED, SKIPPED, Course
from workflows.legs import legs
from workflows.moving import frames_in, see_that_it_can_move
from workflows.phases.each.spec import Each
from workflows.play import Note, Opening, Progress, Scene
from workflows.ready import REPEAT, RUN, STRUCTURE, cannot_run
from workflows.records import facts_of, follow_ups_of, forms_of
from workflows.rehearsed import for_a_quarter
from workflows.scenes import KEPT, REFUSED, Setting, Settings
from workflows.seating import teamed, tend
from workflows.simulated import catch_up, until_over
from workflows.steps import (
    Checked,
    CheckPhase,
    Finished,
    FinishRun,
    Moved,
    MoveRun,
    Opened,
    OpenPhase,
    StopPhases,
)
from workflows.taking_in import take_in

TAKEN_BACK = (CANCEL, "failed")
"""Ends of a run that take back what it did, in reverse order."""

STOPPED = "stopped"
"""How a phase comes out that was open when its branch or unit was ended by another."""

FOREVER = timedelta(days=3650)
"""How long runs that were started are waited for, unless they go on even then."""

RARELY = timedelta(days=7)
"""How often one looks whether they have ended, should they have failed to say so."""

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
        children: starts other runs, and tells those that wait for them.
        script: says what people do in rehearsed runs, and how comes out what hangs on facts; drawn by lot without it.
    """

    def __init__(
        self,
        house: House,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        settings: Settings | None = None,
        script: Script | None = None,
        children: Children | None = None,
    ) -> None:
        self.house, self._now, self._script, self._children = house, now, script, children
        self.settings = settings or Settings(house)

    def course(self, run_id: str) -> Course:
        """The way of a run through its phases."""
        return self._course(self.settings.run(run_id))

    def _course(self, run: Run) -> Course:
        community = self.house.specs.at(run.digest, run.community)
        mode = self.settings.mode(run, community)
        title = community.tasks[run.task].title.en
        found = legs(mode.phases)
        if run.rehearsed and self._script is None:
            found = for_a_quarter(found, mode.phases)
        return Course(mode=mode.id, title=title, phases=found, if_not=mode.if_not, zone=community.document.zone)

    def move(self, asked: MoveRun) -> Moved:
        """Let a run that stands between two phases go on under another version of the specs, or say why not."""
        run = self.settings.run(asked.run)
        phases = {old: new for old, new in asked.to.phases.items() if old != new}
        if run.digest == asked.to.digest:  # moved already
            before = replace(run, digest=str(run.moved[-1]["from"])) if run.moved else run
        else:
            before = run
        try:
            old, new = self.can_move(before, asked.to.digest, phases)
            frames = frames_in(old, new, asked.frames, phases)
        except Refusal as refusal:
            return Moved(digest=run.digest, frames=asked.frames, reason=str(refusal))
        self.house.runs.move(run.id, to=asked.to.digest, at=asked.at, phases=phases)
        return Moved(digest=asked.to.digest, frames=frames)

    def can_move(self, run: Run, digest: str, phases: Mapping[str, str]) -> tuple[Course, Course]:
        """The ways of a run before and after it would go on under another version.

        Raises:
            Refusal: it cannot, with every reason.
        """
        community = self.house.specs.at(digest, run.community)
        if run.task not in community.tasks:
            raise Refusal(f"The new version has no task {run.task!r}.", "The run goes on as it began.")
        try:
            mode = community.bind(run.task, bindable(run.args))
        except ArgumentError as error:
            raise Refusal(f"{run.task} does not fit: {error}.", "The run goes on as it began.") from error
        before = self.settings.mode(run, self.house.specs.at(run.digest, run.community))
        if mode.for_ != before.for_:
            raise Refusal(f"{run.task} is for one {mode.for_} now, the run for one {before.for_}.")
        if lacking := cannot_run(mode):
            raise Refusal(f"In the new version there is what cannot run yet: {', '.join(lacking)}.")
        old, new = self._course(run), self._course(replace(run, digest=digest))
        see_that_it_can_move(old, new, phases, {visit.phase for visit in self.house.runs.visits(run.id)})
        return old, new

    # ---------------------------------------------------------------------------------------------------------- opening
    def open(self, asked: OpenPhase) -> Opened:
        """Open a phase, skip it, or find that the run must not go on."""
        with self.house.runs.together():
            self._wake(asked.run, asked.at)
            opened = self._open(asked)
        if opened.children and self._children is not None:
            visit = self.house.runs.visit(asked.run, asked.phase, asked.visit)
            assert visit is not None
            self._children.launch(visit)
        return opened

    def _open(self, asked: OpenPhase) -> Opened:
        known = self.house.runs.visit(asked.run, asked.phase, asked.visit)
        if known is not None:
            return self._opened(known)
        teams_change = tend(self.settings, asked.run, asked.at)
        setting = self.settings.of(asked.run, asked.phase, at=asked.at, scope=asked.scope, coming=asked.coming)
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
        return self._begin(setting, visit, teams_change)

    def _begin(self, setting: Setting, visit: Visit, teams_change: datetime | None) -> Opened:
        wants = setting.wants
        visit = replace(visit, since=self._since(setting, visit) if wants.keeps else visit.visit)
        if wants.within is not None:
            visit = replace(visit, deadline=setting.until(wants.within, visit.opened_at))
        elif wants.goods is not None:
            visit = replace(visit, deadline=visit.opened_at)  # now or not
        elif wants.children is not None:
            visit = self._beget(setting, visit)
        visit = replace(visit, deadline=setting.later(visit))
        scene = setting.before(visit)
        visit = replace(visit, asked=scene.asked, never=tuple(sorted(scene.never)), things=scene.things)
        opening = setting.play.opening(setting.phase, scene)
        if opening.kept:
            visit, scene = replace(visit, results={KEPT: opening.kept}), replace(scene, kept=opening.kept)
        if opening.outcome is not None and opening.kept and not (opening.either and self._script is not None):
            with self.house.runs.together():
                self._close(setting, replace(self.house.runs.open(visit), deadline=visit.opened_at))
                return self._opened(self.house.runs.visit(visit.run, visit.phase, visit.visit) or visit)
        if opening.outcome is not None and not opening.kept:
            self._carry_out(setting, visit)
            outcome = self._scripted(setting, visit, opening.outcome)
            over = replace(visit, state="closed", outcome=outcome, closed_at=visit.opened_at)
            return self._opened(self.house.runs.open(over))
        with self.house.runs.together():
            if setting.run.rehearsed:
                visit = self._rehearse(setting, visit, scene)
            opened = self.house.runs.open(visit)
            self.house.inbox.open(items_of(setting, opened, opening))
            wakes = [*(self._ask(setting, opened, scene) if wants.goods is not None else ())]
            wakes += [opening.look_at] if opening.look_at is not None else []
            wakes += self._tended(setting, visit.opened_at, teams_change)
        return self._opened(opened, opening.awaits, self._looks(setting), wakes)

    def _beget(self, setting: Setting, visit: Visit) -> Visit:
        """Note the runs that the phase starts; on paper there are none."""
        refused = self._children.begin(setting, visit) if self._children is not None else []
        return replace(visit, deadline=visit.opened_at + FOREVER, results={KEPT: {REFUSED: refused}} if refused else {})

    def _ask(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[datetime]:
        """Claim what is scarce; returns when to look at it."""
        wants, crowd = setting.wants, setting.crowd(visit)
        assert wants.goods is not None

        def sign(form: str, member: str) -> list[Fact]:
            key, filled = f"{visit.visit}/{member}", crowd.fill(form, member)
            return facts_of(setting, [Note(kind=form, key=key, at=visit.opened_at, member=member, fields=filled)])

        signing = sign if setting.run.rehearsed else None
        setting.allocation.ask(wants.goods, setting.run, visit, works=scene.works, sign=signing)
        return _wakes(setting, visit)

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
        planned, complete = until_over(setting, scene, self._drawn(setting, visit, scene))
        self.house.runs.plan(visit.run, visit.phase, visit.visit, planned)
        return replace(visit, ends_at=planned[-1].at if complete and planned else None)

    def _drawn(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[Planned]:
        if self._script is not None:
            return self._script.planned(setting, visit, scene)
        return setting.play.improvise(setting.phase, scene, setting.crowd(visit))

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

    def _opened(
        self, visit: Visit, awaits: str = "", every: timedelta | None = None, wakes: Sequence[datetime] = ()
    ) -> Opened:
        if visit.kind in STRUCTURE and visit.state != "skipped":
            at, real_at = visit.opened_at, visit.began_at
            return Opened(at=at, real_at=real_at, deadline=visit.deadline, units=len(visit.things))
        if visit.outcome is not None:
            return Opened(outcome=visit.outcome, at=visit.closed_at or visit.opened_at, real_at=visit.began_at)
        return Opened(
            at=visit.opened_at,
            real_at=visit.began_at,
            deadline=visit.deadline,
            look_at=_next_look(visit, visit.opened_at, every, wakes),
            awaits=awaits,
            children=visit.kind == RUN,
        )

    # --------------------------------------------------------------------------------------------------------- checking
    def check(self, asked: CheckPhase) -> Checked:
        """Say whether a phase is over; if it is, how it came out, with everything that follows written down.

        The gate is shut in a transaction of its own, so that nobody who comes too late waits for the closing.
        """
        with self.house.runs.together():
            seen = self._see(asked)
            # a look that comes late must not hand on as open what the closing below calls missed
            over = None if isinstance(seen, Checked) else seen[1].deadline
            self._wake(asked.run, asked.at if over is None else min(asked.at, over))
        if isinstance(seen, Checked):
            if seen.outcome == LAPSED:
                self._cancel_children(self.house.runs.visit(asked.run, asked.phase, asked.visit))
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
            self._cancel_children(visit)
        return Finished(members=0, undone=0)

    def _see(self, asked: CheckPhase) -> Checked | tuple[Setting, Visit]:
        """What can be said of a phase; or, when it is over, what is to be closed."""
        visit = self.house.runs.visit(asked.run, asked.phase, asked.visit)
        if visit is None:
            raise Refusal(f"{asked.run} has not opened {asked.phase}.")
        if visit.state == "closed" and visit.kind != REPEAT:
            return Checked(outcome=visit.outcome, at=visit.closed_at or asked.at)
        teams_change = tend(self.settings, asked.run, asked.at)
        setting = self.settings.of(asked.run, asked.phase, at=asked.at, scope=visit.scope, coming=asked.coming)
        if visit.state != "closing" and not asked.lapsed and self._lapsed(setting):
            return self._lapse(setting, visit, asked.at)
        if visit.kind == REPEAT:
            return self._between_rounds(setting, visit, asked)
        if visit.state == "open":
            visit = self._take_in(setting, visit)
            if setting.run.rehearsed:
                catch_up(setting, visit, until=asked.at)
            if setting.wants.goods is not None:
                setting.allocation.settle(setting.wants.goods.resource, asked.at)
            scene = setting.scene(visit, due=asked.due)
            progress = setting.play.progress(setting.phase, scene)
            if not progress.over and not self._time_is_up(visit, progress, asked):
                return self._not_yet(setting, visit, progress, asked, teams_change)
        return setting, visit

    def _take_in(self, setting: Setting, visit: Visit) -> Visit:
        """What came in beside it, in branches that go on."""
        if not setting.follows:
            return visit
        if not setting.run.rehearsed:
            return take_in(setting, visit, items_of)
        for source in setting.sources():
            if source.state == "open":
                beside = self.settings.of(source.run, source.phase, at=setting.at, scope=source.scope)
                catch_up(beside, source, until=setting.at)
        longer = take_in(setting, visit, items_of, self._drawn)
        left = self.house.runs.planned(visit.run, visit.phase, visit.visit) if setting.growing() is None else ()
        return replace(longer, ends_at=max(one.at for one in left)) if left else longer

    def _time_is_up(self, visit: Visit, progress: Progress, asked: CheckPhase) -> bool:
        later = progress.deadline is not None and progress.deadline > asked.at
        return asked.due and not later

    def _not_yet(
        self, setting: Setting, visit: Visit, progress: Progress, asked: CheckPhase, teams_change: datetime | None
    ) -> Checked:
        deadline = visit.deadline
        if asked.due and progress.deadline is not None:
            deadline = progress.deadline
            self.house.runs.extend(visit.run, visit.phase, visit.visit, deadline=deadline)
        wakes = [at for at in _wakes(setting, visit) if at > asked.at] if setting.wants.goods is not None else []
        wakes += [progress.look_at] if progress.look_at is not None else []
        wakes += self._tended(setting, asked.at, teams_change)
        if progress.requests:
            self.house.inbox.open(items_of(setting, visit, Opening(requests=progress.requests)))
        look = _next_look(visit, asked.at, self._looks(setting), wakes)
        return Checked(at=asked.at, deadline=deadline, look_at=look)

    def _close(self, setting: Setting, visit: Visit, *, stopped: bool = False) -> Checked:
        """The gate is shut: whatever came in is in. The moment of closing follows from it alone."""
        final = visit.deadline or setting.at
        if setting.wants.goods is not None:
            setting.allocation.give_up(setting.claims(visit), final)
        first = setting.scene(visit)
        moments = (
            _settled(first)
            + [act.at for act in first.acts]
            + [work.at for work in first.works.values() if _own(work.phase, visit)]
        )
        moments += [one.closed_at for one in setting.sources() if one.closed_at is not None]
        moments += [one for one in setting.moments(first) if one <= setting.at]
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
            keep(self.house, setting.community, follow_ups_of(setting, notes))
            if not early and not stopped and within_of(setting).startswith("sla:"):
                self.house.inbox.missed(visit.run, visit.phase, visit.visit)
            self.house.runs.take_part(visit.run, closing.parts)
            self.house.teams.found(closing.teams)
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
        if visit.kind != REPEAT and setting.wants.goods is not None:
            setting.allocation.give_up(setting.claims(visit), at)
        self.house.runs.conclude(visit.run, visit.phase, visit.visit, outcome=LAPSED, results={}, at=at, works={})
        return Checked(outcome=LAPSED, at=at)

    def _cancel_children(self, visit: Visit | None) -> None:
        if self._children is not None and visit is not None and visit.kind == RUN:
            self._children.cancel(visit.run, visit)

    def _wake(self, run_id: str, at: datetime) -> None:
        """On a scaled clock the run itself takes the steps of its items, at its own times."""
        run = self.settings.run(run_id)
        if run.scale is None:
            return
        spec = self.house.specs.at(run.digest, run.community)
        house = self.house
        Reminders(inbox=house.inbox, outbox=house.outbox, effects=house.effects, community=spec).in_run(run.id, at)

    def _tended(self, setting: Setting, at: datetime, look: datetime | None) -> list[datetime]:
        """When to look at the teams of a run again, because somebody's time in them may be over."""
        if look is None:
            return []
        scale = setting.run.scale
        return [look if scale is None else max(look, at + ClockScale.parse(scale).virtual(AT_MOST))]

    def _looks(self, setting: Setting) -> timedelta | None:
        """How often one must look, in the run's own time, because a condition is waited for; None: it is not."""
        scale = setting.run.scale
        if setting.wants.children is not None and setting.mode.while_ is None and setting.mode.for_ != "member":
            return RARELY if scale is None else max(RARELY, ClockScale.parse(scale).virtual(AT_MOST))
        waits = setting.mode.while_ is not None or setting.wants.until is not None or setting.mode.for_ == "member"
        if not waits:
            return None
        every = RARELY if setting.wants.until is None and setting.people.is_plain(setting.mode.while_) else LOOK_EVERY
        return every if scale is None else max(every, ClockScale.parse(scale).virtual(AT_MOST))

    def finish(self, asked: FinishRun) -> Finished:
        """End a run: everybody with a part is told by a fact; a cancelled or failed one takes back its effects."""
        run = self.settings.run(asked.run)
        community = self.house.specs.at(run.digest, run.community)
        undone = self.house.effects.undo(run.community, run.id, at=asked.at) if asked.end in TAKEN_BACK else 0
        self.house.resources.release(run.id, at=asked.at)
        parts = dict(self.house.runs.parts(run.id))
        mode = self.settings.mode(run, community)
        if run.subject is not None and mode.for_ == "member":
            parts.setdefault(run.subject, "subject")
        facts = [self._finished(run, member, part, asked) for member, part in sorted(parts.items())]
        if asked.end != CANCEL and asked.end.partition(":")[0] == "end":
            facts += teamed(run, self.house.teams.of_run(run.id, live=True), asked.at)
        if facts:
            self.house.facts(community).record(facts)
        self.house.teams.end(run.id, at=asked.at)
        self.house.runs.finish(run.id, end=asked.end, at=asked.at)
        let_go(self.house.touch, run.community, run.subject, at=asked.at)
        if self._children is not None:
            self._children.cancel(run.id)
            self._children.ended(run)
        return Finished(members=len(facts), undone=undone)

    def _finished(self, run: Run, member: str, part: str, asked: FinishRun) -> Fact:
        outcome = "done" if asked.end == "end" else asked.end.removeprefix("end:")
        fields = {"task": run.task, "mode": run.mode, "run": run.id, "outcome": outcome, "part": part}
        return Fact(f"{run.id}/finished/{member}", "finished", member, asked.at, None, fields)


def _within(setting: Setting) -> str:
    return str(getattr(setting.phase, "within", "") or "")


def _own(phase: str, visit: Visit) -> bool:
    return phase == visit.phase


def _wakes(setting: Setting, visit: Visit) -> list[datetime]:
    """When something may become of what is scarce: the next settlement, or the moment at which all of it is there."""
    claims = setting.claims(visit)
    waiting = [one.settle_at for one in claims if one.state == "waiting"]
    return waiting or [max(one.begins_at or visit.opened_at for one in claims)] if claims else []


def _settled(scene: Scene) -> list[datetime]:
    return [at for one in scene.claims for at in (one.settled_at, one.begins_at) if at is not None]


def _next_look(visit: Visit, at: datetime, every: timedelta | None, wakes: Sequence[datetime] = ()) -> datetime | None:
    """When to look before the deadline: when the last simulated act is due, and regularly at what is waited for."""
    due = [visit.ends_at] if visit.ends_at is not None and visit.ends_at > at else []
    if every is not None:
        due.append(at + every)
    return min([*due, *wakes], default=None)
