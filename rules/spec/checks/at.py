"""Where a check stands: a place in a document, and the mouth through which it speaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rules.spec.diagnostics import Problems, distance, listed, nearest
from rules.spec.source import Path, Source


@dataclass(frozen=True, slots=True)
class At:
    """A place in a document. `at / "phases" / 2` goes further in; what is said there is said at that line."""

    problems: Problems
    source: Source
    path: Path = ()

    def __truediv__(self, step: str | int) -> At:
        return At(self.problems, self.source, (*self.path, step))

    def along(self, steps: Path) -> At:
        """The place so many steps further in."""
        return At(self.problems, self.source, (*self.path, *steps))

    def say(self, code: str, message: str, hint: str = "", *, on: Literal["key", "value"] = "value") -> None:
        """Say what is wrong here: at the value, or at the key that holds it."""
        self.problems.add(code, self.source, self.path, message, hint, on=on)

    def unknown(
        self, code: str, what: str, word: str, known: Iterable[str], *, on: Literal["key", "value"] = "value"
    ) -> None:
        """Say that a word names nothing, with the ones that may have been meant."""
        self.say(code, f"unknown {what} '{word}'", meant(word, known), on=on)


def meant(word: str, known: Iterable[str]) -> str:
    """The hint for an unknown word: everything one edit away, else the most alike, else what there is."""
    words = sorted(set(known))
    close = [k for k in words if distance(word, k) <= 1]
    if close:
        return "did you mean " + " or ".join(f"'{k}'" for k in close[:5]) + "?"
    near = nearest(word, words)
    if near is not None:
        return f"did you mean '{near}'?"
    return f"known: {listed(words)}" if words else "there are none yet"


def repaired(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """What a misspelt word may have been: nothing that depends on it is a mistake of its own."""
    words = set(known)
    if word in words:
        return (word,)
    close = [k for k in words if distance(word, k) <= 1]
    near = nearest(word, words)
    return tuple(close) or ((near,) if near is not None else ())
