"""Bounds: the least that any change in a box could cost and still bring the truth that is asked for.

The bound is never too high: where several parts must hold, costs are added up only if no value is shared by them, and
a leaf over several values is bounded by intervals and by what one step can bring at most.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from rules.condition import Truth
from rules.smallest.boxes import ASKING, Box, Side, corner_of, put, ways
from rules.smallest.nodes import (
    Comparing,
    Const,
    Given,
    Holding,
    Joined,
    KnownOr,
    Node,
    Opposite,
    Quotient,
    Resting,
    Total,
    Var,
)
from rules.smallest.parts import Parts
from rules.smallest.places import Place
from rules.smallest.ranges import FEW, Ranges, fixed
from rules.smallest.spans import HUGE, compared
from rules.values import Value

Accept = frozenset[Truth]
YES: Accept = frozenset({True})
NOT_NO: Accept = frozenset({True, None})
NO: Accept = frozenset({False})
NOT_YES: Accept = frozenset({False, None})
OPPOSITE = {YES: NO, NO: YES, NOT_NO: NOT_YES, NOT_YES: NOT_NO}

STEP, MOVED, WAITED = 1 << 80, 1 << 70, 1 << 60
"""Weights of a cost in one number: steps, values moved, values that are waited for."""
NEVER = 1 << 200


class Bounds:
    """Bounds of one condition over boxes."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.places = parts.places
        self.ranges = Ranges(parts.places)
        self._leaf: dict[tuple[int, Accept, tuple[Side, ...]], int] = {}

    # --------------------------------------------------------------------------------------------------------- costs
    def cost(self, number: int, side: Side) -> int:
        """What the nearest corner of a side costs."""
        track, low, _ = side
        return 0 if track < 0 else self._cost(self.places[number], track, low)

    def corner(self, box: Box) -> int:
        return sum(self.cost(number, side) for number, side in enumerate(box))

    def _cost(self, place: Place, number: int, index: int) -> int:
        if not index:
            return 0
        track = place.tracks[number]
        found = track.cost(index) * STEP + MOVED + min(index, WAITED >> 8)
        return found + (ASKING * STEP if track.how == "others" else WAITED if track.how == "wait" else 0)

    # --------------------------------------------------------------------------------------------------------- bounds
    def least(self, node: Node, accept: Accept, box: Box) -> int:
        """The least that a change in the box costs beyond its corner, so that the node comes out as accepted."""
        match node:
            case Given(truth):
                return 0 if truth in accept else NEVER
            case Opposite(inner):
                return self.least(inner, OPPOSITE[accept], box)
            case Comparing() | Holding():
                return self._of_leaf(node, accept, box)
            case Joined():
                return self._of_joined(node, accept, box)
            case Resting(held, unless):
                return self._of_resting(node, held, unless, accept, box)
            case KnownOr():
                return 0

    def _of_resting(self, node: Resting, held: Node, unless: Node, accept: Accept, box: Box) -> int:
        has = self.least(held, accept, box)
        if accept == YES:
            other = self.least(unless, YES, box)
            apart = held.places.isdisjoint(unless.places)
            return min(NEVER, has + other) if apart else max(has, other)
        if accept == NOT_NO:
            return has
        return min(has, self.least(unless, NOT_YES, box))

    def _of_joined(self, node: Joined, accept: Accept, box: Box) -> int:
        match node.word:
            case "all":
                each = [self.least(one, accept, box) for one in node.nodes]
                return self._every(node, each) if accept in (YES, NOT_NO) else min(each, default=NEVER)
            case "any":
                each = [self.least(one, accept, box) for one in node.nodes]
                return min(each, default=NEVER) if accept in (YES, NOT_NO) else self._every(node, each)
            case "some":
                each = [self.least(one, accept, box) for one in node.nodes]
                wanted = node.count if accept in (YES, NOT_NO) else len(each) - node.count + 1
                return self._so_many(node, each, wanted)
            case _:
                return self._one(node, accept, box)

    def _every(self, node: Joined, each: list[int]) -> int:
        if node.apart:
            return min(NEVER, sum(each))
        taken: set[int] = set()
        total = 0
        for cost, part in sorted(zip(each, node.nodes, strict=True), key=lambda pair: -pair[0]):
            if taken.isdisjoint(part.places):
                taken |= part.places
                total += cost
        return min(NEVER, total)

    def _so_many(self, node: Joined, each: list[int], wanted: int) -> int:
        if wanted <= 0:
            return 0
        if wanted > len(each):
            return NEVER
        first = sorted(each)[:wanted]
        return min(NEVER, sum(first)) if node.apart else first[-1]

    def _one(self, node: Joined, accept: Accept, box: Box) -> int:
        if accept == YES:
            yes = [self.least(one, YES, box) for one in node.nodes]
            no = [self.least(one, NO, box) for one in node.nodes]
            best = NEVER
            for number in range(len(yes)):
                each = [*no[:number], yes[number], *no[number + 1 :]]
                best = min(best, self._every(node, each))
            return best
        if accept == NOT_NO:
            rest = [self.least(one, NOT_YES, box) for one in node.nodes]
            some = min((self.least(one, NOT_NO, box) for one in node.nodes), default=NEVER)
            return max(some, self._so_many(node, rest, len(rest) - 1))
        if accept == NO:
            yes = [self.least(one, YES, box) for one in node.nodes]
            no = [self.least(one, NO, box) for one in node.nodes]
            return min(self._so_many(node, yes, 2), self._every(node, no))
        return 0

    # --------------------------------------------------------------------------------------------------------- leaves
    def _of_leaf(self, leaf: Comparing | Holding, accept: Accept, box: Box) -> int:
        sides = tuple([box[number] for number in sorted(leaf.places)])
        key = (id(leaf), accept, sides)
        found = self._leaf.get(key)
        if found is None:
            if isinstance(leaf, Holding) or leaf.alone:
                found = self._single(leaf, accept, box)
            else:
                found = self._several(leaf, accept, box)
            self._leaf[key] = found
        return found

    def _single(self, leaf: Comparing | Holding, accept: Accept, box: Box) -> int:
        (number,) = leaf.places
        place, side = self.places[number], box[number]
        here = self.cost(number, side)
        best = NEVER
        for track, low, high in ways(place, side):
            values = place.tracks[track].values if place.tracks else (place.now,)
            if len(values) > FEW:  # the place is read by a leaf over several places too
                best = min(best, self._bisected(leaf, accept, box, number, (track, low, high)))
                continue
            for index in range(low, high + 1):
                if self._truth(leaf, place, values[index]) in accept:
                    best = min(best, self._cost(place, track, index) - here)
                    break  # those farther on cost no less
        return best

    def _bisected(self, leaf: Comparing | Holding, accept: Accept, box: Box, number: int, side: Side) -> int:
        """Along a range: the first index that may be accepted, by halves."""
        assert isinstance(leaf, Comparing)
        track, low, high = side
        if not accept & self.ranges.truths(leaf, put(box, number, side)):
            return NEVER
        near, far = low, high
        while near < far:
            middle = (near + far) // 2
            if accept & self.ranges.truths(leaf, put(box, number, (track, low, middle))):
                far = middle
            else:
                near = middle + 1
        return max(0, self._cost(self.places[number], track, near) - self.cost(number, box[number]))

    def _truth(self, leaf: Comparing | Holding, place: Place, value: Value | None) -> Truth:
        if isinstance(leaf, Holding):
            return None if not isinstance(value, frozenset) else not value.isdisjoint(leaf.names)
        return compared(leaf, [value], place.type, [fixed(bound) for bound in leaf.bounds])

    def _several(self, leaf: Comparing, accept: Accept, box: Box) -> int:
        if not accept & self.ranges.truths(leaf, box):
            return NEVER
        corner = tuple([corner_of(side) for side in box])
        if accept & self.ranges.truths(leaf, corner):
            return 0
        near, far = 1, 2  # so much effort is needed at least, even if each place took as much
        while far < 1 << 46 and not accept & self.ranges.truths(leaf, self._within(leaf, box, far)):
            near, far = far + 1, far * 2
        while near < far:
            middle = (near + far) // 2
            if accept & self.ranges.truths(leaf, self._within(leaf, box, middle)):
                far = middle
            else:
                near = middle + 1
        return max(near, self._by_slopes(leaf, accept, box, corner)) * STEP

    def _within(self, leaf: Comparing, box: Box, steps: int) -> Box:
        """The box with no place of the leaf farther beyond its corner than so much effort brings it."""
        sides = list(box)
        for number in leaf.places:
            place = self.places[number]
            track, low, high = box[number]
            if track < 0:
                sides[number] = (-2 - steps, 0, 0)
                continue
            reach = steps * max(place.tracks[track].unit, 1)
            if not place.tracks[track].unit or place.tracks[track].steps or place.now is None:
                reach = len(place.tracks[track].values)
            sides[number] = (track, low, min(high, low + reach))
        return tuple(sides)

    def _by_slopes(self, leaf: Comparing, accept: Accept, box: Box, corner: Box) -> int:
        """Steps that are needed at least, where each brings no more than so much to a sum or across a ratio."""
        goal = _goal(leaf, accept)
        if goal is None:
            return 0
        rises, bound = goal
        value = leaf.value
        scale = value.type.scale if isinstance(value, Total | Quotient) else 1
        edge = bound - Fraction(1, 2 * scale) if rises else bound + Fraction(1, 2 * scale)
        if isinstance(value, Total):
            slopes, total = [], Fraction(0)
            for part, weight, cap in value.parts:
                if not isinstance(part, Var | Const):
                    return 0
                span = self.ranges.span(part, corner)
                if span.low is None:
                    return 0
                total += weight * (span.low if cap is None else min(span.low, cap))
                if isinstance(part, Var):
                    slopes.append(abs(weight) * self._step(part.place))
            gap = edge - total if rises else total - edge
        elif isinstance(value, Quotient):
            if not isinstance(value.above, Var | Const) or not isinstance(value.below, Var | Const):
                return 0
            above, below = self.ranges.span(value.above, corner), self.ranges.span(value.below, corner)
            if above.low is None or below.low is None or below.low <= 0:
                return 0
            gap = edge * below.low - above.low if rises else above.low - edge * below.low
            slopes = [self._step(value.above.place)] if isinstance(value.above, Var) else []
            if isinstance(value.below, Var):
                slopes.append(abs(edge) * self._step(value.below.place))
        else:
            return 0
        most = max(slopes, default=Fraction(0))
        return ceil(gap / most) if gap > 0 and most > 0 else 0

    def _step(self, number: int) -> Fraction:
        """How much one step of a place is at most, in natural units; no limit where it is unknown now."""
        place = self.places[number]
        return HUGE if place.now is None else Fraction(place.lever.unit, place.type.scale)


def _goal(leaf: Comparing, accept: Accept) -> tuple[bool, Fraction] | None:
    """Whether the value must rise (or fall) and to where, for a comparison with one fixed number."""
    if len(leaf.bounds) != 1 or not isinstance(leaf.bounds[0], Const):
        return None
    bound = leaf.bounds[0].value
    if not isinstance(bound, Fraction) or None in accept:
        return None
    rises = leaf.leaf.comparison in ("at_least", "more_than")
    if not rises and leaf.leaf.comparison not in ("at_most", "less_than"):
        return None
    return (rises if True in accept else not rises), bound
