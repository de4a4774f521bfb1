"""Summary: the figures of many things in a few numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from rules.values import decimal_text
from workflows.play import Figure

QUANTILES = (25, 50, 75)


def summary(values: Mapping[str, Figure], places: int) -> dict[str, Any]:
    """How many, how many known, sum, mean (half to even at the places) and quartiles (values that do occur).

    Of words, how often each was said.
    """
    numbers = sorted(value for value in values.values() if isinstance(value, Fraction))
    told: dict[str, Any] = {"count": len(values), "known": sum(1 for value in values.values() if value is not None)}
    if numbers:
        total = sum(numbers, Fraction(0))
        told["sum"] = figure_text(total, places)
        told["mean"] = figure_text(total / len(numbers), max(places, 2))
        for share in QUANTILES:
            rank = max(-(-share * len(numbers) // 100), 1)
            told[f"p{share}"] = figure_text(numbers[rank - 1], places)
    words = [value for value in values.values() if isinstance(value, str)]
    if words:
        told["each"] = dict(sorted(Counter(words).items()))
    return told


def figure_text(value: Fraction, places: int) -> str | int:
    """A figure at so many decimal places; a whole number without any."""
    scaled = round(value * 10**places)
    return scaled if places == 0 else decimal_text(scaled, places)
