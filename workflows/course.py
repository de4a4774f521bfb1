"""Course: the way of a run through its phases, as data, and the pure walk along it.

The process workflow asks the walk where it is, does what the phase there needs, and tells the walk how it came out.
Nothing here knows a clock, a database or Temporal, so the same walk can be walked on paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from workflows.steps import Frame, Loop, Payload

SKIPPED = "skipped"
LAPSED = "lapsed"
END = "end"
CANCEL = "cancel"
LEFT = "left"
"""How a branch or a unit ends by itself; its phases are over, or one of them said `leave`."""
STOP = "stop"
"""How a branch or a unit ends that ends the whole `each` or `parallel`."""
_OUT = ("leave", STOP)


class Way(Payload):
    """Where an outcome leads: a target; a way back is taken at most so often, then `otherwise`."""

    to: str
    at_most: int | None = None
    otherwise: str | None = None


class Branch(Payload):
    """Phases beside others."""

    id: str
    body: tuple[Leg, ...]


class Leg(Payload):
    """One phase of a course.

    `body` are the phases of a round, or of a unit of an `each`; `times` how many rounds (None: as long as it lives).
    `branches` are those of a `parallel`, which `ends_with` all, the first, or one of them. `follows` are phases of
    branches beside it from which it takes works as they come.
    """

    id: str
    kind: str
    first: str
    go: dict[str, Way]
    title: str = ""
    body: tuple[Leg, ...] = ()
    times: int | None = None
    early: bool = False  # a fact can start the interval of this repeat anew
    branches: tuple[Branch, ...] = ()
    ends_with: str = "all"
    follows: tuple[str, ...] = ()

    @property
    def apart(self) -> bool:
        """Whether it is walked by several at the same time."""
        return self.kind == "each" or bool(self.branches)


def every_leg(body: tuple[Leg, ...]) -> Iterator[Leg]:
    """Every phase of a body, those inside a phase after it."""
    for leg in body:
        yield leg
        yield from every_leg(leg.body)
        for branch in leg.branches:
            yield from every_leg(branch.body)


class Course(Payload):
    """The phases of a mode with a task's arguments in it, and where the run goes when its `while` is over."""

    mode: str
    title: str
    phases: tuple[Leg, ...]
    if_not: str = "end:stopped"
    zone: str = "UTC"

    def legs(self) -> Iterator[Leg]:
        """Every phase, bodies after the phase they belong to."""
        return every_leg(self.phases)

    def bound(self, rounds: int = 1) -> int:
        """No run visits more phases than this; a repeat without `times`, and an `each`, count as so many rounds."""

        def of(body: tuple[Leg, ...]) -> int:
            once = sum((1 + of(leg.body)) * (leg.times or rounds) if leg.body else 1 for leg in body)
            once += sum(of(branch.body) for leg in body for branch in leg.branches)
            backs = sum(way.at_most or 0 for leg in body for way in leg.go.values())
            return once * (1 + backs)

        return of(self.phases)


@dataclass(frozen=True, slots=True)
class At:
    """The walk stands before this phase."""

    leg: Leg


@dataclass(frozen=True, slots=True)
class RoundOver:
    """The round of this repeat is over; the next one has to be begun, or the repeat left."""

    leg: Leg
    frame: Frame
    last: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """The walk is over: `end`, `end:word` or `cancel`."""

    word: str


