"""Compile: a condition of the spec becomes the tree that all readings share, every name resolved and typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rules.condition import (
    AllOf,
    AnyOf,
    AtLeastOf,
    Attribute,
    Best,
    Bound,
    Comparison,
    Condition,
    ExactlyOne,
    Fixed,
    Held,
    Leaf,
    Measured,
    Named,
    Not,
    Part,
    Ratio,
    Same,
    Score,
    Share,
    Source,
    Titles,
    none_of,
)
from rules.errors import NotDecidable
from rules.names import attribute_type, metric_type
from rules.reading import Reading, split_scope
from rules.spec import conditions as spec
from rules.spec.community import AnyMetric, Community
from rules.spec.documents import metrics
from rules.spec.people import Selection
from rules.thresholds import answers, number, threshold
from rules.values import SET, ValueType

LARGEST_TREE = 20_000
"""Nodes of one compiled condition, named conditions written out; more is no rule that anybody reads."""


@dataclass
class Compiler:
    """Compiles conditions about one kind of subject, at one value of a list where there is one.

    Args:
        community: the names and their types.
        value: the value at hand, in documents with `per`; `$value` is replaced by it.
        per: the list that the value is of.
        fields: further names with their types, which come first: fields of a fact, arguments and results of a run.
    """

    community: Community
    value: str | None = None
    per: str | None = None
    fields: Mapping[str, ValueType] = field(default_factory=dict)
    _metrics: dict[Reading, tuple[Source, int]] = field(default_factory=dict, repr=False)
    _titles: dict[str, tuple[Held, int] | None] = field(default_factory=dict, repr=False)
    _open: set[Reading] = field(default_factory=set, repr=False)
    _nodes: int = field(default=0, repr=False)

    # ------------------------------------------------------------------------------------------------------ conditions
    def condition(self, written: Any) -> Condition:
        """Compile one condition of the spec.

        Raises:
            NotDecidable: a name is unknown, a comparison does not fit its type, a parameter has no value, or the
                condition is too large with everything written out that it names.
        """
        self._nodes = 0
        return self._condition(written)

    def _grown(self, by: int) -> None:
        """Count parts, those of named conditions and derived metrics each time they are named."""
        self._nodes += by
        if self._nodes > LARGEST_TREE:
            raise NotDecidable(f"the condition grows beyond {LARGEST_TREE} parts", "name fewer metrics in metrics")

    def _condition(self, written: Any) -> Condition:
        self._grown(1)
        match written:
            case spec.Leaf():
                return self._leaf(written.name, written.test)
            case spec.All():
                return AllOf(self._each(written.all))
            case spec.Any_():
                return AnyOf(self._each(written.any))
            case spec.None_():
                return none_of(self._each(written.none))
            case spec.Not():
                return Not(self._condition(written.not_))
            case spec.ExactlyOne():
                return ExactlyOne(self._each(written.exactly_one))
            case spec.AtLeastOf():
                return AtLeastOf(written.at_least_of.count, self._each(written.at_least_of.of))
        raise NotDecidable(f"{written} stands for a condition that is not given here", "give it as an argument")

    def _each(self, written: Sequence[Any]) -> tuple[Condition, ...]:
        return tuple(self._condition(part) for part in written)

    def _leaf(self, name: str, test: spec.Test) -> Condition:
        if name == "titles" and name not in self.fields:
            nodes = [self._asks_titles(test, word, wanted) for word, wanted in test.comparisons().items()]
            return nodes[0] if len(nodes) == 1 else AllOf(tuple(nodes))
        of = self._at(test.of)
        source = self.source(name, self._window(test.over), test.until, of)
        over = getattr(source, "reading", Reading("")).text
        leaves = tuple(
            Leaf(name, over, source, word, self._bounds(name, source, word, wanted, test))  # type: ignore[arg-type]
            for word, wanted in test.comparisons().items()
        )
        return leaves[0] if len(leaves) == 1 else AllOf(leaves)

    def _at(self, of: str | None) -> str | None:
        """The value named by an `of`; `$value` is the one at hand."""
        return self._given(of) if isinstance(of, str) else None

    def _window(self, over: str | None) -> str:
        return "all" if over is None else self._given(over)

    def _given(self, text: str) -> str:
        if text == "$value" and self.value is not None:
            return self.value
        if text.startswith("$"):
            raise NotDecidable(f"{text} has no value here", "bind the mode to its task first")
        return text

    # ---------------------------------------------------------------------------------------------------------- bounds
    def _bounds(self, name: str, source: Source, word: str, wanted: Any, test: spec.Test) -> tuple[Bound, ...]:
        type_ = source.type
        if word not in answers(type_):
            raise NotDecidable(f"{name} is {_a(type_)} and does not answer {word}", f"one of {_words(answers(type_))}")
        match word:
            case "is_known":
                return (bool(wanted),)
            case "between":
                return tuple(self._bound(name, type_, side, test) for side in wanted)
            case "one_of" | "none_of":
                if isinstance(wanted, str):
                    raise NotDecidable(f"{wanted} has no value here", "bind the mode to its task first")
                return tuple(self._bound(name, type_, item, test) for item in wanted)
        return (self._bound(name, type_, wanted, test),)

    def _bound(self, name: str, type_: ValueType, wanted: Any, test: spec.Test) -> Bound:
        if isinstance(wanted, spec.Reading):
            if not type_.numeric:
                raise NotDecidable(f"{name} is {_a(type_)} and cannot be compared with a share of something")
            return self._share(wanted, test)
        if isinstance(wanted, str) and wanted.startswith("$"):
            wanted = self._given(wanted)
        if type_.kind == "member" and wanted == "subject":
            return Same(Attribute(("subject",), type_))
        return threshold(wanted, type_, name)

    def _share(self, other: spec.Reading, test: spec.Test) -> Share:
        of: Source | Share
        if isinstance(other.of, spec.Reading):
            of = self._share(other.of, test)
        else:
            over = self._window(other.over or test.over)
            of = self.source(other.of, over, other.until or (None if other.over else test.until), None)
            if not of.type.numeric:
                raise NotDecidable(f"{other.of} is {_a(of.type)} and has no share", "name a metric that is a number")
        cap = None if other.cap is None else number(other.cap, "cap")
        floor = None if other.floor is None else number(other.floor, "floor")
        return Share(of, number(other.percent, "percent"), other.round, cap, floor)  # type: ignore[arg-type]

    # --------------------------------------------------------------------------------------------------------- sources
    def source(self, name: str, over: str = "all", until: str | None = None, of: str | None = None) -> Source:
        """What a name reads, over a window, at a value.

        Raises:
            NotDecidable: nothing of that name can be read here.
        """
        if name in self.fields:
            at = f"{name}@{of}"
            return Attribute((at if at in self.fields else name,), self.fields[name])
        scope, bare = split_scope(name)
        if bare in self.community.metrics:
            return self._metric(Reading(bare, over, until, of, scope))
        ladder = self._ladder_of(name)
        if ladder is not None:
            return self._standing(name, ladder, of)
        type_ = attribute_type(self.community, name)
        if type_ is None:
            raise NotDecidable(f"nothing here is called {name!r}", "a metric, an attribute, or a ladder")
        return Attribute((name,), type_)

    def _ladder_of(self, name: str) -> Any | None:
        """The ladder that is kept per value and that a name reads: its standing, or the days in it."""
        for id_, ladder in self.community.ladders.items():
            if ladder.per is not None and name in (id_, f"days_in_{id_}", f"{id_}_held"):
                return ladder
        return None

    def _standing(self, name: str, ladder: Any, of: str | None) -> Source:
        type_ = attribute_type(self.community, name)
        if type_ is None:
            tiers = tuple(tier.id for tier in ladder.tiers)
            type_ = ValueType("tier", listed=tiers) if name == ladder.id else ValueType("integer")
        value = of or (self.value if self.per == ladder.per else None)
        if value is not None:
            return Attribute((f"{name}@{value}", name), type_)
        if type_.kind != "tier":
            return Attribute((name,), type_)
        return Best(name, tuple(f"{name}@{item.id}" for item in self.community.lists[ladder.per].items), type_)

    def _metric(self, asked: Reading) -> Source:
        metric = self.community.metrics[asked.metric]
        if isinstance(metric, metrics.Counted) and metric.by and asked.of is None and self.value is not None:
            asked = Reading(asked.metric, asked.over, asked.until, self.value, asked.scope)
        if asked in self._metrics:
            source, size = self._metrics[asked]
            self._grown(size)
            return source
        if asked in self._open:
            raise NotDecidable(f"the metric {asked.metric} is computed from itself", "break the circle")
        self._open.add(asked)
        before = self._nodes
        self._grown(1)
        try:
            source = self._made(metric, asked)
        finally:
            self._open.discard(asked)
        self._metrics[asked] = (source, self._nodes - before)
        return source

    def _made(self, metric: AnyMetric, asked: Reading) -> Source:
        type_ = metric_type(self.community, asked.metric)
        match metric:
            case metrics.Ratio():
                above, below = (self._part(name, asked, None) for name in metric.ratio)
                return Ratio(asked, type_, above, below)
            case metrics.Score():
                low, high = (None if x is None else number(x, metric.id) for x in (metric.min, metric.max))
                return Score(asked, type_, tuple(self._weighted(part, asked) for part in metric.score), low, high)
            case metrics.Named():
                return Named(asked, self._condition(metric.when), type_)
        return Measured(asked, type_)

    def _weighted(self, part: metrics.Weighted, asked: Reading) -> Part:
        cap = None if part.cap is None else number(part.cap, part.metric)
        return Part(self._part(part.metric, asked, part.over), number(part.weight, part.metric), cap)

    def _part(self, name: str, whole: Reading, over: str | None) -> Source:
        """A part of a derived metric: of the same subject, over its own window or that of the whole."""
        scoped = name if whole.scope == "subject" or "." in name else f"{whole.scope}.{name}"
        part = self.source(scoped, over or whole.over, None if over else whole.until, whole.of)
        if not part.type.numeric:
            raise NotDecidable(
                f"{name} is {_a(part.type)} and cannot be reckoned with", "name a metric that is a number"
            )
        return part

    # ---------------------------------------------------------------------------------------------------------- titles
    def _asks_titles(self, test: spec.Test, word: str, wanted: Any) -> Condition:
        if word == "is_known":
            return Leaf("titles", "all", Attribute(("titles",), SET), "is_known", (bool(wanted),))
        if word not in answers(SET):
            raise NotDecidable(f"titles does not answer {word}", f"one of {_words(answers(SET))}")
        asked = (self._given(wanted),) if isinstance(wanted, str) else tuple(str(title) for title in wanted)
        held = tuple(self.held(title, self._at(test.of)) for title in asked)
        node: Condition = none_of(held) if word == "none_of" else held[0] if len(held) == 1 else AnyOf(held)
        comparison: Comparison = word  # type: ignore[assignment]
        return Titles("titles", "all", comparison, asked, node)

    def held(self, title: str, of: str | None = None) -> Condition:
        """That a title is held and does not rest; unknown where titles are defined by each other in a circle."""
        key = f"{title}@{of}" if of else title
        if key in self._titles:
            found = self._titles[key]
            self._grown(1 if found is None else found[1])
            return Fixed(None) if found is None else found[0]
        declared = self.community.titles.get(title)
        if declared is None:
            raise NotDecidable(f"there is no title {title!r}")
        self._titles[key] = None
        before = self._nodes
        self._grown(1)
        # who the first so many are, only a look at everybody tells: then the title is among the member's `titles`
        alone = declared.held_by is not None and declared.held_by.first is None
        held_by = self.selected(declared.held_by) if alone else None
        unless = None if declared.while_ is None else self._condition(declared.while_)
        held = Held(title, self._title_names(title, declared.per, of), held_by, unless)
        self._titles[key] = (held, self._nodes - before)
        return held

    def _title_names(self, title: str, per: str | None, of: str | None) -> tuple[str, ...]:
        if per is None:
            return (title,)
        value = of or (self.value if self.per == per else None)
        values = [value] if value else [item.id for item in self.community.lists[per].items]
        return (title, *(f"{title}@{one}" for one in values))

    def selected(self, who: Any) -> Condition:
        """That one member is among those a who selects; unknown where only a look at everybody could tell."""
        match who:
            case str():
                return self._among(who)
            case Selection():
                if who.first is not None:
                    return Fixed(None)
                at = self._at(who.of)
                held = (self._among(one, at) if isinstance(one, str) else self.selected(one) for one in who.from_)
                chosen: list[Condition] = [AnyOf(tuple(held))]
                if who.where is not None:
                    chosen.append(self._condition(who.where))
                chosen.extend(Not(self.selected(one)) for one in who.except_)
                return AllOf(tuple(chosen))
            case _:
                return AnyOf(tuple(self.selected(one) for one in who))

    def _among(self, ref: str, of: str | None = None) -> Condition:
        kind, _, id_ = ref.partition(":")
        match kind:
            case "everyone":
                return Fixed(True)
            case "tier":
                for name, ladder in self.community.ladders.items():
                    if any(tier.id == id_ for tier in ladder.tiers):
                        return Leaf(name, "all", self.source(name, of=of), "is", (id_,))
            case "stage":
                return Leaf("stage", "all", self.source("stage"), "is", (id_,))
            case "title":
                return Titles("titles", "all", "contains", (id_,), self.held(id_, of))
        return Fixed(None)


def compile_condition(
    community: Community,
    written: Any,
    *,
    value: str | None = None,
    per: str | None = None,
    fields: Mapping[str, ValueType] | None = None,
) -> Condition:
    """Compile one condition of a spec, wherever it stands.

    Args:
        community: the names and their types.
        written: the condition as `rules.spec` read it.
        value: the value at hand, where something is kept per value.
        per: the list it is of.
        fields: further names with their types: fields of a fact, arguments and results of a run.

    Raises:
        NotDecidable: a name is unknown, a comparison does not fit its type, or a parameter has no value.
    """
    return Compiler(community, value, per, fields or {}).condition(written)


def _a(type_: ValueType) -> str:
    return {"integer": "a whole number", "tier": "a tier", "boolean": "true or false", "set": "a set"}.get(
        type_.kind, f"a {type_.kind}"
    )


def _words(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
