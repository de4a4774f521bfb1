"""Explained: what an explanation says, as values and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from operations.outlook import Outlook, Possible
from operations.ports.standings import Standing as Remembered
from rules.condition import AllOf, AnyOf, AtLeastOf, Condition, ExactlyOne, Leaf, Not, Titles
from rules.decision import TRUTHS, Decision
from rules.evaluate import Trace, bound_shown, reason
from rules.smallest import Move
from rules.values import show

_WORDS: tuple[tuple[type, str], ...] = (
    (AllOf, "all"),
    (AnyOf, "any"),
    (Not, "not"),
    (ExactlyOne, "exactly_one"),
    (AtLeastOf, "at_least_of"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition and how it comes out for the member.

    Args:
        about: `keep`, `earn`, `exempt` or `floor`; of a stage `way`.
        tier: the tier (or stage) it is about.
        trace: how it comes out, part by part.
        possible: the smallest changes that would flip it: bring an `earn`, save a `keep` that is surely untrue.
        complete: whether nothing smaller than the first exists; where there is none, whether nothing exists.
    """

    about: str
    tier: str | None
    trace: Trace
    possible: tuple[Possible, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to the present standing."""

    at: datetime
    what: str  # promote, grace, demote, move: decided; moved: carried out; pin, unpin, move by hand: an operator did it
    from_: str | None
    to: str | None
    because: str
    digest: str | None
    review: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One standing explained.

    Args:
        ladder: `tier`, `maintenance@network`.
        tier: where the member stands; None is unknown.
        days: since when, in local days; None is unknown.
        decision: what a review would decide now.
        asked: the conditions that matter: `exempt` while it holds, `keep` here, `earn` of the next or asked tier.
        story: the decisions and moves that led here, oldest first.
        remembered: what is kept of it: pin, grace, who is being asked; None where nothing is.
        waits: what else the next tier waits for: cooldown, observation, approval, invitation, a seat.
        ahead: what comes if nothing happens.
    """

    ladder: str
    tier: str | None
    days: int | None
    decision: Decision
    asked: tuple[Asked, ...]
    story: tuple[Step, ...] = ()
    remembered: Remembered | None = None
    waits: tuple[dict[str, Any], ...] = ()
    ahead: Outlook = field(default_factory=Outlook)


@dataclass(frozen=True, slots=True)
class Way:
    """One way on from the present stage.

    Args:
        id: of the transition.
        to: the stage it leads to.
        asked: its condition, and what would bring it about.
        waits: what else it waits for: observation, approval, invitation.
        due_on: the day from which the condition holds by itself if nothing happens.
    """

    id: str
    to: str
    asked: Asked
    waits: tuple[dict[str, Any], ...] = ()
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage of the relation explained.

    Args:
        id: of the stage; None is none.
        days: since when, in local days; None is unknown.
        decision: the move that a review would decide now; None: no way on surely holds.
        ways: those that lead on from here, in the order in which they are looked at.
        story: the decisions and moves that led here, oldest first.
    """

    id: str | None
    days: int | None
    decision: Decision | None
    ways: tuple[Way, ...]
    story: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one member at one moment.

    Args:
        member: id.
        at: the moment.
        digest: of the spec it is explained under.
        stage: of the relation; None where the community has no lifecycle.
        standings: one for each ladder.
        private: metrics whose values are for the member's contact only.
    """

    member: str
    at: datetime
    digest: str
    stage: Stage | None
    standings: tuple[Standing, ...]
    private: frozenset[str]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "member": self.member,
            "at": self.at,
            "digest": self.digest,
            "stage": None if self.stage is None else self.stage.id,
            "lifecycle": None if self.stage is None else self._lifecycle(self.stage),
            "standings": [self._standing(standing) for standing in self.standings],
        }

    def _lifecycle(self, stage: Stage) -> dict[str, Any]:
        decision = stage.decision
        return {
            "stage": stage.id,
            "days": stage.days,
            "outcome": "none" if decision is None else decision.outcome,
            "to": None if decision is None else decision.to,
            "because": "" if decision is None else decision.because,
            "ways": [
                {
                    "id": way.id,
                    "to": way.to,
                    **self._asked(way.asked, None),
                    "waits": list(way.waits),
                    "due_on": way.due_on,
                }
                for way in stage.ways
            ],
            "story": [_step(one) for one in stage.story],
        }

    def _standing(self, standing: Standing) -> dict[str, Any]:
        return {
            "ladder": standing.ladder,
            "tier": standing.tier,
            "days": standing.days,
            "outcome": standing.decision.outcome,
            "to": standing.decision.to,
            "because": standing.decision.because,
            "conditions": [
                {"about": asked.about, "tier": asked.tier, **self._asked(asked, standing.ahead)}
                for asked in standing.asked
            ],
            "story": [_step(one) for one in standing.story],
            "held": _held(standing.remembered),
            "waits": list(standing.waits),
            "ahead": {
                "grace_on": standing.ahead.grace_on,
                "lost_on": standing.ahead.lost_on,
                "falls_to": standing.ahead.falls_to,
                "gained_on": standing.ahead.gained_on,
                "rises_to": standing.ahead.rises_to,
            },
        }

    def _asked(self, asked: Asked, ahead: Outlook | None) -> dict[str, Any]:
        return {
            "truth": TRUTHS[asked.trace.truth],
            "parts": [self.part(asked.trace, ahead)],
            "missing": [self.leaf(leaf, ahead) for leaf in missing(asked.trace)],
            "smallest": [self.possible(one) for one in asked.possible],
            "complete": asked.complete,
        }

    def part(self, trace: Trace, ahead: Outlook | None = None) -> dict[str, Any]:
        """One part of a condition: a word with its parts, or a leaf."""
        if isinstance(trace.condition, Leaf | Titles):
            found = self.leaf(trace, ahead)
            if trace.parts:
                found["parts"] = [self.part(part, ahead) for part in trace.parts]
            return found
        word = word_of(trace.condition)
        return {"word": word, "truth": TRUTHS[trace.truth], "parts": [self.part(part, ahead) for part in trace.parts]}

    def leaf(self, trace: Trace, ahead: Outlook | None = None) -> dict[str, Any]:
        """One comparison; `lacks` says by how much a number falls short, `ends` and `begins` when that changes."""
        found = reason(trace).data()
        if found["metric"] in self.private:
            found["value"], found["private"] = None, True
        else:
            lacking = lacks(trace)
            if lacking is not None:
                found["lacks"] = lacking
        if ahead is not None:
            for name, days in (("ends", ahead.ends), ("begins", ahead.begins)):
                if id(trace.condition) in days:
                    found[name] = days[id(trace.condition)]
        return found

    def possible(self, one: Possible) -> dict[str, Any]:
        """One change: each value from what to what and by whose doing, what it costs, and when it would do."""
        return {
            "moves": [self.move(move) for move in one.change.moves],
            "effort": one.change.cost.effort,
            "from": one.from_,
            "before": one.before,
            "sure": one.surely,
        }

    def move(self, move: Move) -> dict[str, Any]:
        """One value that would have to be another."""
        hidden = move.name in self.private
        found: dict[str, Any] = {
            "over": move.over,
            "from": None if hidden else show(move.before, move.type),
            "to": None if hidden else show(move.after, move.type),
            "steps": None if hidden else move.steps,
            "how": move.how,
        }
        found["attribute" if isinstance(move.key, str) else "metric"] = move.name
        if hidden:
            found["private"] = True
        return found


