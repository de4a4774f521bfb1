"""Rehearsal: simulated participants, whose every act follows from a seed, so that a rehearsal can be repeated exactly.

Nothing here depends on when or how often it is asked: the same seed, place and person always do the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rules.fact import FactField
from rules.spec.fields import FieldSpec
from rules.values import decimal_text

WORDS = (
    "the line of the roof at dusk",
    "first snow on the pass",
    "停好车后忍不住回头",
    "a long way home",
    "雨夜里的尾灯",
    "what nobody tells you before",
    "early light on the bonnet",
    "老友与老路",
)
ACCEPTS = (("accept", 80), ("decline", 12), ("", 8))
"""How simulated members answer an invitation; "" is silence."""


def lot(*parts: object) -> int:
    """A number that follows from its parts alone: 0 to 2^63 - 1."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def answer(seed: int | str, who: str, about: str, choices: Sequence[tuple[str, int]]) -> str:
    """What a simulated person says, given choices with weights: the same for the same seed, person and question."""
    whole = sum(weight for _, weight in choices)
    drawn = lot(seed, "answer", who, about) % whole
    for choice, weight in choices:
        drawn -= weight
        if drawn < 0:
            return choice
    raise AssertionError("weights do not add up")


def delay(seed: int | str, who: str, about: str, within: timedelta) -> timedelta:
    """How long a simulated person takes: somewhere between a twentieth and nine tenths of the time given."""
    span = max(within // timedelta(milliseconds=1), 20)
    return timedelta(milliseconds=span // 20 + lot(seed, "delay", who, about) % (span * 17 // 20))


def plain(name: object, run: str) -> object:
    """A name without the run that it belongs to: `entries/1/li/1` for `auto/contest/3/entries/1/li/1`."""
    return name.removeprefix(f"{run}/") if isinstance(name, str) else name


class Crowd:
    """The simulated participants of one visit of a phase.

    Args:
        seed: of the run.
        place: the visit's stable name; with another one everybody acts differently.
        run: its id, which does not matter: the next run with the same seed plays the same.
        people: members who may act where anybody may; read when it is asked for.
        size: how many of them shall take part; None leaves it to the kind of phase.
        form: the fields of a form by name, each with its type and as it is written.
        alike: staff by what they are in this run (`tutor`). Who of them was free depends on who came first; what a
            tutor does must not.
    """

    def __init__(
        self,
        seed: int,
        place: str,
        *,
        run: str,
        people: Callable[[], Sequence[str]],
        size: int | None,
        form: Callable[[str], Mapping[str, tuple[FactField, FieldSpec | None]]],
        alike: Mapping[str, str] | None = None,
    ) -> None:
        self.size = size
        self._alike = alike or {}
        self._seed, self._place, self._run, self._people, self._form = seed, place, run, people, form

    def percent(self, *about: object) -> int:
        """A number from 0 to 99 for this person or thing."""
        return self.number(100, *about)

    def number(self, below: int, *about: object) -> int:
        """A number from 0 to `below` - 1 for this person or thing."""
        return lot(self._seed, self._place, *map(self._plain, about)) % below

    def choose(self, choices: Sequence[tuple[str, int]], *about: object) -> str:
        """One of weighted choices for this person or thing."""
        return answer(self._seed, self._place, "/".join(str(self._plain(one)) for one in about), choices)

    def some(self, count: int, people: Sequence[str] | None = None) -> list[str]:
        """So many of the people, drawn without order; by default of all who may act."""
        pool = self._people() if people is None else people
        return sorted(pool, key=lambda who: (lot(self._seed, self._place, "drawn", self._plain(who)), who))[:count]

    def everybody(self) -> Sequence[str]:
        """All who may act."""
        return self._people()

    def moment(self, since: datetime, until: datetime, *about: object) -> datetime:
        """When this person acts: to the second, well inside the time there is."""
        seconds = max(int((until - since).total_seconds()), 0)
        if seconds < 4:
            return since + (until - since) / 2
        low, high = max(seconds // 50, 1), max(seconds * 48 // 50, 2)
        return since + timedelta(seconds=low + self.number(high - low + 1, "at", *about))

    def fill(self, form: str | None, *about: object) -> dict[str, Any]:
        """A form, filled in."""
        if form is None:
            return {}
        filled: dict[str, Any] = {}
        for name, (kind, spec) in self._form(form).items():
            if kind.optional and self.percent(form, name, *about) < 40:
                continue
            value = self._value(name, kind, spec, (form, name, *about))
            if value is not None:
                filled[name] = value
        return filled

    def _plain(self, one: object) -> object:
        return self._alike.get(one, plain(one, self._run)) if isinstance(one, str) else one

    def _value(self, name: str, kind: FactField, spec: FieldSpec | None, about: tuple[object, ...]) -> Any:
        if spec is not None and spec.type == "spec_edits":
            return None  # nobody made up proposes a change of the real specs
        if kind.refers == "member" or (spec is not None and spec.type == "member"):
            people = self._people()
            one = people[self.number(len(people), *about)] if people else None
            return [one] if one is not None and kind.type.kind == "set" else one
        if kind.refers:
            return f"{name}-{self.number(1000, *about)}"
        type_ = kind.type
        low, high = _bounds(spec)
        match type_.kind:
            case "integer":
                return low + self.number(high - low + 1, *about)
            case "decimal":
                scale = int(10**type_.places)
                return decimal_text(low * scale + self.number((high - low) * scale + 1, *about), type_.places)
            case "boolean":
                return self.percent(*about) < 85
            case "set":
                listed = type_.listed
                return (
                    [listed[self.number(len(listed), *about)]] if listed else [WORDS[self.number(len(WORDS), *about)]]
                )
            case "date":
                return f"2027-{1 + self.number(12, *about):02d}-{1 + self.number(28, 'day', *about):02d}"
            case "duration":
                return f"{1 + self.number(10, *about)}d"
            case "money":
                return f"{100 * (1 + self.number(30, *about))}.00 {type_.unit}"
            case _:
                if type_.listed:
                    return type_.listed[self.number(len(type_.listed), *about)]
                if spec is not None and spec.type == "link":
                    return f"https://example.org/{name}/{self.number(10**9, *about)}"
                return WORDS[self.number(len(WORDS), *about)]


def _bounds(spec: FieldSpec | None) -> tuple[int, int]:
    low = int(float(spec.min)) if spec is not None and spec.min is not None else 0
    high = int(float(spec.max)) if spec is not None and spec.max is not None else low + 10
    return low, max(low, high)
