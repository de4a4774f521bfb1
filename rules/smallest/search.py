"""Search: the changes that bring another outcome, cheapest first, and nothing that a smaller one makes needless."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from rules.condition import Condition, Truth
from rules.evaluate import truth
from rules.reading import Reading
from rules.smallest.bounds import NEVER, NO, NOT_NO, NOT_YES, OPPOSITE, STEP, YES, Accept, Bounds
from rules.smallest.boxes import ANYWHERE, ASKING, HERE, Box, Side
from rules.smallest.levers import How, Lever
from rules.smallest.nodes import Comparing, Holding, Joined, KnownOr, Node, Opposite, Resting
from rules.smallest.parts import Parts
from rules.smallest.places import Place
from rules.values import Evidence, Value, ValueType

MOST_LOOKS = 4_000
"""Boxes that are looked into before the search gives up saying that nothing smaller exists: some seconds."""
MORE_LOOKS = 200
"""Boxes that are looked into for one more change, once the smallest is found."""


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """What a change costs; compared from the first to the last.

    Args:
        effort: steps of all values together, and `ASKING` for each value that only somebody else can set.
        moved: how many values move.
        waits: how many of them move by themselves, as days pass.
    """

    effort: int
    moved: int
    waits: int


@dataclass(frozen=True, slots=True)
class Move:
    """One value that would be another.

    Args:
        key: under which evidence holds it: a reading, or the name of an attribute.
        name: as conditions name it.
        over: its window; `all` for what has none.
        type: what it holds.
        before: the present value, scaled; None is unknown.
        after: the value it would have.
        steps: how far that is.
        how: by whose doing.
    """

    key: Reading | str
    name: str
    over: str
    type: ValueType
    before: Value | None
    after: Value
    steps: int
    how: How


@dataclass(frozen=True, slots=True)
class Change:
    """Values that would have to be others, all together; the moves in the order of their names."""

    moves: tuple[Move, ...]

    @property
    def cost(self) -> Cost:
        return Cost(
            sum(move.steps + ASKING * (move.how == "others") for move in self.moves),
            len(self.moves),
            sum(move.how == "wait" for move in self.moves),
        )

    def applied(self, evidence: Evidence) -> Evidence:
        """What would be known of the member then."""
        attributes, readings = dict(evidence.attributes), dict(evidence.readings)
        for move in self.moves:
            if isinstance(move.key, str):
                attributes[move.key] = move.after
            else:
                readings[move.key] = move.after
        return Evidence(attributes, readings)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Args:
        changes: cheapest first; none contains another. Empty: nothing that can happen brings the outcome.
        complete: nothing cheaper exists than the first; where there is none, nothing exists. False only for a
            condition so tangled (several ratios over the same values that contradict each other) that the search
            was given up; then there is no first either.
    """

    changes: tuple[Change, ...]
    complete: bool = True


def smallest(
    condition: Condition,
    evidence: Evidence,
    levers: Callable[[Reading | str, ValueType], Lever],
    *,
    wanted: Truth = True,
    surely: bool = True,
    most: int = 3,
) -> Found:
    """The smallest changes of single values under which a condition comes out as wanted.

    A change gives some base values (readings of metrics computed from facts, attributes) others; derived metrics
    follow. Only moves that a lever allows are made. A *step* is one lever unit: 1 of what is counted, 0.01 of a
    decimal of two places, one coin of money, one day of a duration or date, one tier or word or truth, one title more
    or less; a part of a unit counts as a whole one, and a value that is unknown becomes known, whatever it is, in one
    step. The cost is compared in this order: steps of all values together, where a value that only others can set
    counts for `ASKING` (100) steps more; how many values move; how many of them are waited for. The first change is
    the cheapest of all. A change is *contained* in another if it moves every one of its values in the same direction
    and none farther; no change of the answer contains another that would do, so that each is the smallest of its kind.

    Args:
        condition: what is asked.
        evidence: what is known of the member.
        levers: how each base value can move.
        wanted: the truth that it should come to.
        surely: else it is enough that it does not come to the opposite: unknown will do.
        most: so many changes at most.
    """
    accept: Accept = (YES if surely else NOT_NO) if wanted else (NO if surely else NOT_YES)
    if truth(condition, evidence) in accept:
        return Found((Change(()),))
    return _Search(condition, evidence, levers, accept).run(most)


