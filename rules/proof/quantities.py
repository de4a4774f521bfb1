"""Quantities: numbers of made-up subjects, read, divided, weighed and compared as exactly as the evaluator does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, NamedTuple

from rules.condition import Bound, Leaf, Ratio, Score, Share, Source
from rules.proof.terms import (
    FALSE,
    TRUE,
    Part,
    at_least,
    both,
    either,
    equal,
    no,
    rounded_down,
    rounded_half_even,
    rounded_half_up,
    rounded_up,
    times,
    total,
)

if TYPE_CHECKING:
    from rules.proof.subject import Subject


class Quantity(NamedTuple):
    """A scaled number that may be unknown.

    Args:
        known: when it is known.
        reaches: a term for "it is at least so much".
        part: the number itself.
    """

    known: str
    reaches: Callable[[int], str]
    part: Callable[[], Part]


class Quantities:
    """The numbers of one subject.

    Args:
        subject: whose.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._met: dict[int, tuple[Source, Quantity]] = {}

    def of(self, source: Source) -> Quantity:
        """A source that is a number."""
        found = self._met.get(id(source))
        if found is None:
            found = (source, self._quantity(source))
            self._met[id(source)] = found
        return found[1]

    def _quantity(self, source: Source) -> Quantity:
        match source:
            case Ratio():
                return self._ratio(source)
            case Score():
                return self._score(source)
        var = self.subject.var(source)
        value = self.subject.world.named(var.label, var.value, "Int")
        return Quantity(var.known, lambda least: at_least(value, least), lambda: Part(value))

    def _ratio(self, ratio: Ratio) -> Quantity:
        above, below = self.of(ratio.numerator), self.of(ratio.denominator)
        low = below.part()
        top = times(ratio.denominator.type.scale * ratio.type.scale * low.of, above.part().term)
        bottom = self.subject.world.named("below", times(ratio.numerator.type.scale * above.part().of, low.term), "Int")
        top = self.subject.world.named("above", top, "Int")
        known = both((above.known, below.known, no(equal(bottom, 0))))

        def reaches(least: int) -> str:  # the rounded share is at least so much, halves to the even side
            up, down = (">=", "<=") if least % 2 == 0 else (">", "<")
            twice, line = times(2, top), times(2 * least - 1, bottom)
            return either(
                (
                    both((f"(> {bottom} 0)", f"({up} {twice} {line})")),
                    both((f"(< {bottom} 0)", f"({down} {twice} {line})")),
                )
            )

        def part() -> Part:
            share = self.subject.world.constant(ratio.reading.key, "Int")
            size = f"(ite (> {bottom} 0) {bottom} (- {bottom}))"
            rest = f"(- (* 2 {top}) (* 2 {share} {bottom}))"
            near = both((f"(<= (- {size}) {rest})", f"(<= {rest} {size})"))
            tie = either((no(f"(or (= {rest} {size}) (= (- {rest}) {size}))"), f"(= (mod {share} 2) 0)"))
            self.subject.world.law(either((no(known), both((near, tie)))), f"{ratio.reading.key} is a share")
            return Part(share)

        return Quantity(known, reaches, _once(part))

    def _score(self, score: Score) -> Quantity:
        pieces: list[tuple[Fraction, Part]] = []
        known: list[str] = []
        for part in score.parts:
            one = self.of(part.source)
            known.append(one.known)
            piece = one.part()
            piece = Part(piece.term, piece.of * part.source.type.scale)
            if part.cap is not None:
                piece = piece.chosen(Part.fixed(part.cap), "<=")
            pieces.append((part.weight * score.type.scale, piece))
        of = 1
        for weight, piece in pieces:
            size = weight.denominator * piece.of
            of = of * size // _common(of, size)
        terms = [times(int(weight * of / piece.of), piece.term) for weight, piece in pieces]
        summed = self.subject.world.named(score.reading.key, total(terms), "Int")
        low, high = (None if x is None else x * score.type.scale for x in (score.low, score.high))

        def reaches(least: int) -> str:
            word = ">=" if least % 2 == 0 else ">"
            line = f"({word} {times(2, summed)} {_number((2 * least - 1) * of)})"
            if low is not None and round(low) >= least:
                line = TRUE
            return FALSE if high is not None and round(high) < least else line

        def part_() -> Part:
            value = Part(summed, of)
            value = value if low is None else value.chosen(Part.fixed(low), ">=")
            value = value if high is None else value.chosen(Part.fixed(high), "<=")
            whole = rounded_half_even(Part(self.subject.world.named("clamped", value.term, "Int"), value.of))
            return Part(self.subject.world.named(score.reading.key, whole.term, "Int"))

        return Quantity(both(known), reaches, _once(part_))

    def compared(self, leaf: Leaf) -> tuple[str, str]:
        """When a leaf about a number is decided at all, and when it then holds."""
        one, scale = self.of(leaf.source), leaf.source.type.scale
        if leaf.comparison == "is_known":
            return one.known, TRUE
        fixed = [bound * scale for bound in leaf.bounds if isinstance(bound, Fraction)]
        if len(fixed) == len(leaf.bounds):
            return one.known, _against(leaf.comparison, fixed, one.reaches)
        known, bounds = [one.known], []
        for bound in leaf.bounds:
            there, part = self._bound(bound)
            known.append(there)
            bounds.append(part)
        value = Part(one.part().term, one.part().of * scale)
        return both(known), _beside(leaf.comparison, bounds, value)

    def _bound(self, bound: Bound) -> tuple[str, Part]:
        if isinstance(bound, Fraction):
            return TRUE, Part.fixed(bound)
        assert isinstance(bound, Share)
        if isinstance(bound.of, Share):
            known, of = self._bound(bound.of)
        else:
            one = self.of(bound.of)
            known, of = one.known, Part(one.part().term, one.part().of * bound.of.type.scale)
        share = bound.percent / 100
        part = Part(times(share.numerator, of.term), of.of * share.denominator)
        part = Part(self.subject.world.named("share", part.term, "Int"), part.of)
        match bound.round:
            case "down":
                part = rounded_down(part)
            case "up":
                part = rounded_up(part)
            case "half_up":
                part = rounded_half_up(part)
            case "half_even":
                part = rounded_half_even(part)
        part = part if bound.cap is None else part.chosen(Part.fixed(bound.cap), "<=")
        part = part if bound.floor is None else part.chosen(Part.fixed(bound.floor), ">=")
        return known, part


