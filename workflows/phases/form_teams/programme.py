"""Whole-number programmes: how many teams there can be at most, who is placed, and every single team at once.

Solver: HiGHS (https://highs.dev).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import highspy

from workflows.phases.form_teams.candidates import Asked, Candidate, Flavour

Choice = dict[Flavour, tuple[int, dict[str, list[Candidate]]]]
"""For each flavour how many teams, and who is placed in which part."""


class _Programme:
    """A whole-number programme being written; silent, on one thread, the same answer every time."""

    def __init__(self, seconds: float | None = None) -> None:
        self.solver = highspy.Highs()  # type: ignore[no-untyped-call]
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("threads", 1)
        self.solver.setOptionValue("random_seed", 0)
        if seconds is not None:
            self.solver.setOptionValue("time_limit", seconds)
        self._columns = 0

    def whole(self, most: int, gain: float) -> int:
        """A whole number from 0 to `most`; each unit is worth `gain`."""
        self.solver.addCol(gain, 0.0, float(most), 0, [], [])
        self.solver.changeColIntegrality(self._columns, highspy.HighsVarType.kInteger)
        self._columns += 1
        return self._columns - 1

    def hold(self, low: float, high: float, terms: Iterable[tuple[int, float]]) -> None:
        """A sum that stays between two bounds."""
        listed = list(terms)
        self.solver.addRow(low, high, len(listed), [column for column, _ in listed], [by for _, by in listed])

    def worth(self, column: int, gain: float) -> None:
        self.solver.changeColCost(column, gain)

    def best(self) -> list[int] | None:
        """The values of the best answer found; None if there is none."""
        self.solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self.solver.run()
        if self.solver.getInfo().primal_solution_status != 2:
            return None
        return [round(value) for value in self.solver.getSolution().col_value]

    @property
    def bound(self) -> float:
        """Nothing can be worth more than this."""
        return float(self.solver.getInfo().mip_dual_bound)


def chosen(asked: Asked, flavours: Sequence[Flavour], most: int) -> tuple[int, Choice]:
    """How many teams there can be at most, and who is placed where so that there are."""
    infinity = highspy.kHighsInf
    programme = _Programme()
    teams = {flavour: programme.whole(most, 1.0) for flavour in flavours}
    placed = {
        (number, part.id, flavour): programme.whole(1, 0.0)
        for flavour in flavours
        for number, one in enumerate(asked.people)
        if asked.fits(one, flavour)
        for part in asked.parts
        if part.id in one.parts and part.limit
    }
    of_person: dict[int, list[int]] = defaultdict(list)
    of_part: dict[tuple[str, Flavour], list[int]] = defaultdict(list)
    of_flavour: dict[Flavour, list[tuple[int, int]]] = defaultdict(list)
    for (number, part_id, flavour), column in placed.items():
        of_person[number].append(column)
        of_part[part_id, flavour].append(column)
        of_flavour[flavour].append((number, column))
    for columns in of_person.values():
        programme.hold(0, 1, ((column, 1.0) for column in columns))
    for flavour in flavours:
        for part in asked.parts:
            inside = [(column, 1.0) for column in of_part[part.id, flavour]]
            programme.hold(0, infinity, [*inside, (teams[flavour], -float(part.needs))])
            programme.hold(-infinity, 0, [*inside, (teams[flavour], -float(part.limit))])
        for trait, value, cap in asked.caps():
            holders = [
                (column, 1.0)
                for number, column in of_flavour[flavour]
                if value in (asked.people[number].traits.get(trait.attribute) or ())
            ]
            if holders:
                programme.hold(-infinity, 0, [*holders, (teams[flavour], -float(cap))])
    programme.hold(0, most, ((column, 1.0) for column in teams.values()))
    first = programme.best()
    if first is None:
        return 0, {}
    bound = sum(first[column] for column in teams.values())
    programme.hold(bound, bound, ((column, 1.0) for column in teams.values()))
    heavy = 1 + max(one.load for one in asked.people)
    for (number, _, _), column in placed.items():
        order = number / (10 * len(asked.people) ** 2)
        programme.worth(column, 2 * heavy - asked.people[number].load - order)
    second = programme.best() or first
    choice: Choice = {}
    for flavour in flavours:
        if second[teams[flavour]]:
            choice[flavour] = (second[teams[flavour]], {part.id: [] for part in asked.parts})
    for (number, part_id, flavour), column in placed.items():
        if second[column] and flavour in choice:
            choice[flavour][1][part_id].append(asked.people[number])
    return bound, choice


def whole_problem(
    asked: Asked, flavours: Sequence[Flavour], most: int, seconds: float
) -> tuple[list[Mapping[str, tuple[str, ...]]], int]:
    """The best teams that were found in the time, and how many there can be at most."""
    infinity = highspy.kHighsInf
    programme = _Programme(seconds)
    worth_of_team = float(len(asked.people) + 1)
    numbers = range(most)
    full = {t: programme.whole(1, worth_of_team) for t in numbers}
    taste = {(t, flavour): programme.whole(1, 0.0) for t in numbers for flavour in flavours}
    inside = {
        (n, part.id, t): programme.whole(1, 1.0)
        for n, one in enumerate(asked.people)
        for part in asked.parts
        if part.id in one.parts and part.limit
        for t in numbers
    }
    of_person: dict[int, list[int]] = defaultdict(list)
    of_seat: dict[tuple[str, int], list[int]] = defaultdict(list)
    of_pair: dict[tuple[int, int], list[int]] = defaultdict(list)
    for (n, part_id, t), column in inside.items():
        of_person[n].append(column)
        of_seat[part_id, t].append(column)
        of_pair[n, t].append(column)
    for columns in of_person.values():
        programme.hold(0, 1, ((column, 1.0) for column in columns))
    for t in numbers:
        programme.hold(0, 0, [*((taste[t, flavour], 1.0) for flavour in flavours), (full[t], -1.0)])
        for part in asked.parts:
            there = [(column, 1.0) for column in of_seat[part.id, t]]
            programme.hold(0, infinity, [*there, (full[t], -float(part.needs))])
            programme.hold(-infinity, 0, [*there, (full[t], -float(part.limit))])
        for n, one in enumerate(asked.people):
            mine = [(column, 1.0) for column in of_pair[n, t]]
            fitting = [(taste[t, flavour], -1.0) for flavour in flavours if asked.fits(one, flavour)]
            programme.hold(-infinity, 0, [*mine, *fitting])
        for trait, value, cap in asked.caps():
            holders = [
                (column, 1.0)
                for n, one in enumerate(asked.people)
                if value in (one.traits.get(trait.attribute) or ())
                for column in of_pair[n, t]
            ]
            programme.hold(-infinity, float(cap), holders)
        index = {one.id: n for n, one in enumerate(asked.people)}
        for pair in sorted(asked.apart, key=sorted):
            if pair <= index.keys():
                both = [(column, 1.0) for who in sorted(pair) for column in of_pair[index[who], t]]
                programme.hold(-infinity, 1, both)
    for before, after in pairwise(numbers):
        programme.hold(0, infinity, [(full[before], 1.0), (full[after], -1.0)])
    values = programme.best()
    proved = min(most, int(programme.bound // worth_of_team)) if programme.bound < infinity else most
    if values is None:
        return [], proved
    teams: list[Mapping[str, tuple[str, ...]]] = []
    for t in numbers:
        if values[full[t]]:
            seats = {
                part.id: tuple(
                    one.id
                    for n, one in enumerate(asked.people)
                    if (n, part.id, t) in inside and values[inside[n, part.id, t]]
                )
                for part in asked.parts
            }
            teams.append(seats)
    return teams, proved
