"""Walk: how a run of a mode goes when each phase comes out as somebody says; its path, its end, and what is handed in.

A walk keeps no time and asks nobody. It is how a case of the kind `play` is held against a mode: phases come out with
their first outcome unless the play says otherwise, and every way back is counted as the real run counts it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rules.errors import Unfit
from rules.spec.documents.cases import Step
from rules.spec.documents.mode import Mode
from rules.spec.effects import Nominate
from rules.spec.phase import Back, PhaseSpec, every_phase

SKIPPED = "skipped"
"""The outcome of a phase whose `only_if` is not true."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk through a mode.

    Args:
        path: phases in order of entry.
        end: `end`, `end:word` or `cancel`.
        outcomes: of each entry: the phase and how it came out.
    """

    path: tuple[str, ...]
    end: str
    outcomes: tuple[tuple[str, str], ...] = ()


def walk(mode: Mode, comes_out: Mapping[str, str | Sequence[str]] | None = None) -> Walk:
    """Go through a bound mode; the rounds of a `repeat` and the units of an `each` are gone through once.

    Args:
        comes_out: phase to outcome, or to one outcome for each visit (the last one holds on); `skipped` for a phase
            that is not played. Every other phase comes out with its first outcome.

    Raises:
        Unfit: a phase is said to come out as it never does.
    """
    walker = _Walker(comes_out or {})
    end = walker.body(mode.phases)
    return Walk(tuple(walker.path), "end" if end in ("over", "leave", "stop") else end, tuple(walker.outcomes))


def lapsed(mode: Mode) -> Walk:
    """How a run goes whose subject never met the `while` of the mode: at once to `if_not`, if that is an end."""
    return Walk((), "end" if mode.if_not in ("next", "leave", "stop") else mode.if_not)


class _Walker:
    def __init__(self, comes_out: Mapping[str, str | Sequence[str]]) -> None:
        self.comes_out = comes_out
        self.visits: Counter[str] = Counter()
        self.path: list[str] = []
        self.outcomes: list[tuple[str, str]] = []

    def body(self, phases: Sequence[PhaseSpec]) -> str:
        """Go through one body; returns `over`, `leave`, `stop`, or how the run ended."""
        place = {phase.id: number for number, phase in enumerate(phases)}
        loops: Counter[tuple[str, str]] = Counter()  # counted anew at each entry of the body
        here = 0
        while here < len(phases):
            phase = phases[here]
            outcome = self._outcome(phase)
            target: str | Back = "next"
            if outcome != SKIPPED:
                ended = self._inside(phase)
                if ended is not None:
                    return ended
                target = phase.go.get(outcome, "next")
            if isinstance(target, Back):
                loops[phase.id, outcome] += 1
                target = target.to if loops[phase.id, outcome] <= target.at_most else target.else_
            if target == "next":
                here += 1
            elif target in place:
                here = place[target]
            else:
                return target
        return "over"

    def _outcome(self, phase: PhaseSpec) -> str:
        self.visits[phase.id] += 1
        self.path.append(phase.id)
        outcome = self._said(phase)
        self.outcomes.append((phase.id, outcome))
        return outcome

    def _said(self, phase: PhaseSpec) -> str:
        possible = phase.outcomes()
        said = self.comes_out.get(phase.id)
        if said is None:
            return possible[0]
        outcome = said if isinstance(said, str) else said[min(self.visits[phase.id], len(said)) - 1]
        if outcome not in possible and not (outcome == SKIPPED and phase.only_if is not None):
            raise Unfit(f"the phase {phase.id} never comes out as '{outcome}'", f"one of {', '.join(possible)}")
        return outcome

    def _inside(self, phase: PhaseSpec) -> str | None:
        """Go through the bodies of a phase; returns how the run ended if it ended there.

        The branch that ends a `parallel` ends the path of it; those after it are gone through beside the path.
        """
        beside = False
        for body in phase.bodies():
            before = len(self.path)
            ended = self.body(body.phases)
            if beside:
                del self.path[before:]
            elif ended not in ("over", "leave", "stop"):
                return ended
            elif ended == "stop":
                break
            beside = beside or getattr(phase, "ends_with", "all") == body.name
        return None


# -------------------------------------------------------------------------------------------- what a play's steps bring
def refusals(mode: Mode, steps: Iterable[Step]) -> list[tuple[Step, bool]]:
    """Every step, and whether it is refused, as far as the mode alone can tell: more works than each may hand in."""
    phases = _by_id(mode)
    handed: Counter[tuple[str, str]] = Counter()
    found = []
    for step in steps:
        limit = getattr(phases[step.in_], "limit", None) if step.does == "submit" else None
        handed[step.in_, step.who] += step.does == "submit"
        found.append((step, isinstance(limit, int) and handed[step.in_, step.who] > limit))
    return found


def recorded(mode: Mode, went: Walk, steps: Iterable[Step]) -> list[dict[str, str | int]]:
    """The facts that the steps decide: works handed in, their places when they were scored, and who is nominated.

    Criteria read from a metric count nothing here, since no figures are known; works with the same score are not told
    apart.
    """
    phases = _by_id(mode)
    taken = [step for step, refused in refusals(mode, steps) if not refused and step.in_ in went.path]
    author = {step.about: step.who for step in taken if step.does == "submit" and step.about}
    facts: list[dict[str, str | int]] = [{"submitted": work} for work in author]
    winners: dict[str, list[str]] = {}
    for id_, phase in phases.items():
        if phase.kind != "judge" or id_ not in went.path:
            continue
        ranking = _ranking(phase, [step for step in taken if step.in_ == id_ and step.does == "score"])
        facts += [{"judged": work, "place": place} for work, place in ranking]
        most = getattr(phase, "winners", 1)
        winners[f"{id_}.winners"] = [author[work] for work, place in ranking if place <= most and work in author]
    for id_ in dict.fromkeys(went.path):
        for effect in getattr(phases[id_], "effects", ()):
            if isinstance(effect, Nominate) and isinstance(effect.nominate.who, str):
                named = effect.nominate.model_dump(mode="json", exclude={"who"}, exclude_none=True)
                facts += [{"nominated": who, **named} for who in winners.get(effect.nominate.who, [])]
    return facts


def _ranking(phase: PhaseSpec, scores: Sequence[Step]) -> list[tuple[str, int]]:
    """Works that were scored with their places, best first; each work's score is the mean over its judges."""
    rubric: Any = getattr(phase, "rubric", ())
    weights = {criterion.id: criterion.weight for criterion in rubric if criterion.scale is not None}
    totals: defaultdict[str, list[Fraction]] = defaultdict(list)
    for step in scores:
        if step.about and all(isinstance(step.gives.get(name), int) for name in weights):
            totals[step.about].append(
                sum((Fraction(int(str(step.gives[n])) * w, 100) for n, w in weights.items()), Fraction(0))
            )
    means = {work: sum(given, Fraction(0)) / len(given) for work, given in totals.items()}
    return [
        (work, 1 + sum(other > mean for other in means.values()))
        for work, mean in sorted(means.items(), key=lambda x: (-x[1], x[0]))
    ]


def _by_id(mode: Mode) -> dict[str, PhaseSpec]:
    return {phase.id: phase for _, phase in every_phase(mode.phases)}
