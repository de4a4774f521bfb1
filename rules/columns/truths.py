"""Truths over whole columns: a condition as one Polars expression, null where it is unknown.

Polars' own and, or and not are the three-valued ones of the language, so unknown needs no second column.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from math import ceil, floor
from operator import and_, or_

import polars as pl

from rules.columns.numbers import NARROW, Numbers, TooWide, base, divided, literal, plus
from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Best,
    Bound,
    Condition,
    ExactlyOne,
    Fixed,
    Held,
    Leaf,
    Measured,
    Named,
    Not,
    Ratio,
    Same,
    Score,
    Share,
    Source,
    Titles,
    Truth,
)
from rules.reading import Reading
from rules.values import Evidence, Value, ValueType

UNKNOWN = pl.lit(None, dtype=pl.Boolean)
RowWise = Callable[[Condition], Sequence[Truth]]


@dataclass
class Columns:
    """Writes conditions as expressions over one frame.

    Args:
        frame: attributes by name, readings by key, as the memory's measures give them; what expressions share is
            added to it as they are written, so an expression is read from this frame and from no other.
        row_wise: reads a condition row by row, for the few that outgrow 128 bits.
    """

    frame: pl.DataFrame
    row_wise: RowWise
    names: frozenset[str] = field(init=False)
    _done: dict[int, tuple[Condition, pl.Expr]] = field(default_factory=dict)
    _values: dict[int, tuple[Source, "Numbers | pl.Expr | None"]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = frozenset(name for name, type_ in self.frame.schema.items() if type_ != pl.Null)

    def keep(self, expression: pl.Expr) -> pl.Expr:
        """Compute something that is used more than once, and give its column."""
        if expression.meta.is_column():
            return expression
        name = f"·{self.frame.width}"
        self.frame = self.frame.with_columns(expression.alias(name))
        return pl.col(name)

    def forget(self) -> None:
        """Let go of what was written: numbers know these columns and these the numbers, so neither goes by itself."""
        self._done.clear()
        self._values.clear()

    def truth(self, condition: Condition) -> pl.Expr:
        """How a condition comes out, on every row: true, false, or null for unknown."""
        found = self._done.get(id(condition))
        if found is None:
            found = self._done[id(condition)] = (condition, self._truth(condition))
        return found[1]

    def surely(self, condition: Condition) -> pl.Expr:
        """Where a condition is surely true."""
        return self.truth(condition).fill_null(value=False)

    def _truth(self, condition: Condition) -> pl.Expr:
        match condition:
            case Leaf():
                return self._leaf(condition)
            case Titles(node=node):
                return self.truth(node)
            case Held():
                return self._held(condition)
            case Fixed(truth):
                return pl.lit(truth, dtype=pl.Boolean)
            case Not(node):
                return self.truth(node).not_()
            case AllOf(nodes):
                return reduce(and_, self._each(nodes), pl.lit(value=True))
            case AnyOf(nodes):
                return reduce(or_, self._each(nodes), pl.lit(value=False))
            case ExactlyOne(nodes):
                trues, unknowns = self._counted(nodes)
                return pl.when(trues > 1).then(False).when(unknowns > 0).then(UNKNOWN).otherwise(trues == 1)
            case AtLeastOf(count, nodes):
                trues, unknowns = self._counted(nodes)
                return pl.when(trues >= count).then(True).when(trues + unknowns < count).then(False).otherwise(UNKNOWN)

    def _each(self, nodes: Sequence[Condition]) -> list[pl.Expr]:
        return [self.truth(node) for node in nodes]

    def _counted(self, nodes: Sequence[Condition]) -> tuple[pl.Expr, pl.Expr]:
        truths = [self.keep(truth) for truth in self._each(nodes)]
        trues = [truth.fill_null(value=False).cast(pl.Int32) for truth in truths]
        unknowns = [truth.is_null().cast(pl.Int32) for truth in truths]
        return self.keep(pl.sum_horizontal(trues)), self.keep(pl.sum_horizontal(unknowns))

    def _held(self, held: Held) -> pl.Expr:
        if held.held_by is not None:
            has = self.truth(held.held_by)
        elif "titles" in self.names:
            has = reduce(or_, (pl.col("titles").list.contains(name) for name in held.names))
        else:
            has = UNKNOWN
        if held.rests_unless is None:
            return has
        has = self.keep(has)
        return pl.when(has.fill_null(value=False)).then(self.surely(held.rests_unless)).otherwise(has)

    # ---------------------------------------------------------------------------------------------------------- leaves
    def _leaf(self, leaf: Leaf) -> pl.Expr:
        try:
            value = self.value(leaf.source)
            if value is None:
                return pl.lit(leaf.bounds[0] is False, dtype=pl.Boolean) if leaf.comparison == "is_known" else UNKNOWN
            return self._compared(leaf, value)
        except TooWide:
            return pl.lit(pl.Series(self.row_wise(leaf), dtype=pl.Boolean))

    def _compared(self, leaf: Leaf, value: "Numbers | pl.Expr") -> pl.Expr:
        column = value.above if isinstance(value, Numbers) else value
        type_ = leaf.source.type
        match leaf.comparison:
            case "is_known":
                return column.is_null() if leaf.bounds[0] is False else column.is_not_null()
            case "contains" if type_.kind == "set":
                return column.list.contains(str(leaf.bounds[0]))
            case "contains":
                return column.str.contains(str(leaf.bounds[0]), literal=True)
            case "starts_with":
                return column.str.starts_with(str(leaf.bounds[0]))
            case "one_of" | "none_of":
                hit = reduce(or_, (self._hit(value, bound, type_) for bound in leaf.bounds), _never(column))
                return hit if leaf.comparison == "one_of" else hit.not_()
        if isinstance(value, Numbers):
            return self._ordered(leaf, value)
        if type_.kind == "tier" and leaf.comparison not in ("is", "is_not"):
            return _tiers(column, leaf.comparison, type_, str(leaf.bounds[0]))
        return self._same(column, leaf.bounds[0], different=leaf.comparison == "is_not")

    def _hit(self, value: "Numbers | pl.Expr", bound: Bound, type_: ValueType) -> pl.Expr:
        if isinstance(value, Numbers):
            return _against(value, "is", bound)  # type: ignore[arg-type]
        return value.list.contains(str(bound)) if type_.kind == "set" else value.eq(bound)

    def _same(self, column: pl.Expr, bound: Bound, *, different: bool) -> pl.Expr:
        if isinstance(bound, Same):
            other = self.value(bound.source)
            if other is None:
                return UNKNOWN
            bound_ = other if isinstance(other, pl.Expr) else other.above
        elif isinstance(bound, bool):
            return column != pl.lit(bound) if different else column == pl.lit(bound)
        else:
            bound_ = pl.lit(str(bound))
        return column != bound_ if different else column == bound_

    def _ordered(self, leaf: Leaf, value: Numbers) -> pl.Expr:
        bounds = [found for bound in leaf.bounds if (found := self._bound(bound)) is not None]
        if len(bounds) < len(leaf.bounds):
            return UNKNOWN
        if leaf.comparison != "between":
            return _against(value, leaf.comparison, bounds[0])
        both = _against(value, "at_least", bounds[0]) & _against(value, "at_most", bounds[1])
        asked = [bound.above.is_null() for bound in bounds if isinstance(bound, Numbers)]
        return pl.when(reduce(or_, asked)).then(UNKNOWN).otherwise(both) if asked else both

    def _bound(self, bound: Bound) -> Numbers | Fraction | None:
        if isinstance(bound, Share):
            return self._share(bound)
        if isinstance(bound, Fraction):
            return bound
        raise TypeError(f"{bound!r} is no number")

    def _share(self, share: Share) -> Numbers | None:
        of = self._share(share.of) if isinstance(share.of, Share) else self._numbers(share.of)
        if of is None:
            return None
        part = of.times(share.percent / 100).whole(share.round)
        return part.at_most(share.cap).at_least(share.floor).kept()

    # ---------------------------------------------------------------------------------------------------------- values
    def value(self, source: Source) -> "Numbers | pl.Expr | None":
        """What a source gives: numbers, or an expression of texts, truths or lists; None where no column tells."""
        found = self._values.get(id(source))
        if found is None:
            found = self._values[id(source)] = (source, self._value(source))
        return found[1]

    def _value(self, source: Source) -> "Numbers | pl.Expr | None":
        type_ = source.type
        match source:
            case Attribute(names):
                found = [pl.col(name) for name in names if name in self.names]
                return self._typed(None if not found else pl.coalesce(found) if len(found) > 1 else found[0], type_)
            case Best():
                best = self._best(source)
                return None if best is None else self.keep(best)
            case Measured(reading):
                return self._typed(self._reading(reading), type_)
        given = self._typed(self._reading(source.reading), type_)
        computed = self._computed(source)
        if computed is None:
            return given
        if isinstance(computed, Numbers):
            if isinstance(given, Numbers):
                wide = pl.Int64 if computed.most < NARROW else pl.Int128
                both = pl.coalesce(given.above.cast(wide), computed.above.cast(wide))
                return Numbers(self.keep(both), given.below, max(given.most, computed.most), self.keep)
            return computed.kept()
        return self.keep(computed if not isinstance(given, pl.Expr) else pl.coalesce(given, computed))

    def _typed(self, column: pl.Expr | None, type_: ValueType) -> "Numbers | pl.Expr | None":
        return base(column, type_.scale, self.keep) if column is not None and type_.numeric else column

    def _reading(self, reading: Reading) -> pl.Expr | None:
        return pl.col(reading.key) if reading.key in self.names else None

    def _numbers(self, source: Source) -> Numbers | None:
        value = self.value(source)
        return value if isinstance(value, Numbers) else None

    def _computed(self, source: Ratio | Score | Named) -> "Numbers | pl.Expr | None":
        match source:
            case Named(node=node):
                return self.truth(node)
            case Ratio(type=type_, numerator=above, denominator=below):
                top, bottom = self._numbers(above), self._numbers(below)
                if top is None or bottom is None:
                    return None
                found = divided(top, bottom, type_.scale)
                return Numbers(found.above, type_.scale, found.most, self.keep)
            case Score(type=type_, parts=parts, low=low, high=high):
                total = Numbers(literal(0, 0), 1, 0, self.keep)
                for part in parts:
                    numbers = self._numbers(part.source)
                    if numbers is None:
                        return None
                    total = plus(total, numbers.at_most(part.cap).times(part.weight))
                scaled = total.at_least(low).at_most(high).times(Fraction(type_.scale)).whole("half_even")
                return Numbers(scaled.above, type_.scale, scaled.most, self.keep)

    def _best(self, best: Best) -> pl.Expr | None:
        tiers = best.type.listed
        ranks = [
            pl.col(name).replace_strict(tiers, range(len(tiers)), return_dtype=pl.Int32)
            for name in best.names
            if name in self.names
        ]
        highest = (
            pl.max_horizontal(ranks).replace_strict(range(len(tiers)), tiers, return_dtype=pl.String) if ranks else None
        )
        if best.whole not in self.names:
            return highest
        return pl.col(best.whole) if highest is None else pl.coalesce(pl.col(best.whole), highest)


def evidence_of(row: Mapping[str, object], readings: Mapping[str, Reading]) -> Evidence:
    """One row as the reference evaluator reads it; `readings` names the columns that are readings."""
    attributes: dict[str, Value | None] = {}
    found: dict[Reading, Value | None] = {}
    for name, value in row.items():
        if value is None:
            continue
        held: Value = frozenset(value) if isinstance(value, list) else value  # type: ignore[assignment]
        reading = readings.get(name)
        if reading is None:
            attributes[name] = held
        else:
            found[reading] = held
    return Evidence(attributes, found)


def _never(column: pl.Expr) -> pl.Expr:
    """False wherever the value is known."""
    return pl.when(column.is_not_null()).then(False).otherwise(UNKNOWN)


def _tiers(column: pl.Expr, comparison: str, type_: ValueType, tier: str) -> pl.Expr:
    rank = type_.rank(tier)
    wanted = type_.listed[rank:] if comparison == "at_least" else type_.listed[: rank + 1]
    return reduce(or_, (column == one for one in wanted))


def _against(value: Numbers, comparison: str, bound: "Numbers | Fraction") -> pl.Expr:
    """Numbers against a bound, exactly: a fixed one is brought to the next whole number that decides the same."""
    if isinstance(bound, Numbers):
        most = max(value.most * bound.below, bound.most * value.below)
        left, right = value.times(Fraction(value.below * bound.below)), bound.times(Fraction(bound.below * value.below))
        literal(0, most)  # refuses what is too wide
        return _operator(comparison, left.above.cast(pl.Int128), right.above.cast(pl.Int128))
    exact = bound * value.below
    if comparison in ("is", "is_not"):
        if exact.denominator != 1:
            never = _never(value.above)
            return never if comparison == "is" else never.not_()
        edge = int(exact)
    else:
        edge = ceil(exact) if comparison in ("at_least", "less_than") else floor(exact)
    column = value.above if max(abs(edge), value.most) < NARROW else value.above.cast(pl.Int128)
    return _operator(comparison, column, literal(edge, max(abs(edge), value.most)))


def _operator(comparison: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    match comparison:
        case "is":
            return left == right
        case "is_not":
            return left != right
        case "at_least":
            return left >= right
        case "at_most":
            return left <= right
        case "more_than":
            return left > right
        case _:
            return left < right
