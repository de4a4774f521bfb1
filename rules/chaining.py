"""Chaining: a pack's conclusions inferred in steps, each a fact for the next, for one subject at a time.

Facts in, derived facts out, within one evaluation; nothing is kept between two. Each step asks the engine behind
`rules.inference` (durable-rules where it can be loaded) what is surely true and surely false; what came out is
known in the next step. The reference evaluator says the same of the conclusions written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from rules.compile import Compiler
from rules.condition import Truth
from rules.inference import Alert, Engine
from rules.reading import Reading
from rules.spec.community import Community
from rules.spec.conditions import leaves
from rules.spec.documents.metrics import Metrics, Named, Packed
from rules.spec.pack import Pack, pack_of
from rules.values import BOOLEAN, Evidence


class Chain:
    """The predicates of one pack over one community, inferred step by step.

    Args:
        community: whose metrics the pack reads.
        pack: which.
        only: the conclusions that are wanted; those they are made of come along. All, if not given.
        use_durable: False for the compiled function; None for durable-rules where it can be loaded.
        alert: told when a sampled answer differs from the reference.

    Raises:
        NotDecidable: the community lacks a metric that the conclusions read.
        Unsound: the engine refuses the ruleset.
    """

    def __init__(
        self,
        community: Community,
        pack: Pack,
        only: Iterable[str] | None = None,
        *,
        use_durable: bool | None = None,
        alert: Alert | None = None,
    ) -> None:
        written = {metric.id: metric for metric in pack.document.metrics if isinstance(metric, Named)}
        asked = {name: {leaf.name for _, leaf in leaves(one.when)} & set(written) for name, one in written.items()}
        wanted = _closed(asked, written if only is None else [name for name in only if name in written])
        compiler = Compiler(community, fields=dict.fromkeys(wanted, BOOLEAN))
        conditions = {name: compiler.condition(written[name].when) for name in wanted}
        self.steps = _steps({name: asked[name] for name in wanted})
        """The conclusions in the order of inference: those of one step know those of all before."""
        self._engine = Engine(conditions, use_durable=use_durable, alert=alert)

    def infer(self, evidence: Evidence) -> dict[str, Truth]:
        """What the pack concludes of one subject: true, false or unknown."""
        found: dict[str, Truth] = {}
        known = dict(evidence.attributes)
        for step in self.steps:
            truths = self._engine.truths(replace(evidence, attributes=known))
            found.update((name, truths[name]) for name in step)
            known.update((name, truths[name]) for name in step)
        return found

    def close(self) -> None:
        """Give the engine's memory back."""
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Chains:
    """The conclusions that a community has taken over, as readings under its own names.

    Args:
        community: whose.
        use_durable: as for `Chain`.
    """

    def __init__(self, community: Community, *, use_durable: bool | None = None) -> None:
        self._names: dict[str, dict[str, Reading]] = {}
        found: dict[str, Pack] = {}
        for metric in _packed(community):
            pack, conclusion = pack_of(metric)
            if isinstance(pack, Pack) and isinstance(pack.conclusions.get(conclusion), Named):
                found[pack.id] = pack
                self._names.setdefault(pack.id, {})[conclusion] = Reading(metric.id)
        self._chains = {
            id_: Chain(community, pack, self._names[id_], use_durable=use_durable) for id_, pack in found.items()
        }

    def __bool__(self) -> bool:
        return bool(self._chains)

    def infer(self, evidence: Evidence) -> Evidence:
        """The same evidence with what the packs conclude; what was given already stays."""
        readings = dict(evidence.readings)
        for id_, chain in self._chains.items():
            found = chain.infer(evidence)
            for conclusion, reading in self._names[id_].items():
                if readings.get(reading) is None:
                    readings[reading] = found[conclusion]
        return replace(evidence, readings=readings)

    def close(self) -> None:
        """Give the engines' memory back."""
        for chain in self._chains.values():
            chain.close()


def _packed(community: Community) -> list[Packed]:
    found = []
    for document in community.documents:
        if isinstance(document.model, Metrics):
            found += [metric for metric in document.model.metrics if isinstance(metric, Packed)]
    return found


def _closed(asked: Mapping[str, set[str]], wanted: Iterable[str]) -> list[str]:
    """The names and everything they are made of, in the order written."""
    todo, seen = list(wanted), set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(asked[name])
    return [name for name in asked if name in seen]


def _steps(asked: Mapping[str, set[str]]) -> tuple[tuple[str, ...], ...]:
    """Names by depth: each after everything it asks."""
    depth: dict[str, int] = {}
    for name, others in asked.items():  # a pack's conclusions come after what they ask
        depth[name] = 1 + max((depth[other] for other in others), default=-1)
    deepest = max(depth.values(), default=-1)
    return tuple(tuple(name for name in asked if depth[name] == n) for n in range(deepest + 1))
