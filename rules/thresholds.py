"""Thresholds: what stands on the right of a comparison, made exact in the type of what stands on the left."""

from fractions import Fraction
from typing import Any

from rules.condition import Bound, Comparison
from rules.errors import NotDecidable, Unfit
from rules.values import DATE, DURATION, ValueType, fit, scaled

ORDERED: frozenset[Comparison] = frozenset({"at_least", "at_most", "more_than", "less_than", "between"})
ANSWERS: dict[str, frozenset[str]] = {
    "numeric": ORDERED | {"is", "is_not", "one_of", "none_of", "is_known"},
    "tier": frozenset({"is", "is_not", "at_least", "at_most", "one_of", "none_of", "is_known"}),
    "text": frozenset({"is", "is_not", "one_of", "none_of", "contains", "starts_with", "is_known"}),
    "set": frozenset({"contains", "one_of", "none_of", "is_known"}),
    "boolean": frozenset({"is", "is_not", "is_known"}),
    "member": frozenset({"is", "is_not", "is_known"}),
}
"""Which comparisons each kind of value can answer."""


def answers(type_: ValueType) -> frozenset[str]:
    """The comparisons that a type can answer."""
    return ANSWERS["numeric" if type_.numeric else type_.kind]


def threshold(raw: Any, type_: ValueType, name: str) -> Bound:
    """A literal on the right-hand side, in natural units of `type_`, to any number of places.

    Args:
        raw: as the spec has it: a whole number, a quoted decimal, `14d`, a date, money, a text, true or false.
        type_: of the name that is compared.
        name: for the refusal.

    Raises:
        NotDecidable: the literal is of another type than the name.
    """
    try:
        match type_.kind:
            case "integer" | "decimal":
                return number(raw, name)
            case "duration" | "date":
                return Fraction(int(fit(raw, DURATION if type_.kind == "duration" else DATE, name)))  # type: ignore[arg-type]
            case "money":
                return Fraction(int(fit(raw, type_, name)), type_.scale)  # type: ignore[arg-type]
            case "boolean":
                return bool(fit(raw, type_, name))
            case "tier":
                type_.rank(str(raw))
                return str(raw)
            case "text" | "set" | "member":
                if not isinstance(raw, str):
                    raise Unfit(f"{name} is a text and is compared with {raw!r}")
                return raw
    except Unfit as problem:
        raise NotDecidable(f"{name}: {problem.message}", problem.hint) from None


def number(raw: Any, name: str) -> Fraction:
    """A whole number or a quoted decimal, exact.

    Raises:
        Unfit: it is neither.
    """
    if type(raw) is int:
        return Fraction(raw)
    if isinstance(raw, str):
        value, places = scaled(raw)
        return Fraction(value, 10**places)
    raise Unfit(f"{name} is a number and is compared with {raw!r}")
