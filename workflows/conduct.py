"""Conduct: takes runs through their phases; what the activities of the process do, and nothing of Temporal.

Every step may be repeated: what was written stays, and what is concluded follows from what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from operations.arguments import bindable
from operations.errors import Refusal
from operations.ports.runs import Run
from operations.touching import let_go
from rules.fact import Fact
from rules.spec.substitute import ArgumentError
from workflows.closings import PAGE, Closings
from workflows.course import CANCEL, Course
from workflows.crews import teamed
from workflows.legs import legs
from workflows.moving import frames_in, see_that_it_can_move
from workflows.ready import cannot_run
from workflows.rehearsed import for_a_quarter
from workflows.steps import Finished, FinishRun, Moved, MoveRun

TAKEN_BACK = (CANCEL, "failed")
"""Ends of a run that take back what it did, in reverse order."""


class Conduct(Closings):
    """What happens to runs and their phases."""

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

    # ---------------------------------------------------------------------------------------------------------- ending
    def finish(self, asked: FinishRun) -> Finished:
        """End a run: everybody with a part is told by a fact; a cancelled or failed one takes back its effects."""
        run = self.settings.run(asked.run)
        community = self.house.specs.at(run.digest, run.community)
        undone = self.house.effects.undo(run.community, run.id, at=asked.at) if asked.end in TAKEN_BACK else 0
        self._publish_held_back(run, community, asked.at)
        self.house.resources.release(run.id, at=asked.at)
        parts = dict(self.house.runs.parts(run.id))
        mode = self.settings.mode(run, community)
        if run.subject is not None and mode.for_ == "member":
            parts.setdefault(run.subject, "subject")
        facts = [self._finished(run, member, part, asked) for member, part in sorted(parts.items())]
        if asked.end != CANCEL and asked.end.partition(":")[0] == "end":
            facts += teamed(run, self.house.teams.of_run(run.id, live=True), asked.at)
        for start in range(0, len(facts), PAGE):
            self.house.facts(community).record(facts[start : start + PAGE])
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
