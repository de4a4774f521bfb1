"""Layout: where each key and each plain value of a file stands in its text, to the character.

What edits go by: a value is changed by replacing its own characters and no others.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from rules.errors import RuleRefusal
from rules.spec.diagnostics import Problems
from rules.spec.reader import read
from rules.spec.source import Path, Source


class NotEditable(RuleRefusal):
    """A file, a place in it or a value with which no edit can be made."""


@dataclass(frozen=True, slots=True)
class Spot:
    """The characters of one scalar."""

    start: int
    end: int  # after the last character; of a block text: without the blank lines after it
    style: str  # "" plain, one of the two quotes, "|" or ">"
    flow: bool  # inside { } or [ ]


@dataclass(frozen=True, slots=True)
class Layout:
    """A file's text, what it says, and where each scalar stands."""

    text: str
    source: Source
    values: Mapping[Path, Spot]
    keys: Mapping[Path, Spot]  # by the path of the value that the key names

    @property
    def newline(self) -> str:
        """How lines end in this file."""
        return "\r\n" if "\r\n" in self.text else "\n"


@functools.lru_cache(maxsize=8)
def layout(file: str, content: bytes) -> Layout:
    """The layout of a file.

    Args:
        file: its name, for messages.
        content: its bytes.

    Raises:
        NotEditable: the reader refuses it; the first of its reasons is given.
    """
    problems = Problems()
    source = read(file, content, problems)
    found = problems.found()
    if source is None or found:
        why = f"{found[0].file}:{found[0].line}:{found[0].column} {found[0].message}" if found else f"{file} is empty"
        raise NotEditable(f"{why}, so it cannot be edited", found[0].hint if found else "")
    text = content.decode("utf-8")
    values, keys = _spots(text)
    return Layout(text, source, values, keys)


@dataclass(slots=True)
class _Inside:
    """A mapping or list that is being walked through."""

    path: Path
    mapping: bool
    flow: bool
    key: str | None = None
    count: int = 0


def _spots(text: str) -> tuple[dict[Path, Spot], dict[Path, Spot]]:
    """Every scalar of a text that the reader took, values and keys."""
    shift = 1 if text.startswith("\ufeff") else 0
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    values: dict[Path, Spot] = {}
    keys: dict[Path, Spot] = {}
    stack: list[_Inside] = []

    def next_path() -> Path:
        if not stack:
            return ()
        top = stack[-1]
        if not top.mapping:
            top.count += 1
            return (*top.path, top.count - 1)
        key, top.key = top.key, None
        assert key is not None
        return (*top.path, key)

    for event in yaml.parse(text[shift:]):
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            path = next_path()
            stack.append(_Inside(path, isinstance(event, MappingStartEvent), bool(event.flow_style)))
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            stack.pop()
        elif isinstance(event, ScalarEvent):
            spot = _spot(text, event, shift, flow=bool(stack) and stack[-1].flow)
            top = stack[-1] if stack else None
            if top is not None and top.mapping and top.key is None:
                top.key = event.value
                keys[(*top.path, event.value)] = spot
            else:
                values[next_path()] = spot
    return values, keys


def _spot(text: str, event: Any, shift: int, *, flow: bool) -> Spot:
    start, end = event.start_mark.index + shift, event.end_mark.index + shift
    style = event.style or ""
    if style in ("|", ">"):
        keep = "+" in text[start:end].splitlines()[0].partition("#")[0]
        body = text[start:end]
        end = start + len(body.rstrip(" \r\n") if not keep else _without_last_break(body))
    return Spot(start, end, style, flow)


def _without_last_break(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
