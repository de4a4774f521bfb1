"""Suggest: for each condition that no case has seen hold, or fail, a case at its threshold that does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import islice
from typing import Any

from rules.cases import Came, came_out
from rules.condition import Condition, Held, Truth
from rules.coverage.needs import Aim, Needs
from rules.coverage.needs import Need as LeafNeed
from rules.coverage.solve import Limits, Name, Solver
from rules.coverage.spots import Asked, Spot
from rules.coverage.watch import Watch
from rules.errors import RuleRefusal
from rules.evaluate import Trace, evaluate
from rules.gate import Gate
from rules.lifecycle import NOWHERE
from rules.names import metric_type
from rules.reading import Reading
from rules.rulebook import Rulebook
from rules.spec.checks.at import At
from rules.spec.checks.index import index
from rules.spec.checks.scene import Scene, Wrong
from rules.spec.community import Community
from rules.spec.diagnostics import Problems
from rules.spec.documents.cases import Decision
from rules.spec.documents.metrics import Counted, Ratio
from rules.spec.source import as_written
from rules.thresholds import number
from rules.values import Evidence, Value, ValueType, show

MOST_WAYS = 40
"""Ways to a truth that are tried in one situation before it is given up."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case nobody has written yet.

    Args:
        case: as YAML would give it, ready to be written down.
        covers: what it sees for the first time; the first of these is what it is about.
    """

    case: Mapping[str, Any]
    covers: tuple[tuple[Spot, bool], ...]


@dataclass(frozen=True, slots=True)
class Suggested:
    """What was found for everything that is missing.

    Args:
        cases: in the order of what is missing.
        without: what no case was found for; it may be that there is none.
    """

    cases: tuple[Suggestion, ...]
    without: tuple[tuple[Spot, bool], ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A situation in which a condition is looked at: what is decided, and what must be so for it to be."""

    whole: Asked
    condition: Condition
    case: Mapping[str, Any]
    given: Mapping[str, Value]


