"""Touching: the run that accompanies a member, a cohort or a tier, started once for each; and letting go after it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from operations.ports.effects import Deed

if TYPE_CHECKING:
    from operations.ports.touch import Touch
    from rules.spec import Community


def start_deed(
    community: Community,
    task: str,
    subject: str | None,
    for_: str,
    *,
    at: datetime,
    scale: str | None,
    seed: str | None,
) -> Deed:
    """The start of a run that accompanies a member, a cohort or a tier; `for_` makes it one of its kind."""
    details: dict[str, Any] = {
        "task": task,
        "subject": subject,
        "arguments": {},
        "scale": scale,
        "seed": seed,
        "digest": community.digest,
    }
    key = f"{community.id}/touch/{task}/{for_}"
    known = {name: value for name, value in details.items() if value is not None}
    return Deed(key=key, kind="start", at=at, source=key, details=known)


def entered(member: str, since: datetime | None) -> str:
    """One stay of a member in a tier."""
    return f"{member}@{since.astimezone(UTC).isoformat() if since is not None else 'ever'}"


def let_go(touch: Touch, community: str, subject: str | None, *, at: datetime) -> int:
    """Whoever runs about somebody gave them, they have as long as any run about them is under way."""
    if subject is None or touch.runs_about(community, [subject]):
        return 0
    return touch.end(community, subject, touch.given_by_runs(community, subject), at=at)
