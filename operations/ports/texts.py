"""Texts: what people write about works, read by a machine: in which tone, and which key messages are in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

Tone = Literal["positive", "negative", "neutral"]


class TextReader(Protocol):
    """Reads short texts in Chinese or English."""

    def tone(self, text: str) -> Tone | None:
        """The tone of a comment; None when nothing in it says anything to the reader."""
        ...

    def mentioned(self, text: str, messages: Sequence[str]) -> Sequence[bool]:
        """For each key message whether the text says it, in its own words or in other ones."""
        ...
