"""Seats: who of those who want one gets none, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from operations.ports.reviews import Verdict


def without_seat(limits: Mapping[str, int], contenders: Sequence[Verdict], taken: Mapping[str, int]) -> list[Verdict]:
    """Those for whom no seat is left.

    Args:
        limits: tiers with a limited number of seats.
        contenders: the moves into and out of these tiers.
        taken: how many seats are taken now; whoever leaves without having to be asked makes room.
    """
    left_out: list[Verdict] = []
    for tier, limit in limits.items():
        leaving = sum(1 for one in contenders if one.leaves == tier and not one.ask and not one.seats)
        wanting = sorted((one for one in contenders if one.to == tier and one.seats), key=lambda one: one.rank)
        left_out.extend(wanting[max(0, limit - taken.get(tier, 0) + leaving) :])
    return left_out
