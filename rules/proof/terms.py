"""Terms: the few words of SMT-LIB in which questions are put, folded where the answer is plain already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

TRUE, FALSE = "true", "false"


def both(parts: Iterable[str]) -> str:
    """All of these."""
    kept = dict.fromkeys(part for part in parts if part != TRUE)
    if FALSE in kept:
        return FALSE
    return TRUE if not kept else next(iter(kept)) if len(kept) == 1 else f"(and {' '.join(kept)})"


def either(parts: Iterable[str]) -> str:
    """One of these."""
    kept = dict.fromkeys(part for part in parts if part != FALSE)
    if TRUE in kept:
        return TRUE
    return FALSE if not kept else next(iter(kept)) if len(kept) == 1 else f"(or {' '.join(kept)})"


def no(term: str) -> str:
    """Not this."""
    return FALSE if term == TRUE else TRUE if term == FALSE else f"(not {term})"


def implies(if_: str, then: str) -> str:
    """If this, then that."""
    return either((no(if_), then))


def number(value: int) -> str:
    """A whole number."""
    return str(value) if value >= 0 else f"(- {-value})"


def times(factor: int, term: str) -> str:
    """So many times a number."""
    return term if factor == 1 else "0" if factor == 0 else f"(* {number(factor)} {term})"


def total(terms: Iterable[str]) -> str:
    """The sum of numbers."""
    parts = [term for term in terms if term != "0"]
    return "0" if not parts else parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"


def at_least(term: str, value: int) -> str:
    """A number is at least so much."""
    return f"(>= {term} {number(value)})"


def at_most(term: str, value: int) -> str:
    """A number is at most so much."""
    return f"(<= {term} {number(value)})"


def equal(term: str, value: int) -> str:
    """A number is so much."""
    return f"(= {term} {number(value)})"


def so_many(count: int, terms: Iterable[str]) -> str:
    """At least so many of these."""
    listed = list(terms)
    if count <= 0:
        return TRUE
    if count > len(listed):
        return FALSE
    if count == 1:
        return either(listed)
    if count == len(listed):
        return both(listed)
    return f"((_ at-least {count}) {' '.join(listed)})"


@dataclass(frozen=True, slots=True)
class Part:
    """A number as a whole number of parts: `term` / `of`."""

    term: str
    of: int = 1

    @classmethod
    def fixed(cls, value: Fraction) -> Part:
        """A number that is known."""
        return cls(number(value.numerator), value.denominator)

    def least(self, other: Part, word: str = "<=") -> str:
        """Compare with another: `word` is one of SMT-LIB's, such as <= or =."""
        return f"({word} {times(other.of, self.term)} {times(self.of, other.term)})"

    def chosen(self, other: Part, word: str) -> Part:
        """The smaller (`<=`) or the larger (`>=`) of two."""
        whole = self.of * other.of
        mine, theirs = times(other.of, self.term), times(self.of, other.term)
        return Part(f"(ite ({word} {mine} {theirs}) {mine} {theirs})", whole)


def rounded_down(part: Part) -> Part:
    """To the whole number below."""
    return part if part.of == 1 else Part(f"(div {part.term} {part.of})")


def rounded_up(part: Part) -> Part:
    """To the whole number above."""
    return part if part.of == 1 else Part(f"(- (div (- {part.term}) {part.of}))")


def rounded_half_up(part: Part) -> Part:
    """To the nearest whole number, halves up."""
    return part if part.of == 1 else Part(f"(div (+ (* 2 {part.term}) {part.of}) {2 * part.of})")


def rounded_half_even(part: Part) -> Part:
    """To the nearest whole number, halves to the even one."""
    if part.of == 1:
        return part
    up = f"(div (+ (* 2 {part.term}) {part.of}) {2 * part.of})"
    tie = f"(= (mod (+ (* 2 {part.term}) {part.of}) {2 * part.of}) 0)"
    odd = f"(= (mod {up} 2) 1)"
    return Part(f"(ite (and {tie} {odd}) (- {up} 1) {up})")
