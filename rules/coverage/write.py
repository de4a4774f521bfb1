"""Write: suggested cases as a document of the language, in the layout in which cases are written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rules.coverage.suggest import Suggestion

WIDTH = 110
"""Where a line is broken if it can be."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[0-9]+[a-z]+")
_TAKEN = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


def document(at: str, suggestions: Iterable[Suggestion]) -> str:
    """A whole cases document.

    Args:
        at: the moment of the cases, as it is written.
    """
    return "\n".join([f'schema: cases/v1\nat: "{at}"\ncases:', *map(lines, suggestions), ""])


def lines(suggestion: Suggestion) -> str:
    """One case as an item of the list of cases, with a comment for each condition that it is the first to see."""
    said = [
        f"  # {spot.where}: {spot.owner}: {spot.text}: {'true' if truth else 'false'}"
        for spot, truth in suggestion.covers
    ]
    case = suggestion.case
    first, *rest = case.items()
    said.append(f"  - {first[0]}: {scalar(first[1])}")
    for key, value in rest:
        said.extend(_value(key, value, 4))
    return "\n".join(said)


def _value(key: str, value: Any, indent: int) -> list[str]:
    """A key and its value: on one line if there is room, else a mapping key by key."""
    line = f"{' ' * indent}{_key(key)}: {flow(value)}"
    if not isinstance(value, Mapping) or len(line) <= WIDTH:
        return [line]
    found = [f"{' ' * indent}{_key(key)}:"]
    for inner, part in value.items():
        found.extend(_value(inner, part, indent + 2))
    return found


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)}: {flow(part)}" for key, part in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """A text, number or truth as YAML that reads back as the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_.-]+", key) and key.lower() not in _TAKEN - {"not"} else f'"{key}"'
