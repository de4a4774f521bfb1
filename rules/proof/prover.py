"""Prover: asks the solver, turns its answers into somebody readable, and plays every witness back before it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from math import ceil, floor
from typing import Any

from rules.condition import AllOf, AnyOf, AtLeastOf, Condition, ExactlyOne, Fixed, Held, Leaf, Measured, Not, Titles
from rules.condition import sources as sources_of
from rules.decision import Decision
from rules.evaluate import truth
from rules.gate import Gate
from rules.proof.domain import CommunityDomain
from rules.proof.finding import Because, Finding, Undecided, Witness
from rules.proof.places import Line, Places
from rules.proof.solver import Answer, Solver
from rules.proof.subject import Subject
from rules.proof.terms import FALSE, TRUE, equal, no, number
from rules.proof.world import Var, World
from rules.reading import Reading
from rules.rulebook import Rulebook
from rules.spec.community import Community
from rules.spec.diagnostics import Place
from rules.values import LARGEST, Evidence, Value, ValueType, show

_MOST_TRIES = 12  # values that are tried for one reading, to make the witness plain


class WitnessFailed(AssertionError):
    """Somebody was made up to whom, played back, it does not happen: a mistake in the proof itself."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that must hold, and where it is written.

    Args:
        term: for the solver.
        text: for people.
        place: where it is written, if it is.
        condition: what must surely hold of the (first) moment, if it is a condition; to play it back.
    """

    term: str
    text: str
    place: Place | None = None
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of a made-up subject, to be shown and played back.

    Args:
        id: the subject's name in the witness.
        subject: for the solver.
        conditions: what is decided about it; their values are shown.
        also: further attributes that are shown.
    """

    id: str
    subject: Subject
    conditions: Sequence[Condition]
    also: Sequence[str] = ()


Replay = Callable[[Mapping[str, Evidence]], Sequence[Decision] | None]
"""Plays moments back, by their names: what is decided, or None if it does not happen."""


