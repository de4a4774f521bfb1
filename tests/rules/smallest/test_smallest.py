"""The smallest change flips the outcome, and nothing smaller does: tried against every change of small worlds."""

from random import Random

import pytest

from rules.smallest import Change, smallest
from tests.rules.smallest.small_worlds import World, every_change, world


def check(seed: int) -> str:
    made = world(Random(seed))
    found = smallest(made.condition, made.evidence, made.lever, wanted=made.wanted, surely=made.surely)
    assert found.complete or not found.changes, seed
    for change in found.changes:
        assert made.flips(change.applied(made.evidence)), (seed, change)
    first = found.changes[0].cost if found.changes else None
    flipping = [cost for cost, moved in every_change(made, up_to=first) if made.flips(made.moved(moved))]
    if first is None:
        assert not flipping, (seed, min(flipping))
        return "none"
    if not flipping:
        assert _outside(made, found.changes[0]), (seed, first)
        return "outside"
    assert min(flipping) == first, (seed, first, min(flipping))
    return "already" if not found.changes[0].moves else "found"


def _outside(made: World, change: Change) -> bool:
    """Whether a change goes beyond the few values that were tried."""
    return any(isinstance(move.after, int) and move.after > 6 for move in change.moves)


def test_the_smallest_change_flips_the_outcome_and_nothing_smaller_does() -> None:
    outcomes = [check(seed) for seed in range(400)]

    assert outcomes.count("found") > 120


@pytest.mark.slow
def test_the_same_for_ten_thousand_members_and_rules() -> None:
    outcomes = [check(seed) for seed in range(1000, 11000)]

    assert outcomes.count("found") > 3000
