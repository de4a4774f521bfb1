"""Histories: how readings of one history hang together, such as fewer posts in 30 days than in 90."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from rules.condition import AllOf, Condition
from rules.metric import MetricFromFacts
from rules.proof.stretches import EVER, Stretch, stretch
from rules.proof.terms import Part, at_least, both, implies, times
from rules.proof.world import Law, Var, reading_label
from rules.reading import Reading

_GROW = frozenset({"count", "sum", "distinct", "days_with"})
_ADD = frozenset({"count", "sum"})
_OF_PRESENCE = frozenset({"mean", "max", "min", "latest", "since_first", "since_last"})


class Histories:
    """What readings of the metrics of one community say about each other.

    Args:
        metrics: the metrics that are computed from facts, by id.
    """

    def __init__(self, metrics: Mapping[str, MetricFromFacts]) -> None:
        self._metrics = metrics
        self._within: dict[tuple[str, str], bool] = {}

    # ------------------------------------------------------------------------------------------------- one metric alone
    def field_bounds(self, metric: MetricFromFacts) -> tuple[Fraction | None, Fraction | None]:
        """The lowest and highest value that the metric's field may hold, in natural units."""
        lows: list[Fraction | None] = []
        highs: list[Fraction | None] = []
        for kind in metric.kinds.values():
            field = kind.fields.get(metric.field or "")
            scale = 1 if field is None else field.type.scale
            lows.append(None if field is None or field.low is None else Fraction(field.low, scale))
            highs.append(None if field is None or field.high is None else Fraction(field.high, scale))
        low = min((x for x in lows if x is not None), default=None) if None not in lows else None
        high = max((x for x in highs if x is not None), default=None) if None not in highs else None
        return low, high

    def texts(self, metric: MetricFromFacts) -> tuple[str, ...]:
        """The only texts that the metric can read; nothing if it may be any."""
        found: dict[str, None] = {}
        for kind in metric.kinds.values():
            field = kind.fields.get(metric.field or "")
            if field is None or not field.type.listed:
                return ()
            found.update(dict.fromkeys(field.type.listed))
        return tuple(found)

    def grows(self, metric: MetricFromFacts) -> bool:
        """Whether a longer window can only read more."""
        if metric.type.kind == "boolean" or metric.take not in _GROW:
            return False
        low, _ = self.field_bounds(metric)
        return metric.take != "sum" or (low is not None and low >= 0)

    def most(self, metric: MetricFromFacts, window: Stretch) -> tuple[int, str] | None:
        """The most that a count can be in a window, and why."""
        bounds: list[tuple[int, str]] = []
        days = window.far[1] - window.near[0] + 1 if window.exact else window.length[1]
        finite = days < EVER
        match metric.take:
            case "days_with" if finite:
                bounds.append((days, "the window has no more days"))
            case "streak" if finite:
                bounds.append((_periods(days, metric.period or "day"), "the window has no more periods"))
            case "distinct":
                values = self._values(metric)
                if values is not None:
                    bounds.append((values, "there are no more values"))
        if metric.take in ("count", "distinct", "days_with") and finite:
            for limit in metric.limits:
                if limit.of is None:
                    most = limit.count * _periods(days, limit.every)
                    bounds.append((most, f"no more than {limit.count} count each {limit.every}"))
        return min(bounds, default=None)

    def _values(self, metric: MetricFromFacts) -> int | None:
        texts = self.texts(metric)
        if texts:
            return len(texts)
        kinds = [kind.fields.get(metric.field or "") for kind in metric.kinds.values()]
        return 2 if kinds and all(field is not None and field.type.kind == "boolean" for field in kinds) else None

    # ----------------------------------------------------------------------------------------------- one beside another
    def laws(
        self, inner: Reading, mine: MetricFromFacts, var: Var, outer: Reading, theirs: MetricFromFacts, other: Var
    ) -> Iterator[Law]:
        """What holds of two readings when every fact of the first counts for the second too."""
        if not self._scoped(inner, outer) or not self._facts_within(mine, theirs):
            return
        if outer.of is not None and mine.by != theirs.by:
            return
        window, around = stretch(inner.over, inner.until), stretch(outer.over, outer.until)
        if not window.inside(around):
            return
        one, two = reading_label(inner), reading_label(outer)
        known = both((var.known, other.known))
        same = mine.take == theirs.take and mine.field == theirs.field and mine.type.kind != "boolean"
        if same and self.grows(mine) and self.grows(theirs):
            yield Law(implies(known, _ordered(var, other)), f"{one} is part of {two}")
            if mine.take == "days_with" and mine.id == theirs.id and window.exact and around.exact:
                rest = around.length[1] - window.length[0]
                line = f"(<= {other.value} (+ {var.value} {rest}))"
                yield Law(implies(known, line), f"only {rest} days of {two} lie outside of {one}")
        elif mine.type.kind == "boolean" and theirs.type.kind == "boolean" and mine.take == theirs.take == "count":
            yield Law(implies(both((known, var.value)), other.value), f"{one} is part of {two}")
        yield from self._presence(mine, var, theirs, other, one, two)
        if same:
            yield from self._values_beside(
                mine, theirs, window, around, var, other, one, two, inner.scope == outer.scope
            )
        yield from self._between(mine, var, theirs, other, one, two)

    def _values_beside(
        self, mine: MetricFromFacts, theirs: MetricFromFacts, window: Stretch, around: Stretch, var: Var, other: Var,
        one: str, two: str, alone: bool,
    ) -> Iterator[Law]:  # fmt: skip
        """Means, highest, lowest and latest values over a shorter and a longer window."""
        if mine.id != theirs.id or (not var.type.numeric and mine.take != "latest"):
            return
        ending = window.ends_with(around) and alone
        match mine.take:
            case "max":
                yield Law(implies(var.known, both((other.known, _ordered(var, other)))), f"{one} is part of {two}")
            case "min" | "since_last" if mine.take == "min" or not ending:
                yield Law(implies(var.known, both((other.known, _ordered(other, var)))), f"{one} is part of {two}")
            case "since_first":
                yield Law(implies(var.known, both((other.known, _ordered(var, other)))), f"{one} is part of {two}")
            case "latest" | "since_last":
                if ending:
                    equal = f"(= {var.value} {other.value})"
                    yield Law(implies(var.known, both((other.known, equal))), f"the latest of {one} is that of {two}")
                else:
                    yield Law(implies(var.known, other.known), f"{one} is part of {two}")
            case "mean":
                yield Law(implies(var.known, other.known), f"{one} is part of {two}")
            case "streak" if ending:
                yield Law(_ordered(var, other), f"{one} is part of {two}")

    def _presence(
        self, mine: MetricFromFacts, var: Var, theirs: MetricFromFacts, other: Var, one: str, two: str
    ) -> Iterator[Law]:
        """A fact that gives a value is also counted; what is counted gives a value."""
        if not self._exists(theirs) or mine.type.kind == "boolean" or theirs.type.kind == "boolean":
            return
        if theirs.take in ("count", "days_with", "distinct"):
            if mine.take in _OF_PRESENCE:
                yield Law(implies(var.known, at_least(other.value, 1)), f"whatever {one} reads counts for {two}")
            elif mine.take in ("count", "distinct", "days_with") and mine.take != theirs.take:
                some = implies(at_least(var.value, 1), at_least(other.value, 1))
                yield Law(some, f"whatever {one} counts counts for {two}")
        if theirs.take in _OF_PRESENCE and mine.take in ("count", "distinct", "days_with"):
            yield Law(implies(both((var.known, at_least(var.value, 1))), other.known), f"{two} reads what {one} counts")
        fewer = (mine.take, theirs.take) in (("distinct", "count"), ("days_with", "count"))
        if fewer or (mine.take == "streak" and mine.period == "day" and theirs.take in ("days_with", "count")):
            yield Law(implies(both((var.known, other.known)), _ordered(var, other)), f"{one} is no more than {two}")

    def _between(
        self, mine: MetricFromFacts, var: Var, theirs: MetricFromFacts, other: Var, one: str, two: str
    ) -> Iterator[Law]:
        """A mean or a latest value lies between the lowest and the highest; a sum is so much for each that counts."""
        if mine.take in ("mean", "latest", "min", "max") and mine.field == theirs.field and var.type.numeric:
            if theirs.take == "max" and mine.take != "max":
                yield Law(implies(var.known, both((other.known, _ordered(var, other)))), f"{one} is at most {two}")
            if theirs.take == "min" and mine.take != "min":
                yield Law(implies(var.known, both((other.known, _ordered(other, var)))), f"{one} is at least {two}")
        if mine.take == "sum" and theirs.take == "count" and mine.type.numeric and theirs.type.kind == "integer":
            _, high = self.field_bounds(mine)
            if high is not None and high >= 0:
                line = Part(var.value, var.type.scale).least(Part(times(high.numerator, other.value), high.denominator))
                yield Law(implies(both((var.known, other.known)), line), f"{one} is at most {high} for each of {two}")

    # --------------------------------------------------------------------------------------------------------- three
    def sums(self, reading: Reading, metric: MetricFromFacts, var: Var, others: Mapping[Reading, Var]) -> Iterator[Law]:
        """What windows that do not overlap make together, and what values of one list do."""
        if metric.take not in _ADD | {"days_with"} or not self.grows(metric):
            return
        mine = stretch(reading.over, reading.until)
        each = [(stretch(r.over, r.until), r, v) for r, v in others.items() if r != reading]
        for n, (first, one, a) in enumerate(each):
            for second, two, b in each[n + 1 :]:
                yield from self._triple(metric, (mine, reading, var), (first, one, a), (second, two, b))
                yield from self._triple(metric, (first, one, a), (mine, reading, var), (second, two, b))
                yield from self._triple(metric, (second, two, b), (mine, reading, var), (first, one, a))

    def _triple(
        self, metric: MetricFromFacts, whole: tuple[Stretch, Reading, Var], a: tuple[Stretch, Reading, Var],
        b: tuple[Stretch, Reading, Var],
    ) -> Iterator[Law]:  # fmt: skip
        if not (a[0].apart(b[0]) and a[0].inside(whole[0]) and b[0].inside(whole[0])):
            return
        word = "=" if whole[0].makes(a[0], b[0]) and metric.take in _ADD | {"days_with"} else ">="
        why = f"{reading_label(a[1])} and {reading_label(b[1])} make {'up ' if word == '=' else 'part of '}"
        yield Law(f"({word} {whole[2].value} (+ {a[2].value} {b[2].value}))", why + reading_label(whole[1]))

    # -------------------------------------------------------------------------------------------------- what counts
    def _scoped(self, inner: Reading, outer: Reading) -> bool:
        """Whether the facts about one subject are among those about the other."""
        scopes = inner.scope == outer.scope or outer.scope == "community"
        return scopes and (outer.of is None or inner.of == outer.of)

    def _exists(self, metric: MetricFromFacts) -> bool:
        """Whether every fact that the metric reads brings a value."""
        if metric.field is None or metric.field == "member":
            return True
        kinds = [kind.fields.get(metric.field) for kind in metric.kinds.values()]
        return all(field is not None and not field.optional for field in kinds)

    def _facts_within(self, mine: MetricFromFacts, theirs: MetricFromFacts) -> bool:
        """Whether whatever counts for one metric counts for the other too."""
        if mine.id == theirs.id:
            return True
        key = (mine.id, theirs.id)
        if key not in self._within:
            self._within[key] = self._compare(mine, theirs)
        return self._within[key]

    def _compare(self, mine: MetricFromFacts, theirs: MetricFromFacts) -> bool:
        if (mine.key, mine.subject, mine.dated_by) != (theirs.key, theirs.subject, theirs.dated_by):
            return False
        if not set(mine.kinds) <= set(theirs.kinds) or theirs.limits or not theirs.ignore <= mine.ignore:
            return False
        for kind in mine.kinds:
            asked = _conjuncts((theirs.where or {}).get(kind))
            if not asked <= _conjuncts((mine.where or {}).get(kind)):
                return False
        return True


def _ordered(low: Var, high: Var) -> str:
    if low.type.scale == high.type.scale:
        return f"(<= {low.value} {high.value})"
    return Part(low.value, low.type.scale).least(Part(high.value, high.type.scale))


def _conjuncts(condition: Condition | None) -> frozenset[Condition]:
    if condition is None:
        return frozenset()
    if isinstance(condition, AllOf):
        return frozenset().union(*(_conjuncts(node) for node in condition.nodes))
    return frozenset({condition})


def _periods(days: int, every: str) -> int:
    """The most periods that so many days can touch."""
    match every:
        case "day":
            return days
        case "week":
            return (days + 5) // 7 + 1
        case _:
            return (days + 26) // 28 + 1
