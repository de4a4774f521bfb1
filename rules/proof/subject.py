"""Subject: a made-up member (or work, space, …) at one moment, and how every condition comes out for it.

The truths are exactly those of `rules.evaluate`: a condition is a pair of terms, surely true and surely false, and
unknown is neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Best,
    Bound,
    Condition,
    ExactlyOne,
    Fixed,
    Held,
    Leaf,
    Measured,
    Named,
    Not,
    Same,
    Source,
    Titles,
    within,
)
from rules.condition import sources as sources_of
from rules.proof.quantities import Quantities
from rules.proof.terms import (
    FALSE,
    TRUE,
    at_least,
    both,
    either,
    equal,
    no,
    so_many,
)
from rules.proof.world import Var, World
from rules.reading import Reading
from rules.values import SET, ValueType


class Truths(NamedTuple):
    """When a condition is surely true and when it is surely false."""

    true: str
    false: str


class Domain:
    """Makes the values of subjects: what they can be, and how they hang together. See `rules.proof.domain`."""

    def attribute(self, subject: Subject, name: str, type_: ValueType) -> Var:
        """A new attribute of a subject."""
        return subject.world.variable(name, type_)

    def reading(self, subject: Subject, source: Measured) -> Var:
        """A new reading of a subject."""
        return subject.world.variable(source.reading.key, source.type)


class Subject:
    """One made-up subject at one moment.

    Args:
        world: what all subjects share.
        domain: what values can be.
        given: attributes that are what they are: after a move, or because of where the subject stands.
        base: another moment of the same subject; what is not given and does not begin anew is the same there.
        anew: windows whose readings begin anew, such as `in_tier` after a move.
        nothing: whether nothing has happened in those windows.
    """

    def __init__(
        self,
        world: World,
        domain: Domain,
        *,
        given: Mapping[str, Var] | None = None,
        base: Subject | None = None,
        anew: frozenset[str] = frozenset(),
        nothing: bool = False,
        label: str = "",
    ) -> None:
        self.world, self.domain, self.base, self.anew, self.nothing, self.label = (
            world, domain, base, anew, nothing, label,
        )  # fmt: skip
        self.attributes: dict[str, Var] = dict(given or {})
        self.readings: dict[Reading, Var] = {}
        self._truths: dict[int, tuple[Condition, Truths]] = {}
        self.numbers = Quantities(self)

    # ---------------------------------------------------------------------------------------------------------- values
    def attribute(self, name: str, type_: ValueType) -> Var:
        """An attribute by the name it is given under."""
        found = self.attributes.get(name)
        if found is None:
            found = (
                self.base.attribute(name, type_) if self.base is not None else self.domain.attribute(self, name, type_)
            )
            self.attributes[name] = found
        return found

    def reading(self, source: Measured) -> Var:
        """A reading of a base metric."""
        found = self.readings.get(source.reading)
        if found is None:
            if self.base is not None and source.reading.over not in self.anew:
                found = self.base.reading(source)
            else:
                found = self.domain.reading(self, source)
            self.readings[source.reading] = found
        return found

    def touched(self, conditions: Iterable[Condition]) -> tuple[dict[str, Var], dict[Reading, Var]]:
        """The attributes and readings that conditions read of this subject."""
        attributes: dict[str, Var] = {}
        readings: dict[Reading, Var] = {}
        for condition in conditions:
            for source in sources_of(condition):
                match source:
                    case Attribute(names, type_):
                        attributes.update({name: self.attribute(name, type_) for name in names})
                    case Best(whole, names, type_):
                        attributes.update({name: self.attribute(name, type_) for name in (whole, *names)})
                    case Measured(reading):
                        readings[reading] = self.reading(source)
                    case _:
                        pass
            if _asks_stored_titles(condition):
                attributes["titles"] = self.attribute("titles", SET)
        return attributes, readings

    # ---------------------------------------------------------------------------------------------------------- truths
    def truths(self, condition: Condition) -> Truths:
        """How a condition comes out, named once and for all."""
        found = self._truths.get(id(condition))
        if found is None:
            raw = self._made(condition)
            label = type(condition).__name__
            found = (
                condition,
                Truths(self.world.named(f"{label} true", raw.true), self.world.named(f"{label} false", raw.false)),
            )
            self._truths[id(condition)] = found
        return found[1]

    def _made(self, condition: Condition) -> Truths:
        match condition:
            case Leaf():
                return self._leaf(condition)
            case Titles(node=node):
                return self.truths(node)
            case Fixed(None):  # only a look at everybody, or somebody else, can tell: it may come out anyhow
                true, false = (self.world.constant(f"elsewhere {word}", "Bool") for word in ("true", "false"))
                self.world.law(no(both((true, false))), "nothing is true and false")
                return Truths(true, false)
            case Fixed(truth):
                return Truths(TRUE if truth else FALSE, FALSE if truth else TRUE)
            case Not(node):
                true, false = self.truths(node)
                return Truths(false, true)
            case Held():
                return self._held(condition)
            case AllOf(nodes):
                each = [self.truths(node) for node in nodes]
                return Truths(both(t.true for t in each), either(t.false for t in each))
            case AnyOf(nodes):
                each = [self.truths(node) for node in nodes]
                return Truths(either(t.true for t in each), both(t.false for t in each))
            case ExactlyOne(nodes):
                each = [self.truths(node) for node in nodes]
                decided = both(either(t) for t in each)
                trues = [t.true for t in each]
                two = so_many(2, trues)
                return Truths(
                    both((decided, either(trues), no(two))), either((two, both((decided, no(either(trues))))))
                )
            case AtLeastOf(count, nodes):
                each = [self.truths(node) for node in nodes]
                return Truths(
                    so_many(count, (t.true for t in each)),
                    so_many(len(each) - count + 1, (t.false for t in each)),
                )

    def _held(self, held: Held) -> Truths:
        if held.held_by is not None:
            has = self.truths(held.held_by)
        else:
            titles = self.attribute("titles", SET)
            one = either(self.world.part(titles, f"has:{name}") for name in held.names)
            has = Truths(both((titles.known, one)), both((titles.known, no(one))))
        if held.rests_unless is None:
            return has
        awake = self.truths(held.rests_unless).true
        return Truths(both((has.true, awake)), either((has.false, both((has.true, no(awake))))))

    def _leaf(self, leaf: Leaf) -> Truths:
        known, holds = self._compared(leaf)
        if leaf.comparison == "is_known":
            wanted = leaf.bounds[0] is True
            return Truths(known, no(known)) if wanted else Truths(no(known), known)
        return Truths(both((known, holds)), both((known, no(holds))))

    def _compared(self, leaf: Leaf) -> tuple[str, str]:
        """When a leaf is decided at all, and when it then holds."""
        source, word = leaf.source, leaf.comparison
        if isinstance(source, Named):
            inner = self.truths(source.node)
            return either(inner), _as_truth(word, leaf.bounds, inner.true)
        if source.type.numeric:
            return self.numbers.compared(leaf)
        var = self.var(source)
        if word == "is_known":
            return var.known, TRUE
        match source.type.kind:
            case "boolean":
                return var.known, _as_truth(word, leaf.bounds, var.value)
            case "tier":
                return var.known, _as_rank(word, [source.type.rank(str(bound)) for bound in leaf.bounds], var.value)
            case "set":
                held = either(self._has(source, str(bound)) for bound in leaf.bounds)
                return var.known, no(held) if word == "none_of" else held
        if word in ("contains", "starts_with"):
            return var.known, self.world.part(var, f"{word.removesuffix('_with')}:{leaf.bounds[0]}")
        known, terms = var.known, []
        for bound in leaf.bounds:
            if isinstance(bound, Same):
                other = self.var(bound.source)
                known = both((known, other.known))
                terms.append(f"(= {var.value} {other.value})")
            else:
                terms.append(self.world.says(var, str(bound)))
        one = either(terms)
        return known, no(one) if word in ("is_not", "none_of") else one

    def var(self, source: Source) -> Var:
        """A value that is no derived number."""
        match source:
            case Attribute(names, type_):
                return self._first([self.attribute(name, type_) for name in names], type_)
            case Best(whole, names, type_):
                given = self.attribute(whole, type_)
                each = [self.attribute(name, type_) for name in names]
                best = "0"
                for one in each:
                    better = both((one.known, f"(>= {one.value} {best})"))
                    best = f"(ite {better} {one.value} {best})"
                known = either((given.known, *(one.known for one in each)))
                return Var(
                    whole, type_, known, best if given.known == FALSE else f"(ite {given.known} {given.value} {best})"
                )
            case Measured():
                return self.reading(source)
        raise TypeError(f"{type(source).__name__} is a derived metric")

    def _has(self, source: Source, element: str) -> str:
        """That a set, under the first of its names that is known, has an element."""
        names = source.names if isinstance(source, Attribute) else ()
        each = [self.attribute(name, source.type) for name in names] or [self.var(source)]
        truth = self.world.part(each[-1], f"has:{element}")
        for one in reversed(each[:-1]):
            if one.known != FALSE:
                truth = f"(ite {one.known} {self.world.part(one, f'has:{element}')} {truth})"
        return truth

    def _first(self, each: Sequence[Var], type_: ValueType) -> Var:
        """The first of several names that is known."""
        each = [one for one in each if one.known != FALSE] or each[:1]
        if len(each) == 1 or each[0].known == TRUE:
            return each[0]
        value = each[-1].value
        for one in reversed(each[:-1]):
            value = f"(ite {one.known} {one.value} {value})"
        return Var(each[0].label, type_, either(one.known for one in each), value)


def _as_truth(word: str, bounds: Sequence[Bound], value: str) -> str:
    return value if (word == "is") == (bounds[0] is True) else no(value)


def _as_rank(word: str, ranks: Sequence[int], value: str) -> str:
    match word:
        case "at_least":
            return at_least(value, ranks[0])
        case "at_most":
            return no(at_least(value, ranks[0] + 1))
        case "is" | "one_of":
            return either(equal(value, rank) for rank in ranks)
        case _:
            return no(either(equal(value, rank) for rank in ranks))


def _asks_stored_titles(condition: Condition) -> bool:
    match condition:
        case Held(held_by=held_by, rests_unless=unless):
            return held_by is None or any(_asks_stored_titles(part) for part in (held_by, unless) if part is not None)
        case Titles(node=node) | Not(node):
            return _asks_stored_titles(node)
        case AllOf(nodes) | AnyOf(nodes) | ExactlyOne(nodes) | AtLeastOf(nodes=nodes):
            return any(_asks_stored_titles(node) for node in nodes)
        case Leaf(source=source):
            return any(_asks_stored_titles(one.node) for one in within(source) if isinstance(one, Named))
        case Fixed():
            return False
