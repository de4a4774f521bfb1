"""Spec edits: what somebody proposes to write otherwise in the specs, as a text that a form can hold.

An edit is written as `FILE PATH = VALUE`, one on a line: `tiers.yaml tiers[core].grace = 45d`.
"""

from __future__ import annotations

from operations.errors import Refusal

MOST = 20
"""Edits in one text."""

_FORM = "Write FILE PATH = VALUE, one on a line, such as: tiers.yaml tiers[core].grace = 45d"

Edit = tuple[str, str, str]
"""File, path and value, as people write them."""


def read_edits(text: str) -> tuple[Edit, ...]:
    """The edits that a text names; none in an empty one.

    Raises:
        Refusal: a line is none, or there are too many.
    """
    found: list[Edit] = []
    for line in (one.strip() for one in text.splitlines()):
        if not line:
            continue
        head, equals, value = line.partition(" = ")
        file, _, path = head.strip().partition(" ")
        if not equals or not path.strip() or not value.strip():
            raise Refusal(f"{line[:80]!r} is no edit of the specs.", _FORM)
        found.append((file, path.strip(), value.strip()))
    if len(found) > MOST:
        raise Refusal(f"{len(found)} edits are too many for one proposal.", f"Propose at most {MOST} at once.")
    return tuple(found)
