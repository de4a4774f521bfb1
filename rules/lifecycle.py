"""Lifecycle: which stage of the relation a member moves to, by the first way on that surely holds."""

from dataclasses import dataclass
from datetime import datetime

from rules.condition import Condition
from rules.decision import Decision, Reason
from rules.evaluate import Look, evaluate
from rules.ladder import known, of_standing
from rules.lasting import Waiting
from rules.values import Evidence

NOWHERE = "none"
"""The stage of somebody who has none."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One way from some stages to another.

    Args:
        id: of the transition; a decision names it in `because`.
        from_: stages it leaves; `none` is somebody without one.
        to: the stage it leads to.
        when: what must surely hold.
        observe: for how long it must have held.
        digest: of the spec.
    """

    id: str
    from_: tuple[str, ...]
    to: str
    when: Condition
    observe: Waiting | None
    digest: str

    @property
    def met_for(self) -> tuple[str, ...]:
        """Under which attributes the days are given for which `when` has held."""
        return of_standing("met_for", self.id)


def next_stage(
    transitions: tuple[Transition, ...], member: str, evidence: Evidence, at: datetime, look: Look = evaluate
) -> Decision | None:
    """Say to which stage a member moves; None when nowhere. One that is still observed lets the next ones speak."""
    stage = evidence.attributes.get("stage")
    here = NOWHERE if stage is None else str(stage)
    for transition in transitions:
        if here not in transition.from_:
            continue
        trace = look(transition.when, evidence)
        if trace.truth is not True:
            continue
        reasons = list(trace.reasons())
        met = known(evidence, transition.met_for)
        if transition.observe is not None and met is not None:
            needed = transition.observe.days(at)
            if met < needed:
                continue
            reasons.append(Reason("met_for", "all", met, "at_least", needed, True))
        from_ = None if stage is None else here
        return Decision(
            member, "lifecycle", "move", from_, transition.to, tuple(reasons), transition.digest, at, transition.id
        )
    return None
