"""Publish: make the documents of a folder a community's current spec."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from operations.errors import Refusal
from operations.goals import Staff, refuse_meddling
from operations.ports.specs import Published, Specs
from operations.renames import refuse_lost
from rules.spec import Diagnostic, PhaseKinds, load


class Unsound(Refusal):
    """The documents have mistakes; nothing was published."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        errors = [d for d in diagnostics if d.severity == "error"]
        first = errors[0]
        count = "one mistake" if len(errors) == 1 else f"{len(errors)} mistakes"
        super().__init__(
            f"The spec has {count}, such as {first.file}:{first.line}:{first.column}: {first.message}",
            first.hint or "`trellis check` shows them all.",
        )
        self.diagnostics = diagnostics


def publish(
    specs: Specs,
    files: Mapping[str, bytes],
    kinds: PhaseKinds,
    *,
    message: str,
    author: str,
    at: datetime,
    staff: Staff | None = None,
) -> Published:
    """Check, pin by digest, make current, and rebuild the metrics that are new, all or nothing.

    Args:
        files: the folder's documents by path.
        kinds: the phase kinds that exist.
        message: why, in the publisher's words.
        author: who publishes.
        at: now.
        staff: who is in a role; without it nobody is asked whether they may change a goal.

    Raises:
        Unsound: the documents have mistakes.
        Refusal: there is no message, a tier or stage is gone and `moved` does not say what became of it, or a goal is
            changed by somebody who does not set it.
    """
    why = said_why(message)
    loaded = load(files, kinds)
    if loaded.community is None:
        raise Unsound(loaded.diagnostics)
    if loaded.community.id in specs.communities():
        current = specs.current(loaded.community.id)
        refuse_lost(current, loaded.community)
        if staff is not None:
            refuse_meddling(current, loaded.community, author=author, staff=staff)
    return specs.publish(files, loaded.community, message=why, author=author, at=at)


def said_why(message: str) -> str:
    """The message of a publication, a trial or a rollback, without spaces around it.

    Raises:
        Refusal: it is empty or too long.
    """
    if not message.strip():
        raise Refusal("A publication needs a message.", "Say what changed and why: -m 'Ask for ten reviews, not five'.")
    if len(message) > 1000:
        raise Refusal("The message is longer than 1000 characters.", "Say it shorter.")
    return message.strip()
