"""Looking: reading everybody of a shard, and saying what would change, before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from operations.desk import Desk, rulebook_of
from operations.looking.finding import CHANGES, Found, Looking
from operations.looking.ladder import OnLadder
from operations.looking.parts import LOOKED_AT, RULE, RULES, has_part, is_rules, looks_at_members, parts_of
from operations.looking.rules import OnRules
from operations.looking.stages import OnStages
from operations.ports.reviews import Plan, Verdict
from operations.ports.standings import LIFECYCLE
from operations.terms import TITLES, look_at_terms

if TYPE_CHECKING:
    from rules.spec import Community

__all__ = [
    "CHANGES",
    "LOOKED_AT",
    "RULE",
    "RULES",
    "Found",
    "Look",
    "Looking",
    "has_part",
    "is_rules",
    "look",
    "looking_at",
    "looks_at_members",
    "parts_of",
]


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at one shard found: how many came out how, and what must change; `found` is what columns say."""

    counts: Mapping[str, int]
    verdicts: Sequence[Verdict]
    found: Found | None = None


def look(desk: Desk, plan: Plan, community: Community, part: str, subjects: Sequence[str] | None) -> Look:
    """Read everybody of a shard for one part of a review. Changes nothing."""
    if part == TITLES:
        return Look(*look_at_terms(desk, plan, community))
    looking = looking_at(desk, plan, community, part)
    found = looking.find(subjects)
    return Look(found.counts, list(looking.verdicts(found)), found)


def looking_at(desk: Desk, plan: Plan, community: Community, part: str) -> Looking:
    """What reads one part: the lifecycle, a ladder or rules; by columns first, then with everybody's reasons."""
    rulebook = rulebook_of(community)
    if part == LIFECYCLE:
        return OnStages(desk, plan, community, replace(rulebook, ladders=(), rules=()))
    if is_rules(part):
        rules = tuple(rule for rule in rulebook.rules if part in (f"{RULES}:{rule.of}", f"{RULE}:{rule.id}"))
        return OnRules(desk, plan, community, replace(rulebook, ladders=(), transitions=(), rules=rules))
    ladder = next(one for one in rulebook.ladders if one.name == part)
    alone = replace(rulebook, ladders=(ladder,), transitions=(), rules=())
    return OnLadder(desk, plan, community, alone, ladder)
