"""Rulesets: rules that never fire, that fire always, that add nothing to another, or that say the opposite of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from rules.decision import Decision
from rules.firing import Rule, firing
from rules.proof.finding import Because, Finding
from rules.proof.places import Written
from rules.proof.prover import Moment, Prover
from rules.proof.subject import Subject
from rules.proof.terms import no
from rules.spec.community import Document
from rules.spec.effects import verb_of
from rules.values import Evidence


def rulesets(prover: Prover) -> None:
    """Examine every rule alone, and every two that meet in their effects."""
    _Examination(prover).whole()


class _Examination:
    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self.someone: dict[str, Subject] = {}
        self.written: dict[str, tuple[Document, int, Any]] = {
            rule.id: (document, number, rule)
            for document in prover.places.documents("rules/v1")
            for number, rule in enumerate(document.model.rules)  # type: ignore[attr-defined]
        }

    def whole(self) -> None:
        fires = [rule for rule in self.prover.rulebook.rules if self._fires(rule)]
        for one, other in combinations(fires, 2):
            if one.of == other.of and one.value == other.value:
                self._two(one, other)

    def subject(self, of: str) -> Subject:
        if of not in self.someone:
            self.someone[of] = self.prover.subject()
        return self.someone[of]

    def when(self, rule: Rule) -> Written:
        document, number, spec = self.written[rule.id]
        return Written(document, ("rules", number, "when"), spec.when, rule.value, spec.per)

    def _fires(self, rule: Rule) -> bool:
        """Whether anybody meets a rule and not everybody does; says so otherwise."""
        prover, written, someone = self.prover, self.when(rule), self.subject(rule.of)
        true = someone.truths(rule.when).true
        answer = prover.possible([true], written.place, f"whether the rule '{rule.name}' can fire")
        if answer == "unsat":
            claims = prover.claims(someone, prover.places.lines(written))
            message = f"the rule '{rule.name}' can never fire"
            moment = Moment("m1", someone, [rule.when])
            prover.impossible("TRL420", written.place, message, "change one of the lines below", claims, moment)
        elif prover.possible([no(true)], written.place, f"whether the rule '{rule.name}' ever rests") == "unsat":
            message = f"the rule '{rule.name}' fires for everybody: its condition says nothing"
            prover.found(Finding("TRL421", written.place, message, "ask something that can be missed"))
            return False
        return answer == "sat"

    # --------------------------------------------------------------------------------------------------------- in pairs
    def _two(self, one: Rule, other: Rule) -> None:
        mine, theirs = self._effects(one), self._effects(other)
        for rule, second, effects, others in ((other, one, theirs, mine), (one, other, mine, theirs)):
            same = all(effect in others for effect in effects)
            alike = rule.once_per == second.once_per and self._review(rule) == self._review(second)
            if same and alike and self._implies(rule, second):
                self._adds_nothing(rule, second)
                return
        for effect, opposite in _opposites(mine, theirs):
            if self._disagree(one, other, effect, opposite):
                return

    def _effects(self, rule: Rule) -> list[tuple[str, Any]]:
        return [verb_of(effect) for effect in self.written[rule.id][2].then]

    def _review(self, rule: Rule) -> Any:
        """When a rule is looked at."""
        document, _, spec = self.written[rule.id]
        return spec.review or document.model.review  # type: ignore[attr-defined]

    def _implies(self, rule: Rule, other: Rule) -> bool:
        someone = self.subject(rule.of)
        terms = [someone.truths(rule.when).true, no(someone.truths(other.when).true)]
        question = f"whether '{rule.name}' fires without '{other.name}'"
        return self.prover.possible(terms, self.when(rule).place, question) == "unsat"

    def _adds_nothing(self, rule: Rule, other: Rule) -> None:
        prover, written = self.prover, self.when(rule)
        witness = self._both_fire(rule, other, f"both fire, and '{other.name}' does all that '{rule.name}' does")
        if witness is None:
            return
        message = f"the rule '{rule.name}' adds nothing: whenever it fires, '{other.name}' fires and does the same"
        because = (Because(f"holds whenever it holds: {other.name}", self.when(other).place),)
        prover.found(Finding("TRL422", written.place, message, "remove one of the two", because, witness))

    def _disagree(self, one: Rule, other: Rule, effect: str, opposite: str) -> bool:
        """Whether two rules with opposite effects can meet so that nothing settles it; says so."""
        prover, someone = self.prover, self.subject(one.of)
        low, high = sorted((one, other), key=lambda rule: rule.priority)
        written = self.when(other)
        terms = [someone.truths(one.when).true, someone.truths(other.when).true]
        question = f"whether '{one.name}' and '{other.name}' can fire together"
        if prover.possible(terms, written.place, question) != "sat":
            return False
        if low.priority != high.priority and not self._implies(low, high):
            return False
        witness = self._both_fire(one, other, f"both fire: one says {effect}, the other {opposite}")
        if witness is None:
            return True
        document, number, _ = self.written[other.id]
        place = document.source.key_place(("rules", number, "then"))
        if low.priority == high.priority:
            message = (
                f"the rules '{one.name}' and '{other.name}' can fire together and disagree: {effect}, and {opposite}"
            )
            hint = "let one of them rule the other out, or give them different priorities"
        else:
            message = (
                f"the rule '{low.name}' never has its way: '{high.name}' always fires with it and says the opposite"
            )
            hint = f"narrow '{high.name}', or remove '{low.name}'"
        because = (Because(f"disagrees: {one.name}", self.when(one).place),)
        prover.found(Finding("TRL423", place, message, hint, because, witness))
        return True

    def _both_fire(self, one: Rule, other: Rule, says: str) -> Any:
        prover, someone = self.prover, self.subject(one.of)

        def replay(people: Mapping[str, Evidence]) -> Sequence[Decision] | None:
            fired = firing((one, other), "m1", people["m1"], prover.at)
            return fired if len(fired) == 2 else None

        moment = Moment("m1", someone, [one.when, other.when])
        terms = [someone.truths(one.when).true, someone.truths(other.when).true]
        question = f"whether '{one.name}' and '{other.name}' fire together"
        return prover.witness(says, [moment], terms, replay, self.when(one).place, question)


def _opposites(mine: Sequence[tuple[str, Any]], theirs: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """Effects of two rules that undo or contradict each other."""
    for verb, body in mine:
        for other, opposite in theirs:
            if {verb, other} == {"award", "revoke"}:
                given, taken = (body, opposite) if verb == "award" else (opposite, body)
                yield from _given_and_taken(given, taken, verb == "award")
            elif verb == other == "assign" and (body.as_, body.to) == (opposite.as_, opposite.to):
                mine_from, theirs_from = body.from_, opposite.from_
                if mine_from != theirs_from:
                    yield f"{body.as_} from {mine_from}", f"{opposite.as_} from {theirs_from}"


def _given_and_taken(given: Any, taken: Any, first: bool) -> Iterator[tuple[str, str]]:
    if given.to != taken.from_ or isinstance(given.give, str):
        return
    for prize in given.give:
        for kind in ("title", "benefit"):
            what = getattr(prize, kind)
            if what is not None and what == getattr(taken, kind):
                words = (f"award {kind} {what}", f"revoke {kind} {what}")
                yield words if first else (words[1], words[0])
