"""Evaluate: the reference reading of a condition. Small, pure and exact; what it says is what the language means."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Best,
    Bound,
    Condition,
    ExactlyOne,
    Fixed,
    Held,
    Leaf,
    Measured,
    Named,
    Not,
    Ratio,
    Same,
    Score,
    Share,
    Source,
    Titles,
    Truth,
)
from rules.decision import Reason, Shown
from rules.values import Evidence, Value, ValueType, decimal_text, show

Seen = Value | Fraction | None  # what a bound turned out to be

MOST_REMEMBERED = 4096
"""Values of one leaf whose trace is kept for the next subject."""


@dataclass(frozen=True, slots=True)
class Trace:
    """How a condition came out, and each of its parts.

    Args:
        condition: what was asked.
        truth: how it came out.
        parts: traces of its parts, in the order written.
        value: of a leaf: what was found.
        bounds: of a leaf: what it was compared with.
        said: of a leaf that was met before: its reason.
    """

    condition: Condition
    truth: Truth
    parts: tuple["Trace", ...] = ()
    value: Value | None = None
    bounds: tuple[Seen, ...] = ()
    said: Reason | None = None

    def leaves(self) -> Iterator["Trace"]:
        """The traces of the leaves in the order written; after a named condition or a title, the leaves inside it."""
        if isinstance(self.condition, Leaf | Titles):
            yield self
        for part in self.parts:
            yield from part.leaves()

    def reasons(self) -> tuple[Reason, ...]:
        """What is recorded with a decision: one reason for each leaf."""
        return tuple(leaf.said or reason(leaf) for leaf in self.leaves())


# ------------------------------------------------------------------------------------------------------- three truths
def all_of(truths: Sequence[Truth]) -> Truth:
    """False if one is false, true if all are true, else unknown."""
    return False if False in truths else None if None in truths else True


def not_(truth: Truth) -> Truth:
    """The other truth; unknown stays unknown."""
    return None if truth is None else not truth


def any_of(truths: Sequence[Truth]) -> Truth:
    """True if one is true, false if all are false, else unknown."""
    return True if True in truths else None if None in truths else False


def exactly_one(truths: Sequence[Truth]) -> Truth:
    """Two trues are one too many, whatever else is unknown."""
    trues = truths.count(True)
    return False if trues > 1 else None if None in truths else trues == 1


def at_least(count: int, truths: Sequence[Truth]) -> Truth:
    """True as soon as enough are true, false as soon as too few can be."""
    trues, unknowns = truths.count(True), truths.count(None)
    return True if trues >= count else False if trues + unknowns < count else None


# --------------------------------------------------------------------------------------------------------- evaluation
Look = Callable[[Condition, Evidence], Trace]
"""How a procedure looks at a condition: `evaluate`, or somebody who also notes what was looked at."""


def evaluate(condition: Condition, evidence: Evidence) -> Trace:
    """Say how a condition comes out on what is known of one subject, and how each leaf did."""
    match condition:
        case Leaf():
            return _leaf(condition, evidence)
        case AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
            parts = tuple([evaluate(node, evidence) for node in nodes])
            return Trace(condition, _joined(condition, [part.truth for part in parts]), parts)
        case Titles(node=node):
            inner = evaluate(node, evidence)
            return Trace(condition, inner.truth, (inner,), evidence.attributes.get("titles"))
        case Held():
            return _held(condition, evidence)
        case Fixed(truth):
            return Trace(condition, truth)
        case Not(node):
            inner = evaluate(node, evidence)
            return Trace(condition, not_(inner.truth), (inner,))


def truth(condition: Condition, evidence: Evidence) -> Truth:
    """How a condition comes out."""
    return evaluate(condition, evidence).truth


def _joined(condition: AllOf | AnyOf | ExactlyOne | AtLeastOf, truths: Sequence[Truth]) -> Truth:
    match condition:
        case AllOf():
            return all_of(truths)
        case AnyOf():
            return any_of(truths)
        case ExactlyOne():
            return exactly_one(truths)
        case AtLeastOf(count=count):
            return at_least(count, truths)


def _leaf(leaf: Leaf, evidence: Evidence) -> Trace:
    source, memo = leaf.source, leaf.memo
    parts: tuple[Trace, ...] = ()
    if isinstance(source, Named) and evidence.readings.get(source.reading) is None:
        parts = (evaluate(source.node, evidence),)
        value: Value | None = parts[0].truth
    else:
        value = read(source, evidence)
    if memo is not None and (met := memo.get(value)) is not None:
        return met  # type: ignore[return-value]
    bounds = tuple(bound_now(bound, evidence) for bound in leaf.bounds)
    if leaf.comparison == "is_known":
        known: Truth = (value is not None) == leaf.bounds[0]
    elif value is None or None in bounds:
        known = None
    else:
        known = _compare(leaf, value, bounds)
    trace = Trace(leaf, known, parts, value, bounds)
    if memo is not None and len(memo) < MOST_REMEMBERED:
        trace = memo[value] = Trace(leaf, known, parts, value, bounds, reason(trace))
    return trace


def _compare(leaf: Leaf, value: Value, bounds: Sequence[Seen]) -> bool:
    type_ = leaf.source.type
    match leaf.comparison:
        case "contains":
            return bounds[0] in value  # type: ignore[operator]
        case "starts_with":
            return str(value).startswith(str(bounds[0]))
        case "one_of" | "none_of":
            if isinstance(value, frozenset):
                hit = not value.isdisjoint(bounds)
            else:
                hit = _natural(value, type_) in bounds
            return hit == (leaf.comparison == "one_of")
    found, wanted = _natural(value, type_), list(bounds)
    if type_.kind == "tier" and leaf.comparison not in ("is", "is_not"):
        found, wanted = type_.rank(str(value)), [type_.rank(str(bound)) for bound in bounds]
    match leaf.comparison:
        case "is":
            return bool(found == wanted[0])
        case "is_not":
            return bool(found != wanted[0])
        case "at_least":
            return bool(found >= wanted[0])  # type: ignore[operator]
        case "at_most":
            return bool(found <= wanted[0])  # type: ignore[operator]
        case "more_than":
            return bool(found > wanted[0])  # type: ignore[operator]
        case "less_than":
            return bool(found < wanted[0])  # type: ignore[operator]
        case _:
            return bool(wanted[0] <= found <= wanted[1])  # type: ignore[operator]


def _held(held: Held, evidence: Evidence) -> Trace:
    parts: list[Trace] = []
    if held.held_by is not None:
        parts.append(evaluate(held.held_by, evidence))
        has = parts[0].truth
    else:
        titles = evidence.attributes.get("titles")
        has = None if not isinstance(titles, frozenset) else not titles.isdisjoint(held.names)
    if has and held.rests_unless is not None:
        parts.append(evaluate(held.rests_unless, evidence))
        has = parts[-1].truth is True
    return Trace(held, has, tuple(parts))


# ------------------------------------------------------------------------------------------------------------ reading
def read(source: Source, evidence: Evidence) -> Value | None:
    """What a source gives, scaled by its type; None is unknown. A derived metric that is given is not computed."""
    match source:
        case Attribute(names):
            return next((v for n in names if (v := evidence.attributes.get(n)) is not None), None)
        case Best(whole, names, type_):
            given = evidence.attributes.get(whole)
            if given is not None:
                return given
            known = [str(v) for n in names if (v := evidence.attributes.get(n)) is not None]
            return max(known, key=type_.rank, default=None)
        case Measured(reading):
            return evidence.readings.get(reading)
    given = evidence.readings.get(source.reading)
    if given is not None:
        return given
    match source:
        case Named(node=node):
            return truth(node, evidence)
        case Ratio(type=type_, numerator=numerator, denominator=denominator):
            above, below = (_number(part, evidence) for part in (numerator, denominator))
            return None if above is None or not below else round(above / below * type_.scale)
        case Score(type=type_, parts=parts, low=low, high=high):
            total = Fraction(0)
            for part in parts:
                number = _number(part.source, evidence)
                if number is None:
                    return None
                total += part.weight * (number if part.cap is None else min(number, part.cap))
            total = total if low is None else max(total, low)
            total = total if high is None else min(total, high)
            return round(total * type_.scale)


def _number(source: Source, evidence: Evidence) -> Fraction | None:
    value = read(source, evidence)
    return None if value is None else Fraction(int(value), source.type.scale)  # type: ignore[arg-type]


def _natural(value: Value, type_: ValueType) -> Value | Fraction:
    """A scaled number in natural units; everything else as it is."""
    return Fraction(int(value), type_.scale) if type_.numeric else value  # type: ignore[arg-type]


def bound_now(bound: Bound, evidence: Evidence) -> Seen:
    """What is compared with, as things stand: a number in natural units, a text, a truth; None is unknown."""
    match bound:
        case Same(source):
            return read(source, evidence)
        case Share():
            return _share(bound, evidence)
        case _:
            return bound


def _share(share: Share, evidence: Evidence) -> Fraction | None:
    of = _share(share.of, evidence) if isinstance(share.of, Share) else _number(share.of, evidence)
    if of is None:
        return None
    part = of * share.percent / 100
    match share.round:
        case "down":
            part = Fraction(floor(part))
        case "up":
            part = Fraction(ceil(part))
        case "half_up":
            part = Fraction(floor(part + Fraction(1, 2)))
        case "half_even":
            part = Fraction(round(part))
    part = part if share.cap is None else min(part, share.cap)
    return part if share.floor is None else max(part, share.floor)


# ------------------------------------------------------------------------------------------------------------ showing
def reason(trace: Trace) -> Reason:
    """A leaf's trace as it is recorded, values in the language's own form."""
    leaf = trace.condition
    if isinstance(leaf, Titles):
        titles = list(leaf.titles)
        threshold: Shown = titles[0] if leaf.comparison == "contains" else titles
        held = None if trace.value is None else sorted(trace.value)  # type: ignore[arg-type]
        return Reason(leaf.name, leaf.over, held, leaf.comparison, threshold, trace.truth)
    if not isinstance(leaf, Leaf):
        raise TypeError(f"{type(leaf).__name__} is no leaf")
    type_ = leaf.source.type
    return Reason(
        leaf.name, leaf.over, show(trace.value, type_), leaf.comparison, _threshold(leaf, trace.bounds), trace.truth
    )


def _threshold(leaf: Leaf, bounds: Sequence[Seen]) -> Shown:
    if leaf.comparison in ("between", "one_of", "none_of"):
        return [bound_shown(bound, leaf.source.type) for bound in bounds]  # type: ignore[return-value]
    return bound_shown(bounds[0], leaf.source.type)


def bound_shown(bound: Seen, type_: ValueType) -> int | bool | str | None:
    """A bound in the language's own form, to as many places as it needs and at least those of the value."""
    if not isinstance(bound, Fraction):
        return bound  # type: ignore[return-value]
    exact = bound * type_.scale
    if exact.denominator == 1:
        return show(int(exact), type_)  # type: ignore[return-value]
    places = next(p for p in range(100) if (bound * 10**p).denominator == 1)
    return decimal_text(int(bound * 10**places), places)
