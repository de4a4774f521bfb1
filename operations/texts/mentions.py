"""Mentions: whether a text says a key message, word by word or in other words.

A message is said when it stands in the text in one spelling, or when enough of what it is made of does within a few
sentences: its content words, and the pairs of neighbouring characters of Chinese ones. Numbers must be the same ones.
"""

from __future__ import annotations

import re
from functools import lru_cache

from operations.texts.words import plain, sentences, words

ENOUGH = 0.62
"""Share of a message that a passage must hold."""

TOGETHER = 2
"""Neighbouring sentences that are one passage."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_COMMON = """
的 了 是 在 和 与 及 或 也 就 都 而 把 被 让 给 对 从 到 你 我 他 她 它 我们 你们 他们 这 那 这个 那个 一个 很
更 最 要 会 能 可以 请 有 又 再 还 用 以 上 下 中 里 后 前 为 为了 地 得 着 过 吧 呢 啊 吗
a an the of in on at to for with and or is are was be it its your you we our they their this that what which how as by
from can will would must has have do does did not very more most
"""
_EMPTY = frozenset(_COMMON.split())


def said(message: str, text: str) -> bool:
    """Whether a text says a key message."""
    wanted = plain(message)
    if not wanted:
        return False
    whole = plain(text)
    if wanted in whole if not wanted.isascii() else f" {wanted} " in f" {whole} ":
        return True
    parts = _parts(message)
    if not parts:
        return False
    told = sentences(text)
    return any(_share(parts, " ".join(told[start : start + TOGETHER])) >= ENOUGH for start in range(max(len(told), 1)))


@lru_cache(maxsize=512)
def _parts(message: str) -> tuple[str, ...]:
    """What a message is made of: its content words, each once."""
    return tuple(dict.fromkeys(word for word in words(message) if word not in _EMPTY))


def _share(parts: tuple[str, ...], passage: str) -> float:
    """How much of a message is in a passage, long words counting more."""
    if not passage:
        return 0.0
    there, whole = {_stem(word) for word in words(passage)}, plain(passage)
    numbers = set(_NUMBER.findall(whole))
    found = 0.0
    for part in parts:
        if _NUMBER.fullmatch(part):
            if part not in numbers:
                return 0.0
            found += _weight(part)
        elif _stem(part) in there or (not part.isascii() and part in whole):
            found += _weight(part)
        elif not part.isascii() and len(part) > 1:
            found += _weight(part) * _pairs_in(part, whole)
    return found / sum(map(_weight, parts))


def _pairs_in(word: str, whole: str) -> float:
    """How many of the pairs of neighbouring characters of a word are in a text; characters count half."""
    pairs = [word[n : n + 2] for n in range(len(word) - 1)]
    both = sum(pair in whole for pair in pairs) / len(pairs)
    single = sum(letter in whole for letter in word) / len(word)
    return max(both, single / 2)


def _weight(word: str) -> float:
    return min(len(word), 4) if not word.isascii() else min(1 + len(word) / 4, 3)


def _stem(word: str) -> str:
    """An English word without its commonest endings; others as they are."""
    if not word.isascii() or len(word) < 5:
        return word
    for ending in ("ing", "ies", "ed", "es", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending) + ("y" if ending == "ies" else "")
    return word.removesuffix("e")
