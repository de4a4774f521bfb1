"""Ladders: tiers that nobody can earn, that nobody can keep, and members who would go up and down for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rules.condition import Attribute, Condition
from rules.decision import Decision
from rules.ladder import Ladder, next_step
from rules.proof.finding import Because, Finding, Witness
from rules.proof.places import Written
from rules.proof.prover import Claim, Moment, Prover
from rules.proof.subject import Subject
from rules.proof.terms import TRUE, at_least, both, no
from rules.spec.diagnostics import Place
from rules.values import BOOLEAN, INTEGER, SET, TEXT, Evidence, Value, ValueType

TOMORROW = 1
"""Days in a tier of somebody who rose into it at the last review."""


def ladders(prover: Prover) -> None:
    """Examine every ladder, once for each value of those kept per value."""
    for ladder in prover.rulebook.ladders:
        _Examination(prover, ladder).whole()


def reaches(prover: Prover) -> None:
    """Examine only which tiers can be earned."""
    for ladder in prover.rulebook.ladders:
        _Examination(prover, ladder).reach()


class _Examination:
    def __init__(self, prover: Prover, ladder: Ladder) -> None:
        self.prover, self.ladder = prover, ladder
        self.document = prover.places.ladder(ladder.id)
        self.said = "" if ladder.value is None else f" (of {ladder.value})"
        self._standing: dict[int, Subject] = {}

    def whole(self) -> None:
        if self._exempt():
            return
        for rank in range(len(self.ladder.rungs)):
            never = self._keep(rank)
            if rank and self._earn(rank) and not never and not self._kept(rank):
                self._bounce(rank)
                self._flicker(rank)

    def reach(self) -> None:
        if not self._exempt():
            for rank in range(1, len(self.ladder.rungs)):
                self._earn(rank)

    # ------------------------------------------------------------------------------------------------------- moments
    def standing(self, rank: int) -> Subject:
        """Somebody in the tier of this rank."""
        if rank not in self._standing:
            someone = self._standing[rank] = self.prover.subject(self._given(rank))
            self._has_held(someone, rank)
        return self._standing[rank]

    def _has_held(self, someone: Subject, rank: int) -> None:
        """Whoever stands in a tier has held it."""
        name = f"{self.ladder.id}_held" + ("" if self.ladder.value is None else f"@{self.ladder.value}")
        held = someone.attribute(name, SET)
        surely = held.surely | {self.ladder.rungs[rank].id}
        someone.attributes[name] = replace(held, surely=surely)

    def _given(self, rank: int) -> dict[str, tuple[ValueType, Value | None]]:
        return {self.ladder.standing.names[0]: (self.ladder.type, self.ladder.rungs[rank].id)}

    def after(self, before: Subject, rank: int, days: int | None = None) -> Subject:
        """The same person in another tier, some time after a move; nothing else has changed."""
        given: dict[str, tuple[ValueType, Value | None]] = {
            **self._given(rank),
            "last_move": (TEXT, "automatic"),
            "in_grace": (BOOLEAN, False),
        }
        since = self.ladder.since.names[0]
        if days is not None:
            given[since] = (INTEGER, days)
        moved = self.prover.subject(
            given, base=before, anew=frozenset({"in_tier"}) if self.ladder.id == "tier" else frozenset()
        )
        if days is None:
            moved.attributes[since] = self.prover.domain.attribute(moved, since, INTEGER)
            self.prover.world.law(moved.attributes[since].known, f"{since} is known")
        self._has_held(moved, rank)
        return moved

    # ------------------------------------------------------------------------------------------------------- terms
    def free(self, subject: Subject, rank: int) -> list[Claim]:
        """That a review may move somebody in this tier down: not pinned, not exempt, no floor at the tier."""
        pinned = [subject.attribute(name, BOOLEAN) for name in self.ladder.names("pinned")]
        claims = [Claim(no(both((var.known, var.value))), "not pinned") for var in pinned]
        if self.ladder.exempt is not None:
            exempt = subject.truths(self.ladder.exempt).true
            claims.append(Claim(no(exempt), "not exempt", self._place("exempt")))
        for number, floor in enumerate(self.ladder.floors):
            if floor.rank >= rank:
                text = f"not held at {self.ladder.rungs[floor.rank].id} by a floor"
                claims.append(Claim(no(subject.truths(floor.when).true), text, self._place("floors", number, "when")))
        return claims

    def rising(self, subject: Subject, rank: int, start: int) -> list[Claim]:
        """That a review lets somebody in tier `start` rise to a tier, but for what the tier asks."""
        claims = self.free(subject, start + 1)
        keep = self.ladder.rungs[start].keep
        if keep is not None:
            text = f"not below what {self.ladder.rungs[start].id} asks of those who stay"
            claims.append(Claim(no(subject.truths(keep).false), text, self._place("tiers", start, "keep")))
        if self.ladder.cooldown is not None:
            days = self.ladder.cooldown.days(self.prover.at)
            text = f"{self.ladder.since.names[0]} is at least {days}, for the cooldown"
            claims.append(Claim(self._waited(subject, self.ladder.since, days), text, self._place("cooldown")))
        observe = self.ladder.rungs[rank].observe
        if observe is not None:
            met = Attribute(self.ladder.names("met_for"), INTEGER)
            days = observe.days(self.prover.at)
            text = f"met for {days} days, as observe asks"
            claims.append(Claim(self._waited(subject, met, days), text, self._place("tiers", rank, "observe")))
        return claims

    def _waited(self, subject: Subject, since: Attribute, days: int) -> str:
        """That the first of some attributes that is known is at least so many days; or that none is."""
        rest: str = TRUE
        for name in reversed(since.names):
            var = subject.attribute(name, since.type)
            rest = f"(ite {var.known} {at_least(var.value, days)} {rest})"
        return rest

    def down(self, subject: Subject, rank: int) -> list[str]:
        """That a review finds somebody below what their tier asks of those who stay."""
        keep = self.ladder.rungs[rank].keep
        assert keep is not None
        return [*(claim.term for claim in self.free(subject, rank)), subject.truths(keep).false]

    def up(self, subject: Subject, rank: int) -> list[str]:
        """That a review lets somebody rise into this tier from the one below."""
        earn = self.ladder.rungs[rank].earn
        assert earn is not None
        return [*(claim.term for claim in self.rising(subject, rank, rank - 1)), subject.truths(earn).true]

    # ------------------------------------------------------------------------------------------------------- findings
    def _exempt(self) -> bool:
        """Whether everybody is exempt, so that nobody is ever moved; says so."""
        if self.ladder.exempt is None:
            return False
        someone, place = self.prover.subject(), self._place("exempt")
        question = f"whether anybody is not exempt on the ladder '{self.ladder.id}'"
        if self.prover.possible([no(someone.truths(self.ladder.exempt).true)], place, question) == "unsat":
            message = f"everybody is exempt on the ladder '{self.ladder.id}': nobody is ever moved"
            self.prover.found(Finding("TRL406", place, message, "exempt few, or nobody"))
            return True
        return False

    def _earn(self, rank: int) -> bool:
        """Whether anybody can rise into a tier at all; says so where nobody can."""
        rung, prover = self.ladder.rungs[rank], self.prover
        written = self._written(rank, "earn")
        if rung.earn is None or written is None:
            return False
        starts = range(rank - 1, max(-1, rank - 1 - self.ladder.max_step), -1)
        question = f"whether anybody can earn '{rung.id}'{self.said}"
        for start in starts:
            someone = self.standing(start)
            steps = [self.ladder.rungs[step].earn for step in range(start + 1, rank + 1)]
            if any(step is None for step in steps):
                continue
            earned = [someone.truths(step).true for step in steps if step is not None]
            terms = [*(claim.term for claim in self.rising(someone, rank, start)), *earned]
            answer = prover.possible(terms, written.place, question)
            if answer != "unsat":
                return answer == "sat"
        below = self.standing(rank - 1)
        lines = prover.places.lines(written)
        claims = [*prover.claims(below, lines), *self.rising(below, rank, rank - 1)]
        here = self.ladder.rungs[rank - 1].id
        claims.append(Claim(TRUE, f"stands in {here}, one below"))
        moment = Moment("m1", below, self._conditions(rank - 1, rank), self._also())
        floors = [self.ladder.rungs[floor.rank].id for floor in self.ladder.floors if floor.rank >= rank]
        message = f"nobody can earn the tier '{rung.id}'{self.said}"
        if floors:
            message += ", only a floor leads there"
        prover.impossible("TRL400", written.place, message, "change one of the lines below", claims, moment)
        return False

    def _keep(self, rank: int) -> bool:
        """Whether `keep` is something that nobody can meet, or nobody can miss; says so."""
        rung, prover = self.ladder.rungs[rank], self.prover
        written = self._written(rank, "keep")
        if rung.keep is None or written is None:
            return False
        someone = self.standing(rank)
        true, false = someone.truths(rung.keep)
        if prover.possible([true], written.place, f"whether anybody can keep '{rung.id}'{self.said}") == "unsat":
            claims = prover.claims(someone, prover.places.lines(written))
            moment = Moment("m1", someone, [rung.keep], self._also())
            message = f"nobody can meet what '{rung.id}' asks of those who stay{self.said}"
            prover.impossible("TRL402", written.place, message, "ask what can be met", claims, moment)
            return True
        if prover.possible([false], written.place, f"whether anybody can fall below '{rung.id}'{self.said}") == "unsat":
            message = f"nobody can fall below what '{rung.id}' asks of those who stay{self.said}"
            hint = "leave out keep and grace, or ask something that can be missed"
            prover.found(Finding("TRL403", written.place, message, hint))
        return False

    def _kept(self, rank: int) -> bool:
        """Whether somebody who rises into a tier is below its `keep` at once; says so with somebody made up."""
        rung, prover = self.ladder.rungs[rank], self.prover
        written = self._written(rank, "keep")
        if rung.keep is None or written is None:
            return False
        today = self.standing(rank - 1)
        tomorrow = self.after(today, rank, TOMORROW)
        terms = [*self.up(today, rank), *self.down(tomorrow, rank)]
        question = f"whether whoever earns '{rung.id}'{self.said} also keeps it"
        if prover.possible(terms, written.place, question) != "sat":
            return False
        missed = [
            line
            for line in prover.places.lines(written)
            if prover.solver.check([*self.up(today, rank), tomorrow.truths(line.condition).false]) == "sat"
        ]

        def replay(people: Mapping[str, Evidence]) -> Sequence[Decision] | None:
            first = next_step(self.ladder, "today", people["today"], prover.at)
            second = next_step(self.ladder, "tomorrow", people["tomorrow"], prover.at)
            rises = first.outcome == "promote" and first.to == rung.id and first.because != "floor"
            return (first, second) if rises and second.outcome in ("grace", "demote") else None

        says = f"rises to {rung.id} today and is below its keep tomorrow, though nothing has changed"
        moments = [
            Moment("today", today, self._conditions(rank - 1, rank), self._also()),
            Moment("tomorrow", tomorrow, self._conditions(rank, None), self._also()),
        ]
        witness = prover.witness(says, moments, terms, replay, written.place, question)
        if witness is None:
            return True
        falls = "starts grace" if rung.grace is not None else "loses it"
        message = f"earn of '{rung.id}' does not imply keep{self.said}: somebody promoted today {falls} tomorrow"
        hint = "ask no more of those who stay than of those who rise, over the same windows"
        because = tuple(Because(f"may be missed by whoever earns it: {line.text}", line.place) for line in missed)
        prover.found(Finding("TRL401", written.place, message, hint, because, witness))
        return True

    def _bounce(self, rank: int) -> None:
        """Somebody who loses a tier in time and then earns it again, with nothing changed but the days."""
        rung, prover = self.ladder.rungs[rank], self.prover
        written = self._written(rank, "keep")
        if rung.keep is None or written is None:
            return
        ranks = range(rung.falls_to, rank)
        if any(self.ladder.rungs[step + 1].earn is None for step in ranks):
            return
        first = self.standing(rank)
        terms, moments, names = self.down(first, rank), [], [rung.id]
        moments.append(Moment("above", first, self._conditions(rank, None), self._also()))
        for step in ranks:
            again = self.after(first, step)
            terms += self.up(again, step + 1)
            moments.append(
                Moment(f"in-{self.ladder.rungs[step].id}", again, self._conditions(step, step + 1), self._also())
            )
            names.append(self.ladder.rungs[step].id)
        question = f"whether anybody would lose '{rung.id}'{self.said} and earn it again"
        if prover.possible(terms, written.place, question) != "sat":
            return

        def replay(people: Mapping[str, Evidence]) -> Sequence[Decision] | None:
            decisions = [next_step(self.ladder, id_, evidence, prover.at) for id_, evidence in people.items()]
            fell, *rose = decisions
            ups = all(d.outcome == "promote" and d.because != "floor" for d in rose)
            return decisions if fell.outcome in ("grace", "demote") and ups else None

        says = f"goes {' → '.join([*names, rung.id])} and round again, though nothing changes but the days"
        witness = prover.witness(says, moments, terms, replay, written.place, question)
        if witness is not None:
            waits = ", ".join(self._waits(rank)) or "nothing"
            message = f"somebody would lose '{rung.id}' and be promoted again, over and over{self.said}"
            hint = f"what slows it down: {waits}; let whatever ends a stay also stand against earning it"
            prover.found(Finding("TRL404", written.place, message, hint, (), witness))

    def _flicker(self, rank: int) -> None:
        """A tier whose earn and keep are one line, with nothing that waits: it comes and goes with every reading."""
        rung, prover = self.ladder.rungs[rank], self.prover
        written = self._written(rank, "keep")
        if rung.keep is None or rung.earn is None or written is None or rung.falls_to != rank - 1 or self._waits(rank):
            return
        today = self.standing(rank - 1)
        tomorrow = self.after(today, rank, TOMORROW)
        question = f"whether '{rung.id}'{self.said} is kept on less than it is earned by"
        gap = [
            *(claim.term for claim in self.rising(today, rank, rank - 1)),
            *(c.term for c in self.free(tomorrow, rank)),
        ]
        kept, earned = tomorrow.truths(rung.keep), today.truths(rung.earn)
        if prover.possible([*gap, no(kept.false), no(earned.true)], written.place, question) != "unsat":
            return

        witness = self._one_less(today, rank, question)
        if witness is not None:
            lost = f"'{rung.id}'{self.said} is lost at once at the very line at which it is earned"
            message = f"{lost}: members would flicker"
            hint = "ask less of those who stay, or add grace, observe or a cooldown"
            prover.found(Finding("TRL405", written.place, message, hint, (), witness))

    def _one_less(self, today: Subject, rank: int, question: str) -> Witness | None:
        """Somebody who rises today, and falls when a single reading has changed by one."""
        rung, prover = self.ladder.rungs[rank], self.prover
        written = self._written(rank, "keep")
        assert written is not None
        assert rung.keep is not None
        later = prover.subject(self._given(rank))
        self._has_held(later, rank)
        before, after = today.touched([rung.keep])[1], later.touched([rung.keep])[1]
        for reading, var in before.items():
            if not var.type.numeric:
                continue
            less = f"(= (ite (> {var.value} {after[reading].value}) 1 (- 1)) (- {var.value} {after[reading].value}))"
            terms = [*self.up(today, rank), *self.down(later, rank), less]
            terms += [f"(= {var.value} {after[r].value})" for r, var in before.items() if r != reading and var.value]
            if prover.solver.check(terms) != "sat":
                continue

            def replay(people: Mapping[str, Evidence]) -> Sequence[Decision] | None:
                first = next_step(self.ladder, "today", people["today"], prover.at)
                second = next_step(self.ladder, "next", people["next"], prover.at)
                return (first, second) if (first.outcome, second.outcome) == ("promote", "demote") else None

            says = f"rises to {rung.id} today and loses it at the next review, with {reading.name} changed by one"
            moments = [
                Moment("today", today, self._conditions(rank - 1, rank), self._also()),
                Moment("next", later, self._conditions(rank, None), self._also()),
            ]
            return prover.witness(says, moments, terms, replay, written.place, question)
        prover.open(written.place, question, "earn and keep are one line, but no single reading crosses it")
        return None

    # ------------------------------------------------------------------------------------------------------- helpers
    def _waits(self, rank: int) -> list[str]:
        rung = self.ladder.rungs[rank]
        waits = (("grace", rung.grace), ("observe", rung.observe), ("cooldown", self.ladder.cooldown))
        named = [f"{name} {wait.duration}" for name, wait in waits if wait is not None]
        tier = self.document.model.tiers[rank]  # type: ignore[attr-defined]
        asked = (("approval", tier.approval), ("invitation", tier.invitation))
        return named + [name for name, one in asked if one is not None]

    def _conditions(self, rank: int, target: int | None) -> list[Condition]:
        """The conditions by which a review decides about somebody in a tier."""
        each = [self.ladder.rungs[rank].keep, self.ladder.exempt, *(floor.when for floor in self.ladder.floors)]
        if target is not None:
            each += [self.ladder.rungs[step].earn for step in range(rank + 1, target + 1)]
        return [one for one in each if one is not None]

    def _also(self) -> tuple[str, ...]:
        fixed = (self.ladder.standing.names[0], *self.ladder.since.names)
        return (*fixed, *self.ladder.names("pinned"), *self.ladder.names("met_for"))

    def _written(self, rank: int, key: str) -> Written | None:
        return self.prover.places.tier(self.ladder.id, rank, key, self.ladder.value)

    def _place(self, *path: str | int) -> Place:
        return self.document.source.key_place(path)
