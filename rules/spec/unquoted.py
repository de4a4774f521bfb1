"""Unquoted: what one word that stands unquoted in YAML means here, or why it is not taken for anything."""

from __future__ import annotations

import re
from dataclasses import dataclass

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0[xo][0-9a-fA-F]+|[-+]?\.(inf|nan)", re.IGNORECASE
)
_BOOLEANS = {"yes", "no", "on", "off", "y", "n"}
_NULLS = {"", "null", "~"}
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Unclear:
    """A word that is refused: the code and message of its diagnostic, and the way out."""

    code: str
    message: str
    hint: str


def is_nothing(text: str) -> bool:
    """Whether it stands for no value."""
    return text.lower() in _NULLS


def meaning(text: str) -> bool | int | str | Unclear:
    """The truth, whole number or text that is meant; numbers, dates and times must not be in doubt."""
    if text in _TRUTH:
        return _TRUTH[text]
    if text.lower() in _TRUTH:
        hint = f"write {text.lower()}, or quote it if it is a text"
        return Unclear("TRL110", f"{text} is not a value", hint)
    if text.lower() in _BOOLEANS:
        truth = "true" if text.lower() in ("yes", "on", "y") else "false"
        return Unclear("TRL110", f"{text} is not a value", f'write {truth}, or "{text}" in quotes if it is a text')
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DATE.fullmatch(text):
        return Unclear("TRL112", f"the date {text} is not quoted", f'write "{text}"')
    if _CLOCK.fullmatch(text):
        return Unclear("TRL112", f"the time {text} is not quoted", f'write "{text}"')
    return _number(text) if _NUMBER.fullmatch(text) else text


def _number(text: str) -> Unclear:
    """Why a number that is no plain whole one is refused."""
    if re.fullmatch(r"[-+]?[0-9_]+", text):
        plain = text.replace("_", "").lstrip("+")
        sign = "-" if plain.startswith("-") else ""
        digits = plain.lstrip("-").lstrip("0") or "0"
        hint = f'write {sign}{digits}, or "{text}" in quotes if it is a text'
        return Unclear("TRL111", f"the number {text} is not written plainly", hint)
    if re.fullmatch(r"[-+]?[0-9]+\.[0-9]+", text):
        hint = f'write "{text}"; decimals are exact, so they are texts'
        return Unclear("TRL111", f"the decimal {text} is not quoted", hint)
    hint = 'whole numbers, or decimals in quotes such as "0.70"'
    return Unclear("TRL111", f"{text} is not a number of this language", hint)