class _Search:
    def __init__(
        self,
        condition: Condition,
        evidence: Evidence,
        levers: Callable[[Reading | str, ValueType], Lever],
        accept: Accept,
    ) -> None:
        self.condition = condition
        self.evidence = evidence
        self.accept = accept
        self.parts = Parts(condition, evidence, levers)
        self.bounds = Bounds(self.parts)
        self.order = count()
        self.heap: list[tuple[int, int, Box]] = []

    def run(self, most: int) -> Found:
        found: list[Change] = []
        points: list[Box] = []
        self._push(tuple(ANYWHERE if place.tracks else HERE for place in self.parts.places))
        left = MOST_LOOKS
        while self.heap:
            if not left:
                return Found(tuple(found), complete=bool(found))
            left -= 1
            key, _, box = heapq.heappop(self.heap)
            if any(self._contains(box, point) for point in points):
                continue
            corner = self._change(box)
            if key == self.bounds.corner(box) and truth(self.condition, corner.applied(self.evidence)) in self.accept:
                found.append(corner)
                points.append(box)
                left = MORE_LOOKS
                if len(found) >= most:
                    break
                self._split(box)  # what lies beyond contains this change, unless another value moves the other way
                continue
            self._split(box)
        return Found(tuple(found))

    def _push(self, box: Box) -> None:
        beyond = self.bounds.least(self.parts.node, self.accept, box)
        if beyond < NEVER:
            heapq.heappush(self.heap, (self.bounds.corner(box) + beyond, next(self.order), box))

    def _change(self, box: Box) -> Change:
        """The change at the nearest corner of a box."""
        moves = []
        for place, (number, index, _) in zip(self.parts.places, box, strict=True):
            if number < 0 or not index:
                continue
            track = place.tracks[number]
            after = track.values[index]
            assert after is not None
            moves.append(
                Move(place.key, place.name, place.over, place.type, place.now, after, track.cost(index), track.how)
            )
        return Change(tuple(sorted(moves, key=lambda move: (move.name, move.over))))

    def _contains(self, box: Box, point: Box) -> bool:
        """Whether every change in a box contains the change at a point."""
        for place, (track, low, high), (other, index, _) in zip(self.parts.places, box, point, strict=True):
            if other < 0 or not index:
                continue
            if track != other or not low:
                return False
            if place.type.numeric:
                if place.now is not None and low < index:
                    return False
            elif low < high or not _as_far(place, place.tracks[track].values[low], place.tracks[track].values[index]):
                return False
        return True

    # ------------------------------------------------------------------------------------------------------ splitting
    def _split(self, box: Box) -> None:
        number = self._loose(box)
        if number is None:
            return
        track, low, high = box[number]
        place = self.parts.places[number]
        sides: list[Side]
        if track < 0:
            sides = [HERE, *((one, 1, len(way.values) - 1) for one, way in enumerate(place.tracks))]
        elif isinstance(place.tracks[track].values, range) or high - low > 64:
            near = self.bounds.least(self.parts.node, self.accept, box) // STEP
            reach = low + 2 * near * max(place.tracks[track].unit, 1) + 1
            middle = reach if reach < low + (high - low) // 4 else low + (high - low) // 2
            sides = [(track, low, middle), (track, middle + 1, high)]
        else:
            sides = [(track, low, low), (track, low + 1, high)]
        for side in sides:
            self._push((*box[:number], side, *box[number + 1 :]))

    def _loose(self, box: Box) -> int | None:
        """The place to look into next: one that a part which does not come out yet reads, else any."""
        narrow = None
        for leaf in self._unmet(self.parts.node, self.accept, box):
            for number in sorted(leaf.places):
                if _open(box[number], self.parts.places[number]):
                    if box[number][0] < 0:  # first, whether it moves at all
                        return number
                    narrow = number if narrow is None else narrow
        if narrow is not None:
            return narrow
        return next((n for n, side in enumerate(box) if _open(side, self.parts.places[n])), None)

    def _unmet(self, node: Node, accept: Accept, box: Box) -> Iterator[Comparing | Holding]:
        match node:
            case Comparing() | Holding():
                if self.bounds.least(node, accept, box):
                    yield node
            case Opposite(inner):
                yield from self._unmet(inner, OPPOSITE[accept], box)
            case Joined(nodes=nodes):
                for one in nodes:
                    yield from self._unmet(one, accept, box)
            case Resting(held, unless):
                yield from self._unmet(held, accept, box)
                yield from self._unmet(unless, YES if True in accept else NOT_YES, box)
            case KnownOr() | _:
                return


def _open(side: Side, place: Place) -> bool:
    return bool(place.tracks) and (side[0] < 0 or side[1] < side[2])


def _as_far(place: Place, value: Value | None, other: Value | None) -> bool:
    """Whether a word is the other word, or a set has every difference that the other set has."""
    if not isinstance(value, frozenset) or not isinstance(other, frozenset) or not isinstance(place.now, frozenset):
        return value == other
    return (other ^ place.now) <= (value ^ place.now)
