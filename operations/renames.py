"""Renames: what `moved` says has another name now, so that history follows and nobody moves because of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from operations.errors import Refusal
from operations.ports.standings import LIFECYCLE, Renames

if TYPE_CHECKING:
    from rules.spec import Community


def renames_of(community: Community) -> Renames:
    """The renames a community declares; a name that is still in use is not taken for an old one."""
    places: dict[str, dict[str, str]] = {}
    others: dict[str, dict[str, str]] = {"title": {}, "rule": {}, "transition": {}}
    there: dict[str, Collection[str]] = {
        "title": community.titles,
        "rule": community.rules,
        "transition": _ways(community),
    }
    said = {moved.from_: moved.to for moved in community.document.moved}
    for from_ in said:
        kind, _, old = from_.partition(":")
        kind_now, _, new = _now(from_, said).partition(":")
        if kind != kind_now:
            continue
        if kind in others and old not in there[kind]:
            others[kind][old] = new
        for ladder, ids in _places(community):
            if kind == ("stage" if ladder == LIFECYCLE else "tier") and new in ids and old not in ids:
                places.setdefault(ladder, {})[old] = new
    return Renames(places=places, titles=others["title"], rules=others["rule"], ways=others["transition"])


def _now(name: str, said: Mapping[str, str]) -> str:
    """What a name is now, if it was changed more than once."""
    seen = {name}
    while name in said and said[name] not in seen:
        name = said[name]
        seen.add(name)
    return name


def refuse_lost(current: Community, new: Community) -> None:
    """Refuse a spec in which a tier or stage is gone and nothing says what became of it.

    Raises:
        Refusal: names the first one.
    """
    renames = renames_of(new)
    there = dict(_places(new))
    for ladder, ids in _places(current):
        if ladder not in there:
            continue
        lost = [id_ for id_ in ids if id_ not in there[ladder] and id_ not in renames.places.get(ladder, {})]
        if lost:
            kind, where = ("stage", "the lifecycle") if ladder == LIFECYCLE else ("tier", f"the ladder {ladder}")
            raise Refusal(
                f"The {kind} '{lost[0]}' of {where} is gone, and nothing says where its members stand now.",
                f"Say it in community.yaml: moved: [{{ from: {kind}:{lost[0]}, to: {kind}:… }}].",
            )


def _ways(community: Community) -> set[str]:
    return set() if community.lifecycle is None else {way.id for way in community.lifecycle.transitions}


def _places(community: Community) -> Iterator[tuple[str, list[str]]]:
    """Each ladder with its tiers, and the lifecycle with its stages."""
    for ladder in community.ladders.values():
        yield ladder.id, [tier.id for tier in ladder.tiers]
    if community.lifecycle is not None:
        yield LIFECYCLE, [stage.id for stage in community.lifecycle.stages]
