"""Doorways of the process workflow: read the course of a run, open a phase, check it, end the run."""

from __future__ import annotations

from temporalio import activity

from workflows import steps
from workflows.activities.doorway import alive, refusing
from workflows.conduct import Conduct
from workflows.course import Course
from workflows.steps import (
    Checked,
    CheckPhase,
    Finished,
    FinishRun,
    Moved,
    MoveRun,
    Opened,
    OpenPhase,
    ReadCourse,
    StopPhases,
)


class ProcessActivities:
    """The activities of `workflows.process`, with their ports."""

    def __init__(self, conduct: Conduct) -> None:
        self._conduct = conduct

    @activity.defn(name=steps.READ_COURSE)
    def read_course(self, asked: ReadCourse) -> Course:
        """The way of the run through its phases."""
        with refusing():
            return self._conduct.course(asked.run)

    @activity.defn(name=steps.OPEN_PHASE)
    def open_phase(self, asked: OpenPhase) -> Opened:
        """Open a phase, or skip it."""
        with refusing(), alive():
            return self._conduct.open(asked)

    @activity.defn(name=steps.CHECK_PHASE)
    def check_phase(self, asked: CheckPhase) -> Checked:
        """Say whether a phase is over, and conclude it if it is."""
        with refusing(), alive():
            return self._conduct.check(asked)

    @activity.defn(name=steps.STOP_PHASES)
    def stop_phases(self, asked: StopPhases) -> Finished:
        """End phases whose branch or unit is over."""
        with refusing(), alive():
            return self._conduct.stop(asked)

    @activity.defn(name=steps.MOVE_RUN)
    def move_run(self, asked: MoveRun) -> Moved:
        """Let the run go on under another version, or say why not."""
        with refusing(), alive():
            return self._conduct.move(asked)

    @activity.defn(name=steps.FINISH_RUN)
    def finish_run(self, asked: FinishRun) -> Finished:
        """End the run."""
        with refusing(), alive():
            return self._conduct.finish(asked)
