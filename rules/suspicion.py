"""Suspicion: which facts look like gaming, by what happened before them; so that likes for likes do not count.

A kind of fact says what it takes (`suspect:` in metrics.yaml). Three things make a fact suspect:

- **reciprocal**: it is about a member and names another one (in `by`, or in the field that is given), and a fact of the
  same kind with the two the other way round happened at the same moment or before, not longer ago than `within`.
- **ring**: the same over a third member: it is about A and names B, and at the same moment or before, not longer ago
  than `within`, there were one about B that names C and one about C that names A, three different members.
- **burst**: at least `count` facts of the kind about the same member (and, with `from`, with the same value in that
  field) happened before it, the first of these not longer ago than `within`: the first `count` still count. Facts of
  one moment are taken in the order of their keys.

Only what happened before matters, so that a fact that comes later never changes what was read earlier; whether those
facts are suspect themselves, or are ignored for another reason, does not matter. With `whole` that is otherwise: the
facts before which made a fact suspect are suspect too, so that of an exchange, a ring or a flood nothing counts once it
is found to be one. Either way the marks depend on which facts there are, and neither on the order in which nor on the
batches in which they were recorded. A fact that was recorded as suspect stays so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.fact import Fact, FactKind


@dataclass(frozen=True, slots=True)
class Burst:
    """More than `count` facts about one member in `seconds`, with one value of the field `of` if given.

    `whole`: the first `count` are suspect as well.
    """

    count: int
    seconds: int
    of: str | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Facts that answer each other within `seconds`; `field` names the other member.

    `whole`: those that were answered are suspect as well.
    """

    seconds: int
    field: str = "by"
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What makes facts of one kind suspect."""

    reciprocal: GivenBack | None = None
    bursts: tuple[Burst, ...] = ()
    ring: GivenBack | None = None

    @property
    def seconds(self) -> int:
        """How far back anything reaches."""
        return max((one.seconds for one in (*self.bursts, self.reciprocal, self.ring) if one is not None), default=0)

    @property
    def whole(self) -> bool:
        """Whether a fact may be suspect for what happened after it, within `seconds`."""
        return any(one is not None and one.whole for one in (*self.bursts, self.reciprocal, self.ring))

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that name another member."""
        return tuple(sorted({one.field for one in (self.reciprocal, self.ring) if one is not None}))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are read."""
        return tuple(sorted({burst.of for burst in self.bursts if burst.of is not None}.union(self.names)))


def marked(kinds: Mapping[str, FactKind], facts: Iterable[Fact]) -> list[Fact]:
    """The facts, those that are found suspect with `suspect` set; in the order given."""
    all_ = list(facts)
    by_kind: dict[str, list[Fact]] = defaultdict(list)
    for fact in all_:
        if fact.kind in kinds and kinds[fact.kind].suspicion is not None:
            by_kind[fact.kind].append(fact)
    found: set[str] = set()
    for id_, of_kind in by_kind.items():
        suspicion = kinds[id_].suspicion
        assert suspicion is not None
        found |= suspects(suspicion, of_kind)
    return [replace(f, fields={**f.fields, "suspect": True}) if f.key.hex in found else f for f in all_]


def suspects(suspicion: Suspicion, facts: Iterable[Fact]) -> set[str]:
    """The keys (32 digits) of the facts of one kind that are suspect, found by looking at each."""
    found: set[str] = set()
    ordered = sorted((fact for fact in facts if fact.member is not None), key=lambda f: (f.at, f.key.hex))
    for burst in suspicion.bursts:
        runs: dict[object, list[Fact]] = defaultdict(list)
        for fact in ordered:
            of = None if burst.of is None else fact.fields.get(burst.of)
            if burst.of is not None and of is None:
                continue
            run = runs[(fact.member, of)]
            if len(run) >= burst.count and fact.at - run[-burst.count].at <= timedelta(seconds=burst.seconds):
                found.add(fact.key.hex)
                found.update(one.key.hex for one in run[-burst.count :] if burst.whole)
            run.append(fact)
    for said, answered in ((suspicion.reciprocal, _given_back), (suspicion.ring, _closed)):
        for fact in ordered if said is not None else ():
            if said is not None and (before := answered(fact, ordered, said)):
                found.add(fact.key.hex)
                found.update(one.key.hex for one in before if said.whole)
    return found


def _given_back(fact: Fact, facts: Iterable[Fact], back: GivenBack) -> list[Fact]:
    """The mirror images that it answers."""
    other = fact.fields.get(back.field)
    if other is None or other == fact.member:
        return []
    return [
        one
        for one in facts
        if one.member == other and one.fields.get(back.field) == fact.member and _before(one, fact, back.seconds)
    ]


def _closed(fact: Fact, facts: Iterable[Fact], ring: GivenBack) -> list[Fact]:
    """The other facts of the rings of three of which it is the last."""
    other = fact.fields.get(ring.field)
    if other == fact.member:
        return []
    before = [(one.member, one.fields.get(ring.field), one) for one in facts if _before(one, fact, ring.seconds)]
    thirds = {third for member, third, _ in before if member == other and third not in (None, other, fact.member)}
    round_ = {member for member, named, _ in before if member in thirds and named == fact.member}
    return [
        one
        for member, named, one in before
        if (member == other and named in round_) or (member in round_ and named == fact.member)
    ]


def _before(one: Fact, fact: Fact, seconds: int) -> bool:
    return timedelta(0) <= fact.at - one.at <= timedelta(seconds=seconds)
