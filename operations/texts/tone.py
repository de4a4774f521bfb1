"""Tone: whether a comment is meant well or ill, by the words and characters in it.

A sum of weights, one for each word, pair of words and run of up to three characters. `bench/texts.py` learns them from
labelled sentences and says how often they are right; `tone_weights.tsv` holds them, with the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from itertools import pairwise

from operations.ports.texts import Tone
from operations.texts.words import plain, words

UNSURE = 350
"""Thousandths around nothing within which a comment is neither: log odds of 0.35."""

_LONGEST = 3
_WORD = re.compile(r"[^\x00-\x7f]+")


def features(text: str) -> Iterator[str]:
    """What counts in a text, each once: words (`w:`), pairs of words (`p:`), runs of Chinese characters (`c:`)."""
    found = words(text)
    named = [f"w:{word}" for word in found]
    named += [f"p:{one}_{two}" for one, two in pairwise(found)]
    for run in _WORD.findall(plain(text)):
        named += [f"c:{run[at : at + n]}" for n in range(1, _LONGEST + 1) for at in range(len(run) - n + 1)]
    yield from dict.fromkeys(named)


def tone_of(text: str) -> Tone | None:
    """The tone of a comment; None when nothing in it was ever seen with a tone."""
    leaning = leaning_of(text)
    if leaning is None:
        return None
    return "neutral" if abs(leaning) < UNSURE else "positive" if leaning > 0 else "negative"


def leaning_of(text: str) -> int | None:
    """How far a comment leans to praise (above 0) or blame, in thousandths of log odds; None: it says nothing."""
    weights = _weights()
    known = [weight for name in features(text) if (weight := weights.get(name)) is not None]
    return sum(known) + weights[""] if known else None


@cache
def _weights() -> Mapping[str, int]:
    """Thousandths of log odds by feature; "" is what a comment begins with."""
    lines = (resources.files("operations.texts") / "tone_weights.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {name: int(weight) for name, weight in rows}
