"""Generations: how many stand in each stage, whether old, middle and young are in balance, and what to do if not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from operations.desk import rulebook_of
from operations.ports.standings import LIFECYCLE
from rules.condition import Leaf, base_readings, leaves
from rules.evaluate import read
from rules.spec.documents.metrics import Ratio
from rules.values import Evidence, Value, show

if TYPE_CHECKING:
    from operations.desk import Desk
    from rules.firing import Rule
    from rules.spec import Community


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A figure of the community that a rule wants between two bounds; `value` None is unknown.

    `recommendation` is empty while it is between them.
    """

    metric: str
    title: str
    title_zh: str
    value: str | None
    low: str | None
    high: str | None
    rule: str
    recommendation: str = ""
    recommendation_zh: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """Members by stage, in the order of the lifecycle, and the bands."""

    stages: Mapping[str, int]
    bands: tuple[Band, ...]

    @property
    def balanced(self) -> bool:
        """Whether every figure that is known is in its band."""
        return not any(band.recommendation for band in self.bands)


def generations(desk: Desk, spec: Community, *, at: datetime) -> Generations:
    """The stages of a community and the bands that its rules about the community want, with what to do.

    The bands are those of the rules: whatever compares a share of the community (a `ratio`) with bounds. What to do is
    what the rule itself does when it fires.
    """
    sizes = desk.standings.sizes(spec).get(LIFECYCLE, {})
    stages = {stage.id: sizes.get(stage.id, 0) for stage in spec.lifecycle.stages} if spec.lifecycle else {}
    bands = []
    for rule in rulebook_of(spec).rules:
        if rule.of == "community":
            values = desk.measures(spec).community(base_readings(rule.when), at)
            evidence = Evidence({}, values)
            bands += [_band(spec, rule, leaf, read(leaf.source, evidence)) for leaf in _shares(spec, rule)]
    return Generations(stages=stages, bands=tuple(bands))


_WANTED = {
    "between": (0, 1),
    "less_than": (0, None),
    "at_most": (0, None),
    "more_than": (None, 0),
    "at_least": (None, 0),
}
"""Which bound of a comparison is the lowest and which the highest that is wanted: a rule fires on what is not."""


def _shares(spec: Community, rule: Rule) -> Iterator[Leaf]:
    for leaf in leaves(rule.when):
        metric = spec.metrics.get(leaf.name.rpartition(".")[2]) if isinstance(leaf, Leaf) else None
        if isinstance(leaf, Leaf) and isinstance(metric, Ratio) and leaf.comparison in _WANTED:
            yield leaf


def _band(spec: Community, rule: Rule, leaf: Leaf, value: Value | None) -> Band:
    metric = spec.metrics[leaf.name.rpartition(".")[2]]
    lowest, highest = (leaf.bounds[place] if place is not None else None for place in _WANTED[leaf.comparison])
    type_ = leaf.source.type
    shown = show(value, type_) if value is not None else None
    number = Fraction(value, type_.scale) if isinstance(value, int) else None
    low = lowest if isinstance(lowest, Fraction) else None
    high = highest if isinstance(highest, Fraction) else None
    advice = _advice(spec, rule, number, low, high)
    return Band(
        metric=metric.id,
        title=metric.title.en,
        title_zh=metric.title.zh,
        value=str(shown) if shown is not None else None,
        low=_text(low),
        high=_text(high),
        rule=rule.id,
        recommendation=f"{advice[0]}: {_deeds(spec, rule, 'en')}" if advice else "",
        recommendation_zh=f"{advice[1]}：{_deeds(spec, rule, 'zh')}" if advice else "",
    )


def _advice(
    spec: Community, rule: Rule, value: Fraction | None, low: Fraction | None, high: Fraction | None
) -> tuple[str, str] | None:
    if value is None:
        return None
    if low is not None and value < low:
        return f"too low, bring it to {_text(low)}", f"偏低，提升到 {_text(low)}"
    if high is not None and value > high:
        return f"too high, bring it to {_text(high)}", f"偏高，降到 {_text(high)}"
    return None


def _deeds(spec: Community, rule: Rule, language: str) -> str:
    """What the rule does when it fires, in words."""
    said = []
    for effect in next(one for one in spec.rules.values() if one.id == rule.id).then:
        body = getattr(effect, "open", None) or getattr(effect, "start", None)
        task = spec.tasks.get(getattr(body, "task", "")) if body is not None else None
        title = task.title if task is not None else getattr(body, "title", None)
        if title is not None:
            said.append(str(getattr(title, language)))
    return ("、" if language == "zh" else ", ").join(said)


def _text(bound: Fraction | None) -> str | None:
    return None if bound is None else f"{float(bound):.2f}"
