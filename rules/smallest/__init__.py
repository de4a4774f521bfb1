"""Smallest: what would have to be otherwise, and nothing more, for a condition to come out another way."""

from rules.smallest.boxes import ASKING
from rules.smallest.levers import ANYHOW, FIXED, How, Lever, levers_of, unit_of
from rules.smallest.search import Change, Cost, Found, Move, smallest

__all__ = [
    "ANYHOW",
    "ASKING",
    "FIXED",
    "Change",
    "Cost",
    "Found",
    "How",
    "Lever",
    "Move",
    "levers_of",
    "smallest",
    "unit_of",
]
