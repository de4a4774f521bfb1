"""Knowledge: what members published is found again by its words, in Chinese as in English, with whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

_RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W_]+", re.UNICODE)
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Something that was published in a space."""

    work: str
    place: str
    author: str | None
    run: str | None
    at: datetime
    text: str
    fields: dict[str, Any] = field(default_factory=dict)


class Knowledge(Protocol):
    """What was published, by its words."""

    def search(
        self, community: str, words: str, *, place: str | None = None, author: str | None = None, limit: int = 20
    ) -> Sequence[Piece]:
        """Pieces that have all the words, best first; where there is none, those that have most of them."""
        ...


def terms(text: str) -> list[str]:
    """The words of a text as they are looked up: English ones whole and small, Chinese ones by pairs of characters.

    A word of Chinese is found wherever its pairs are neighbours, so nothing depends on where words are cut; a single
    character stands for itself.
    """
    found: list[str] = []
    for run in _RUNS.findall(text.lower()):
        parts = re.findall(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\u3400-\u9fff\uf900-\ufaff]+", run)
        for part in parts:
            if not _CHINESE.match(part):
                found.append(part[:64])
            else:
                found.extend(part[n : n + 2] for n in range(len(part) - 1))
                found.extend(part)
    return list(dict.fromkeys(found))


def asked(text: str) -> list[str]:
    """What is asked for: as `terms`, but single characters only where they stand alone."""
    return [term for term in terms(text) if len(term) > 1 or not _CHINESE.match(term)] or terms(text)