@dataclass
class Prover:
    """One examination of a community.

    Args:
        community: the specs.
        rulebook: their rules, compiled.
        at: the moment for which lengths of months and of working time are reckoned.
        strict: whether a witness that does not play back is an error instead of a question left open.
    """

    community: Community
    rulebook: Rulebook
    at: datetime
    strict: bool = False
    findings: list[Finding] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.solver = Solver()
        self.world = World(self.solver)
        self.domain = CommunityDomain(self.community)
        self.places = Places(self.community)
        self.gate = Gate(self.community, self.rulebook)

    # ------------------------------------------------------------------------------------------------------- questions
    def subject(self, given: Mapping[str, tuple[ValueType, Value | None]] | None = None, **more: Any) -> Subject:
        """A made-up subject; `given` says what some attributes are."""
        fixed = {name: self.world.fixed(name, type_, value) for name, (type_, value) in (given or {}).items()}
        return Subject(self.world, self.domain, given=fixed, **more)

    def possible(self, terms: Iterable[str], place: Place, question: str) -> Answer:
        """Whether these can hold together; what cannot be told is noted."""
        answer = self.solver.check(terms)
        if answer == "unknown":
            self.open(place, question, "the solver gave up in the time it has")
        return answer

    def open(self, place: Place, question: str, why: str) -> None:
        """Note a question that stays open."""
        one = Undecided(place, question, why)
        if one not in self.undecided:
            self.undecided.append(one)

    def found(self, finding: Finding) -> None:
        """Note a finding; the same one at the same place counts once."""
        if not any((f.code, f.place) == (finding.code, finding.place) for f in self.findings):
            self.findings.append(finding)

    # ------------------------------------------------------------------------------------------------------- witnesses
    def witness(
        self,
        says: str,
        moments: Sequence[Moment],
        terms: Sequence[str],
        replay: Replay,
        place: Place,
        question: str,
        *,
        towards: Condition | None = None,
    ) -> Witness | None:
        """Somebody for whom the terms hold, as plain as can be, played back.

        Args:
            towards: a condition that does not hold, but whose numbers are to be as near as can be.

        Returns:
            None if the solver cannot make anybody up or the evaluator does not agree; the question is then open.

        Raises:
            WitnessFailed: the evaluator does not agree, and the examination is strict.
        """
        touched = {moment.id: self._touched(moment) for moment in moments}
        every: dict[int, tuple[Var, set[int]]] = {}
        for moment in moments:
            bounds = _bounds(moment.conditions)
            attributes, readings = touched[moment.id]
            touched_here: list[tuple[str | Reading, Var]] = [*attributes.items(), *readings.items()]
            for name, var in touched_here:
                every.setdefault(id(var), (var, set()))[1].update(bounds.get(name, ()))
        terms = [*terms, *([] if towards is None else self._near(moments[0].subject, towards, terms))]
        choices = [choice for var, tried in every.values() for choice in _choices(var, tried)]
        wanted = list(dict.fromkeys(c for var, _ in every.values() for c in self.world.asked_of(var)))
        answer, model = self.solver.settle(terms, choices, wanted)
        if answer != "sat":
            self.open(place, question, "the solver could not show anybody")
            return None
        people, evidence = [], {}
        community: dict[str, dict[str, Any]] = {}
        for moment in moments:
            attributes, readings = touched[moment.id]
            known = {n: (v.type, self.world.read(v, model)) for n, v in attributes.items()}
            read = {r: (v.type, self.world.read(v, model)) for r, v in readings.items()}
            evidence[moment.id] = Evidence(
                {n: v for n, (_, v) in known.items() if v is not None},
                {r: v for r, (_, v) in read.items() if v is not None},
            )
            people.append(_person(moment.id, known, read, community))
        facts = {"at": self.at.isoformat(), "members": people, "community": community}
        decisions = self._replayed(facts, evidence, replay)
        if decisions is None:
            if any(_blind(condition) for moment in moments for condition in moment.conditions):
                self.open(place, question, "it depends on what only a look at everybody can tell")
                return None
            if self.strict:
                raise WitnessFailed(f"{place.file}:{place.line}: {question}: {facts}")
            self.open(place, question, "somebody was made up whom the evaluator judges otherwise")
            return None
        return Witness(says, facts, tuple(decisions))

    def _near(self, subject: Subject, missed: Condition, terms: Sequence[str]) -> list[str]:
        """That a condition surely fails, if it can, and that its numbers are as near to what it asks as they can be."""
        found: list[str] = []

        def can(term: str) -> bool:
            return self.solver.check([*terms, *found, term]) == "sat"

        if can(false := subject.truths(missed).false):
            found.append(false)
        attributes, readings = subject.touched([missed])
        for name, numbers in _bounds([missed]).items():
            var = attributes.get(name) if isinstance(name, str) else readings.get(name)
            if var is None or not var.type.numeric:
                continue
            away, least, most = f"(- {var.value} {number(min(numbers))})", 0, 1
            while most < LARGEST and not can(f"(<= {number(-most)} {away} {number(most)})"):
                least, most = most, 2 * most
            while least < most - 1 and most < LARGEST:
                middle = (least + most) // 2
                least, most = (
                    (least, middle) if can(f"(<= {number(-middle)} {away} {number(middle)})") else (middle, most)
                )
            if most < LARGEST:
                found.append(f"(<= {number(-most)} {away} {number(most)})")
        return found

    def _touched(self, moment: Moment) -> tuple[dict[str, Var], dict[Reading, Var]]:
        attributes, readings = moment.subject.touched(moment.conditions)
        for name in moment.also:
            if name in moment.subject.attributes:
                attributes[name] = moment.subject.attributes[name]
        return attributes, readings

    def _replayed(
        self, facts: Mapping[str, Any], evidence: Mapping[str, Evidence], replay: Replay
    ) -> Sequence[Decision] | None:
        """What is decided about whom the witness shows, read in as `trellis decide` reads it."""
        read: dict[str, Evidence] = {}
        for person in facts["members"]:
            before = len(self.gate.ignored)
            given = self.gate.evidence(person["attributes"], person["metrics"], facts["community"])
            read[person["id"]] = given if len(self.gate.ignored) == before else evidence[person["id"]]
        return replay(read)

    # ---------------------------------------------------------------------------------------------------- impossible
    def contradiction(self, claims: Sequence[Claim]) -> tuple[Claim, ...]:
        """Of claims that cannot all hold, some that already cannot, none of which can be left out; with the laws."""
        solver = Solver(cores=True)
        for name, sort, term in self.world.lines:
            if term:
                solver.define(name, sort, term)
            else:
                solver.declare(name, sort)
        every: dict[str, Claim] = {}
        for place, claim in enumerate((*claims, *(Claim(law.term, law.why, law.place) for law in self.world.laws))):
            guard = f"|guard {place}|"
            solver.declare(guard, "Bool")
            solver.require(f"(=> {guard} {claim.term})")
            every[guard] = claim
        answer, core = solver.together(list(every))
        if answer != "unsat":
            return ()
        kept = [guard for guard in every if guard in set(core)]
        for guard in reversed(list(kept)):  # laws first, then what was written last
            rest = [other for other in kept if other != guard]
            answer, _ = solver.together(rest)
            if answer == "unsat":
                kept = rest
        return tuple(every[guard] for guard in kept)

    def impossible(
        self, code: str, place: Place, message: str, hint: str, claims: Sequence[Claim], moment: Moment,
    ) -> None:  # fmt: skip
        """Note that claims about one moment cannot hold together, which of them, and who comes nearest."""
        core = self.contradiction(claims)
        because = tuple(Because(one.text, one.place) for one in core)
        if len(core) == 1 and core[0].condition is not None:
            because += (Because("which nothing can ever meet, whatever else holds"),)
        self.found(Finding(code, place, message, hint, because, self._nearest(claims, core, moment, place)))

    def _nearest(self, claims: Sequence[Claim], core: Sequence[Claim], moment: Moment, place: Place) -> Witness | None:
        """Somebody for whom all of the claims hold but one of those that contradict each other, and that one nearly."""
        for left_out in reversed([one for one in core if one in claims and one.condition is not None]):
            rest = [claim for claim in claims if claim is not left_out]
            terms = [claim.term for claim in rest]
            if self.solver.check(terms) != "sat":
                continue
            asked = [claim.condition for claim in rest if claim.condition is not None]
            missed = left_out.condition
            assert missed is not None

            def replay(
                people: Mapping[str, Evidence], asked: list[Condition] = asked, missed: Condition = missed
            ) -> Sequence[Decision] | None:
                (evidence,) = people.values()
                fits = all(truth(one, evidence) is True for one in asked) and truth(missed, evidence) is not True
                return () if fits else None

            says = f"the nearest: everything holds but {left_out.text}"
            return self.witness(says, [moment], terms, replay, place, "who comes nearest", towards=missed)
        return None

    def claims(self, subject: Subject, lines: Iterable[Line]) -> list[Claim]:
        """That lines of a condition surely hold of a subject."""
        return [Claim(subject.truths(line.condition).true, line.text, line.place, line.condition) for line in lines]


