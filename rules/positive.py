"""Positive: a condition as two questions without negation, over whole numbers only.

"Surely true?" and "surely false?" are each a plain and/or of comparisons of known values, because the opposite of a
comparison is another comparison and both fail where the value is missing. That is the narrow form which durable-rules
answers rightly, and which a compiled function answers fast. Texts and tiers become small numbers; what is no
comparison of one known value with a fixed one (shares, derived metrics, sets) is decided beforehand and becomes 1 or 0.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import ceil, comb, floor
from typing import Literal

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Condition,
    ExactlyOne,
    Fixed,
    Held,
    Leaf,
    Measured,
    Named,
    Not,
    Source,
    Titles,
)
from rules.evaluate import read, truth
from rules.reading import Reading
from rules.values import LARGEST, Evidence, Value

Operator = Literal["eq", "neq", "gte", "lte", "gt", "lt"]
_OPPOSITE: dict[Operator, Operator] = {"eq": "neq", "neq": "eq", "gte": "lt", "lt": "gte", "lte": "gt", "gt": "lte"}
_MOST_CHOICES = 12  # ways to choose in `at_least_of` that are written out,
_MOST_CHECKS = 120  # and comparisons that then stand there


@dataclass(frozen=True, slots=True)
class Check:
    """A field compared with a fixed whole number; fails where the field is not known."""

    field: int
    operator: Operator
    number: int


@dataclass(frozen=True, slots=True)
class Both:
    """All of these; none is always so."""

    parts: tuple["Formula", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of these; none is never so."""

    parts: tuple["Formula", ...]


Formula = Check | Both | Either
ALWAYS, NEVER = Both(()), Either(())


@dataclass(frozen=True, slots=True)
class Raw:
    """A field that is a known number, or true as 1 and false as 0."""

    source: Attribute | Measured


@dataclass(frozen=True, slots=True)
class Coded:
    """A field that is a text, as its code; 0 for texts that no condition names."""

    source: Attribute | Measured
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """A field that is 1 or 0 as a condition comes out, and not known where it is unknown."""

    condition: Condition


Field = Raw | Coded | Decided


@dataclass
class Fields:
    """The fields that formulas are about, and how each is read from evidence."""

    fields: list[Field] = field(default_factory=list)
    _places: dict[object, int] = field(default_factory=dict, repr=False)
    _codes: dict[object, dict[str, int]] = field(default_factory=dict, repr=False)

    def raw(self, source: Attribute | Measured) -> int:
        """The field of a number or a truth."""
        return self._place(("raw", source), Raw(source))

    def coded(self, source: Attribute | Measured, text: str) -> tuple[int, int]:
        """The field of a text, and the code of one text in it. Tiers are coded by rank."""
        place = self._place(("coded", source), Coded(source, ()))
        codes = self._codes.setdefault(source, {tier: rank + 1 for rank, tier in enumerate(source.type.listed)})
        return place, codes.setdefault(text, len(codes) + 1)

    def decided(self, condition: Condition) -> int:
        """The field of a condition that is decided beforehand."""
        return self._place(("decided", condition), Decided(condition))

    def _place(self, key: object, made: Field) -> int:
        if key not in self._places:
            self._places[key] = len(self.fields)
            self.fields.append(made)
        return self._places[key]

    def projection(self) -> Callable[[Evidence], dict[str, int]]:
        """A function that reads the known fields of one subject's evidence, by `name_of` their places."""
        by_reading: list[tuple[str, Reading, Mapping[Value, int] | None]] = []
        by_name: list[tuple[str, str, Mapping[Value, int] | None]] = []
        others: list[tuple[str, Source, Mapping[Value, int] | None]] = []
        decided: list[tuple[str, Condition]] = []
        for place, one in enumerate(self.fields):
            name = name_of(place)
            match one:
                case Decided(condition):
                    decided.append((name, condition))
                case Raw(source) | Coded(source):
                    codes = self._numbers(one)
                    if isinstance(source, Measured):
                        by_reading.append((name, source.reading, codes))
                    elif len(source.names) == 1:
                        by_name.append((name, source.names[0], codes))
                    else:
                        others.append((name, source, codes))

        def project(evidence: Evidence) -> dict[str, int]:
            found: dict[str, int] = {}
            get = evidence.readings.get
            for name, reading, codes in by_reading:
                value = get(reading)
                if value is not None:
                    found[name] = value if codes is None else codes.get(value, 0)  # type: ignore[assignment]
            look = evidence.attributes.get
            for name, key, codes in by_name:
                value = look(key)
                if value is not None:
                    found[name] = value if codes is None else codes.get(value, 0)  # type: ignore[assignment]
            for name, source, codes in others:
                value = read(source, evidence)
                if value is not None:
                    found[name] = value if codes is None else codes.get(value, 0)  # type: ignore[assignment]
            for name, condition in decided:
                outcome = truth(condition, evidence)
                if outcome is not None:
                    found[name] = 1 if outcome else 0
            return found

        return project

    def _numbers(self, one: Raw | Coded) -> Mapping[Value, int] | None:
        """What the values of a field become; None: whole numbers stay as they are."""
        if isinstance(one, Coded):
            codes: dict[Value, int] = {}
            codes.update(self._codes[one.source].items())
            return codes
        return {True: 1, False: 0} if one.source.type.kind == "boolean" else None


