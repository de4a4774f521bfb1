"""Dealing out: those who were chosen for each part become teams, part by part, each time by a matching.

Matching: augmenting paths (Kuhn 1955).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from workflows.phases.form_teams.candidates import Asked, Candidate
from workflows.phases.form_teams.programme import Choice

TRIES = 40
"""How often dealing out is tried, each time in another order, before the solver is given everything."""


def dealt(asked: Asked, choice: Choice, lot: random.Random) -> list[Mapping[str, tuple[str, ...]]] | None:
    """Everybody chosen in a team, or None if no way was found."""
    found: list[Mapping[str, tuple[str, ...]]] = []
    for count, chosen in choice.values():
        for _ in range(TRIES):
            teams = _deal(asked, count, chosen, lot)
            if teams is not None:
                break
        else:
            return None
        found += [{part.id: tuple(one.id for one in team[part.id]) for part in asked.parts} for team in teams]
    return found


def _deal(
    asked: Asked, count: int, chosen: Mapping[str, Sequence[Candidate]], lot: random.Random
) -> list[dict[str, list[Candidate]]] | None:
    teams: list[dict[str, list[Candidate]]] = [{part.id: [] for part in asked.parts} for _ in range(count)]
    caps = list(asked.caps())
    apart = asked.stays_apart()

    def may(one: Candidate, team: Mapping[str, Sequence[Candidate]]) -> bool:
        inside = [other for filled in team.values() for other in filled]
        if apart.get(one.id) and any(other.id in apart[one.id] for other in inside):
            return False
        return all(
            value not in (one.traits.get(trait.attribute) or ())
            or sum(value in (other.traits.get(trait.attribute) or ()) for other in inside) < cap
            for trait, value, cap in caps
        )

    hardest = sorted(asked.parts, key=lambda part: (len(chosen[part.id]) - part.needs * count, lot.random()))
    for part in hardest:
        left = list(chosen[part.id])
        lot.shuffle(left)
        for round_ in range(part.limit):
            if not left:
                break
            seats = list(range(count))
            lot.shuffle(seats)
            reach = {n: [i for i, one in enumerate(left) if may(one, teams[n])] for n in seats}
            matched = _matching(reach)
            if len(matched) < min(count, len(left)) or (round_ < part.needs and len(matched) < count):
                return None
            for number, index in matched.items():
                teams[number][part.id].append(left[index])
            gone = set(matched.values())
            left = [one for index, one in enumerate(left) if index not in gone]
        if left:
            return None
    return teams


def _matching(reach: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """As many seats as possible each with somebody of their own."""
    taken: dict[int, int] = {}

    def seat(number: int, seen: set[int]) -> bool:
        for one in reach[number]:
            if one not in seen:
                seen.add(one)
                if one not in taken or seat(taken[one], seen):
                    taken[one] = number
                    return True
        return False

    for number in reach:
        seat(number, set())
    return {number: one for one, number in taken.items()}