class Walk:
    """A position in a course, moved by outcomes.

    Args:
        course: the phases.
        frames: a position to go on from; without it the walk begins.
        inside: the phases of a branch or a unit, when that is walked by itself.
        within: the rounds and units that those lie in: `under-way.2/`.
    """

    def __init__(
        self,
        course: Course,
        frames: tuple[Frame, ...] = (),
        *,
        inside: tuple[Leg, ...] | None = None,
        within: str = "",
    ) -> None:
        self.course, self._inside, self._within = course, inside, within
        self._by_id = {leg.id: leg for leg in course.legs()}
        self._frames: list[Frame] = list(frames) or [Frame()]
        self._over: str | None = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The position, to be remembered."""
        return tuple(self._frames)

    @property
    def scope(self) -> str:
        """The rounds and units the walk is in: `week.3/`; empty outside of every repeat and each."""
        return self._within + _scope(self._frames)

    @property
    def outer_scope(self) -> str:
        """The rounds that the phase here lies in; of a repeat whose round is over, those around it."""
        over = isinstance(self.here(), RoundOver)
        return self._within + _scope(self._frames[:-1] if over else self._frames)

    def here(self) -> At | RoundOver | Ending:
        """Where the walk stands."""
        if self._over is not None:
            return Ending(self._over)
        frame, body = self._frames[-1], self._body(self._frames[-1])
        if frame.index < len(body):
            return At(body[frame.index])
        if frame.repeat is None:
            return Ending(END if self._inside is None else LEFT)
        leg = self._by_id[frame.repeat]
        return RoundOver(leg, frame, leg.times is not None and frame.round >= leg.times)

    def begin_round(self, at: datetime, *, real_at: datetime | None = None, next_at: datetime | None = None) -> None:
        """Begin the next round of the repeat that the walk stands before, or whose round is over."""
        match self.here():
            case At(leg) if leg.body and not leg.apart:
                number = 1
            case RoundOver(leg, frame, _):
                number = frame.round + 1
                self._frames.pop()
            case other:
                raise ValueError(f"there is no round to begin at {other}")
        self._frames.append(Frame(repeat=leg.id, round=number, round_at=at, real_at=real_at, next_at=next_at))

    def leave_rounds(self) -> None:
        """The repeat whose round is over has had its last."""
        self._frames.pop()
        self.come_out(self._leg().first)

    def come_out(self, outcome: str) -> None:
        """The phase here came out like this; the walk goes where its `go` says."""
        leg = self._leg()
        way = leg.go.get(outcome)
        if outcome == SKIPPED or way is None:
            return self._go("next")
        if way.at_most is None:
            return self._go(way.to)
        frame = self._frames[-1]
        taken = next((loop.taken for loop in frame.loops if (loop.phase, loop.outcome) == (leg.id, outcome)), 0) + 1
        others = tuple(loop for loop in frame.loops if (loop.phase, loop.outcome) != (leg.id, outcome))
        loops = (*others, Loop(phase=leg.id, outcome=outcome, taken=taken))
        self._frames[-1] = frame.model_copy(update={"loops": loops})
        return self._go(way.to if taken <= way.at_most else way.otherwise or "next")

    def end(self, word: str) -> None:
        """The run ends here with a word."""
        self._over = word

    def lapse(self) -> None:
        """The mode's `while` is over: out of every round, to `if_not`; a branch or a unit leaves that to the run."""
        if self._inside is not None:
            self._over = LAPSED
            return
        del self._frames[1:]
        target = self.course.if_not
        self._go(END if target in ("next", *_OUT) else target)

    def _leg(self) -> Leg:
        frame = self._frames[-1]
        return self._body(frame)[frame.index]

    def _body(self, frame: Frame) -> tuple[Leg, ...]:
        if frame.repeat:
            return self._by_id[frame.repeat].body
        return self.course.phases if self._inside is None else self._inside

    def _go(self, target: str) -> None:
        frame = self._frames[-1]
        body = self._body(frame)
        if target == "next":
            self._frames[-1] = frame.model_copy(update={"index": frame.index + 1})
        elif target in (CANCEL, END) or target.startswith("end:"):
            self._over = target
        elif target in _OUT and frame.repeat is None:
            self._over = END if self._inside is None else LEFT if target == "leave" else STOP
        elif target == "leave":
            self._frames[-1] = frame.model_copy(update={"index": len(body)})
        elif target == STOP:
            self.leave_rounds()
        else:
            index = next(place for place, leg in enumerate(body) if leg.id == target)
            self._frames[-1] = frame.model_copy(update={"index": index})


def _scope(frames: list[Frame]) -> str:
    return "".join(f"{frame.repeat}.{frame.round}/" for frame in frames if frame.repeat)