def name_of(place: int) -> str:
    """The name of a field, the same for every engine."""
    return f"f{place}"


def questions(condition: Condition, fields: Fields) -> tuple[Formula, Formula]:
    """(surely true, surely false) of a condition, both without negation."""
    match condition:
        case Leaf():
            return _leaf(condition, fields)
        case Titles(node=node):
            return questions(node, fields)
        case Fixed(truth=fixed):
            return (ALWAYS if fixed is True else NEVER, ALWAYS if fixed is False else NEVER)
        case Not(node):
            true, false = questions(node, fields)
            return false, true
        case AllOf(nodes):
            return _both(pairs := _each(nodes, fields), 0), _either(pairs, 1)
        case AnyOf(nodes):
            return _either(pairs := _each(nodes, fields), 0), _both(pairs, 1)
        case AtLeastOf(count, nodes) if comb(len(nodes), count) <= _MOST_CHOICES:
            pairs = _each(nodes, fields)
            true = either(_both(some, 0) for some in combinations(pairs, count))
            false = either(_both(some, 1) for some in combinations(pairs, len(pairs) - count + 1))
            return (true, false) if checks(true) + checks(false) <= _MOST_CHECKS else _decided(condition, fields)
        case Held() | ExactlyOne() | AtLeastOf():
            return _decided(condition, fields)


def _each(nodes: Iterable[Condition], fields: Fields) -> list[tuple[Formula, Formula]]:
    return [questions(node, fields) for node in nodes]


def _both(pairs: Iterable[tuple[Formula, Formula]], side: int) -> Formula:
    return both(pair[side] for pair in pairs)


def _either(pairs: Iterable[tuple[Formula, Formula]], side: int) -> Formula:
    return either(pair[side] for pair in pairs)


def both(parts: Iterable[Formula]) -> Formula:
    """All of these, flat, each once."""
    flat: dict[Formula, None] = {}
    for part in parts:
        if part == NEVER:
            return NEVER
        flat.update(dict.fromkeys(part.parts if isinstance(part, Both) else (part,)))
    return next(iter(flat)) if len(flat) == 1 else Both(tuple(flat))


def either(parts: Iterable[Formula]) -> Formula:
    """One of these, flat, each once."""
    flat: dict[Formula, None] = {}
    for part in parts:
        if part == ALWAYS:
            return ALWAYS
        flat.update(dict.fromkeys(part.parts if isinstance(part, Either) else (part,)))
    return next(iter(flat)) if len(flat) == 1 else Either(tuple(flat))


def _decided(condition: Condition, fields: Fields) -> tuple[Formula, Formula]:
    place = fields.decided(condition)
    return Check(place, "eq", 1), Check(place, "eq", 0)


