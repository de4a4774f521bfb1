"""Around: what a phase sees of the run it lies in: its subject, arguments, and what came out before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from operations.ports.runs import Run, Visit
from operations.ports.teams import TEAMS
from rules.spec import Community
from rules.spec.documents.mode import Mode
from rules.spec.phase import PhaseSpec, every_phase


@dataclass(frozen=True)
class Around:
    """A run as it stands when something in it is looked at.

    Args:
        run: the run.
        mode: its mode with the arguments in it.
        visits: of its phases, in the order in which they were opened.
        scope: the rounds that whoever looks is in (`week.3/`): of phases in the same round only that round counts,
            of phases in other rounds all of them together.
        so_far: results of a phase that is open, as they stand; without it nothing is known of open phases.
        authors: whose work a work is; without it nothing is known of works.
    """

    community: Community
    run: Run
    mode: Mode
    visits: Sequence[Visit] = ()
    scope: str = ""
    so_far: Callable[[Visit], Mapping[str, Any]] | None = None
    authors: Callable[[str], Sequence[str]] | None = None

    @cached_property
    def phases(self) -> Mapping[str, PhaseSpec]:
        """Every phase of the mode by its id."""
        return {phase.id: phase for _, phase in every_phase(self.mode.phases)}

    @cached_property
    def arguments(self) -> Mapping[str, Any]:
        """The run's arguments: those it was started with, those of the task, defaults."""
        task = self.community.tasks[self.run.task]
        defaults = {one.id: one.default for one in self.mode.parameters if one.has_default}
        return {**defaults, **task.with_, **self.run.args}

    def result(self, name: str) -> Any:
        """What `phase.result` is now: a list of ids or a value; None when there is nothing."""
        phase, _, result = name.partition(".")
        found: Any = None
        for visit in self._visits_of(phase):
            value = self._of_unit(self._as_it_stands(visit), result)
            if isinstance(value, list):
                found = list(dict.fromkeys([*(found if isinstance(found, list) else []), *value]))
            elif value is not None:
                found = value
        return found

    def _of_unit(self, visit: Visit, result: str) -> Any:
        """A result of a visit; in a unit of an `each` over what that visit found, only what belongs to the unit."""
        value = visit.results.get(result)
        if value is None:  # figures may be named without whom they are read of: `author.points` is `points`
            value = next((one for name, one in visit.results.items() if name.rpartition(".")[2] == result), None)
        for each, unit in self._units.items():
            phase, _, named = str(getattr(self.phases[each], "of", "")).partition(".")
            if phase == visit.phase and result == named:
                return [unit] if isinstance(value, list) and unit in value else []
            team = self._team_of(unit, visit)
            if team is None:
                continue
            parts = visit.results[TEAMS][team]
            if result == "teams":
                return [team]
            if result in ("members", "holder"):
                return list(dict.fromkeys(who for inside in parts.values() for who in inside))
            if result in parts:
                return list(parts[result])
        return value

    def _team_of(self, unit: str, visit: Visit) -> str | None:
        """The team of a visit that a unit is, is in, or is a work of; None: it has to do with none of them."""
        teams: Mapping[str, Mapping[str, Sequence[str]]] = visit.results.get(TEAMS, {})
        if not teams or unit in teams:
            return unit if teams else None
        whose = self.authors(unit) if self.authors is not None and unit.count("/") >= 3 else ()
        around = {unit, *whose}
        mine = [team for team, parts in teams.items() if any(who in around for in_ in parts.values() for who in in_)]
        return mine[0] if len(mine) == 1 else None

    def teams_of(self, phase: str) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Teams that a phase formed, with who is in which part, parts in the order of the mode.

        In a unit of an `each` over them only that team.
        """
        found: dict[str, Mapping[str, Sequence[str]]] = {}
        for visit in self._visits_of(phase):
            found |= self._as_it_stands(visit).results.get(TEAMS, {})
        visits = list(self._visits_of(phase))
        only = {team for unit in self._units.values() for one in visits if (team := self._team_of(unit, one))}
        order = [slot.id for slot in getattr(self.phases[phase], "slots", ())]  # what is remembered forgets it
        return {
            team: {part: parts[part] for part in dict.fromkeys([*(one for one in order if one in parts), *parts])}
            for team, parts in found.items()
            if not only or team in only
        }

    def forming(self, who: Any) -> list[str]:
        """Phases that form teams of whose people a who speaks."""
        from rules.spec.people import refs

        phases = [ref.partition(".")[0] for ref in refs(who) if self.is_result(ref)]
        return [one for one in dict.fromkeys(phases) if self.phases[one].kind == "form_teams"]

    @cached_property
    def _units(self) -> Mapping[str, str]:
        """The units that whoever looks is in: phase of kind each → what it is about."""
        found, before = {}, ""
        for part in self.scope.split("/"):
            phase, _, number = part.rpartition(".")
            if phase and getattr(self.phases.get(phase), "kind", "") == "each":
                visits = [one for one in self.visits if one.phase == phase and one.scope == before]
                if visits and int(number) <= len(visits[-1].things):
                    found[phase] = visits[-1].things[int(number) - 1]
            before += f"{part}/"
        return found

    def is_result(self, name: str) -> bool:
        """Whether a name is `phase.result` of this mode."""
        phase, dot, _ = name.partition(".")
        return bool(dot) and phase in self.phases

    def outcome(self, phase: str) -> str | None:
        """How a phase came out last, seen from here."""
        visits = list(self._visits_of(phase))
        return visits[-1].outcome if visits else None

    def reviewed(self, phase: str) -> bool:
        """Whether a review of this phase's works stands anywhere in the mode."""
        from rules.spec.people import refs

        return any(
            f"{phase}.works" in refs(getattr(other, "of", None))
            or f"{phase}.authors" in refs(getattr(other, "of", None))
            for other in self.phases.values()
            if other.kind == "review"
        )

    def visits_of(self, phase: str) -> list[Visit]:
        """The visits of a phase that count from here, those that are open too."""
        return list(self._visits_of(phase, opened=True))

    def _called(self, phase: str) -> Sequence[Visit]:
        """Visits of a phase, under whatever names it had in versions that the run moved from."""
        found = [*self._by_phase.get(phase, ())]
        for move in reversed(self.run.moved):
            phase = next((old for old, new in move["phases"].items() if new == phase), phase)
            found = [*(one for one in self._by_phase.get(phase, ()) if one not in found), *found]
        return found

    @cached_property
    def _by_phase(self) -> Mapping[str, Sequence[Visit]]:
        found: dict[str, list[Visit]] = {}
        for visit in self.visits:
            found.setdefault(visit.phase, []).append(visit)
        return found

    def _as_it_stands(self, visit: Visit) -> Visit:
        if visit.state not in ("open", "closing") or self.so_far is None:
            return visit
        if (visit.phase, visit.visit) not in self._looked_at:
            self._looked_at[visit.phase, visit.visit] = replace(visit, results={**visit.results, **self.so_far(visit)})
        return self._looked_at[visit.phase, visit.visit]

    @cached_property
    def _looked_at(self) -> dict[tuple[str, int], Visit]:
        return {}

    def _visits_of(self, phase: str, *, opened: bool = False) -> Iterator[Visit]:
        """The visits that count: of each round the latest, and only of rounds that are not other rounds than ours.

        One that is open counts if something can be told of it already, or in any case if `opened`.
        """
        here = rounds(self.scope)
        latest: dict[str, Visit] = {}
        for visit in self._called(phase):
            if visit.state == "open" and not opened and not self._as_it_stands(visit).results:
                continue
            if any(here.get(repeat, number) != number for repeat, number in rounds(visit.scope).items()):
                continue
            latest.pop(visit.scope, None)
            latest[visit.scope] = visit
        yield from latest.values()


def rounds(scope: str) -> dict[str, int]:
    """`week.3/talk.1/` as {week: 3, talk: 1}."""
    found = {}
    for part in scope.split("/"):
        if part:
            repeat, _, number = part.rpartition(".")
            found[repeat] = int(number)
    return found
