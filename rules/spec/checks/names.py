"""Names: everything a community declares, by what it is, and everything the engine knows without being told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from rules.spec.checks.asked import ANY, Asked
from rules.spec.conditions import leaves
from rules.spec.diagnostics import alike
from rules.spec.documents.community import CommunityDocument
from rules.spec.documents.metrics import Counted, Metric, Named, Ratio, Score
from rules.spec.documents.mode import Mode
from rules.spec.fields import FieldSpec, Parameter
from rules.spec.phase import every_phase
from rules.spec.vocabulary import ENGINE_ATTRIBUTES, ENGINE_FACTS, ENVELOPE, ORIGINS, SUBJECT_ATTRIBUTES

PARTS: Final = ("host", "guest")
LAST_MOVES: Final = ("automatic", "by_hand")


@dataclass
class Names:
    """The index of a community: vocabulary → id → what was declared under it."""

    document: CommunityDocument
    ids: dict[str, dict[str, Any]]
    lost: frozenset[str] = frozenset()  # ids in pieces that could not be read: nothing is said about them
    _member: dict[str, Asked] = field(default_factory=dict)
    _about: dict[str, str] = field(default_factory=dict)
    _typed: dict[str, Asked] = field(default_factory=dict)
    _fields: dict[tuple[str, ...], dict[str, Asked]] = field(default_factory=dict)
    _metric: dict[int, Asked] = field(default_factory=dict)
    unfit: set[tuple[str, str]] = field(
        default_factory=set
    )  # parameters (of mode, id) whose type does not fit their use

    # ----------------------------------------------------------------------------------------------- vocabularies
    def of(self, kind: str) -> dict[str, Any]:
        """Everything declared of a kind: `tier`, `budget`, `fact`, …"""
        return self.ids.setdefault(kind, {})

    def silent(self, word: object) -> bool:
        """Whether nothing is said about a word: it was declared in a piece that could not be read."""
        return isinstance(word, str) and (word in self.lost or bool(self.lost and alike(word, self.lost)))

    def facts(self) -> list[str]:
        """Kinds of facts: the community's own and the engine's."""
        return [*self.of("fact"), *ENGINE_FACTS]

    def values_of(self, one_of: str | tuple[str, ...] | None) -> tuple[str, ...] | None:
        """The values a field may have: those written, or those of a list (any, if there is no such list)."""
        if one_of is None:
            return None
        if isinstance(one_of, tuple):
            return one_of
        if one_of == "origins":
            return ORIGINS
        found = self.of("list").get(one_of)
        return tuple(item.id for item in found.items) if found is not None else None

    def every_value(self) -> set[str]:
        """Every value of every list: what `@value` in a reading may be."""
        return {item.id for listed in self.of("list").values() for item in listed.items}

    # ---------------------------------------------------------------------------------------- what conditions read
    @property
    def member(self) -> dict[str, Asked]:
        """Attributes of a member: the engine's, the standings, the community's own."""
        if not self._member:
            out = {name: self._attribute(name, kind) for name, kind in ENGINE_ATTRIBUTES.items()}
            for ladder in self.of("ladder").values():
                per = self.values_of(ladder.per) if ladder.per else None
                tiers = tuple(t.id for t in ladder.tiers)
                out[ladder.id] = Asked("tier", tiers, per=per)
                out[f"days_in_{ladder.id}"] = Asked("integer", per=per)
                out[f"{ladder.id}_held"] = Asked("set", tiers, per=per)
            for attribute in self.of("attribute").values():
                out.setdefault(attribute.id, self.field(attribute))
            self._member = out
        return self._member

    def typed(self, kind: str) -> Asked:
        """What a value of an engine type is, with the values it can have."""
        if kind not in self._typed:
            self._typed[kind] = self._type(kind)
        return self._typed[kind]

    def _type(self, kind: str) -> Asked:
        ids = self.ids.get
        match kind:
            case "stage":
                return Asked("stage", tuple(ids("stage", {})))
            case "tier":
                return Asked("text", tuple(self.of("tier")))
            case "origin":
                return Asked("origin", ORIGINS)
            case "part":
                return Asked("part", PARTS)
            case "mode" | "task" | "goal" | "space":
                return Asked(kind, tuple(ids(kind, {})))
            case "phase":
                return Asked(kind, tuple(sorted({p.id for m in self.modes() for _, p in every_phase(m.phases)})))
            case "outcome":
                return Asked(kind, tuple(sorted(self.ends())))
        return Asked(kind)

    def _attribute(self, name: str, kind: str) -> Asked:
        if name in ("titles", "titles_held"):
            return Asked("set", tuple(self.of("title")), per=())
        if name in ("tier", "tier_held") and not self.of("ladder"):
            return ANY if self.lost else Asked("text", ())
        if name == "last_move":
            return Asked("text", LAST_MOVES)
        return self.typed("space" if name == "space" else kind)

    def field(self, spec: FieldSpec | Parameter) -> Asked:
        """What a declared field, attribute or parameter holds."""
        listed = self.values_of(spec.one_of)
        if spec.many:
            return Asked("set", listed)
        if listed is None and spec.type in ("space", "cohort", "role"):
            listed = tuple(self.of(spec.type))
        return Asked(spec.type, listed)

    def fields_of(self, kinds: tuple[str, ...]) -> dict[str, Asked]:
        """What may be read of facts of these kinds: their fields and what every fact has."""
        if kinds in self._fields:
            return self._fields[kinds]
        out = self._fields[kinds] = {}
        for kind in kinds:
            form = self.of("fact").get(kind)
            if form is not None:
                for spec in form.fields:
                    out.setdefault(spec.id, self.field(spec))
                if form.about in ("work", "team", "cohort", "space", "run"):
                    out.setdefault(form.about, Asked(form.about))
            for name, of_type in ENGINE_FACTS.get(kind, {}).items():
                out.setdefault(name, self.typed(of_type))
        for name, of_type in ENVELOPE.items():
            out.setdefault(name, self.typed(of_type))
        return out

    def metric(self, metric: Metric) -> Asked:
        """What a metric holds."""
        if id(metric) not in self._metric:
            self._metric[id(metric)] = self._measure(metric)
        return self._metric[id(metric)]

    def doubt(self, metric: Metric) -> None:
        """Take back what a metric holds: its type is wrong, and nothing more is said about values of it."""
        self._metric[id(metric)] = ANY

    def _measure(self, metric: Metric) -> Asked:
        if isinstance(metric, Named):
            return Asked("boolean", windowed=True)
        per: tuple[str, ...] | None = None
        listed: tuple[str, ...] | None = None
        if isinstance(metric, Counted):
            fields = self.fields_of(metric.from_)
            if metric.by is not None:
                per = (fields.get(metric.by, ANY).listed) or ()
            if metric.take in ("latest", "max", "min") and metric.field is not None:
                listed = self._answers(metric) or fields.get(metric.field, ANY).listed
        elif isinstance(metric, Ratio | Score):
            for part in parts_of(metric):
                found = self.of("metric").get(part)
                if isinstance(found, Counted) and found.by is not None:
                    per = per or self.metric(found).per
        return Asked(metric.type, listed, windowed=True, per=per)

    def about(self, metric: Metric, seen: frozenset[str] = frozenset()) -> str | None:
        """What a metric is about: `member`, `work`, …; None when it cannot be told."""
        if metric.id in self._about:
            return self._about[metric.id] or None
        if metric.id in seen:
            return None
        seen |= {metric.id}
        found: set[str | None] = set()
        if isinstance(metric, Counted):
            head, _, tail = metric.key.partition(".")
            kind = self.fields_of(metric.from_).get(head, ANY).kind
            found = {kind if kind in ("member", *SUBJECT_ATTRIBUTES) and not tail else None}
        elif isinstance(metric, Ratio | Score):
            found = {self.about(self.of("metric")[p], seen) for p in parts_of(metric) if p in self.of("metric")}
        elif isinstance(metric, Named):
            names = [leaf.name for _, leaf in leaves(metric.when)]
            found = {self.about(self.of("metric")[n], seen) for n in names if n in self.of("metric")}
            found |= {"member" for n in names if n in self.member}
        else:
            found = {metric.key if metric.key in SUBJECT_ATTRIBUTES or metric.key == "member" else None}
        out = next(iter(found)) if len(found) == 1 else None
        if not seen - {metric.id}:
            self._about[metric.id] = out or ""
        return out

    # --------------------------------------------------------------------------------------------------- over modes
    def modes(self) -> list[Mode]:
        return list(self.of("mode").values())

    def mode_of(self, task: str) -> Mode | None:
        """The mode of a task, if both are there."""
        found = self.of("task").get(task)
        mode = self.of("mode").get(found.mode) if found is not None else None
        return mode if isinstance(mode, Mode) else None

    def ends(self, mode: Mode | None = None) -> set[str]:
        """The words with which runs can end."""
        out = {"done", "cancelled", "stopped"}
        for m in [mode] if mode is not None else self.modes():
            targets = [m.if_not, *(t for _, p in every_phase(m.phases) for t in targets_of(p))]
            out |= {t[4:] for t in targets if t.startswith("end:")}
        return out

    def _answers(self, metric: Counted) -> tuple[str, ...] | None:
        """The choices that a metric of the latest answer can have, as far as its `where` tells the phase."""
        if metric.field != "choice" or not set(metric.from_) <= {"answered", "reviewed"}:
            return None
        asked = {leaf.name: leaf.test.is_ for _, leaf in leaves(metric.where)} if metric.where is not None else {}
        out: set[str] = set()
        for mode in self.modes():
            if asked.get("mode") not in (None, mode.id):
                continue
            for _, phase in every_phase(mode.phases):
                choices = getattr(phase, "choices", None)
                if choices is None or asked.get("phase") not in (None, phase.id):
                    continue
                if isinstance(choices, str):
                    return None
                out |= {c if isinstance(c, str) else c.id for c in choices}
        return tuple(sorted(out)) or None


def targets_of(phase: Any) -> Iterator[str]:
    """Everywhere a phase can lead by its `go`."""
    for way in phase.go.values():
        if isinstance(way, str):
            yield way
        else:
            yield way.to
            yield way.else_


def parts_of(metric: Ratio | Score) -> tuple[str, ...]:
    """The metrics another one is made of."""
    return metric.ratio if isinstance(metric, Ratio) else tuple(part.metric for part in metric.score)
