"""Stages: transitions that never happen, that an earlier one forestalls, and ways that lead round in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rules.condition import Condition
from rules.decision import Decision
from rules.evaluate import truth
from rules.lifecycle import NOWHERE, Transition, next_stage
from rules.names import attribute_type
from rules.proof.finding import Because, Finding
from rules.proof.places import Written
from rules.proof.prover import Claim, Moment, Prover
from rules.proof.subject import Subject
from rules.proof.terms import FALSE, TRUE, at_least, both, no
from rules.spec.community import Document
from rules.values import INTEGER, TEXT, Evidence

_LONGEST = 4  # stages of a circle
_MOST = 200  # circles that are looked at


def stages(prover: Prover) -> None:
    """Examine the lifecycle, if there is one."""
    document = prover.places.lifecycle()
    if document is not None:
        _Examination(prover, document).whole()


class _Examination:
    def __init__(self, prover: Prover, document: Document) -> None:
        self.prover, self.document = prover, document
        self.ways = prover.rulebook.transitions
        self.specs: tuple[Any, ...] = document.model.transitions  # type: ignore[attr-defined]
        self.type = attribute_type(prover.community, "stage") or TEXT
        self._at: dict[str, Subject] = {}

    def whole(self) -> None:
        dead = set()
        for number, way in enumerate(self.ways):
            if self._never(number, way) or self._forestalled(number, way):
                dead.add(number)
        self._circles(dead)

    def at(self, stage: str) -> Subject:
        """Somebody in a stage."""
        if stage not in self._at:
            self._at[stage] = self.prover.subject({"stage": (self.type, None if stage == NOWHERE else stage)})
        return self._at[stage]

    def written(self, number: int) -> Written:
        return Written(self.document, ("transitions", number, "when"), self.specs[number].when)

    def _never(self, number: int, way: Transition) -> bool:
        """Whether nobody can meet `when` in any of the stages it leaves; says so."""
        prover, written = self.prover, self.written(number)
        question = f"whether the transition '{way.id}' can happen"
        answers = [
            prover.possible([self.at(stage).truths(way.when).true], written.place, question) for stage in way.from_
        ]
        if any(answer != "unsat" for answer in answers):
            for place, stage, answer in zip(range(len(answers)), way.from_, answers, strict=True):
                if answer == "unsat":
                    self._impossible(number, way, stage, ("transitions", number, "from", place))
            return False
        self._impossible(number, way, way.from_[0], None)
        return True

    def _impossible(self, number: int, way: Transition, stage: str, path: tuple[str | int, ...] | None) -> None:
        prover, written, someone = self.prover, self.written(number), self.at(stage)
        claims = prover.claims(someone, prover.places.lines(written))
        claims.append(Claim(TRUE, f"the stage is {stage}"))
        moment = Moment("m1", someone, [way.when], ("stage",))
        message = f"the transition '{way.id}' can never happen" + (f" from stage '{stage}'" if path else "")
        place = written.place
        if path:
            place = self.document.source.value_place(path)
        elif not any(other.to == way.to for n, other in enumerate(self.ways) if n != number):
            message += f", so nobody comes to '{way.to}'"
        prover.impossible("TRL410", place, message, "change one of the lines below", claims, moment)

    def _forestalled(self, number: int, way: Transition) -> bool:
        """Whether an earlier transition always comes first; says so."""
        prover, written = self.prover, self.written(number)
        by: set[int] = set()
        for stage in way.from_:
            someone = self.at(stage)
            true = someone.truths(way.when).true
            earlier = [
                n
                for n in self.before(number, stage)
                if prover.solver.check([someone.truths(self.ways[n].when).true]) == "sat"
            ]
            if not earlier or prover.solver.check([true]) != "sat":
                return False
            free = [no(someone.truths(self.ways[n].when).true) for n in earlier]
            if prover.possible([true, *free], written.place, f"whether '{way.id}' ever comes first") != "unsat":
                return False
            alone = [n for n, term in zip(earlier, free, strict=True) if prover.solver.check([true, term]) == "unsat"]
            by.update(alone[:1] or earlier)
        stage = way.from_[0]
        someone = self.at(stage)

        def replay(people: Mapping[str, Evidence]) -> Sequence[Decision] | None:
            move = next_stage(self.ways, "m1", people["m1"], prover.at)
            fits = move is not None and move.because != way.id and truth(way.when, people["m1"]) is True
            return (move,) if fits and move is not None else None

        moment = Moment("m1", someone, [way.when, *(self.ways[n].when for n in by)], ("stage",))
        says = f"'{way.id}' holds, and another comes first"
        question = f"whether '{way.id}' ever comes first"
        witness = prover.witness(says, [moment], [someone.truths(way.when).true], replay, written.place, question)
        names = " or ".join(f"'{self.ways[n].id}'" for n in sorted(by))
        message = f"the transition '{way.id}' never comes first: whenever it holds, {names} holds and stands before it"
        because = tuple(Because(f"stands before it: {self.ways[n].id}", self.written(n).place) for n in sorted(by))
        hint = "put the narrower transition first, or remove it"
        if witness is not None:
            prover.found(Finding("TRL411", written.place, message, hint, because, witness))
        return True

    def before(self, number: int, stage: str) -> list[int]:
        """The transitions that are tried before one and, where they hold, decide at once."""
        return [n for n in range(number) if stage in self.ways[n].from_ and self.ways[n].observe is None]

    # ---------------------------------------------------------------------------------------------------------- circles
    def _circles(self, dead: set[int]) -> None:
        automatic = [
            n
            for n, spec in enumerate(self.specs)
            if n not in dead and spec.approval is None and spec.invitation is None
        ]
        told: set[frozenset[int]] = set()
        for circle in _circles(automatic, self.ways):
            if frozenset(circle) not in told and self._goes_round(circle):
                told.add(frozenset(circle))

    def _goes_round(self, circle: Sequence[int]) -> bool:
        """Whether somebody would go round, with nothing changed but the days; says so."""
        prover = self.prover
        stops = [self.ways[circle[step - 1]].to for step in range(len(circle))]
        base, terms, moments = prover.subject(), [], []
        for step, number in enumerate(circle):
            given = {"stage": (self.type, stops[step])}
            here = prover.subject(given, base=base, anew=frozenset({"in_stage"}), nothing=True)
            here.attributes["days_in_stage"] = prover.domain.attribute(here, "days_in_stage", INTEGER)
            terms.append(
                both((here.attributes["days_in_stage"].known, at_least(here.attributes["days_in_stage"].value, 0)))
            )
            terms.append(here.truths(self.ways[number].when).true)
            terms += [no(here.truths(self.ways[n].when).true) for n in self.before(number, stops[step])]
            moments.append(
                Moment(f"{step + 1}-{stops[step]}", here, self._asked(number, stops[step]), ("stage", "days_in_stage"))
            )
        written = self.written(circle[0])
        names = [self.ways[n].id for n in circle]
        question = f"whether anybody would go round by {', '.join(names)}"
        if FALSE in terms or prover.possible(terms, written.place, question) != "sat":
            return False

        def replay(people: Mapping[str, Evidence]) -> Sequence[Decision] | None:
            decisions = []
            for (id_, evidence), number in zip(people.items(), circle, strict=True):
                move = next_stage(self.ways, id_, evidence, prover.at)
                if move is None or move.because != self.ways[number].id:
                    return None
                decisions.append(move)
            return decisions

        says = f"goes {' → '.join([*stops, stops[0]])} and round again, though nothing changes but the days"
        witness = prover.witness(says, moments, terms, replay, written.place, question)
        if witness is None:
            return True
        waits = [f"{self.ways[n].id}: observe {w.duration}" for n in circle if (w := self.ways[n].observe) is not None]
        message = f"somebody would go round the stages {' → '.join([*stops, stops[0]])}, over and over"
        hint = (
            f"let what leads back also stand against leaving again; what slows it down: {', '.join(waits) or 'nothing'}"
        )
        because = tuple(Because(f"by {self.ways[n].id}", self.written(n).place) for n in circle)
        prover.found(Finding("TRL412", written.place, message, hint, because, witness))
        return True

    def _asked(self, number: int, stage: str) -> list[Condition]:
        return [self.ways[n].when for n in (*self.before(number, stage), number)]


def _circles(automatic: Sequence[int], ways: Sequence[Transition]) -> Iterator[tuple[int, ...]]:
    """Ways that lead back to where they began, short ones first, each once."""
    seen: set[frozenset[int]] = set()
    paths: list[tuple[int, ...]] = [(n,) for n in automatic]
    for _ in range(_LONGEST):
        longer: list[tuple[int, ...]] = []
        for path in paths:
            if ways[path[-1]].to in ways[path[0]].from_:
                if frozenset(path) not in seen:
                    seen.add(frozenset(path))
                    yield path
                if len(seen) >= _MOST:
                    return
                continue
            stops = {ways[n].to for n in path}
            longer += [(*path, n) for n in automatic if ways[path[-1]].to in ways[n].from_ and ways[n].to not in stops]
        paths = longer
