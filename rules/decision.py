"""Decision: who moves where, or which rule fires, with every reason; one canonical text, chained by hash."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Outcome = Literal["promote", "keep", "grace", "demote", "none", "move", "fired", "erased"]
Shown = int | bool | str | list[str] | list[int | str] | None
TRUTHS: Mapping[bool | None, str] = {True: "true", False: "false", None: "unknown"}

FIRST = "0" * 64
"""What the first decision of a chain is chained to."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One comparison that was made.

    Args:
        metric: what was read, as the condition names it.
        over: the window; `all` for what has none.
        value: what was found, in the language's own form; None is unknown.
        comparison: the word of the language.
        threshold: what it was compared with, in the same form; None where that is unknown.
        truth: true, false, or None for unknown.
    """

    metric: str
    over: str
    value: Shown
    comparison: str
    threshold: Shown
    truth: bool | None

    def data(self) -> dict[str, Any]:
        """As JSON, the truth as a word."""
        return {
            "metric": self.metric,
            "over": self.over,
            "value": self.value,
            "comparison": self.comparison,
            "threshold": self.threshold,
            "truth": TRUTHS[self.truth],
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one member (or space, work, …) by one ladder, transition or rule.

    Args:
        member: id of the subject.
        rule: the ladder (`tier`, `maintenance@network`), `lifecycle`, or the id of a rule (`leads-a-field@audio`).
        outcome: `promote keep grace demote none` of ladders, `move` of the lifecycle, `fired` of rules.
        from_: standing or stage before; None where there is none.
        to: where it goes; None when nothing moves.
        reasons: every leaf that was looked at, in the order written.
        digest: of the spec it was taken under.
        at: the moment it was taken for.
        because: the id of the transition, or what held a move back: `pinned exempt floor cooldown observe`.
    """

    member: str
    rule: str
    outcome: Outcome
    from_: str | None
    to: str | None
    reasons: tuple[Reason, ...]
    digest: str
    at: datetime
    because: str = ""

    def data(self) -> dict[str, Any]:
        """As JSON; `digest` and `at` included, so that the text stands for itself."""
        return {
            "member": self.member,
            "rule": self.rule,
            "outcome": self.outcome,
            "from": self.from_,
            "to": self.to,
            "because": self.because,
            "reasons": [reason.data() for reason in self.reasons],
            "digest": self.digest,
            "at": self.at.astimezone(UTC).isoformat(),
        }

    @property
    def order(self) -> tuple[str, str]:
        """Decisions are sorted by member, then rule."""
        return (self.member, self.rule)


def canonical(decision: Decision) -> bytes:
    """The one text of a decision: JSON with sorted keys, no spaces, UTF-8."""
    return json.dumps(decision.data(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def chained(previous: str, decision: Decision) -> str:
    """The hash that stands for a decision and everything before it: sha256(previous || canonical), in hex."""
    return hashlib.sha256(previous.encode("ascii") + canonical(decision)).hexdigest()


def in_order(decisions: Iterable[Decision]) -> list[Decision]:
    """Sorted by member, then rule: the one order in which decisions are stored, chained and shown."""
    return sorted(decisions, key=lambda decision: decision.order)
