"""Reduced: a ladder whose conditions are read beforehand as far as they depend on facts alone.

What depends on where somebody stands (the tier, the days in it) is left in the conditions and is read step by step;
everything else becomes one truth per review, under a name of its own. So one and the same procedure, `next_step`,
decides of the past and of today.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Best,
    Condition,
    ExactlyOne,
    Fixed,
    Held,
    Leaf,
    Measured,
    Named,
    Not,
    Source,
    Titles,
    sources,
)
from rules.history.past import replayed
from rules.ladder import Ladder
from rules.reading import Reading
from rules.values import BOOLEAN, ValueType

OWN = ("in_grace", "last_move", "pinned")
"""What is known of a standing besides its ladder's own names."""


@dataclass
class Reduction:
    """Takes conditions apart.

    Args:
        dynamic: attributes that change with the standing.
        truths: the conditions that are read beforehand, by the name of their truth.
        carried: sources of facts that stand in one comparison with the standing, which need their values.
        entries: readings since entering the tier, which are counted step by step.
    """

    dynamic: frozenset[str]
    truths: dict[str, Condition] = field(default_factory=dict)
    carried: set[Reading | str] = field(default_factory=set)
    entries: set[Reading] = field(default_factory=set)

    def __call__(self, condition: Condition) -> Condition:
        """The condition with its truths read beforehand."""
        if not self._moves(condition):
            return self._known(condition)
        match condition:
            case AllOf(nodes):
                return AllOf(self._parts(nodes, AllOf))
            case AnyOf(nodes):
                return AnyOf(self._parts(nodes, AnyOf))
            case ExactlyOne(nodes):
                return ExactlyOne(tuple(self(node) for node in nodes))
            case AtLeastOf(count, nodes):
                return AtLeastOf(count, tuple(self(node) for node in nodes))
            case Not(node):
                return Not(self(node))
            case Titles(node=node):
                return self(node)
            case Held(title, names, held_by, rests):
                return Held(title, names, None if held_by is None else self(held_by), rests and self(rests))
            case Leaf(source=Named(reading=reading, node=node, type=type_)):
                return replace(condition, source=Named(reading, self(node), type_))
            case Leaf():
                self._carry(condition)
        return condition

    def _parts(self, nodes: tuple[Condition, ...], joined: type[AllOf] | type[AnyOf]) -> tuple[Condition, ...]:
        still = tuple(node for node in nodes if not self._moves(node))
        moving = tuple(self(node) for node in nodes if self._moves(node))
        return moving if not still else (self._known(still[0] if len(still) == 1 else joined(still)), *moving)

    def _known(self, condition: Condition) -> Condition:
        if isinstance(condition, Fixed):
            return condition
        name = next((name for name, known in self.truths.items() if known is condition), None)
        if name is None:
            name = f"·{len(self.truths)}"
            self.truths[name] = condition
        return Leaf(name, "all", Attribute((name,), BOOLEAN), "is", (True,))

    def _carry(self, leaf: Leaf) -> None:
        for source in sources(leaf):
            match source:
                case Measured(reading) if replayed(reading):
                    self.carried.add(reading)
                case Measured(reading):
                    self.entries.add(reading)
                case Attribute(names):
                    self.carried.update(name for name in names if name not in self.dynamic)

    def _moves(self, condition: Condition) -> bool:
        return any(self._depends(source) for source in sources(condition))

    def _depends(self, source: Source) -> bool:
        match source:
            case Attribute(names):
                return not self.dynamic.isdisjoint(names)
            case Best(whole, names):
                return whole in self.dynamic or not self.dynamic.isdisjoint(names)
            case Measured(reading):
                return not replayed(reading)
        return False


def standing_names(ladder: Ladder) -> frozenset[str]:
    """The attributes that change with a standing on this ladder."""
    own = (*ladder.standing.names, *ladder.since.names, f"{ladder.name}_held", f"{ladder.id}_held")
    return frozenset((*own, *OWN))


def reduce_ladder(ladder: Ladder) -> tuple[Ladder, Reduction]:
    """The ladder with the truths of facts under names of their own, and what those are."""
    reduction = Reduction(standing_names(ladder))
    rungs = tuple(
        replace(
            rung,
            earn=None if rung.earn is None else reduction(rung.earn),
            keep=None if rung.keep is None else reduction(rung.keep),
        )
        for rung in ladder.rungs
    )
    exempt = None if ladder.exempt is None else reduction(ladder.exempt)
    floors = tuple(replace(floor, when=reduction(floor.when)) for floor in ladder.floors)
    return replace(ladder, rungs=rungs, exempt=exempt, floors=floors), reduction


def types_of(conditions: Collection[Condition]) -> Mapping[str, ValueType]:
    """The attributes that conditions read, with their types."""
    return {
        name: source.type
        for condition in conditions
        for source in sources(condition)
        if isinstance(source, Attribute)
        for name in source.names
    }
