"""Texts: short Chinese and English texts, read without any service: their tone, and the key messages in them."""

from __future__ import annotations

from collections.abc import Sequence

from operations.ports.texts import Tone
from operations.texts.mentions import said
from operations.texts.tone import tone_of


class Reader:
    """The port `TextReader`; how good it is, `bench/texts.py` measures and `docs/insight.md` tells."""

    def tone(self, text: str) -> Tone | None:
        return tone_of(text)

    def mentioned(self, text: str, messages: Sequence[str]) -> Sequence[bool]:
        return [said(message, text) for message in messages]


__all__ = ["Reader"]
