"""Run conditions: how what a mode writes of its run comes out, and what has to be known for that.

Results are as they were when their phase closed; everything else is as it is at the moment of asking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from operations.around import Around
from operations.known import Known, readings_of
from operations.ports.standings import LIFECYCLE
from operations.run_results import argument, counted, named_types, result
from rules.compile import Compiler
from rules.condition import Attribute, Condition, Leaf, Source, leaves, sources
from rules.evaluate import truth
from rules.reading import Reading
from rules.values import Evidence, Value, ValueType

PLAIN = frozenset({"stage", "consent"})  # what can, besides tiers, be said of a member without looking everything up


@dataclass(frozen=True, slots=True)
class _Asked:
    """A condition of a run, and what has to be known for it.

    Args:
        written: as it is written; held so that no other is taken for it.
        plain: the names it asks for, if a few rows answer them; None: it asks for more.
    """

    written: Any
    condition: Condition
    names: frozenset[str]
    readings: frozenset[Reading]
    plain: frozenset[str] | None


_MANY = 4_096
_ASKED: dict[tuple[Any, ...], _Asked] = {}
"""By spec, condition as it is written, and the names that the run has for it by now."""

Look = Callable[[Any, Condition, Evidence], bool | None]
"""How a condition of a run is looked at."""


class RunConditions:
    """The conditions of one run (or of none).

    Args:
        known: where evidence comes from, and as of when.
        around: the run; None outside of runs.
        look: looks at a condition as it was written and compiled; the reference evaluator without it.
    """

    def __init__(self, known: Known, around: Around | None, look: Look | None = None) -> None:
        self.known, self.around, self._look = known, around, look

    def holds(self, written: Any) -> bool | None:
        """How a condition of the run comes out: of its subject, its arguments and its results; None is unknown."""
        asked = self._asked(written)
        condition = asked.condition
        values = {name: self._named(name) for name in asked.names if name in self._names}
        around, found = self.around, Evidence(values, {})
        if around is not None:
            about = self._of_subject(asked, around)
            own = [one for one in asked.readings if one.scope == "run"]
            run = Evidence()
            if own or any(name.startswith("run.") and name not in self._names for name in asked.names):
                run = self.known.run(around.run, own)
            found = Evidence({**about.attributes, **run.attributes, **values}, {**about.readings, **run.readings})
        return truth(condition, found) if self._look is None else self._look(written, condition, found)

    def _asked(self, written: Any) -> _Asked:
        """What a condition of the run asks for; compiled once, for runs look at theirs all the time."""
        key = (self.known.community.digest, id(written), *sorted(self._names))
        found = _ASKED.get(key)
        if found is None:
            condition = Compiler(self.known.community, fields=self._names).condition(written)
            asked = list(sources(condition))
            names = frozenset(name for one in asked if isinstance(one, Attribute) for name in one.names)
            readings = frozenset(readings_of(condition))
            found = _Asked(written, condition, names, readings, self._plain_names(condition, names, asked))
            if len(_ASKED) >= _MANY:
                _ASKED.clear()
            _ASKED[key] = found
        return found

    def _of_subject(self, asked: _Asked, around: Around) -> Evidence:
        """What is known of whom or what the run is about, as far as a condition asks for it."""
        known, subject = self.known, around.run.subject
        wanted = frozenset(one for one in asked.readings if one.scope != "run")
        match around.mode.for_ if subject is not None else "community":
            case "member":
                plain = self.plainly(asked.plain, str(subject))
                return plain or known.members([str(subject)], wanted).get(str(subject), Evidence())
            case "cohort":
                return known.cohort(str(subject), wanted, names=asked.names)
            case "space":
                return known.space(str(subject), wanted)
            case "team":
                everybody = known.community_readings(wanted)
                of_it = [one for one in wanted if one.scope != "community"]
                team = known.teams([str(subject)], of_it)[str(subject)]
                return Evidence(team.attributes, {**team.readings, **everybody})
        bases = {replace(one, scope="community"): one for one in wanted if one.scope in ("subject", "community")}
        told = known.community_readings(list(bases))
        return Evidence({}, {mine: told.get(base) for base, mine in bases.items()})

    def plainly(self, names: frozenset[str] | None, member: str) -> Evidence | None:
        """What is known of a member for a condition of tier, stage and consent alone, which runs about members ask all
        the time; None: it asks for more, or of a moment that is over. A few rows instead of everything that can be
        known, and those of now: a run is told of a move at once, and has to see it then, whatever its clock says."""
        if names is None or self.known.past:
            return None
        person = self.known.person(member)
        if person is None:
            return Evidence()
        found: dict[str, Value | None] = {"consent": person.attributes.get("consent")}
        ladders = {one.id: one for one in self.known.community.ladders.values() if one.per is None}
        asked = names & {"stage", *ladders}
        if asked:
            stands = self.known.house.standings.stands(self.known.community.id, member)
            for name in asked:
                lowest = None if name == "stage" else ladders[name].tiers[0].id
                found[name] = stands.get(LIFECYCLE if name == "stage" else name, lowest)
        return Evidence(found)

    def _plain_names(
        self, condition: Condition, names: frozenset[str], asked: Sequence[Source]
    ) -> frozenset[str] | None:
        """What a condition asks for, if that is tiers, the stage, consent and things of the run; None: it is more."""
        ladders = {one.id for one in self.known.community.ladders.values() if one.per is None}
        plain = all(isinstance(leaf, Leaf) for leaf in leaves(condition))
        if not plain or any(not isinstance(one, Attribute) for one in asked):
            return None
        names = frozenset(
            name for name in names if not name.startswith("cohort.")
        )  # a cohort says so itself when it changes
        return None if names - PLAIN - ladders - set(self._names) else names

    def plain_names(self, condition: Condition) -> frozenset[str] | None:
        """What a condition about a member asks for, if that is tiers, the stage and consent; None: it is more."""
        asked = list(sources(condition))
        names = frozenset(name for one in asked if isinstance(one, Attribute) for name in one.names)
        ladders = {one.id for one in self.known.community.ladders.values() if one.per is None}
        plain = all(isinstance(leaf, Leaf) for leaf in leaves(condition))
        plain = plain and all(isinstance(one, Attribute) for one in asked) and names <= PLAIN | ladders
        return names if plain else None

    def is_plain(self, written: Any) -> bool:
        """Whether a condition of the run only changes when the run is told: by a move, by consent, by its cohort."""
        return written is None or self._asked(written).plain is not None

    @property
    def _names(self) -> Mapping[str, ValueType]:
        """Results and arguments that a condition may name besides attributes and metrics."""
        return self._told[0]

    @cached_property
    def _told(self) -> tuple[Mapping[str, ValueType], frozenset[str]]:
        return ({}, frozenset()) if self.around is None else named_types(self.around)

    def _named(self, name: str) -> Value | None:
        around, (types, counts) = self.around, self._told
        assert around is not None
        if name in counts:
            return counted(around, name)
        if name.startswith("run.") and not around.is_result(name):
            return argument(around, name.removeprefix("run."), types[name])
        return result(around, name, types[name])
