"""The sample community at work: reviews without Temporal, runs with it, staff in their roles."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations import membership, review
from operations.membership import Stand
from rules.spec import Community

if TYPE_CHECKING:
    from cli.memory import Memory

_reviews = itertools.count(1)


def reviewed(
    memory: Memory,
    community: Community,
    at: datetime,
    parts: Sequence[str] | None = None,
    *,
    scale: str | None = None,
) -> Mapping[str, Mapping[str, int]]:
    """A look at everybody and everything; the counts by part."""
    desk = memory.desk
    plan = review.begin(desk, community.id, run=f"test {next(_reviews)}", at=at, parts=parts)
    for part in plan.parts:
        for shard in range(review.shards_of(desk, plan, part)):
            review.look_at(desk, community.id, plan.id, part, shard)
        for batch in range(review.settle(desk, community.id, plan.id, part)):
            review.carry_out_batch(desk, community.id, plan.id, part, batch, scale=scale)
    counts: Mapping[str, Mapping[str, int]] = review.finish(desk, community.id, plan.id)["parts"]
    return counts


def asked(memory: Memory, community: Community, at: datetime) -> dict[str, Stand]:
    """Takes every move that waits for a word as far as it goes at this time; by member."""
    waiting = [*memory.memberships.unstarted(community.id), *memory.memberships.invitations(community.id)]
    return {move.member: membership.advance(memory.desk, community.id, move.id, at) for move in waiting}


def staffed(memory: Memory, community: Community, **people: Sequence[str]) -> None:
    """Somebody in every role: `planner-1`, unless named otherwise."""
    for role in community.roles:
        memory.effects.staff(community.id, role, people.get(role.replace("-", "_"), [f"{role}-1"]))


def open_items(memory: Memory, community: Community, role: str, **about: Any) -> list[Any]:
    """Open items of a role, by what they are about."""
    found = memory.inbox.find(community.id, role=role)
    return [item for item in found if all(getattr(item, name) == value for name, value in about.items())]
