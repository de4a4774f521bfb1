"""Move: what a change of tier or stage, or a rule that fires, brings with it: effects and facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations.desk import Desk
from operations.effects import EffectContext, deeds_of
from operations.ports.effects import Deed
from operations.ports.facts import Fact
from operations.ports.notices import Notice
from operations.ports.standings import LIFECYCLE
from operations.touching import entered, start_deed
from operations.who import DecisionResolver

if TYPE_CHECKING:
    from rules.spec import Community

BELOW = "below-keep"
"""The message with which a grace begins, where the community has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One carried-out move or firing. `source` names the decision; effects and facts are keyed by it."""

    source: str
    subject: str
    rule: str  # tier, maintenance@network, lifecycle, or a rule
    from_: str | None
    to: str | None
    at: datetime
    transition: str | None = None
    author: str | None = None  # of a work that a rule is about
    scale: str | None = None
    seed: str | None = None

    @property
    def ladder(self) -> str:
        return self.rule.partition("@")[0]

    @property
    def value(self) -> str | None:
        return self.rule.partition("@")[2] or None


def fact_of(step: Step) -> Fact:
    """That a move was carried out."""
    kind = "moved_stage" if step.rule == LIFECYCLE else "moved_tier"
    fields = {name: value for name, value in (("from", step.from_), ("to", step.to)) if value is not None}
    return Fact(
        id=f"{step.source}#moved", kind=kind, member=step.subject, at=step.at, fields={**fields, "source": step.rule}
    )


def deeds_of_move(desk: Desk, community: Community, step: Step) -> list[Deed]:
    """The effects of leaving one tier or stage and entering another, in this order."""
    deeds: list[Deed] = []
    says = {name: text for name, text in (("tier" if step.rule != LIFECYCLE else "stage", step.to),) if text}
    for label, effects in _lists_of(community, step):
        deeds.extend(_deeds(desk, community, step, label, effects, says))
    return [*deeds, *_accompanying(community, step)]


def _accompanying(community: Community, step: Step) -> list[Deed]:
    """The run that accompanies whoever enters a tier with dedicated touch, once for each stay."""
    if step.rule == LIFECYCLE or step.to is None or community.ladders[step.ladder].per is not None:
        return []
    touch = next(tier for tier in community.ladders[step.ladder].tiers if tier.id == step.to).touch
    if touch is None or touch.kind != "dedicated" or touch.task is None:
        return []
    stay = entered(step.subject, step.at)
    return [start_deed(community, str(touch.task), step.subject, stay, at=step.at, scale=step.scale, seed=step.seed)]


def deeds_of_rule(desk: Desk, community: Community, step: Step) -> list[Deed]:
    """The effects of a rule that fires."""
    rule = community.rules[step.ladder]
    return _deeds(desk, community, step, f"rule:{rule.id}", rule.then, {}, rule.of)


def _deeds(
    desk: Desk,
    community: Community,
    step: Step,
    label: str,
    effects: Sequence[Any],
    says: Mapping[str, str],
    of: str = "member",
) -> list[Deed]:
    context = EffectContext(
        community=community,
        source=f"{step.source}/{label}",
        at=step.at,
        resolver=DecisionResolver(
            desk, community, subject=step.subject, of=of, at=step.at, author=step.author, value=step.value
        ),
        into=desk.effects,
        origin=label,
        subject=step.subject,
        value=step.value,
        scale=step.scale,
        seed=step.seed,
        says=says,
    )
    return deeds_of(effects, context)


def _lists_of(community: Community, step: Step) -> list[tuple[str, Sequence[Any]]]:
    if step.rule == LIFECYCLE:
        assert community.lifecycle is not None
        stages = {stage.id: stage for stage in community.lifecycle.stages}
        way = next((way for way in community.lifecycle.transitions if way.id == step.transition), None)
        lists = [
            (f"after:{step.from_}", stages[step.from_].after if step.from_ in stages else None),
            (f"way:{step.transition}", way.then if way else None),
            (f"then:{step.to}", stages[step.to].then if step.to in stages else None),
        ]
        return [(label, effects) for label, effects in lists if effects]
    tiers = {tier.id: tier for tier in community.ladders[step.ladder].tiers}
    left, reached = tiers.get(step.from_ or ""), tiers[step.to or ""]
    lists = [
        (f"{step.ladder}:after:{step.from_}", left.after if left else None),
        (f"{step.ladder}:then:{step.to}", reached.then),
    ]
    return [(label, effects) for label, effects in lists if effects]


def grace_notice(community: Community, step: Step, reasons: Sequence[Mapping[str, Any]], until: str | None) -> Notice:
    """What a member is told on the first day below: what is missing, and until when."""
    missing = [reason for reason in reasons if reason["truth"] == "false"]
    values = {
        f"missing.{language}": "; ".join(_missing(community, reason, language) for reason in missing)
        for language in ("en", "zh")
    }
    if until is not None:
        values["until"] = datetime.fromisoformat(until).astimezone(community.zone).date().isoformat()
    what = f"message:{BELOW}" if BELOW in community.messages else "grace"
    return Notice(key=f"{step.source}#grace", member=step.subject, what=what, at=step.at, values=values, urgency=2)


def _missing(community: Community, reason: Mapping[str, Any], language: str) -> str:
    name = str(reason["metric"])
    metric = community.metrics.get(name.rpartition(".")[2])
    title = getattr(metric.title, language) if metric is not None and getattr(metric, "title", None) else name
    words = _WORDS[language].get(reason["comparison"], reason["comparison"])
    over = f" ({reason['over']})" if reason["over"] != "all" else ""
    return f"{title}{over}: {reason['value']}, {words} {reason['threshold']}"


_WORDS = {
    "en": {"at_least": "at least", "at_most": "at most", "more_than": "more than", "less_than": "less than"},
    "zh": {"at_least": "至少", "at_most": "至多", "more_than": "多于", "less_than": "少于", "is": "应为"},
}