@dataclass
class Suggester:
    """Makes cases for what is missing.

    Args:
        community: the specs.
        rulebook: the same, compiled.
        watch: what was seen so far; it is not changed.
        at: the moment of the cases.
    """

    community: Community
    rulebook: Rulebook
    watch: Watch
    at: datetime
    _gate: Gate = field(init=False, repr=False)
    _limits: Limits = field(init=False, repr=False)
    _places: list[_Place] = field(init=False, repr=False)
    _names: set[str] = field(default_factory=set, repr=False)
    _scene: Scene = field(init=False, repr=False)
    _by_key: Mapping[tuple[str, ...], Asked] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        documents = [(At(Problems(), document.source), document.model) for document in self.community.documents]
        self._scene = Scene(index(documents, self.community.document, frozenset()), about="any")
        self._gate = Gate(self.community, self.rulebook)
        self._limits = _limits(self.community)
        self._places = list(self._situations())
        self._names = {case.name for case in self.community.cases}
        self._by_key = {whole.key: whole for whole in self.watch.asked}

    def suggest(self, missing: Iterable[tuple[Spot, bool]]) -> Suggested:
        """A case for each missing truth that no case before it has seen already."""
        found: list[Suggestion] = []
        without: list[tuple[Spot, bool]] = []
        left = dict.fromkeys(missing)
        for one in list(left):
            if one not in left:
                continue
            case, truths = self._case(*one)
            if case is None:
                without.append(one)
                continue
            covers = [one, *(seen for seen in left if seen in truths and seen != one)]
            for seen in covers:
                del left[seen]
            found.append(Suggestion(case, tuple(covers)))
        return Suggested(tuple(found), tuple(without))

    def _case(self, target: Spot, want: bool) -> tuple[Mapping[str, Any] | None, set[tuple[Spot, Truth]]]:
        aim = Aim(target, want, self._by_key)
        for place in self._places:
            for needs in islice(self._ways(aim, place), MOST_WAYS):
                leaf = next((need.leaf for need in needs if isinstance(need, LeafNeed)), None)
                solver = Solver(place.given, self._limits, self._listed)
                evidence = solver.solve(needs, leaf)
                if evidence is None:
                    continue
                made = self._made(place, evidence, target)
                if made is not None and (target, want) in made[1]:
                    about = solver.name(leaf.source) if leaf is not None and leaf.name == target.path[-2] else None
                    return {**made[0], "name": self.name(target, want, evidence, about)}, made[1]
        return None, set()

    def somebody(self, aim: Aim, whole: Asked, condition: Condition) -> tuple[Evidence, Name | None] | None:
        """Somebody of whom a comparison comes out as aimed at, and which of their values it is about."""
        for needs in islice(aim.ways(whole, condition), MOST_WAYS):
            leaf = next((need.leaf for need in needs if isinstance(need, LeafNeed)), None)
            solver = Solver({}, self._limits, self._listed)
            evidence = solver.solve(needs, leaf)
            if evidence is not None:
                return evidence, solver.name(leaf.source) if leaf is not None else None
        return None

    def _listed(self, name: str) -> tuple[str, ...]:
        asked = self._scene.reads(name)
        return () if isinstance(asked, Wrong) else asked.listed or ()

    def _ways(self, aim: Aim, place: _Place) -> Iterator[Needs]:
        if isinstance(place.condition, Held):
            yield from aim.title(place.condition)
        else:
            yield from aim.ways(place.whole, place.condition)

    def _made(
        self, place: _Place, evidence: Evidence, target: Spot
    ) -> tuple[Mapping[str, Any], set[tuple[Spot, Truth]]] | None:
        """The case with what comes out of it as its expectation, and what it sees."""
        subject = self.subject(evidence)
        draft = {**place.case, **subject, "name": "a suggestion", "expect": {"outcome": "none"}}
        if place.case["of"] == "rules":
            draft["expect"] = {"fires": [place.whole.key[1]]}
        seen: set[tuple[Spot, Truth]] = set()

        def look(condition: Condition, known: Evidence) -> Trace:
            trace = evaluate(condition, known)
            seen.update(self.watch.truths(condition, trace))
            return trace

        try:
            written = Decision.model_validate(as_written(draft))
            came = came_out(self.community, self.rulebook, written, self.at, look, self._gate)
        except RuleRefusal:
            return None
        order = ("kind", "of", "ladder", "name", "value", "subject", "community", "expect")
        case = {**draft, "expect": _expectation(place, came, target)}
        return {key: case[key] for key in order if key in case}, seen

    def name(self, target: Spot, want: bool, evidence: Evidence, about: Name | None) -> str:
        """A sentence for the case: whose condition, and the value for which it holds or fails."""
        known: Mapping[Any, Value | None] = evidence.readings if isinstance(about, Reading) else evidence.attributes
        value = f" with {_shown(self.community, about, known.get(about))}" if about is not None else ""
        base = f"{target.owner}: {target.text} {'holds' if want else 'fails'}{value}"
        name, n = base, 2
        while name in self._names:
            name, n = f"{base} ({n})", n + 1
        self._names.add(name)
        return name

    def subject(self, evidence: Evidence) -> dict[str, Any]:
        """Evidence as a case gives it."""
        attributes = {
            name: _plain(self.community, name, value)
            for name, value in evidence.attributes.items()
            if value is not None
        }
        metrics: dict[str, dict[str, Any]] = {}
        everybody: dict[str, dict[str, Any]] = {}
        for reading, value in evidence.readings.items():
            if value is None:
                continue
            shown = show(value, metric_type(self.community, reading.metric))
            if reading.scope == "community":
                everybody.setdefault(reading.metric, {})[reading.text] = shown
            else:
                metrics.setdefault(reading.name, {})[reading.text] = shown
        subject = {key: found for key, found in (("attributes", attributes), ("metrics", metrics)) if found}
        return {"subject": subject, **({"community": everybody} if everybody else {})}

    # ------------------------------------------------------------------------------------------------------ situations
    def _situations(self) -> Iterator[_Place]:
        by_key = {whole.key: whole for whole in self.watch.asked}
        compiled = list(self.watch.compiled.values())
        for ladder in self.rulebook.ladders:
            mine = [(whole, node) for whole, node in compiled if whole.key[1] == ladder.id]
            ids = {id(one) for one in ladder.conditions()}
            case: dict[str, Any] = {"kind": "decision", "of": "tiers"}
            if ladder.id != "tier":
                case["ladder"] = ladder.id
            if ladder.value is not None:
                case["value"] = ladder.value
            tiers = [rung.id for rung in ladder.rungs]
            for whole, node in mine:
                if id(node) not in ids:
                    continue
                rank = tiers.index(whole.key[2]) if whole.key[0] in ("earn", "keep") else 0
                here = tiers[max(rank - 1, 0)] if whole.key[0] == "earn" else tiers[rank]
                yield _Place(whole, node, case, {ladder.standing.names[-1]: here})
        for transition in self.rulebook.transitions:
            whole = by_key["transition", transition.id]
            for stage in transition.from_:
                given: dict[str, Value] = {} if stage == NOWHERE else {"stage": stage}
                yield _Place(whole, transition.when, {"kind": "decision", "of": "lifecycle"}, given)
        for rule in self.rulebook.rules:
            case = {"kind": "decision", "of": "rules"}
            if rule.value is not None:
                case["value"] = rule.value
            yield _Place(by_key["rule", rule.id], rule.when, case, {})
        for title, held in self.rulebook.titles.items():
            for word in ("held_by", "while"):
                if (word, title) in by_key:
                    yield _Place(by_key[word, title], held, {"kind": "decision", "of": "titles"}, {})


def _expectation(place: _Place, came: Came, target: Spot) -> dict[str, Any]:
    """What came out, as a case says it."""
    match place.case["of"]:
        case "rules":
            rule = place.whole.key[1]
            return {"fires": [rule]} if rule in came.fired else {"not": [rule]}
        case "titles":
            return {"titles": list(came.titles)}
    expect: dict[str, Any] = {"outcome": came.outcome}
    if came.to is not None:
        expect["to"] = came.to
    elif place.case["of"] == "tiers" and target.path[-2] in came.why:
        expect["because"] = [target.path[-2]]
    return expect


def _limits(community: Community) -> Limits:
    """The lowest and highest value of each metric; what is counted is never below 0."""
    found: dict[str, tuple[Fraction | None, Fraction | None]] = {}
    for metric in community.metrics.values():
        low, high = getattr(metric, "min", None), getattr(metric, "max", None)
        lowest = None if low is None else number(low, metric.id)
        if lowest is None and isinstance(metric, Counted | Ratio):
            lowest = Fraction(0)
        found[metric.id] = (lowest, None if high is None else number(high, metric.id))
    return found


def _type(community: Community, name: str) -> ValueType | None:
    from rules.names import attribute_type

    return attribute_type(community, name.partition("@")[0])


def _plain(community: Community, name: str, value: Value) -> Any:
    type_ = _type(community, name)
    if type_ is not None:
        return show(value, type_)
    return sorted(value) if isinstance(value, frozenset) else value


def _shown(community: Community, name: str | Reading, value: Value | None) -> str:
    if value is None:
        return "nothing known"
    if isinstance(name, Reading):
        shown: Any = show(value, metric_type(community, name.metric))
    else:
        shown = _plain(community, name, value)
    if isinstance(shown, bool):
        return "true" if shown else "false"
    return (", ".join(shown) or "none") if isinstance(shown, list) else str(shown)
