"""Backtest: replay a ladder over everything that happened, and hold it against what people really decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from operations.errors import Refusal
from operations.scene import Scene, notes
from operations.truth_file import Truth
from rules.condition import Leaf, Not
from rules.decision import Reason
from rules.evaluate import Trace, reason
from rules.history.past import History
from rules.history.replay import Look, Replay
from rules.history.reviews import Reviews
from rules.history.score import Apart, Span, TierScore, apart, score
from rules.history.stepper import Move
from rules.ladder import Ladder
from rules.values import decimal_text


@dataclass(frozen=True, slots=True)
class Kept:
    """A condition that kept members out whom people promoted: how many, and how many it alone kept out."""

    condition: str
    members: int
    alone: int


@dataclass(frozen=True, slots=True)
class Explained:
    """One member on whom rules and people differ, and what the rules saw.

    Args:
        apart: the difference.
        at: the review that is explained: the one at which people promoted the member, or else the rules did.
        because: `cooldown`, `observe`, `exempt` or `pinned` where that held the member back.
        towards: the tier that the reasons are about.
        reasons: conditions that kept the member out, or, where the rules were first, all that let them in.
    """

    apart: Apart
    at: datetime
    because: str
    towards: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a backtest found.

    Args:
        tiers: one for each tier above the lowest.
        kept_out: for each of them, which conditions kept out whom people promoted.
        explained: those on whom rules and people differ longest.
        notes: what the replay could not know, in sentences.
    """

    community: str
    digest: str
    ladder: Ladder
    every: str
    history: History
    reviews: Reviews
    span: Span
    truth: Truth
    strangers: int
    tiers: tuple[TierScore, ...]
    kept_out: tuple[tuple[Kept, ...], ...]
    explained: tuple[Explained, ...]
    notes: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        start, end = self.span
        return {
            "community": self.community,
            "digest": self.digest,
            "ladder": self.ladder.name,
            "reviews": {
                "every": self.every,
                "count": len(self.reviews),
                "first": self.reviews.moments[0],
                "last": self.reviews.moments[-1],
            },
            "history": {
                "members": self.history.members.height,
                "facts": self.history.facts,
                "first": self.history.first,
                "last": self.history.last,
            },
            "span": {"from": start, "until": end},
            "truth": {"rows": self.truth.rows, "left_out": self.truth.left_out, "strangers": self.strangers},
            "tiers": [
                {**tier_data(one, self.ladder.rungs[one.rank].id), "kept_out": [
                    {"condition": k.condition, "members": k.members, "alone": k.alone} for k in kept
                ]}
                for one, kept in zip(self.tiers, self.kept_out, strict=True)
            ],
            "disagreements": [_explained_data(one, self.ladder) for one in self.explained],
            "notes": list(self.notes),
        }  # fmt: skip


def tier_data(one: TierScore, tier: str) -> dict[str, Any]:
    """The figures of one tier, as JSON."""
    quartiles = one.quartiles
    return {
        "tier": tier,
        "people": len(one.people),
        "rules": len(one.rules),
        "right": len(one.right),
        "found": len(one.found),
        "found_before": len(one.before),
        "false": one.false,
        "missed": one.missed,
        "not_scored": len(one.already),
        "precision": share_text(one.precision),
        "recall": share_text(one.recall),
        "lead_days": None if quartiles is None else dict(zip(("lower", "median", "upper"), quartiles, strict=True)),
    }


def share_text(share: Fraction | None) -> str | None:
    """A share with three places; None for unknown."""
    return None if share is None else decimal_text(round(share * 1000), 3)


def _explained_data(one: Explained, ladder: Ladder) -> dict[str, Any]:
    return {
        "member": one.apart.member,
        "tier": ladder.rungs[one.apart.rank].id,
        "kind": one.apart.kind,
        "days": one.apart.days,
        "people": one.apart.people,
        "rules": one.apart.rules,
        "at": one.at,
        "because": one.because,
        "towards": one.towards,
        "reasons": [one_.data() for one_ in one.reasons],
    }


# ----------------------------------------------------------------------------------------------------------- replaying
def scores(scene: Scene, moves: Sequence[Move], truth: Truth, span: Span) -> list[TierScore]:
    """Every tier above the lowest."""
    subjects = scene.subjects
    ranks = range(1, len(scene.ladder.rungs))
    return [score(truth.holdings, moves, scene.reviews, subjects, rank, span) for rank in ranks]