def missing(trace: Trace) -> list[Trace]:
    """The leaves that would have to come out otherwise, so that the condition holds; nothing where it does."""
    return [] if trace.truth is True else list(_against(trace, wanted=True))


def lacks(trace: Trace) -> str | int | None:
    """By how much a number falls short of (or exceeds) what is asked; None where that says nothing."""
    leaf = trace.condition
    if not isinstance(leaf, Leaf) or trace.truth is not False or not leaf.source.type.numeric:
        return None
    if leaf.comparison not in ("at_least", "at_most", "is") or not isinstance(trace.bounds[0], Fraction):
        return None
    if leaf.source.type.kind == "date" or not isinstance(trace.value, int):
        return None
    gap = abs(trace.bounds[0] - Fraction(trace.value, leaf.source.type.scale))
    shown = bound_shown(gap, leaf.source.type)
    return shown if isinstance(shown, int | str) else None


def word_of(condition: Condition) -> str:
    """The word of the language that joins the parts of a condition."""
    return next((word for kind, word in _WORDS if isinstance(condition, kind)), "holds")


def _against(trace: Trace, *, wanted: bool) -> Iterator[Trace]:
    if trace.truth is wanted:
        return
    if isinstance(trace.condition, Leaf | Titles):
        yield trace
        return
    if isinstance(trace.condition, Not):
        yield from _against(trace.parts[0], wanted=not wanted)
        return
    for part in trace.parts:
        yield from _against(part, wanted=wanted)


def _step(one: Step) -> dict[str, Any]:
    return {
        "at": one.at,
        "what": one.what,
        "from": one.from_,
        "to": one.to,
        "because": one.because,
        "digest": one.digest,
        "review": one.review,
    }


def _held(standing: Remembered | None) -> dict[str, Any] | None:
    """What holds a standing or hangs over it."""
    if standing is None:
        return None
    return {
        "since": standing.since,
        "last_move": standing.last_move,
        "pinned": standing.pinned,
        "pinned_by": standing.pinned_by if standing.pinned else None,
        "pin_reason": standing.pin_reason,
        "pinned_until": standing.pinned_until,
        "grace_since": standing.below_since,
        "grace_until": standing.below_until,
        "grace_digest": standing.below_digest,
        "waiting_for": standing.waiting_for,
    }
