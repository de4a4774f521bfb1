"""Goals: what the brand wants, how far it has come, and the campaigns and tasks that serve it, as one tree.

Only whoever a goal says sets it may change it. Progress is measured against the goal's own condition; of a larger goal
its parts count as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.ports.runs import CANCELLED, ENDED, RUNNING, Run, Runs
from rules.compile import compile_condition
from rules.condition import AllOf, AnyOf, base_readings
from rules.decision import Reason
from rules.evaluate import Trace, evaluate
from rules.spec.documents.community import Goal
from rules.spec.phase import every_phase
from rules.time import instant, local_day
from rules.time.local import to_date
from rules.time.schedule import next_time
from rules.values import Evidence

if TYPE_CHECKING:
    from operations.ports.measures import Measures
    from rules.spec import Community

Staff = Callable[[str], Collection[str]]
"""Who is in a role now."""

_RUNS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A task that serves a goal: how many runs there were of it, and the tasks that it starts and waits for.

    `begins` is when the next run begins by itself; None where only a hand, a rule or another task begins one.
    """

    task: str
    mode: str
    running: int
    ended: int
    cancelled: int
    begins: datetime | None = None
    tasks: tuple[Serving, ...] = ()

    def whole(self) -> Iterator[Serving]:
        """It and everything below it."""
        yield self
        for one in self.tasks:
            yield from one.whole()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a goal has come.

    `reached` is the truth of its own condition, `reasons` its readings, `share` how much of it is reached, from 0 to 1
    (None: unknown); `rolled` the same with its parts, each counting like the goal's own condition, `unknown` how many
    of them are unknown and therefore left out of it. `late` says that its day has passed and it is not reached.
    """

    goal: str
    title: Mapping[str, str]
    of: str | None
    set_by: str
    by: date
    reached: bool | None
    reasons: tuple[Reason, ...]
    share: Fraction | None
    rolled: Fraction | None
    unknown: int
    late: bool
    tasks: tuple[Serving, ...]
    parts: tuple[Progress, ...]

    def running(self) -> int:
        """Runs under way for it and its parts; a run that serves both counts once."""
        return sum(self._runs("running").values())

    def ended(self) -> int:
        """Runs that ended for it and its parts."""
        return sum(self._runs("ended").values())

    def _runs(self, what: str) -> dict[str, int]:
        found = {one.task: int(getattr(one, what)) for task in self.tasks for one in task.whole()}
        for part in self.parts:
            found |= part._runs(what)
        return found

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "goal": self.goal,
            "title": dict(self.title),
            "set_by": self.set_by,
            "by": self.by,
            "reached": self.reached,
            "late": self.late,
            "reasons": [asdict(one) for one in self.reasons],
            "share": percent(self.share),
            "rolled": percent(self.rolled),
            "unknown": self.unknown,
            "running": self.running(),
            "ended": self.ended(),
            "tasks": [asdict(one) for one in self.tasks],
            "parts": [one.data() for one in self.parts],
        }


def goals_of(community: Community, runs: Runs, measures: Measures, *, at: datetime) -> list[Progress]:
    """The goals that are part of no other, in the order written, with everything below them."""
    conditions = {goal.id: compile_condition(community, goal.reached) for goal in community.goals.values()}
    readings = frozenset().union(*(base_readings(one) for one in conditions.values()))
    evidence = Evidence({}, measures.community(readings, at) if readings else {})
    counts = _counted(runs.runs(community.id, limit=_RUNS))
    today = to_date(local_day(at, community.zone))

    def progress(goal: Goal) -> Progress:
        parts = tuple(progress(one) for one in community.goals.values() if one.of == goal.id)
        trace = evaluate(conditions[goal.id], evidence)
        own = share_of(trace)
        each = [own, *(part.rolled for part in parts)]
        known = [one for one in each if one is not None]
        due = date.fromisoformat(str(goal.by))
        return Progress(
            goal=goal.id,
            title={"en": goal.title.en, "zh": goal.title.zh},
            of=goal.of,
            set_by=goal.set_by,
            by=due,
            reached=trace.truth,
            reasons=trace.reasons(),
            share=own,
            rolled=sum(known, Fraction(0)) / len(known) if known else None,
            unknown=len(each) - len(known) + sum(part.unknown for part in parts if part.rolled is not None),
            late=today > due and trace.truth is not True,
            tasks=tuple(
                _serving(community, task.id, counts, at) for task in community.tasks.values() if task.goal == goal.id
            ),
            parts=parts,
        )

    return [progress(goal) for goal in community.goals.values() if goal.of is None]


def aimless(community: Community) -> list[str]:
    """Tasks that serve no goal."""
    return sorted(task.id for task in community.tasks.values() if task.goal is None)


def tasks_within(community: Community, task: str) -> tuple[str, ...]:
    """The tasks that a task starts and waits for, in order: the acts of a campaign."""
    try:
        mode = community.bind(task, {})
    except (KeyError, ValueError):
        return ()
    started = (getattr(phase, "tasks", ()) for _, phase in every_phase(mode.phases) if phase.kind == "run")
    return tuple(dict.fromkeys(str(one) for tasks in started if not isinstance(tasks, str) for one in tasks))


def refuse_meddling(current: Community, new: Community, *, author: str, staff: Staff) -> None:
    """Refuse a spec in which somebody changes a goal that others set; a role that nobody is in binds nobody.

    Raises:
        Refusal: naming the first such goal and who may change it.
    """
    for id_, goal in current.goals.items():
        after = new.goals.get(id_)
        if after is not None and after.model_dump() == goal.model_dump():
            continue
        setters = _setters(goal, staff)
        if setters and author not in setters:
            what = "leaves out" if after is None else "changes"
            raise Refusal(
                f"This {what} the goal {id_}, which {goal.set_by} sets; {author} is not among them.",
                f"Let one of them publish it: {', '.join(sorted(setters)[:5])}.",
            )
    for id_, goal in new.goals.items():
        setters = _setters(goal, staff)
        if id_ not in current.goals and setters and author not in setters:
            raise Refusal(
                f"This adds the goal {id_}, which {goal.set_by} sets; {author} is not among them.",
                f"Let one of them publish it: {', '.join(sorted(setters)[:5])}.",
            )


def share_of(trace: Trace) -> Fraction | None:
    """How much of a condition is reached, from 0 to 1: of a lower bound how near the value is; None is unknown.

    Of several that must all hold it is their mean, of alternatives the best.
    """
    match trace.condition:
        case AllOf():
            each = [share_of(part) for part in trace.parts]
            known = [one for one in each if one is not None]
            return sum(known, Fraction(0)) / len(known) if known and len(known) == len(each) else None
        case AnyOf():
            return max((one for one in map(share_of, trace.parts) if one is not None), default=None)
    if trace.truth is None:
        return None
    comparison = getattr(trace.condition, "comparison", None)
    source = getattr(trace.condition, "source", None)
    if comparison in ("at_least", "more_than") and source is not None and source.type.numeric:
        bound, value = trace.bounds[0], trace.value
        if isinstance(value, int) and isinstance(bound, int | Fraction) and not isinstance(bound, bool) and bound > 0:
            natural = Fraction(value, source.type.scale)
            return Fraction(1) if trace.truth else max(min(natural / Fraction(bound), Fraction(1)), Fraction(0))
    return Fraction(int(trace.truth))


def percent(share: Fraction | None) -> int | None:
    """A share in whole percent, never rounded up to all."""
    return None if share is None else int(share * 100)


def _setters(goal: Goal, staff: Staff) -> set[str]:
    kind, _, role = goal.set_by.partition(":")
    return set(staff(role)) if kind == "role" else set()


def _counted(runs: Sequence[Run]) -> Mapping[str, Mapping[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for run in runs:
        one = counts.setdefault(run.task, {})
        one[run.status] = one.get(run.status, 0) + 1
    return counts


def _serving(
    community: Community,
    task: str,
    counts: Mapping[str, Mapping[str, int]],
    at: datetime,
    above: tuple[str, ...] = (),
) -> Serving:
    of = counts.get(task, {})
    below = [one for one in tasks_within(community, task) if one in community.tasks and one not in (*above, task)]
    return Serving(
        task=task,
        mode=community.tasks[task].mode,
        running=of.get(RUNNING, 0),
        ended=of.get(ENDED, 0),
        cancelled=of.get(CANCELLED, 0),
        begins=_begins(community, task, at),
        tasks=tuple(_serving(community, one, counts, at, (*above, task)) for one in below),
    )


def _begins(community: Community, task: str, at: datetime) -> datetime | None:
    """The next moment later than `at` at which a task begins by itself."""
    starts = community.tasks[task].starts
    if isinstance(starts, str):
        once = instant(datetime.fromisoformat(starts), community.zone)
        return once if once > at else None
    return None if starts is None else next_time(starts, at, community.zone)
