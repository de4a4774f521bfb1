"""Exact numbers over whole columns: scaled whole numbers with a fixed denominator, wide enough never to overflow.

Polars computes in 64 or 128 bits. Every step here knows how large its result can become and takes the width
that holds it; what could outgrow 128 bits raises `TooWide`, and that one condition is read row by row instead.
What is used twice is kept as a column, so that nested metrics cost what they are, not what they would written out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm

import polars as pl

from rules.condition import Rounding
from rules.values import LARGEST

NARROW = 2**62
WIDE = 2**125


Keep = Callable[[pl.Expr], pl.Expr]
"""Computes an expression now, and gives the column it stands in."""


class TooWide(ArithmeticError):
    """A number that 128 bits may not hold."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of rational numbers, null where unknown.

    Args:
        above: whole numbers.
        below: the whole number they all stand over.
        most: how large one above can be, either way.
        keep: where what is used twice is kept.
    """

    above: pl.Expr
    below: int
    most: int
    keep: Keep

    def times(self, factor: Fraction) -> "Numbers":
        """Each times a fixed number."""
        shared = gcd(factor.numerator, self.below) or 1
        top, below = factor.numerator // shared, self.below // shared * factor.denominator
        most = self.most * abs(top)
        return Numbers(_times(self.above, top, max(most, self.most)), below, max(most, 1), self.keep)

    def over(self, below: int) -> "Numbers":
        """The same numbers over a multiple of their denominator."""
        factor = below // self.below
        return Numbers(_times(self.above, factor, self.most * factor), below, self.most * factor, self.keep)

    def at_most(self, cap: Fraction | None) -> "Numbers":
        """Each, or the cap where it is less."""
        return self if cap is None else self._kept(cap, upper=True)

    def at_least(self, floor: Fraction | None) -> "Numbers":
        """Each, or the floor where it is more."""
        return self if floor is None else self._kept(floor, upper=False)

    def _kept(self, bound: Fraction, *, upper: bool) -> "Numbers":
        same = self.over(lcm(self.below, bound.denominator))
        edge = int(bound * same.below)
        most = max(same.most, abs(edge))
        column, limit = self.keep(_wide(same.above, most)), literal(edge, most)
        beyond = column > limit if upper else column < limit
        return Numbers(pl.when(beyond).then(limit).otherwise(column), same.below, most, self.keep)

    def whole(self, round_: Rounding) -> "Numbers":
        """Each as a whole number, rounded so; `exact` leaves it."""
        if round_ == "exact":
            return self
        if round_ == "up":
            return self.times(Fraction(-1)).whole("down").times(Fraction(-1))
        if round_ == "half_up":
            return _doubled(self).whole("down")
        most = 2 * self.most + 2 * self.below
        column = _wide(self.above, most)
        divisor = literal(self.below, most)
        whole = column // divisor if round_ == "down" else _half_even(column, divisor, self.keep)
        return Numbers(whole, 1, self.most + 1, self.keep)

    def kept(self) -> "Numbers":
        """The same, computed once."""
        return replace(self, above=self.keep(self.above))


def plus(one: Numbers, other: Numbers) -> Numbers:
    """The sum of two columns."""
    below = lcm(one.below, other.below)
    one, other = one.over(below), other.over(below)
    most = one.most + other.most
    return Numbers(_wide(one.above, most) + _wide(other.above, most), below, most, one.keep)


def divided(above: Numbers, below: Numbers, scale: int) -> Numbers:
    """One column over another, times `scale`, rounded half to even; null where the divisor is 0."""
    factor = Fraction(below.below * scale, above.below)
    top = above.above, above.most * factor.numerator
    bottom = below.above, below.most * factor.denominator
    most = 2 * (top[1] + bottom[1])
    dividend = _times(_wide(top[0], most), factor.numerator, most)
    divisor = above.keep(_times(_wide(bottom[0], most), factor.denominator, most))
    zero = literal(0, most)
    sign = above.keep(pl.when(divisor < zero).then(literal(-1, most)).otherwise(literal(1, most)))
    divisor = pl.when(divisor == zero).then(None).otherwise(divisor * sign)
    return Numbers(_half_even(dividend * sign, divisor, above.keep), 1, top[1], above.keep)


def base(column: pl.Expr, scale: int, keep: Keep) -> Numbers:
    """A column that passed the gate: whole numbers up to 2^53, over the scale of their type."""
    return Numbers(column, scale, LARGEST, keep)


def literal(number: int, most: int) -> pl.Expr:
    """A fixed number in the width that `most` needs."""
    return pl.lit(number, dtype=_width(max(most, abs(number))))


def _half_even(dividend: pl.Expr, divisor: pl.Expr, keep: Keep) -> pl.Expr:
    """Whole quotient for a positive divisor, halves to even."""
    dividend, divisor = keep(dividend), keep(divisor)
    whole = keep(dividend // divisor)
    twice = keep((dividend - whole * divisor) * 2)
    up = (twice > divisor) | ((twice == divisor) & (whole % 2 != 0))
    return whole + up.cast(pl.Int64)


def _doubled(numbers: Numbers) -> Numbers:
    """Twice each and one denominator more, over twice the denominator: a half more, to be rounded down."""
    most = 2 * numbers.most + numbers.below
    column = _times(numbers.above, 2, most)
    return Numbers(column + literal(numbers.below, most), 2 * numbers.below, most, numbers.keep)


def _times(column: pl.Expr, factor: int, most: int) -> pl.Expr:
    column = _wide(column, most)
    return column if factor == 1 else column * literal(factor, most)


def _wide(column: pl.Expr, most: int) -> pl.Expr:
    return column.cast(_width(most))


def _width(most: int) -> type[pl.Int64] | type[pl.Int128]:
    if most < NARROW:
        return pl.Int64
    if most < WIDE:
        return pl.Int128
    raise TooWide(f"a number of up to {most.bit_length()} bits")
