"""Parts: what a review consists of, in the order of a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.desk import rulebook_of
from operations.ports.standings import LIFECYCLE
from operations.terms import TITLES, have_terms

if TYPE_CHECKING:
    from rules.spec import Community

RULES, RULE = "rules", "rule"
"""`rules:member` is the part with all rules about members, `rule:ID` one with a rhythm of its own."""
LOOKED_AT = ("member", "community", "space", "work", "run", "team", "cohort")
"""What rules of a review look at."""


def parts_of(community: Community) -> list[str]:
    """The parts of a whole review in the order of a day: lifecycle, ladders, titles, rules by what they look at."""
    rulebook = rulebook_of(community)
    parts = [LIFECYCLE] if rulebook.transitions else []
    parts.extend(ladder.name for ladder in rulebook.ladders)
    if have_terms(community):
        parts.append(TITLES)
    parts.extend(f"{RULES}:{of}" for of in dict.fromkeys(rule.of for rule in rulebook.rules) if of in LOOKED_AT)
    return parts


def has_part(community: Community, part: str) -> bool:
    """Whether a part is one of this community's."""
    if part.startswith(f"{RULE}:"):
        return part.partition(":")[2] in community.rules
    return part in parts_of(community)


def is_rules(part: str) -> bool:
    """Whether a part of a review is one of rules."""
    return part.partition(":")[0] in (RULES, RULE) and ":" in part


def looks_at_members(community: Community, part: str) -> bool:
    """Whether a part looks at members, so that it is cut into shards."""
    if part.startswith(f"{RULE}:"):
        return community.rules[part.partition(":")[2]].of == "member"
    if part == TITLES:
        return False
    return not is_rules(part) or part == f"{RULES}:member"
