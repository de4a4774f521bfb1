"""Rhythms: when which parts of a review come about by themselves, and whether a fact is enough for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations.ports.standings import LIFECYCLE
from operations.terms import TITLES, have_terms
from rules.spec.documents.rules import Rules

if TYPE_CHECKING:
    from rules.spec import Community

ON_FACTS = "fact"
"""The rhythm of what is looked at as soon as a fact is recorded."""


def rhythms(community: Community) -> dict[tuple[str, Any, str | None], list[str]]:
    """Parts of a review by their rhythm (every, day, at), in the order of a day."""
    found: dict[tuple[str, Any, str | None], list[str]] = {}

    def add(rhythm: Any, part: str) -> None:
        parts = found.setdefault((rhythm.every, rhythm.day, rhythm.at), [])
        if part not in parts:
            parts.append(part)

    if community.lifecycle is not None:
        add(community.lifecycle.review, LIFECYCLE)
    for ladder in community.ladders.values():
        for rhythm in (ladder.review, *(tier.review for tier in ladder.tiers if tier.review is not None)):
            add(rhythm, ladder.id)
    if have_terms(community):
        first = next(iter(community.ladders.values()), None)
        if first is not None:
            add(first.review, TITLES)
    for document in community.documents:
        if isinstance(document.model, Rules):
            for rule in document.model.rules:
                if rule.review is None:
                    add(document.model.review, f"rules:{rule.of}")
                else:
                    add(rule.review, f"rule:{rule.id}")
    return found


def wakes_on_facts(community: Community) -> bool:
    """Whether anything is reviewed as soon as a fact is recorded."""
    return any(every == ON_FACTS for every, _, _ in rhythms(community))