def _leaf(leaf: Leaf, fields: Fields) -> tuple[Formula, Formula]:
    source, kind = leaf.source, leaf.source.type.kind
    if isinstance(source, Named) and leaf.comparison in ("is", "is_not"):
        return _decided(leaf, fields)
    if not isinstance(source, Attribute | Measured) or not all(
        isinstance(bound, Fraction | str | bool) for bound in leaf.bounds
    ):
        return _decided(leaf, fields)
    if source.type.numeric:
        return _number(leaf, source, fields)
    if kind == "boolean" and leaf.comparison in ("is", "is_not"):
        wanted = (leaf.bounds[0] is True) == (leaf.comparison == "is")
        place = fields.raw(source)
        return Check(place, "eq", int(wanted)), Check(place, "eq", int(not wanted))
    if kind in ("text", "tier", "member") and leaf.comparison in ("is", "is_not", "one_of", "none_of"):
        return _texts(leaf, source, fields)
    if kind == "tier" and leaf.comparison in ("at_least", "at_most"):
        place, code = fields.coded(source, str(leaf.bounds[0]))
        operator: Operator = "gte" if leaf.comparison == "at_least" else "lte"
        return Check(place, operator, code), Check(place, _OPPOSITE[operator], code)
    return _decided(leaf, fields)


def _texts(leaf: Leaf, source: Attribute | Measured, fields: Fields) -> tuple[Formula, Formula]:
    codes = [fields.coded(source, str(bound)) for bound in leaf.bounds]
    one = either(Check(place, "eq", code) for place, code in codes)
    other = both(Check(place, "neq", code) for place, code in codes)
    return (one, other) if leaf.comparison in ("is", "one_of") else (other, one)


def _number(leaf: Leaf, source: Attribute | Measured, fields: Fields) -> tuple[Formula, Formula]:
    place = fields.raw(source)
    known = Check(place, "lte", LARGEST)
    if leaf.comparison == "is_known":
        return _decided(leaf, fields)
    exact = [bound * source.type.scale for bound in leaf.bounds if isinstance(bound, Fraction)]
    if leaf.comparison == "between":
        low = Check(place, "gte", _clamped(ceil(exact[0])))
        high = Check(place, "lte", _clamped(floor(exact[1])))
        return both((low, high)), either((_opposite(low), _opposite(high)))
    if leaf.comparison in ("is", "is_not", "one_of", "none_of"):
        whole = [_clamped(int(number)) for number in exact if number.denominator == 1]
        one = either(Check(place, "eq", number) for number in whole)
        other = both((known, *(Check(place, "neq", number) for number in whole)))
        return (one, other) if leaf.comparison in ("is", "one_of") else (other, one)
    operators: dict[str, Operator] = {"at_least": "gte", "at_most": "lte", "more_than": "gt", "less_than": "lt"}
    up = leaf.comparison in ("at_least", "less_than")
    check = Check(place, operators[leaf.comparison], _clamped(ceil(exact[0]) if up else floor(exact[0])))
    return check, _opposite(check)


def _opposite(check: Check) -> Check:
    return Check(check.field, _OPPOSITE[check.operator], check.number)


def _clamped(number: int) -> int:
    """Values lie within 2^53, so a threshold beyond decides the same as the next number outside."""
    return max(-LARGEST - 1, min(number, LARGEST + 1))


def checks(formula: Formula) -> int:
    """How many comparisons a formula holds."""
    return 1 if isinstance(formula, Check) else sum(checks(part) for part in formula.parts)


def groups(formula: Formula) -> int:
    """How many ands and ors a formula holds."""
    return 0 if isinstance(formula, Check) else 1 + sum(groups(part) for part in formula.parts)


def paths(formula: Formula) -> int:
    """How often an engine may report the formula that reports once per true branch."""
    match formula:
        case Check():
            return 1
        case Both(parts):
            product = 1
            for part in parts:
                product *= paths(part)
            return product
        case Either(parts):
            return sum(paths(part) for part in parts)


def branches(formula: Formula) -> int:
    """How many comparisons may wait at once while the formula is looked at."""
    match formula:
        case Check():
            return 1
        case Both(parts):
            return 1 + sum(branches(part) - 1 for part in parts)
        case Either(parts):
            return sum(branches(part) for part in parts)
