"""Watch: looks at conditions as the reference evaluator does, and notes for each comparison which truths it saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rules.condition import Condition, Held, Leaf, Named, Titles, Truth
from rules.coverage.spots import Asked, Spot, asked, spot, spots
from rules.evaluate import Trace, evaluate
from rules.rulebook import Rulebook
from rules.spec import conditions as spec
from rules.spec.community import Community
from rules.spec.source import Path
from rules.values import Evidence

Seen = Mapping[Spot, frozenset[Truth]]


class Watch:
    """Notes the truths of every comparison that a procedure looks at; give it as its `look`.

    Args:
        community: the specs.
        rulebook: the same, compiled.
    """

    def __init__(self, community: Community, rulebook: Rulebook) -> None:
        self.asked = tuple(asked(community))
        self.spots: tuple[Spot, ...] = tuple(one for whole in self.asked for one in spots(whole))
        self._by_key = {whole.key: whole for whole in self.asked}
        self._seen: dict[Spot, set[Truth]] = {one: set() for one in self.spots}
        self._rulebook = rulebook  # the conditions below are known by who they are, so they must live on
        self.compiled: dict[int, tuple[Asked, Condition]] = {
            id(condition): (whole, condition) for whole, condition in self._pairs(rulebook)
        }

    def __call__(self, condition: Condition, evidence: Evidence) -> Trace:
        """Look at a condition, and note what was seen."""
        trace = evaluate(condition, evidence)
        for one, truth in self.truths(condition, trace):
            self._seen[one].add(truth)
        return trace

    @property
    def seen(self) -> Seen:
        """What was seen so far."""
        return {one: frozenset(truths) for one, truths in self._seen.items()}

    def note(self, noted: Iterable[tuple[Spot, Truth]]) -> None:
        """Note what somebody else has seen."""
        for one, truth in noted:
            self._seen[one].add(truth)

    def missing(self) -> list[tuple[Spot, bool]]:
        """Every comparison with a truth that was not seen yet."""
        return [(one, truth) for one in self.spots for truth in (True, False) if truth not in self._seen[one]]

    def truths(self, condition: Condition, trace: Trace) -> Iterator[tuple[Spot, Truth]]:
        """The truth of each comparison in a trace, those of named metrics and of titles included."""
        if isinstance(condition, Held):
            yield from self._held(trace)
            return
        known = self.compiled.get(id(condition))
        if known is not None:
            yield from self.of(known[0], trace)

    def of(self, whole: Asked, trace: Trace) -> Iterator[tuple[Spot, Truth]]:
        """The truth of each comparison of a written condition, whatever it was compiled into."""
        yield from self._inside(whole, whole.path, whole.written, trace)

    def condition(self, *key: str) -> Asked | None:
        """The written condition of a key such as ("phase", mode, phase, "only_if")."""
        return self._by_key.get(key)

    # ------------------------------------------------------------------------------------- a trace beside its condition
    def _inside(self, whole: Asked, path: Path, written: Any, trace: Trace) -> Iterator[tuple[Spot, Truth]]:
        match written:
            case spec.Leaf():
                yield from self._leaf(whole, path, written, trace)
            case spec.Not():
                yield from self._inside(whole, (*path, "not"), written.not_, trace.parts[0])
            case spec.All() | spec.Any_() | spec.None_() | spec.ExactlyOne() | spec.AtLeastOf():
                words, conditions = spec.parts(written)
                for n, (part, seen) in enumerate(zip(conditions, trace.parts, strict=True)):
                    inner = seen.parts[0] if isinstance(written, spec.None_) else seen
                    yield from self._inside(whole, (*path, *words, n), part, inner)

    def _leaf(self, whole: Asked, path: Path, leaf: spec.Leaf, trace: Trace) -> Iterator[tuple[Spot, Truth]]:
        words = list(leaf.test.comparisons())
        for word, seen in zip(words, (trace,) if len(words) == 1 else trace.parts, strict=True):
            yield spot(whole, (*path, leaf.name, word), leaf, word), seen.truth
            yield from self._named(seen)

    def _named(self, trace: Trace) -> Iterator[tuple[Spot, Truth]]:
        """What lies behind a leaf: the condition that its metric is the name of, or the titles it asks for."""
        match trace.condition:
            case Leaf(source=Named(reading=reading)) if trace.parts:
                whole = self._by_key.get(("metric", reading.metric))
                if whole is not None:
                    yield from self.of(whole, trace.parts[0])
            case Titles():
                for part in trace.parts:
                    yield from self._titles(part)

    def _titles(self, trace: Trace) -> Iterator[tuple[Spot, Truth]]:
        if isinstance(trace.condition, Held):
            yield from self._held(trace)
            return
        for part in trace.parts:
            yield from self._titles(part)

    def _held(self, trace: Trace) -> Iterator[tuple[Spot, Truth]]:
        held = trace.condition
        assert isinstance(held, Held)
        parts = list(trace.parts)
        if held.held_by is not None and parts:
            chosen = parts.pop(0)
            whole = self._by_key.get(("held_by", held.title))
            if whole is not None:
                yield from self.of(whole, chosen.parts[1])  # from whom, of whom the condition holds, without whom
        if held.rests_unless is not None and parts:
            whole = self._by_key.get(("while", held.title))
            if whole is not None:
                yield from self.of(whole, parts[0])

    # ---------------------------------------------------------------------------------------------- who is who compiled
    def _pairs(self, rulebook: Rulebook) -> Iterator[tuple[Asked, Condition]]:
        for ladder in rulebook.ladders:
            if ladder.exempt is not None:
                yield self._by_key["exempt", ladder.id], ladder.exempt
            for n, floor in enumerate(ladder.floors):
                yield self._by_key["floor", ladder.id, str(n)], floor.when
            for rung in ladder.rungs:
                if rung.earn is not None:
                    yield self._by_key["earn", ladder.id, rung.id], rung.earn
                if rung.keep is not None:
                    yield self._by_key["keep", ladder.id, rung.id], rung.keep
        for transition in rulebook.transitions:
            yield self._by_key["transition", transition.id], transition.when
        for rule in rulebook.rules:
            yield self._by_key["rule", rule.id], rule.when
