"""Candidates: who was spotted or named for something, by which evidence, and since when; also by topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from operations.errors import Refusal
from operations.ports.persons import ORIGINS, Persons, Sighting
from operations.ports.standings import LIFECYCLE, Place

if TYPE_CHECKING:
    from operations.desk import Desk
    from rules.fact import Fact
    from rules.spec import Community

MOST = 20_000
"""Evidence that is looked at for one list, latest first."""
LISTS = ("tier", "title", "task")


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateShown:
    """Somebody on a list.

    Args:
        tag: where they were found first: it never changes, whatever is seen later or turns up from earlier.
        origin: where they are known from by now.
        evidence: what spotted them, the first one first.
        named_for: what they were named for, with the moment and the source.
        stage: where they stand in the lifecycle; None: they are still in the pool.
        depth: the mean of what scouts gave in the topic asked for, hundredths; None: nothing was given.
    """

    member: str
    tag: str | None
    origin: str | None
    stage: str | None
    consent: bool | None
    evidence: tuple[Sighting, ...]
    named_for: tuple[tuple[str, str, datetime, str], ...] = ()
    topics: tuple[str, ...] = ()
    depth: int | None = None


def candidates(
    desk: Desk,
    persons: Persons,
    spec: Community,
    *,
    list_: str | None = None,
    of: str | None = None,
    topic: str | None = None,
) -> list[CandidateShown]:
    """Those who were spotted (nothing given), named for a tier, title or task, or spotted with a topic.

    Of a topic the deepest come first, whatever reach they have; otherwise whoever was found first.

    Raises:
        Refusal: there is no such list, or nobody was ever spotted with that topic and it is no known one.
    """
    evidence = _evidence(desk, persons, spec)
    named: dict[str, list[tuple[str, str, datetime, str]]] = {}
    if list_ is not None:
        if list_ not in LISTS:
            raise Refusal(f"There is no list {list_!r}.", f"One of {', '.join(LISTS)}.")
        for one in desk.effects.candidates(spec.id, list_, of):
            named.setdefault(one.member, []).append((one.list, one.of, one.at, one.source))
        who = list(named)
    else:
        who = list(evidence)
    if topic is not None:
        _known_topic(spec, topic)
        who = [one for one in who if any(seen.topic == topic for seen in evidence.get(one, []))]
    known = {one.id: one for one in desk.members(spec).find(who)} if who else {}
    tags = persons.tags(spec.id, who) if who else {}
    depths = _depths(desk, spec, topic) if topic is not None else {}
    shown = []
    for member in who:
        person = known.get(member)
        if person is None:
            continue
        seen = tuple(evidence.get(member, ()))
        stage = desk.standings.one(spec.id, Place(member=member, ladder=LIFECYCLE))
        origin, consent = person.attributes.get("origin"), person.attributes.get("consent")
        shown.append(
            CandidateShown(
                member=member,
                tag=_tag(tags.get(member), seen),
                origin=str(origin) if origin else None,
                stage=stage.at if stage is not None else None,
                consent=consent if isinstance(consent, bool) else None,
                evidence=seen,
                named_for=tuple(named.get(member, ())),
                topics=tuple(dict.fromkeys(one.topic for one in seen if one.topic)),
                depth=depths.get(member),
            )
        )
    if topic is not None:
        return sorted(shown, key=lambda one: (-(one.depth or 0), one.member))
    return sorted(shown, key=lambda one: (_first(one), one.member))


def _tag(first: str | None, seen: Sequence[Sighting]) -> str | None:
    """Where somebody was found; by evidence only where nothing else says on which side that was."""
    return first if first in ORIGINS or not seen else seen[0].origin


def _first(one: CandidateShown) -> str:
    moments = [seen.at for seen in one.evidence[:1]] + [named[2] for named in one.named_for[:1]]
    return min(moments).isoformat() if moments else ""


def _evidence(desk: Desk, persons: Persons, spec: Community) -> dict[str, list[Sighting]]:
    """What spotted people, by member: accounts met in imports, and filled forms that say where and by what."""
    found = {member: list(seen) for member, seen in persons.sightings(spec.id).items()}
    for fact in _spottings(desk, spec):
        found.setdefault(str(fact.member), []).append(
            Sighting(
                key=fact.id,
                member=str(fact.member),
                origin=str(fact.fields["origin"]),
                at=fact.at,
                place=_text(fact.fields.get("place")),
                evidence=_text(fact.fields.get("evidence")),
                topic=_text(fact.fields.get("topic")),
                by=_text(fact.fields.get("by")),
            )
        )
    return {member: sorted(seen, key=lambda one: (one.at, one.key)) for member, seen in found.items()}


def _spottings(desk: Desk, spec: Community) -> Sequence[Fact]:
    """Filled forms of `named` kinds that say an origin."""
    kinds = [
        kind.id for kind in spec.facts.values() if kind.named and any(field.id == "origin" for field in kind.fields)
    ]
    if not kinds:
        return []
    facts = desk.facts(spec).find(kinds=kinds, limit=MOST)
    return [one for one in facts if one.member is not None and one.fields.get("origin") in (*ORIGINS, "both")]


def _known_topic(spec: Community, topic: str) -> None:
    """Topics are what the forms' field `topic` may hold."""
    for kind in spec.facts.values():
        for field in kind.fields:
            if kind.named and field.id == "topic" and isinstance(field.one_of, str):
                items = [item.id for item in spec.lists[field.one_of].items]
                if topic not in items:
                    raise Refusal(f"There is no topic {topic!r}.", f"One of {', '.join(items)}.")


def _depths(desk: Desk, spec: Community, topic: str) -> dict[str, int]:
    """The mean depth that scouts saw in a topic, hundredths; followers are nowhere in it."""
    seen: dict[str, list[int]] = {}
    for fact in _spottings(desk, spec):
        depth = fact.fields.get("depth")
        if fact.fields.get("topic") == topic and isinstance(depth, int):
            seen.setdefault(str(fact.member), []).append(depth)
    return {member: round(100 * sum(found) / len(found)) for member, found in seen.items()}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
