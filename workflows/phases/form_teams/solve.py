"""Form teams, solved: as many complete teams as there can be, then as many people placed, then the least burdened.

Three steps. A whole-number programme over people, parts and flavours that does not look at single teams says how many
teams there can be at most, and chooses who is placed: an upper bound that is proved. Its choice is then dealt out into
teams, keeping what each team already is. If that does not come out, the whole problem with every single team is given
to the solver, for a limited time, and the answer says how far it may be from the best.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from workflows.phases.form_teams.candidates import Asked, Candidate, Part, Trait
from workflows.phases.form_teams.deal import dealt
from workflows.phases.form_teams.programme import chosen as chosen_people
from workflows.phases.form_teams.programme import whole_problem


@dataclass(frozen=True, slots=True)
class Formed:
    """Teams: for each the people by part. No more than `bound` teams can be formed, whoever is placed."""

    teams: tuple[Mapping[str, tuple[str, ...]], ...]
    waiting: tuple[str, ...]
    bound: int

    @property
    def optimal(self) -> bool:
        """Whether it is proved that there cannot be more teams."""
        return len(self.teams) == self.bound


def form(
    people: Sequence[Candidate],
    parts: Sequence[Part],
    traits: Sequence[Trait] = (),
    *,
    apart: Collection[frozenset[str]] = (),
    limit: int | None = None,
    seed: int = 0,
    seconds: float = 4.0,
) -> Formed:
    """Put people into teams.

    Args:
        people: earlier ones are preferred where nothing else decides.
        apart: pairs who are never in one team.
        limit: teams at most.
        seed: decides where several answers are equally good.
        seconds: at most so long for the whole problem at once.
    """
    asked = Asked(tuple(people), tuple(parts), tuple(traits), frozenset(apart))
    flavours = asked.flavours()
    most = min(limit if limit is not None else len(people), asked.most())
    if most == 0 or not flavours:
        return Formed((), tuple(one.id for one in people), 0)
    bound, chosen = chosen_people(asked, flavours, most)
    if bound == 0:
        return Formed((), tuple(one.id for one in people), 0)
    teams = dealt(asked, chosen, random.Random(seed))
    if teams is None:
        teams, proved = whole_problem(asked, flavours, bound, seconds)
        bound = min(bound, proved)
    placed = {who for team in teams for inside in team.values() for who in inside}
    return Formed(tuple(teams), tuple(one.id for one in people if one.id not in placed), bound)
