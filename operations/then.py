"""Then: which spec held at an earlier moment, and whether anything is known of that time at all."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from operations.desk import Desk
from operations.errors import Refusal
from operations.ports.decisions import Wanted

if TYPE_CHECKING:
    from rules.spec import Community


def spec_at(desk: Desk, community: str | None, at: datetime) -> Community:
    """The spec that was current at a moment; before the first publication, the one that decisions of the time name.

    A community may be reviewed for times before it was published here, as when its history is taken in.

    Raises:
        Refusal: nothing is published, or nothing was by then.
    """
    now = desk.specs.current(community)
    versions = desk.specs.versions(now.id)
    held = next((version for version in versions if version.at <= at), None)
    if held is not None:
        return desk.specs.at(held.digest, now.id)
    latest = desk.decisions.find(now.id, Wanted(until=at), limit=1)
    if latest:
        return desk.specs.at(latest[0].decision.digest, now.id)
    first = versions[-1].at.astimezone(now.zone)
    raise Refusal(
        f"Nothing was published in {now.id} by {_when(at, now)}: the first version is of {first:%Y-%m-%d %H:%M}.",
        "Give a later time with --at, or none for now.",
    )


def refuse_before_facts(desk: Desk, community: Community, at: datetime) -> None:
    """Say so if there are facts, but none of that time or earlier.

    Raises:
        Refusal: the moment is before the first fact.
    """
    facts = desk.facts(community)
    if facts.any_by(at) or not facts.any_by(None):
        return
    raise Refusal(
        f"There is no fact in {community.id} from {_when(at, community)} or before.", "Give a later time with --at."
    )


def _when(at: datetime, community: Community) -> str:
    return f"{at.astimezone(community.zone):%Y-%m-%d %H:%M}"
