"""Who can be in a team with whom: people, parts and traits, and what is wrong with a team."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from workflows.play import Free

Flavour = tuple[str, ...]
"""What a team has in common: a value for each trait that asks for it."""


Candidate = Free
"""Somebody who can be in a team."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of every team: so many people at least and at most."""

    id: str
    needs: int
    limit: int


@dataclass(frozen=True, slots=True)
class Trait:
    """What is asked of an attribute within a team: a value they share (None), or so many of one value at most."""

    attribute: str
    at_most: int | None = None


@dataclass(frozen=True)
class Asked:
    """Everything that teams are formed by."""

    people: tuple[Candidate, ...]
    parts: tuple[Part, ...]
    traits: tuple[Trait, ...]
    apart: frozenset[frozenset[str]]

    def flavours(self) -> list[Flavour]:
        """What a team may have in common: a value for each trait that asks for it."""
        alike = [trait.attribute for trait in self.traits if trait.at_most is None]
        values = [sorted({v for one in self.people for v in one.traits.get(name) or ()}) for name in alike]
        return list(product(*values))

    def fits(self, one: Candidate, flavour: Flavour) -> bool:
        alike = (trait.attribute for trait in self.traits if trait.at_most is None)
        return all(value in (one.traits.get(name) or ()) for name, value in zip(alike, flavour, strict=True))

    def caps(self) -> Iterator[tuple[Trait, str, int]]:
        """Every value of which a team may have only so many."""
        for trait in self.traits:
            if trait.at_most is not None:
                for value in sorted({v for one in self.people for v in one.traits.get(trait.attribute) or ()}):
                    yield trait, value, trait.at_most

    def most(self) -> int:
        """Teams that there are people for, if everybody could do everything."""
        size = sum(part.needs for part in self.parts)
        return len(self.people) // size if size else 0

    def stays_apart(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for pair in self.apart:
            for who in pair:
                found[who] |= pair - {who}
        return found


def faults(
    team: Mapping[str, Collection[str]],
    people: Mapping[str, Candidate],
    parts: Sequence[Part],
    traits: Sequence[Trait] = (),
    *,
    apart: Collection[frozenset[str]] = (),
    partly: bool = False,
) -> list[str]:
    """What is wrong with one team, in words; nothing if it may stand. For teams that people put together by hand.

    Args:
        partly: it need not be complete.
    """
    found: list[str] = []
    for part in parts:
        inside = team.get(part.id, ())
        if not (0 if partly else part.needs) <= len(inside) <= part.limit:
            wanted = f"{part.needs}" if part.needs == part.limit else f"{part.needs} to {part.limit}"
            found.append(f"{part.id} has {len(inside)}, {wanted} are wanted")
        found += [f"{who} cannot be {part.id}" for who in inside if part.id not in people[who].parts]
    everybody = [who for inside in team.values() for who in inside]
    found += [f"{who} is there twice" for who, times in Counter(everybody).items() if times > 1]
    for trait in traits:
        found += _unlike(trait, [people[who] for who in dict.fromkeys(everybody)])
    found += [
        " and ".join(sorted(pair)) + " are never in one team"
        for pair in sorted(apart, key=sorted)
        if pair <= {*everybody}
    ]
    return found


def _unlike(trait: Trait, inside: Sequence[Candidate]) -> list[str]:
    known = [one.traits.get(trait.attribute) for one in inside]
    if trait.at_most is None:
        if any(values is None for values in known):
            who = ", ".join(one.id for one, values in zip(inside, known, strict=True) if values is None)
            return [f"{trait.attribute} of {who} is unknown"]
        shared = frozenset.intersection(*(values for values in known if values is not None)) if known else {""}
        return [] if shared else [f"they have no {trait.attribute} in common"]
    held = Counter(value for values in known for value in values or ())
    return [
        f"{times} of {trait.attribute} {value}, at most {trait.at_most}"
        for value, times in sorted(held.items())
        if times > trait.at_most
    ]
