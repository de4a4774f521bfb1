"""Embargo: what may not be public yet waits, whoever answers for it is told, and it is published when it may be.

A publication that comes too early is refused for now and held back: whoever answers for the run gets one item for
each visit that published something, and what was held back is published by itself once nothing forbids it any more,
also when the run has ended by then. A run that was called off, or failed, publishes nothing afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.ports.audit import OPERATOR
from operations.ports.inbox import Item
from operations.staffing import ROLE
from rules.time import moment

if TYPE_CHECKING:
    from operations.effects import EffectContext
    from operations.ports.effects import Deed, Effects
    from rules.spec import Community

EMBARGO = "embargo"
"""Among the details of a publication: until when it is held back (local, as it is written)."""


def embargo_of(community: Community, task: str | None) -> str | None:
    """Until when nothing of a task may be public, as its brief says; None if it does not."""
    brief = getattr(community.tasks.get(task or ""), "brief", None)
    until = getattr(brief, EMBARGO, None)
    return None if until is None else str(until)


def ends_at(community: Community, task: str | None) -> datetime | None:
    """The moment from which a task may be public; None if it always may."""
    until = embargo_of(community, task)
    return None if until is None else moment(until, community.zone)


def held_back_by(context: EffectContext) -> dict[str, Any]:
    """What a publication notes that comes too early: until when it is held back, who is told, and of what."""
    community, until = context.community, ends_at(context.community, context.task)
    if until is None or context.at >= until:
        return {}
    task = community.tasks[context.task or ""]
    owner = str(community.modes[task.mode].owner)
    told = [owner] if owner.startswith(ROLE) else [*context.resolver.people(owner)]
    return {
        EMBARGO: embargo_of(community, task.id),
        "until": until.isoformat(),
        "told": told or [OPERATOR],
        "title": {"en": task.title.en, "zh": task.title.zh},
    }


def item_of(source: str) -> str:
    """The id of the item that tells of what one visit could not publish yet."""
    return f"{source}#held-back"


def told_of(community: str, held: Sequence[Deed]) -> list[Item]:
    """The items that tell of publications that are held back: one for each visit they come from."""
    of_visit: dict[str, list[Deed]] = {}
    for one in held:
        of_visit.setdefault(one.source, []).append(one)
    return [_item(community, source, deeds) for source, deeds in of_visit.items()]


def _item(community: str, source: str, deeds: Sequence[Deed]) -> Item:
    first = deeds[0]
    places = list(dict.fromkeys(str(one.details["place"]) for one in deeds))
    where, until, title = ", ".join(places), first.details[EMBARGO], first.details["title"]
    return Item(
        community=community,
        id=item_of(source),
        asked=tuple(first.details["told"]),
        title={
            "en": f"Held back until {until}, then published by itself: {title['en']} ({where})",
            "zh": f"保密期至 {until}，届时自动发布：{title['zh']}（{where}）",
        },
        opened_at=first.at,
        due=datetime.fromisoformat(first.details["until"]),
        about=first.run,
        details={"source": source, "run": first.run, EMBARGO: until, "places": places, "count": len(deeds)},
    )


def publish_held_back(effects: Effects, community: Community, *, at: datetime, run: str | None = None) -> int:
    """Publish what was held back and may be public by now; returns how many publications that were.

    The embargo is that of the present version, so that one that was put off holds on; where the task is gone it is the
    one that held the publication back.

    Args:
        community: the present version of the specs.
        run: only what this run would publish, at a time of its own; without it what is not left to runs on a scaled
            clock.
    """
    waiting = [one for one in effects.held_back(community.id, run=run) if _may_be_public(community, one, at)]
    return effects.publish_now(community.id, [one.key for one in waiting], at=at) if waiting else 0


def _may_be_public(community: Community, held: Deed, at: datetime) -> bool:
    if held.task in community.tasks:
        until = ends_at(community, held.task)
    else:
        until = datetime.fromisoformat(held.details["until"])
    return until is None or at >= until
