"""Words: a text in one spelling, and cut into words; the only door to the segmenter."""

from __future__ import annotations

import re
import unicodedata

_SIGNS = re.compile(r"[\W_]+")
_SENTENCE = re.compile(r"[。！？!?；;\n]+|(?<=[a-zA-Z])\.\s")
LONGEST = 2000
"""Characters of a text that are looked at."""


def plain(text: str) -> str:
    """One spelling: full and half width alike, small letters, no signs and spaces between Chinese characters."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    spaced = _SIGNS.sub(" ", folded).strip()
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", spaced)


def sentences(text: str) -> list[str]:
    """The sentences of a text, signs kept."""
    return [one for part in _SENTENCE.split(text[:LONGEST]) if (one := part.strip())]


def words(text: str) -> list[str]:
    """The words of a text, in order and in one spelling; signs are left out."""
    import rjieba

    folded = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    return [word for word in rjieba.cut(folded) if not _SIGNS.fullmatch(word)]
