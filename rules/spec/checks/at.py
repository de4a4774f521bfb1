"""Where a check stands: a place in a document, and the mouth through which it speaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rules.spec.diagnostics import Problems, alike, did_you_mean
from rules.spec.source import Path, Source


@dataclass(frozen=True, slots=True)
class At:
    """A place in a document. `at / "phases" / 2` goes further in; what is said there is said at that line."""

    problems: Problems
    source: Source
    path: Path = ()
    again: bool = False  # checked once before in another form: nothing is said twice at one place

    def __truediv__(self, step: str | int) -> At:
        return At(self.problems, self.source, (*self.path, step), self.again)

    def out(self) -> At:
        """The place one step further out."""
        return At(self.problems, self.source, self.path[:-1], self.again)

    def along(self, steps: Path) -> At:
        """The place so many steps further in."""
        return At(self.problems, self.source, (*self.path, *steps), self.again)

    def say(self, code: str, message: str, hint: str = "", *, on: Literal["key", "value"] = "value") -> None:
        """Say what is wrong here: at the value, or at the key that holds it."""
        place = self.source.key_place(self.path) if on == "key" else self.source.value_place(self.path)
        if not self.problems.has_at(place, "" if self.again else "TRL2"):
            self.problems.at(code, place, message, hint)

    def unknown(
        self,
        code: str,
        what: str,
        word: str,
        known: Iterable[str],
        *,
        of: str = "",
        on: Literal["key", "value"] = "value",
    ) -> None:
        """Say that a word names nothing (in `of`, if that is said), with the ones that may have been meant."""
        message = f"{of} has no {what} '{word}'" if of else f"unknown {what} '{word}'"
        self.say(code, message, meant(word, known), on=on)


def meant(word: str, known: Iterable[str]) -> str:
    """The hint for an unknown word: everything that may have been meant, else what there is."""
    return did_you_mean(word, sorted(set(known))) or "there are none yet"


def repaired(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """What a misspelt word may have been: nothing that depends on it is a mistake of its own."""
    words = sorted(set(known))
    return (word,) if word in words else tuple(alike(word, words))
