"""Given: what people write after `--form` and `--with`, as values of the types that are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from operations.errors import Refusal

if TYPE_CHECKING:
    from operations.ports.runs import Run, Runs
    from rules.values import ValueType

SHORT = 8
"""Hexadecimal digits in the short name of an item."""


class Named(Protocol):
    """An inbox that finds items by how the hash of their id begins."""

    def named(self, community: str, start: str) -> str | None:
        """The id of which the SHA-256 begins so; None if there is none."""


def pairs(written: Iterable[str], option: str) -> dict[str, str]:
    """`name=value` texts as a mapping.

    Raises:
        Refusal: one of them is not of this form.
    """
    found = {}
    for text in written:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise Refusal(f"{option} {text!r} is not of the form name=value.", f"Such as {option} caption='At dusk'.")
        found[name.strip()] = value
    return found


def typed(given: Mapping[str, str], types: Mapping[str, ValueType]) -> dict[str, Any]:
    """Texts as values for the fields of a form; what is no field stays text, and the form will say so.

    Raises:
        Refusal: a number or a yes or no is not one.
    """
    return {name: _typed(name, text, types.get(name)) for name, text in given.items()}


def guessed(given: Mapping[str, str]) -> dict[str, Any]:
    """Texts as values where no types are known: whole numbers and true/false as such, lists with commas."""
    return {name: _guess(text) for name, text in given.items()}


def scores(text: str) -> dict[str, int]:
    """`creativity=9,technique=8` as scores.

    Raises:
        Refusal: it is not of this form.
    """
    found = {}
    for name, value in pairs(text.split(","), "--give").items():
        try:
            found[name] = int(value)
        except ValueError:
            raise Refusal(f"The score {value!r} for {name} is no whole number.") from None
    return found


def item_called(id_: str) -> str:
    """The short name of an inbox item, for people to read and type; always the same for the same item."""
    return f"i-{sha256(id_.encode()).hexdigest()[:SHORT]}"


def item_named(inbox: Named, community: str, text: str) -> str:
    """The id of an item that people name by its id or by its short name.

    Raises:
        Refusal: nothing in the inbox has this short name.
    """
    if not re.fullmatch(rf"i-[0-9a-f]{{{SHORT}}}", text):
        return text
    found = inbox.named(community, text.removeprefix("i-"))
    if found is None:
        raise Refusal(f"There is no item {text!r} in the inbox.", "See `trellis inbox`.")
    return found


def run_named(runs: Runs, community: str, text: str) -> Run:
    """A run by its id `community/task/number`, by `task/number`, or by `task` for its latest.

    Raises:
        Refusal: there is none.
    """
    parts = text.split("/")
    for id_ in (text, f"{community}/{text}"):
        if (found := runs.run(id_)) is not None:
            return found
    latest = runs.runs(community, task=parts[-1], limit=1)
    if len(parts) <= 2 and latest:
        return latest[0]
    raise Refusal(f"There is no run {text!r} in {community}.", "See `trellis tasks`.")


def _typed(name: str, text: str, type_: ValueType | None) -> Any:
    match type_.kind if type_ is not None else "text":
        case "integer":
            try:
                return int(text)
            except ValueError:
                raise Refusal(f"{name} is a whole number, not {text!r}.") from None
        case "boolean":
            if text.lower() not in ("true", "false", "yes", "no"):
                raise Refusal(f"{name} is true or false, not {text!r}.")
            return text.lower() in ("true", "yes")
        case "set":
            return [part.strip() for part in text.split(",") if part.strip()]
        case _:
            return text


def _guess(text: str) -> Any:
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if text in ("true", "false"):
        return text == "true"
    return [part.strip() for part in text.split(",")] if "," in text else text