def _against(word: str, bounds: Sequence[Fraction], reaches: Callable[[int], str]) -> str:
    """A scaled number beside fixed bounds, scaled alike."""

    def exactly(bound: Fraction) -> str:
        if bound.denominator != 1:
            return FALSE
        return both((reaches(int(bound)), no(reaches(int(bound) + 1))))

    match word:
        case "at_least":
            return reaches(ceil(bounds[0]))
        case "at_most":
            return no(reaches(floor(bounds[0]) + 1))
        case "more_than":
            return reaches(floor(bounds[0]) + 1)
        case "less_than":
            return no(reaches(ceil(bounds[0])))
        case "between":
            return both((reaches(ceil(bounds[0])), no(reaches(floor(bounds[1]) + 1))))
        case "is" | "one_of":
            return either(exactly(bound) for bound in bounds)
        case _:
            return no(either(exactly(bound) for bound in bounds))


def _beside(word: str, bounds: Sequence[Part], value: Part) -> str:
    """A number beside others that are read at the moment."""
    match word:
        case "at_least":
            return bounds[0].least(value)
        case "at_most":
            return value.least(bounds[0])
        case "more_than":
            return bounds[0].least(value, "<")
        case "less_than":
            return value.least(bounds[0], "<")
        case "between":
            return both((bounds[0].least(value), value.least(bounds[1])))
        case "is" | "one_of":
            return either(value.least(bound, "=") for bound in bounds)
        case _:
            return no(either(value.least(bound, "=") for bound in bounds))


def _once(make: Callable[[], Part]) -> Callable[[], Part]:
    made: list[Part] = []

    def get() -> Part:
        if not made:
            made.append(make())
        return made[0]

    return get


def _common(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def _number(value: int) -> str:
    return str(value) if value >= 0 else f"(- {-value})"
