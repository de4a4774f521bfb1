"""Scaffold: a new rule pack or phase kind that passes every check the moment it is made."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection
from typing import Literal

from operations.errors import Refusal
from operations.scaffolds import pack, phase

Kind = Literal["pack", "phase"]
HOMES: dict[Kind, str] = {"pack": "rules/packs", "phase": "workflows/phases"}
"""Where the folders of each kind are, from the top of the checkout."""

_TEMPLATES: dict[Kind, dict[str, str]] = {"pack": pack.FILES, "phase": phase.FILES}
_TAKEN = frozenset(
    {"test", "tests", "phase", "phases", "pack", "packs", "spec", "play", "next", "leave", "stop", "end"}
)


def scaffold(kind: Kind, name: str, present: Collection[str]) -> dict[str, str]:
    """The files of a new pack or phase kind: name in its folder → text.

    Args:
        kind: which.
        name: of its folder.
        present: the folders that are there already.

    Raises:
        Refusal: the name is not one, or there is such a folder.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > 30:
        hint = "at most 30 small letters, digits and _, beginning with a letter, such as fair_play"
        raise Refusal(f"'{name}' is not a name for a {kind}", hint)
    if keyword.iskeyword(name) or name in _TAKEN:
        raise Refusal(f"'{name}' is a word that is taken", "choose another name")
    if name in present:
        raise Refusal(f"there is a {kind} '{name}' already", f"look at {HOMES[kind]}/{name}, or choose another name")
    words = {
        "name": name,
        "Title": name.replace("_", " ").capitalize(),
        "Class": "".join(part.capitalize() for part in name.split("_")),
    }
    return {file: text.format(**words) for file, text in _TEMPLATES[kind].items()}
