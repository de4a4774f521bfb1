"""Explain: where a member stands, what keeps them there, what the next tier takes, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from operations.desk import Desk, member_frame, rulebook_of
from operations.errors import Refusal
from rules.columns import evidence_of
from rules.condition import AllOf, AnyOf, AtLeastOf, Condition, ExactlyOne, Leaf, Not, Titles
from rules.decision import TRUTHS, Decision
from rules.evaluate import Trace, bound_shown, evaluate, reason
from rules.ladder import Ladder, next_step
from rules.spec.documents.metrics import Counted
from rules.values import Evidence

if TYPE_CHECKING:
    from rules.spec import Community

_WORDS: tuple[tuple[type, str], ...] = (
    (AllOf, "all"),
    (AnyOf, "any"),
    (Not, "not"),
    (ExactlyOne, "exactly_one"),
    (AtLeastOf, "at_least_of"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition of a ladder and how it comes out for the member.

    Args:
        about: `keep`, `earn` or `exempt`.
        tier: the tier it is about.
        trace: how it comes out, part by part.
    """

    about: str
    tier: str | None
    trace: Trace


@dataclass(frozen=True, slots=True)
class Standing:
    """One standing explained.

    Args:
        ladder: `tier`, `maintenance@network`.
        tier: where the member stands; None is unknown.
        days: since when, in local days; None is unknown.
        decision: what a review would decide now.
        asked: the conditions that matter: `exempt` while it holds, `keep` here, `earn` of the next or asked tier.
    """

    ladder: str
    tier: str | None
    days: int | None
    decision: Decision
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one member at one moment.

    Args:
        member: id.
        at: the moment.
        digest: of the spec it is explained under.
        stage: of the relation; None is none.
        standings: one for each ladder.
        private: metrics whose values are for the member's contact only.
    """

    member: str
    at: datetime
    digest: str
    stage: str | None
    standings: tuple[Standing, ...]
    private: frozenset[str]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "member": self.member,
            "at": self.at,
            "digest": self.digest,
            "stage": self.stage,
            "standings": [self._standing(standing) for standing in self.standings],
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
                {
                    "about": asked.about,
                    "tier": asked.tier,
                    "truth": TRUTHS[asked.trace.truth],
                    "parts": [self.part(asked.trace)],
                    "missing": [self.leaf(leaf) for leaf in missing(asked.trace)],
                }
                for asked in standing.asked
            ],
        }

    def part(self, trace: Trace) -> dict[str, Any]:
        """One part of a condition: a word with its parts, or a leaf."""
        if isinstance(trace.condition, Leaf | Titles):
            found = self.leaf(trace)
            if trace.parts:
                found["parts"] = [self.part(part) for part in trace.parts]
            return found
        word = word_of(trace.condition)
        return {"word": word, "truth": TRUTHS[trace.truth], "parts": [self.part(part) for part in trace.parts]}

    def leaf(self, trace: Trace) -> dict[str, Any]:
        """One comparison; `lacks` says by how much a number falls short."""
        found = reason(trace).data()
        if found["metric"] in self.private:
            found["value"], found["private"] = None, True
        else:
            lacking = lacks(trace)
            if lacking is not None:
                found["lacks"] = lacking
        return found


def explain(desk: Desk, community: Community, member: str, at: datetime, *, tier: str | None = None) -> Explanation:
    """Explain one member's standings.

    Args:
        desk: the ports.
        community: the spec to explain under.
        member: id.
        at: the moment.
        tier: explain what this tier takes, instead of the next one.

    Raises:
        Refusal: the member or the tier is unknown.
    """
    rulebook = rulebook_of(community)
    ladders = [one for one in rulebook.ladders if tier is None or any(rung.id == tier for rung in one.rungs)]
    if not ladders:
        tiers = sorted({rung.id for one in rulebook.ladders for rung in one.rungs})
        raise Refusal(f"there is no tier {tier!r}", f"one of {', '.join(tiers)}" if tiers else "there is no ladder")
    if not desk.members(community).find([member]):
        raise Refusal(f"there is no member {member!r} in {community.id}", "`trellis members` lists them")
    standings: list[Standing] = []
    stage: str | None = None
    for ladder in ladders:
        evidence = _evidence(desk, community, member, ladder, at)
        found = evidence.attributes.get("stage")
        stage = None if found is None else str(found)
        standings.append(_standing(ladder, member, evidence, at, tier))
    return Explanation(member, at, community.digest, stage, tuple(standings), _private(community))


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


def _standing(ladder: Ladder, member: str, evidence: Evidence, at: datetime, tier: str | None) -> Standing:
    decision = next_step(ladder, member, evidence, at)
    asked: list[Asked] = []
    if ladder.exempt is not None:
        exempt = evaluate(ladder.exempt, evidence)
        if exempt.truth is True:
            asked.append(Asked("exempt", None, exempt))
    rank = None if decision.from_ is None else ladder.type.rank(decision.from_)
    if rank is not None:
        rung = ladder.rungs[rank]
        if rung.keep is not None:
            asked.append(Asked("keep", rung.id, evaluate(rung.keep, evidence)))
    after = (0 if rank is None else rank) + 1
    goal = ladder.type.rank(tier) if tier is not None else after
    if goal < len(ladder.rungs):
        rung = ladder.rungs[goal]
        if rung.earn is not None:
            asked.append(Asked("earn", rung.id, evaluate(rung.earn, evidence)))
    days = next((v for name in ladder.since.names if (v := evidence.attributes.get(name)) is not None), None)
    return Standing(ladder.name, decision.from_, days if isinstance(days, int) else None, decision, tuple(asked))


def _evidence(desk: Desk, community: Community, member: str, ladder: Ladder, at: datetime) -> Evidence:
    """What is known of one member, with the standing on one ladder."""
    readings = rulebook_of(community).readings()
    own = frozenset(reading for reading in readings if reading.scope in ("subject", "community"))
    frame = member_frame(
        desk, community, at, readings=own, ladder=ladder.id, value=ladder.value or "", subjects=[member]
    )
    rows = list(frame.iter_rows(named=True))
    if not rows:
        raise Refusal(f"{member} was no member of {community.id} at that time", "give a later time with --at")
    return evidence_of(rows[0], {reading.key: reading for reading in own})


def _private(community: Community) -> frozenset[str]:
    """Metrics that read facts which only the contact may see."""
    kinds = {fact.id for fact in community.facts.values() if fact.private}
    return frozenset(
        metric.id for metric in community.metrics.values() if isinstance(metric, Counted) and kinds & set(metric.from_)
    )
