"""Steps: what the process workflow and its activities say to each other, and the names they call each other by.

Small pydantic models only: what is big (works, results, people) stays in the database and goes by id.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

READ_COURSE = "read_course"
OPEN_PHASE = "open_phase"
CHECK_PHASE = "check_phase"
STOP_PHASES = "stop_phases"
FINISH_RUN = "finish_run"
MOVE_RUN = "move_run"

POKE = "poke"
"""The signal: something came in, everything expected may be there. A hint only; the truth is the row."""

MIGRATE = "migrate"
"""The signal: go on under another version of the specs at the next boundary between two phases."""

COMMUNITY_KEY = "TrellisCommunity"
MODE_KEY = "TrellisMode"
PHASE_KEY = "TrellisPhase"
"""Search attributes of type Keyword, registered by the server code."""


class Payload(BaseModel):
    """Something that enters a workflow's history."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Loop(Payload):
    """How often a way back was taken since its body was entered."""

    phase: str
    outcome: str
    taken: int


class Frame(Payload):
    """One body that is being walked. `repeat` is the phase whose body it is (None: the mode's own).

    `round` and `round_at` say which round it is and when it began, `real_at` the wall's time of that, `next_at` when
    the next one may begin.
    """

    repeat: str | None = None
    index: int = 0
    loops: tuple[Loop, ...] = ()
    round: int = 0
    round_at: datetime | None = None
    real_at: datetime | None = None
    next_at: datetime | None = None


class Under(Payload):
    """A phase that is open: its number, until when, when to look before that."""

    phase: str
    visit: int
    opened_at: datetime
    real_at: datetime
    deadline: datetime
    look_at: datetime | None = None
    awaits: str = ""


class Position(Payload):
    """Where one strand of a run stands: its way, the run's time there, the phase that is open.

    `apart` are the strands inside the `each` or `parallel` that it stands in; `ended` says how a strand came out that
    is over while others of them are not. `again`: something came in that was not looked at yet.
    """

    frames: tuple[Frame, ...]
    at: datetime
    under: Under | None = None
    apart: tuple[Position, ...] = ()
    ended: str | None = None
    again: bool = True


class Resume(Position):
    """Where a run goes on after its history was continued as new.

    `visits` are the numbers of visits so far, by phase, with the units before it that it lies in.
    """

    visits: dict[str, int] = Field(default_factory=dict)
    lapsed: bool = False


class MoveTo(Payload):
    """Where a run is to go on: the version, and what phases of the old one are called there."""

    digest: str
    phases: dict[str, str] = Field(default_factory=dict)


class RunInput(Payload):
    """The one input of a process workflow: which run of which pinned spec, and how its clock goes."""

    community: str
    run: str
    task: str
    mode: str
    digest: str
    opened_at: datetime
    subject: str | None = None
    starter: str | None = None
    args: dict[str, Any] = Field(default_factory=dict)
    scale: str | None = None
    rehearsed: bool = False
    seed: int = 0
    near: bool = False  # steps are taken beside the workflow: runs about one member or cohort, whose steps are short
    resume: Resume | None = None
    moving: MoveTo | None = None


class RunResult(Payload):
    """How a run ended: `end`, `end:word` or `cancel`, at the run's own time."""

    run: str
    end: str
    at: datetime
    visits: int


class MoveRun(Payload):
    """Ask to move a run that stands at a boundary between two phases."""

    run: str
    to: MoveTo
    frames: tuple[Frame, ...]
    at: datetime


class Moved(Payload):
    """It goes on under `digest` at these frames; or, with a `reason`, under the old one where it stands."""

    digest: str
    frames: tuple[Frame, ...]
    reason: str | None = None


class ReadCourse(Payload):
    """Ask for the course of a run."""

    run: str


class OpenPhase(Payload):
    """Ask to open a phase (or to skip it) at a time of the run. `lapsed`: the mode's `while` has been found over.

    `coming`: phases in branches beside it, from which it takes works as they come, whose branch goes on.
    """

    run: str
    phase: str
    visit: int
    scope: str
    at: datetime
    lapsed: bool = False
    coming: tuple[str, ...] = ()


class Opened(Payload):
    """What came of opening: it waits until `deadline`, or it is over at once with an `outcome`.

    `outcome` is `skipped` when `only_if` does not hold, and `lapsed` when the mode's `while` does not hold any more.
    `real_at` is the wall's time of the opening. `look_at` is when to look again before the deadline. `units` is how
    many units an `each` has, `children`: it has started runs, whose workflows are started now.
    """

    outcome: str | None = None
    at: datetime
    real_at: datetime
    deadline: datetime | None = None
    look_at: datetime | None = None
    awaits: str = ""
    units: int = 0
    children: bool = False


class CheckPhase(Payload):
    """Ask whether a phase is over at a time of the run; `due`: its time is up. `coming` as of `OpenPhase`."""

    run: str
    phase: str
    visit: int
    at: datetime
    due: bool
    lapsed: bool = False
    coming: tuple[str, ...] = ()


class Checked(Payload):
    """Over with an `outcome` at `at`, or not yet: then perhaps a later deadline, and when to look again."""

    outcome: str | None = None
    at: datetime
    deadline: datetime | None = None
    look_at: datetime | None = None


class Stopped(Payload):
    """A phase that was open when its branch or unit was ended by another."""

    phase: str
    visit: int


class StopPhases(Payload):
    """Ask to end phases at a time of the run, because the `each` or `parallel` they lie in is over."""

    run: str
    phases: tuple[Stopped, ...]
    at: datetime


class FinishRun(Payload):
    """Ask to end a run: facts for everybody who had a part, or (`cancel`) everything taken back in reverse order."""

    run: str
    end: str
    at: datetime


class Finished(Payload):
    """The run is over: how many members were told, how many effects were taken back."""

    members: int
    undone: int