def backtest(
    scene: Scene, truth: Truth, *, strangers: int, span: Span, top: int = 10, member: str | None = None
) -> Backtest:
    """Replay, compare and explain.

    Args:
        strangers: how many members of the truth are unknown.
        span: what is scored; the replay always begins with the first fact.
        top: how many members are explained of each tier whom people promoted first or alone, and whom the rules did.
        member: explain only this one.

    Raises:
        Refusal: there is no such member.
    """
    subjects = scene.subjects
    if member is not None and member not in subjects:
        raise Refusal(f"There is no member {member!r}.", "An id as in the file of members.")
    replay = Replay(scene.ladder, scene.history, scene.reviews)
    moves = replay.moves()
    tiers = scores(scene, moves, truth, span)
    number = {id_: place for place, id_ in enumerate(subjects)}
    differing: list[Apart] = []
    for one in tiers:
        found = apart(one, truth.holdings, moves, scene.reviews, subjects)
        if member is not None:
            differing.extend(a for a in found if a.member == member)
            continue
        differing.extend([a for a in found if not a.rules_first][:top])
        differing.extend([a for a in found if a.rules_first][:top])
    late = {(one.rank, m): number[m] for one in tiers for m in one.people if m not in one.before}
    asked = {(number[a.member], _review_of(scene, a)) for a in differing}
    asked |= {(m, _review_at(scene, tiers[rank - 1].people[id_])) for (rank, id_), m in late.items()}
    looks = replay.looks(asked)
    return Backtest(
        scene.community.id,
        scene.community.digest,
        scene.ladder,
        scene.every,
        scene.history,
        scene.reviews,
        span,
        truth,
        strangers,
        tuple(tiers),
        tuple(_kept_out(scene, one, number, looks) for one in tiers),
        tuple(_explained(scene, a, looks.get((number[a.member], _review_of(scene, a)))) for a in differing),
        tuple(notes(scene)),
    )


def _review_at(scene: Scene, at: datetime) -> int:
    return min(scene.reviews.first_at(at), len(scene.reviews) - 1)


def _review_of(scene: Scene, one: Apart) -> int:
    """The review that explains a difference: where people were first, what the rules saw then; else where they rose."""
    moments = [moment for moment in (one.people, one.rules) if moment is not None]
    return _review_at(scene, min(moments))


def _explained(scene: Scene, one: Apart, look: Look | None) -> Explained:
    at = scene.reviews.moments[_review_of(scene, one)]
    if look is None:
        return Explained(one, at, "not yet a member", None, ())
    if one.rules_first:
        return Explained(one, at, look.decision.because, look.decision.to, look.decision.reasons)
    because, reasons = _held_back(look)
    return Explained(one, at, because, look.next, tuple(reasons))


def _held_back(look: Look) -> tuple[str, list[Reason]]:
    """What keeps a member from the next tier."""
    decision = look.decision
    if decision.outcome == "promote":
        return "", list(decision.reasons)
    if decision.because in ("pinned", "exempt") or look.earn is None:
        return decision.because, list(decision.reasons)
    missing = list(_missing(look.earn, wanted=True))
    if not missing or decision.because == "cooldown":
        missing += [r for r in decision.reasons if r.truth is False and r.metric.startswith(("met_for", "days_in_"))]
    return decision.because, missing


def _missing(trace: Trace, *, wanted: bool) -> Iterator[Reason]:
    """The comparisons that keep a condition from what is wanted of it."""
    if trace.truth is wanted:
        return
    match trace.condition:
        case Leaf():
            yield trace.said or reason(trace)
        case Not():
            for part in trace.parts:
                yield from _missing(part, wanted=not wanted)
        case _ if trace.parts:
            for part in trace.parts:
                yield from _missing(part, wanted=wanted)


def _kept_out(
    scene: Scene, one: TierScore, number: Mapping[str, int], looks: Mapping[tuple[int, int], Look]
) -> tuple[Kept, ...]:
    """Which conditions kept out whom people promoted, at the review after they did."""
    every: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for id_, at in one.people.items():
        look = looks.get((number[id_], _review_at(scene, at)))
        if id_ in one.before:
            continue
        if look is None:
            every["not yet a member"] += 1
            alone["not yet a member"] += 1
            continue
        because, reasons = _held_back(look)
        said = sorted({condition_text(one_) for one_ in reasons if one_.truth is not True}) or (
            [because] if because else []
        )
        if look.next is not None and look.rank + 1 < one.rank:
            said = [f"{look.next}: {text}" for text in said]
        every.update(said)
        if len(said) == 1:
            alone.update(said)
    return tuple(
        Kept(text, count, alone[text]) for text, count in sorted(every.items(), key=lambda item: (-item[1], item[0]))
    )


def condition_text(one: Reason) -> str:
    """A comparison without its value: `changes over 365d at_least 10`."""
    over = "" if one.over == "all" else f" over {one.over}"
    return f"{one.metric}{over} {one.comparison} {one.threshold}"
