"""Domain: what the attributes and readings of a community can be at all, so that nobody impossible is made up."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from rules.condition import Measured
from rules.counted import counted
from rules.metric import MetricFromFacts
from rules.proof.histories import Histories
from rules.proof.stretches import EVER, stretch
from rules.proof.subject import Domain, Subject
from rules.proof.terms import at_least, at_most, both, implies
from rules.proof.world import Var, World, reading_label
from rules.reading import Reading
from rules.spec.community import Community
from rules.spec.diagnostics import Place
from rules.values import INTEGER, ValueType, show

_DAYS = ("days_in_", "days_member", "load", "below_for", "met_for")
_CALENDAR_DAY = 86_400
_SLACK = 7_200  # seconds by which two odd nights may shift a length


class CommunityDomain(Domain):
    """What values can be in one community.

    Args:
        community: with its metrics, attributes and ladders.
    """

    def __init__(self, community: Community) -> None:
        self.community = community
        self.metrics: Mapping[str, MetricFromFacts] = counted(community)
        self.histories = Histories(self.metrics)
        self._places = {
            model.id: (document.source, number)
            for document in community.documents
            if document.schema == "metrics/v1"
            for number, model in enumerate(document.model.metrics)  # type: ignore[attr-defined]
        }

    # ------------------------------------------------------------------------------------------------------ attributes
    def attribute(self, subject: Subject, name: str, type_: ValueType) -> Var:
        """An attribute: what stands per value has no standing of its own; days are not negative."""
        world, bare = subject.world, name.partition("@")[0]
        ladder = self.community.ladders.get(name)
        if ladder is not None and ladder.per is not None:
            return world.fixed(name, type_, None)
        var = world.variable(name, type_)
        if type_.numeric and (bare.startswith(_DAYS) or bare == "age"):
            world.law(at_least(var.value, 0), f"{name} is never negative")
        declared = self.community.attributes.get(name)
        if declared is not None and type_.numeric:
            self._bounds(world, var, declared.min, declared.max, name)
        if name in ("titles", "titles_held", "age", "days_member"):
            self._together(subject, name, var)
        return var

    def _together(self, subject: Subject, name: str, var: Var) -> None:
        """Attributes of which one says something about another."""
        other_name = {"age": "days_member", "days_member": "age"}.get(name)
        if other_name is None or other_name not in subject.attributes:
            return
        other = subject.attributes[other_name]
        age, days = (var, other) if name == "age" else (other, var)
        low = f"(>= {age.value} (- (* {_CALENDAR_DAY} (- {days.value} 1)) {_SLACK}))"
        high = f"(<= {age.value} (+ (* {_CALENDAR_DAY} (+ {days.value} 1)) {_SLACK}))"
        subject.world.law(
            implies(both((age.known, days.known)), both((low, high))), "age and days_member tell the same"
        )

    def _bounds(self, world: World, var: Var, low: Any, high: Any, name: str, place: Place | None = None) -> None:
        """Declared bounds of a number, in natural units."""
        for bound, limit, word in ((low, _least, "at least"), (high, _most, "at most")):
            if bound is not None:
                world.law(limit(var, Fraction(str(bound))), f"{name} is {word} {bound}", place)

    # -------------------------------------------------------------------------------------------------------- readings
    def reading(self, subject: Subject, source: Measured) -> Var:
        """A reading, within its bounds and in agreement with every other reading of the same history."""
        world, reading = subject.world, source.reading
        metric, label = self.metrics.get(reading.metric), reading_label(reading)
        window = stretch(reading.over, reading.until)
        if window.since_entry and subject.nothing and reading.over in subject.anew:
            nothing = metric.nothing if metric is not None else None
            return world.fixed(label, source.type, nothing)
        always = metric is not None and metric.nothing is not None and not window.since_entry
        var = world.variable(label, source.type, always=always)
        place = self._place(reading)
        declared: Any = self.community.metrics[reading.metric]
        if source.type.numeric:
            self._bounds(world, var, declared.min, declared.max, reading.name, place)
        if metric is not None:
            self._counted(world, var, metric, reading, place)
            if window.since_entry:
                self._since_entry(subject, var, metric, reading)
            self._beside(subject, var, metric, reading)
        return var

    def _place(self, reading: Reading) -> Place | None:
        found = self._places.get(reading.metric)
        return None if found is None else found[0].value_place(("metrics", found[1]))

    def _counted(self, world: World, var: Var, metric: MetricFromFacts, reading: Reading, place: Place | None) -> None:
        """What follows from how the metric is computed."""
        name, label = reading.name, reading_label(reading)
        if var.type.kind == "boolean":
            return
        if var.type.kind in ("text", "member"):
            listed = self.histories.texts(metric)
            if listed and not var.type.listed:
                world.only(var, listed, f"{name} is one of {', '.join(listed)}", place)
            return
        low, high = self.histories.field_bounds(metric)
        match metric.take:
            case "count" | "distinct" | "days_with" | "streak":
                world.law(at_least(var.value, 0), f"{name} counts, so it is never negative", place)
            case "sum":
                if low is not None and low >= 0:
                    world.law(at_least(var.value, 0), f"{name} adds up what is never negative", place)
            case "mean" | "max" | "min" | "latest":
                if low is not None:
                    world.law(_least(var, low), f"{name} is at least {_text(low, var.type)}, as its field is", place)
                if high is not None:
                    world.law(_most(var, high), f"{name} is at most {_text(high, var.type)}, as its field is", place)
            case "since_first" | "since_last":
                world.law(at_least(var.value, 0), f"{name} is never negative", place)
        most = self.histories.most(metric, stretch(reading.over, reading.until))
        if most is not None and reading.scope == "subject":
            world.law(at_most(var.value, most[0]), f"{label} is at most {most[0]}: {most[1]}", place)

    def _since_entry(self, subject: Subject, var: Var, metric: MetricFromFacts, reading: Reading) -> None:
        """A window since entering the tier is as long as the days in the tier."""
        if metric.take != "days_with":
            return
        days = subject.attribute(f"days_{reading.over}", INTEGER)
        inside = f"(<= {var.value} (+ 1 {days.value}))"
        why = f"{reading_label(reading)} is at most the days since"
        subject.world.law(implies(both((var.known, days.known)), inside), why)

    def _beside(self, subject: Subject, var: Var, metric: MetricFromFacts, reading: Reading) -> None:
        """What the reading says about every other reading of the same subject, and they about it."""
        world, seen = subject.world, dict(subject.readings)
        base = subject.base
        while base is not None:
            for other, there in base.readings.items():
                if other.over not in subject.anew:
                    seen.setdefault(other, there)
            base = base.base
        for other, there in seen.items():
            beside = self.metrics.get(other.metric)
            if beside is None or other == reading:
                continue
            for law in self.histories.laws(reading, metric, var, other, beside, there):
                world.law(law.term, law.why, law.place)
            for law in self.histories.laws(other, beside, there, reading, metric, var):
                world.law(law.term, law.why, law.place)
            self._conditional(subject, reading, metric, var, other, there)
            self._conditional(subject, other, beside, there, reading, var)
        same = {r: v for r, v in seen.items() if _alike(r, reading)}
        for law in self.histories.sums(reading, metric, var, same):
            world.law(law.term, law.why, law.place)

    def _conditional(
        self, subject: Subject, entry: Reading, metric: MetricFromFacts, var: Var, other: Reading, there: Var
    ) -> None:
        """A window since entering lies within one of days, or holds it, depending on how long ago that was."""
        window, beside = stretch(entry.over, entry.until), stretch(other.over, other.until)
        if not window.since_entry or beside.since_entry or not _alike(entry, other) or entry.until is not None:
            return
        if not self.histories.grows(metric) or other.until is not None or beside.far[1] >= EVER:
            return
        days = subject.attribute(f"days_{entry.over}", INTEGER)
        known = both((var.known, days.known))
        lies = f"(<= {var.value} {there.value})"
        holds = f"(>= {var.value} {there.value})"
        why = f"{reading_label(entry)} and {reading_label(other)} are of one history"
        subject.world.law(implies(both((known, at_most(days.value, beside.far[0]))), lies), why)
        subject.world.law(implies(both((known, at_least(days.value, beside.far[1]))), holds), why)


def _alike(one: Reading, other: Reading) -> bool:
    return (one.metric, one.scope, one.of) == (other.metric, other.scope, other.of)


def _least(var: Var, bound: Fraction) -> str:
    return implies(var.known, at_least(var.value, ceil(bound * var.type.scale)))


def _most(var: Var, bound: Fraction) -> str:
    return implies(var.known, at_most(var.value, floor(bound * var.type.scale)))


def _text(bound: Fraction, type_: ValueType) -> Any:
    exact = bound * type_.scale
    return show(int(exact), type_) if exact.denominator == 1 else bound
