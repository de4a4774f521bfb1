"""Story: one run of any mode told phase by phase, whoever keeps the time: Temporal, or a clock on paper.

Each phase is opened, waited for (until its deadline, or until somebody says that everything may be in), and checked;
the walk along the course is pure. The hands that open, wait and check are given. An `each` or a `parallel` is told by
several strands at the same time, each with its own place and its own time.
"""

from __future__ import annotations

from datetime import datetime

from workflows.course import (
    Course,
    Walk,
)
from workflows.hands import Hands
from workflows.steps import (
    Resume,
    RunInput,
)
from workflows.strand import Strand


class Story:
    """The story of one run.

    Args:
        told: which run.
        course: its phases.
        hands: who opens, waits and checks.
    """

    def __init__(self, told: RunInput, course: Course, hands: Hands) -> None:
        self.run, self.course, self.hands = told.run, course, hands
        resume = told.resume
        self.visits: dict[str, int] = dict(resume.visits) if resume else {}
        self.lapsed = resume.lapsed if resume else False
        self.resting = False
        self._follows = any(leg.follows for leg in course.legs())
        self._main = Strand(self, Walk(course, resume.frames if resume else ()), told.opened_at, position=resume)

    @property
    def at(self) -> datetime:
        """The run's own time."""
        return self._main.at

    @property
    def resume(self) -> Resume:
        """Where the story stands, to be told on later."""
        return Resume(**dict(self._main.position), visits=self.visits, lapsed=self.lapsed)

    async def play(self) -> str | None:
        """Tell it to its end (`end`, `end:word` or `cancel`), or until it has to rest (None)."""
        await self._main.play()
        return self._main.ended

    def passed(self, *phases: str) -> None:
        """Phases came out, or will not come any more: whoever takes works from them looks again."""
        if self._follows and self._main.look_again(frozenset(phases)):
            self.hands.wake()

    def rest(self) -> None:
        """Every strand stops where it can go on later."""
        self.resting = True
        self.hands.wake()