# ---------------------------------------------------------------------------------------------------- plain witnesses
def _choices(var: Var, tried: set[int]) -> list[list[str]]:
    """What is tried for one value, plainest first: that it is not known, then small numbers and those asked about."""
    choices = [[no(var.known)]] if var.known not in (TRUE, FALSE) else []
    if var.known == FALSE:
        return choices
    choices += [[no(term)] for term in var.parts.values()]
    if not var.value.startswith("|") or var.type.kind in ("text", "member"):
        return choices
    if var.type.kind == "boolean":
        return [*choices, [var.value, no(var.value)]]
    numbers = sorted({0, 1, *tried, *(n + 1 for n in tried), *(n - 1 for n in tried)}, key=lambda n: (abs(n), n))
    return [*choices, [equal(var.value, n) for n in numbers[:_MOST_TRIES]]]


def _bounds(conditions: Iterable[Condition]) -> dict[str | Reading, set[int]]:
    """The numbers that each value is compared with."""
    found: dict[str | Reading, set[int]] = {}
    for condition in conditions:
        for leaf in _leaves(condition):
            scale = leaf.source.type.scale
            for source in sources_of(leaf):
                keys: Sequence[str | Reading]
                if isinstance(source, Measured):
                    keys = (source.reading,)
                else:
                    keys = getattr(source, "names", ())
                for bound in leaf.bounds:
                    if isinstance(bound, Fraction) and leaf.source.type.numeric:
                        for key in keys:
                            found.setdefault(key, set()).update((ceil(bound * scale), floor(bound * scale)))
    return found


def _leaves(condition: Condition) -> Iterable[Leaf]:
    match condition:
        case Leaf():
            yield condition
            inner = getattr(condition.source, "node", None)
            if inner is not None:
                yield from _leaves(inner)
        case AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
            for node in nodes:
                yield from _leaves(node)
        case Not(node) | Titles(node=node):
            yield from _leaves(node)
        case Held(held_by=held_by, rests_unless=unless):
            for part in (held_by, unless):
                if part is not None:
                    yield from _leaves(part)


def _blind(condition: Condition) -> bool:
    """Whether a condition depends on what nothing can tell about one subject alone."""
    match condition:
        case Fixed(truth):
            return truth is None
        case Leaf():
            inner = getattr(condition.source, "node", None)
            return inner is not None and _blind(inner)
        case AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
            return any(map(_blind, nodes))
        case Not(node) | Titles(node=node):
            return _blind(node)
        case Held(held_by=held_by, rests_unless=unless):
            return any(_blind(part) for part in (held_by, unless) if part is not None)


def _person(
    id_: str,
    attributes: Mapping[str, tuple[ValueType, Value | None]],
    readings: Mapping[Reading, tuple[ValueType, Value | None]],
    community: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """A subject as `trellis decide` reads it; readings of the community go to `community`."""
    metrics: dict[str, dict[str, Any]] = {}
    for reading in sorted(readings, key=str):
        type_, value = readings[reading]
        if value is None:
            continue
        of, name = (community, reading.metric) if reading.scope == "community" else (metrics, reading.name)
        of.setdefault(name, {})[reading.text] = show(value, type_)
    shown = {name: show(value, type_) for name, (type_, value) in sorted(attributes.items()) if value is not None}
    return {"id": id_, "attributes": shown, "metrics": metrics}
