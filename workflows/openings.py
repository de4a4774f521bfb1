"""Openings: how the phases of runs begin, and nothing of Temporal.

Every step may be repeated: what was written stays, and what is concluded follows from what was written.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from operations.effects import EffectContext, carry_out
from operations.embargo import embargo_of, publish_held_back
from operations.house import House
from operations.ports.runs import Planned, Run, Visit
from operations.reminding import Reminders
from rules.fact import Fact
from rules.spec import Community
from rules.time import Duration, WorkCalendar, add
from workflows.asking import items_of
from workflows.children import Children
from workflows.course import LAPSED, SKIPPED
from workflows.looks import looks, may_be_public, next_look, tended, wakes_of
from workflows.phases.each.spec import Each
from workflows.play import Note, Scene
from workflows.ready import REPEAT, RUN, STRUCTURE
from workflows.records import facts_of
from workflows.scenes import Settings
from workflows.seating import tend
from workflows.setting import KEPT, REFUSED, Setting
from workflows.simulated import until_over
from workflows.steps import Checked, CheckPhase, Opened, OpenPhase

FOREVER = timedelta(days=3650)
"""How long runs that were started are waited for, unless they go on even then."""


class Script(Protocol):
    """What people do in a rehearsed run, written down beforehand."""

    def planned(self, setting: Setting, visit: Visit, scene: Scene) -> Sequence[Planned]:
        """What they will do in a visit that opens, in order of time."""
        ...

    def outcome(self, setting: Setting, visit: Visit, came: str) -> str:
        """How a visit comes out that came out so by itself."""
        ...


class Openings:
    """Opens the phases of runs.

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

    @abstractmethod
    def _close(self, setting: Setting, visit: Visit, *, stopped: bool = False) -> Checked: ...

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
        known = self._known(asked)
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

    def _known(self, asked: OpenPhase | CheckPhase) -> Visit | None:
        """The visit that is meant, if it was opened; among all of the run, which are looked at anyway."""
        visits = self.house.runs.visits(asked.run)
        return next((one for one in visits if (one.phase, one.visit) == (asked.phase, asked.visit)), None)

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
            wakes += tended(setting, visit.opened_at, teams_change)
            wakes += may_be_public(setting, visit.opened_at)
        return self._opened(opened, opening.awaits, looks(setting), wakes)

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
        return wakes_of(setting, visit)

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
            look_at=next_look(visit, visit.opened_at, every, wakes),
            awaits=awaits,
            children=visit.kind == RUN,
        )

    def _lapsed(self, setting: Setting) -> bool:
        """Whether the run must not go on: its `while` is surely untrue, or its subject took back consent or is gone."""
        mode, run = setting.mode, setting.run
        if mode.while_ is not None and setting.people.holds(mode.while_) is False:
            return True
        if mode.for_ == "member" and run.subject is not None:
            person = setting.people.known.person(run.subject)
            return person is None or person.attributes.get("consent") is False
        return False

    def _wake(self, run_id: str, at: datetime) -> None:
        """What is due in the run: what was held back may be public, and on a scaled clock steps of items are taken."""
        run, house = self.settings.run(run_id), self.house
        spec = house.specs.at(run.digest, run.community)
        self._publish_held_back(run, spec, at)
        if run.scale is None:
            return
        Reminders(inbox=house.inbox, outbox=house.outbox, effects=house.effects, community=spec).in_run(run.id, at)

    def _publish_held_back(self, run: Run, spec: Community, at: datetime) -> None:
        """Publish what an embargo has held back, once it is over in the run's own time."""
        if embargo_of(spec, run.task) is not None:
            publish_held_back(self.house.effects, self.house.specs.current(run.community), at=at, run=run.id)
