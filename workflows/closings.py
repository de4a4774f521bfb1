"""Closings: whether an open phase is over, and how it came out; nothing of Temporal.

Every step may be repeated: what was written stays, and what is concluded follows from what was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, islice

from operations.errors import Refusal
from operations.follow_ups import keep
from operations.ports.runs import Visit
from workflows.asking import items_of, within_of
from workflows.course import LAPSED
from workflows.looks import looks, may_be_public, next_look, settled, tended, wakes_of
from workflows.openings import Openings
from workflows.play import Note, Opening, Progress
from workflows.ready import REPEAT, RUN
from workflows.records import facts_of, follow_ups_of, forms_of
from workflows.seating import tend
from workflows.setting import Setting
from workflows.settling import progress_of
from workflows.simulated import catch_up
from workflows.steps import Checked, CheckPhase, Finished, StopPhases
from workflows.taking_in import take_in

PAGE = 5_000
"""Facts that are written together."""

STOPPED = "stopped"
"""How a phase comes out that was open when its branch or unit was ended by another."""


class Closings(Openings):
    """Looks at the phases of runs, and closes them."""

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
            if visit is None:
                continue
            if visit.state != "closed":
                self._stop(visit, max(asked.at, visit.opened_at))
            self._cancel_children(visit)  # also when it was closed before and the worker was lost right then
        return Finished(members=0, undone=0)

    def _stop(self, visit: Visit, at: datetime) -> None:
        setting = self.settings.of(visit.run, visit.phase, at=at, scope=visit.scope)
        if visit.state == "open":
            if setting.run.rehearsed:
                with self.house.runs.together():
                    catch_up(setting, visit, until=at)
            self.house.runs.shut(visit.run, visit.phase, visit.visit, at=self._now())
        with self.house.runs.together():
            self._close(setting, replace(visit, deadline=at), stopped=True)

    def _see(self, asked: CheckPhase) -> Checked | tuple[Setting, Visit]:
        """What can be said of a phase; or, when it is over, what is to be closed."""
        visit = self._known(asked)
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
            progress = progress_of(setting, visit, due=asked.due)
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
        if setting.growing() is not None:
            return longer
        last = self.house.runs.planned_until(visit.run, visit.phase, visit.visit)
        return replace(longer, ends_at=last) if last is not None else longer

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
        wakes = [at for at in wakes_of(setting, visit) if at > asked.at] if setting.wants.goods is not None else []
        wakes += [progress.look_at] if progress.look_at is not None else []
        wakes += tended(setting, asked.at, teams_change)
        wakes += may_be_public(setting, asked.at)
        if progress.requests:
            self.house.inbox.open(items_of(setting, visit, Opening(requests=progress.requests)))
        look = next_look(visit, asked.at, looks(setting), wakes)
        return Checked(at=asked.at, deadline=deadline, look_at=look)

    def _close(self, setting: Setting, visit: Visit, *, stopped: bool = False) -> Checked:
        """The gate is shut: whatever came in is in. The moment of closing follows from it alone."""
        final = visit.deadline or setting.at
        if setting.wants.goods is not None:
            setting.allocation.give_up(setting.claims(visit), final)
        first = setting.scene(visit)
        moments = (
            settled(first)
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
        notes = chain(closing.notes, forms_of(setting, scene, accepted))
        outcome = STOPPED if stopped else self._scripted(setting, visit, closing.outcome)
        with self.house.runs.together():
            while some := [*islice(notes, PAGE)]:
                self._note(setting, [note for note in some if not (stopped and note.kind == "missed")])
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

    def _note(self, setting: Setting, notes: Sequence[Note]) -> None:
        """Write down what came of a phase: facts, and what somebody has to follow up."""
        if facts := facts_of(setting, notes):
            self.house.facts(setting.community).record(facts)
        keep(self.house, setting.community, follow_ups_of(setting, notes))

    def _between_rounds(self, setting: Setting, visit: Visit, asked: CheckPhase) -> Checked:
        """A fact about the subject may have started the interval anew."""
        starts = visit.deadline or asked.at
        kind = getattr(setting.phase, "reset_by", None)
        if kind is not None and setting.run.subject is not None:
            facts = self.house.facts(setting.community)
            told = facts.moments(setting.run.subject, kind, after=visit.opened_at, until=asked.at)
            every = str(getattr(setting.phase, "every", "1d"))
            starts = max([starts, *(self._later(setting, at, every) for at in told)])
        if starts > asked.at:
            return Checked(at=asked.at, deadline=starts)
        return Checked(outcome="done", at=asked.at)

    def _lapse(self, setting: Setting, visit: Visit, at: datetime) -> Checked:
        self.house.runs.shut(visit.run, visit.phase, visit.visit, at=self._now())
        if visit.kind != REPEAT and setting.wants.goods is not None:
            setting.allocation.give_up(setting.claims(visit), at)
        self.house.runs.conclude(visit.run, visit.phase, visit.visit, outcome=LAPSED, results={}, at=at, works={})
        return Checked(outcome=LAPSED, at=at)

    def _cancel_children(self, visit: Visit | None) -> None:
        if self._children is not None and visit is not None and visit.kind == RUN:
            self._children.cancel(visit.run, visit)


def _own(phase: str, visit: Visit) -> bool:
    return phase == visit.phase
