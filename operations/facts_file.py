"""Facts file: what `decide` is told about members; every mistake in it is named by line, member and field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from operations.errors import Refusal
from rules.errors import Unfit
from rules.gate import Gate
from rules.reading import Reading
from rules.values import Evidence, Value

MOST_PROBLEMS = 50
"""After so many problems reading stops."""

_MEMBERS = re.compile(r'"members"\s*:\s*\[')
_SPACE = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a facts file: where it is, what was expected, and the way out."""

    file: str
    line: int
    member: str | None
    field: str | None
    message: str
    hint: str

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __str__(self) -> str:
        about = f" member {self.member}:" if self.member is not None else ""
        return f"{self.file}:{self.line}:{about} {self.message}" + (f" ({self.hint})" if self.hint else "")


class BadFacts(Refusal):
    """A facts file with mistakes; nothing was decided."""

    def __init__(self, problems: list[Problem]) -> None:
        first, more = problems[0], len(problems) - 1
        super().__init__(str(first), f"and {more} more" if more else "")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of whom.

    Args:
        at: the moment to decide for; None when the file says none.
        members: evidence by id, sorted by id; readings of the community are part of each.
        community: the readings of the community.
    """

    at: datetime | None
    members: Mapping[str, Evidence]
    community: Mapping[Reading, Value | None]


def read_facts(content: bytes, gate: Gate, zone: ZoneInfo, file: str) -> Facts:
    """Read a facts file: `{"at", "members": [{"id", "attributes", "metrics"}], "community"}`.

    Args:
        content: the file.
        gate: of the community that is decided by.
        zone: of a moment that names none.
        file: its name, for the problems.

    Raises:
        BadFacts: it is no JSON of this shape, or a value does not fit what it is given for.
    """
    return _Reader(content, gate, zone, file).read()


class _Reader:
    def __init__(self, content: bytes, gate: Gate, zone: ZoneInfo, file: str) -> None:
        self.content, self.gate, self.zone, self.file = content, gate, zone, file
        self.problems: list[Problem] = []

    def read(self) -> Facts:
        document = self._parsed()
        at = self._moment(document.get("at"))
        community: dict[Reading, Value | None] = {}
        try:
            community = self.gate.readings(_mapping(document.get("community"), "community"), "community.")
        except Unfit as problem:
            self._wrong(problem, line=self._line_of('"community"'))
        given = document.get("members")
        if not isinstance(given, list):
            word = "members is missing" if given is None else "members is no list"
            raise BadFacts([Problem(self.file, 1, None, "members", word, 'expected "members": [{"id": "m1", …}]')])
        members: dict[str, Evidence] = {}
        for place, one in enumerate(given):
            self._member(place, one, community, members)
            if len(self.problems) >= MOST_PROBLEMS:
                break
        if self.problems:
            raise BadFacts(self.problems)
        return Facts(at, {id_: members[id_] for id_ in sorted(members)}, community)

    def _parsed(self) -> dict[str, Any]:
        try:
            document = orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            reason = error.msg.partition(": line")[0]
            hint = "JSON has no comments and no comma at the end"
            raise BadFacts([Problem(self.file, error.lineno, None, None, f"this is no JSON: {reason}", hint)]) from None
        if not isinstance(document, dict):
            hint = 'expected {"at": …, "members": […]}'
            raise BadFacts([Problem(self.file, 1, None, None, "this is no JSON object", hint)])
        return document

    def _moment(self, raw: Any) -> datetime | None:
        if raw is None:
            return None
        try:
            at = datetime.fromisoformat(raw)
        except (TypeError, ValueError):
            problem = Unfit(f"at: {str(raw)[:60]!r} is no moment", 'such as "2026-11-21T06:00:00+08:00"')
            self._wrong(problem, line=self._line_of('"at"'), field="at")
            return None
        return at.replace(tzinfo=self.zone) if at.tzinfo is None else at

    def _member(
        self, place: int, one: Any, community: Mapping[Reading, Value | None], members: dict[str, Evidence]
    ) -> None:
        try:
            if not isinstance(one, dict):
                raise Unfit(f"member number {place + 1} is no object", 'expected {"id": "m1", …}')
            id_ = one.get("id")
            if not isinstance(id_, str) or not id_ or len(id_) > 200 or not id_.isprintable():
                raise Unfit(
                    f"member number {place + 1} has no id", 'expected "id": "m1", a text of up to 200 characters'
                )
            if id_ in members:
                raise Unfit(f"member {id_} is given twice", "put everything about one member in one place")
            attributes = self.gate.attributes(_mapping(one.get("attributes"), "attributes"))
            readings = self.gate.readings(_mapping(one.get("metrics"), "metrics"))
            if community:
                readings = {**community, **readings}
            members[id_] = Evidence(attributes, readings)
        except Unfit as problem:
            known = one.get("id") if isinstance(one, dict) else None
            field = problem.message.partition(":")[0] if ":" in problem.message else None
            self._wrong(problem, place=place, member=known if isinstance(known, str) else None, field=field)

    # ------------------------------------------------------------------------------------------------------ places
    def _wrong(
        self,
        problem: Unfit,
        *,
        place: int | None = None,
        line: int = 1,
        member: str | None = None,
        field: str | None = None,
    ) -> None:
        if place is not None:
            line = self._line_in(place, field)
        self.problems.append(Problem(self.file, line, member, field, problem.message, problem.hint))

    def _line_of(self, word: str) -> int:
        return self._text.count("\n", 0, max(self._text.find(word), 0)) + 1

    def _line_in(self, place: int, field: str | None) -> int:
        """The line of a member, or of a field in it: `posts over 90d` is the window under the metric."""
        start, end = self._span(place)
        for word in (field or "").split(" over "):
            found = self._text.find(json.dumps(word, ensure_ascii=False), start, end) if word else -1
            start = found if found >= 0 else start
        return self._text.count("\n", 0, start) + 1

    def _span(self, place: int) -> tuple[int, int]:
        """Where the member stands in the text; looked for only when something is wrong with it."""
        spans = self._spans
        return spans[place] if place < len(spans) else (0, len(self._text))

    @property
    def _text(self) -> str:
        if not hasattr(self, "_decoded"):
            self._decoded = self.content.decode("utf-8", errors="replace")
        return self._decoded

    @property
    def _spans(self) -> list[tuple[int, int]]:
        if not hasattr(self, "_places"):
            self._places: list[tuple[int, int]] = []
            found = _MEMBERS.search(self._text)
            decoder = json.JSONDecoder()
            at = found.end() if found else len(self._text)
            while True:
                space = _SPACE.match(self._text, at)
                at = space.end() if space else at
                try:
                    _, end = decoder.raw_decode(self._text, at)
                except (ValueError, RecursionError):
                    break
                self._places.append((at, end))
                at = end
        return self._places


def _mapping(raw: Any, name: str) -> Mapping[str, Any]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise Unfit(f"{name}: expected an object, found {type(raw).__name__}", f'such as "{name}": {{}}')
    return raw
